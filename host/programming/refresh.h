// SPDX-License-Identifier: Apache-2.0
// Time passes for a programmed chip, and now and then its programmer reads all pairs of cells and
// rewrites those that moved away from what they were when it began. What that costs is counted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "host/engine/program_port.h"
#include "host/mapping/mapper.h"
#include "host/network/network.h"
#include "host/programming/cell_writer.h"

namespace mcnn {

struct RefreshPolicy {
  std::optional<double> every_s;            // seconds between two refreshes; none: never
  std::optional<double> threshold_uS = {};  // a pair whose difference moved by more is rewritten

  static constexpr double kStandardThreshold = 0.8;  // [uS]
  double threshold() const { return threshold_uS.value_or(kStandardThreshold); }
  // Throws Error that names the option.
  void check() const;
  // Refreshes in so many seconds: at every_s, 2 every_s, ..., before the time is over.
  int64_t rounds(double seconds) const;
};

struct RefreshReport {
  int64_t rounds = 0;
  RewriteCounters cells;        // of all rounds
  ProgramCounters programming;  // of all rounds, and of the reads when it began

  bool operator==(const RefreshReport&) const = default;
};

// Lets `seconds` pass, and `read_pulses` on every cell evenly over that time, by `elapse`. With
// refreshes the differences of all pairs of the network, as verify reads find them now, are what
// they are kept at. `round` is called behind each refresh. Throws Error.
RefreshReport pass_time(
    CellWriter& writer, const Network& network, const MappedNetwork& mapped, double level_step_uS,
    const RefreshPolicy& policy, double seconds, double read_pulses,
    const std::function<void(double seconds, double read_pulses)>& elapse,
    const std::function<void(int64_t round)>& round = [](int64_t) {});

}  // namespace mcnn
