// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/setting_limits.h"

#include <fmt/format.h>

#include <cmath>

#include "common/error.h"

namespace mcnn {

void check_integer(std::string_view name, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high) {
    throw Error(fmt::format("{}: found {}, allowed is {}..{}", name, value, low, high));
  }
}

void check_number(std::string_view name, double value, Zero zero) {
  if (!std::isfinite(value) || value < 0.0 || (zero == Zero::kRefused && value == 0.0)) {
    throw Error(fmt::format("{}: found {}, allowed is a number {} 0", name, value,
                            zero == Zero::kAllowed ? "not below" : "above"));
  }
}

}  // namespace mcnn
