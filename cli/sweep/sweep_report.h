// SPDX-License-Identifier: Apache-2.0
// What the rows of a sweep say: mean and spread of the accuracy over the seeds and samples, as a
// table. sweep_plot.h draws it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/sweep/sweep.h"
#include "cli/sweep/sweep_file.h"

namespace mcnn::cli {

// The runs that differ in seed and drawn values only.
struct SweepPoint {
  Settings settings;  // the varied keys but seed
  std::uint64_t runs = 0;
  double mean = 0.0;       // accuracy, fractions
  double deviation = 0.0;  // standard deviation (n - 1); 0 for one run
  double worst = 0.0;
  double best = 0.0;
  double pulses = 0.0;  // mean
};
// In the order of the runs.
std::vector<SweepPoint> summarise(const Sweep& sweep,
                                  const std::map<std::uint64_t, RunResult>& rows);

std::string summary_table(const Sweep& sweep, const std::vector<SweepPoint>& points);

}  // namespace mcnn::cli
