// SPDX-License-Identifier: Apache-2.0
// mcnn sweep: many runs of the chip model, their accuracies as CSV, table and plot.
// sweeps/README.md documents it.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mcnn::tb {

struct SweepOptions {
  std::map<std::string, std::string> options;  // options of a run that were given, by key
  std::vector<std::string> set;
  std::vector<std::string> vary;
  std::vector<std::string> sample;
  std::int64_t runs = 0;  // 0: not given
  std::int64_t sample_seed = 1;
  std::string plan;
  std::vector<std::string> only;
  std::string out;
  std::string plot;
  std::int64_t jobs = 0;
  bool restart = false;
  bool list = false;
};

void add_sweep_options(CLI::App& command, SweepOptions& options);
// Throws Error, and Interrupted after saying how to go on. Returns the exit status.
int run_sweeps(const SweepOptions& options);

}  // namespace mcnn::tb
