// SPDX-License-Identifier: Apache-2.0
// The six figures that one looks for first, and how each was come by.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/cost/cost.h"

namespace mcnn {

enum class Origin : std::uint8_t {
  kMeasured,   // counted in this run, on the design itself
  kEstimated,  // counts by figures of energy cards
  kMissing     // parts have no figure: the value is what is known of it, less than the whole
};
std::string_view origin_name(Origin origin);

struct SummaryLine {
  std::string name;             // "energy"
  std::optional<double> value;  // in `unit`; none: nothing of it is known
  std::string unit;             // without prefix: "J/image"; "mm2" and "%" stay as they are
  Origin origin = Origin::kMissing;
  std::string from;  // "1826.0 clocks of 50 ns"; of a missing one: what is missing

  std::string value_text() const;  // "13.9 uJ/image"; of a missing one "> 1.15 uJ/image"
};

// Accuracy, latency, throughput, energy an image, power while one image follows the other, area.
using CostSummary = std::array<SummaryLine, 6>;

// `right`: of the images of `cost`, how many were classified right.
CostSummary cost_summary(const Cost& cost, std::int64_t right);

// Six lines.
std::string summary_text(const CostSummary& summary);

}  // namespace mcnn
