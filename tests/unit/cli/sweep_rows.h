// SPDX-License-Identifier: Apache-2.0
// Sweeps and their rows, for the tests of what is made of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/sweep/sweep.h"
#include "cli/sweep/sweep_file.h"

namespace mcnn::cli::testing {

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline Sweep grid(const std::vector<std::string>& axes) {
  Sweep sweep;
  sweep.name = "grid";
  for (const std::string& axis : axes) sweep.axes.push_back(parse_axis(axis, ""));
  return sweep;
}

// Run r has so many of 1,000 images right, and took 10000 (r + 1) pulses.
inline std::map<std::uint64_t, RunResult> rows(const std::vector<std::uint64_t>& correct) {
  std::map<std::uint64_t, RunResult> rows;
  for (const std::uint64_t count : correct) {
    const std::uint64_t run = rows.size();
    rows[run] = {.images = 1000, .correct = count, .pulses = 10000 * (run + 1)};
  }
  return rows;
}

}  // namespace mcnn::cli::testing
