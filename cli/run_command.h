// SPDX-License-Identifier: Apache-2.0
// mcnn sim, mcnn model, mcnn integer: classify images on one of the three engines.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command.h"
#include "cli/run/programming.h"
#include "cli/run/run_report.h"
#include "cli/run/workload.h"

namespace mcnn::cli {

struct RunCommandOptions {
  WorkloadOptions workload;
  ProgrammingOptions programming;
  std::int64_t jobs = 0;    // 0: all cores
  std::int64_t check = -1;  // images; -1: the engine's default
  bool skip = true;         // but for the integer network
  bool no_counts = false;
  std::string logits;           // file, CSV
  std::string result;           // file, JSON
  std::string trace;            // file, FST
  std::string trace_images;     // A:B
  std::string timeline;         // file, JSON
  std::string timeline_images;  // A:B
};
void add_run_options(CLI::App& command, RunCommandOptions& options, Engine engine);

Command sim_command(CLI::App& app);
Command model_command(CLI::App& app);
Command integer_command(CLI::App& app);

}  // namespace mcnn::cli
