// SPDX-License-Identifier: Apache-2.0
// Limits of what can be asked of tuning and of learning: errors that name the option.
#pragma once

#include <cstdint>
#include <string_view>

namespace mcnn {

// Both throw Error with `name`, what was found and what is allowed.
void check_integer(std::string_view name, int64_t value, int64_t low, int64_t high);
enum class Zero { kAllowed, kRefused };
// A finite number above 0, or 0 where it is allowed.
void check_number(std::string_view name, double value, Zero zero);

}  // namespace mcnn
