// SPDX-License-Identifier: Apache-2.0
#include "common/si.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace mcnn {

std::string si(double value, std::string_view unit, int digits) {
  constexpr std::array<std::string_view, 13> kPrefixes = {"a", "f", "p", "n", "u", "m", "",
                                                          "k", "M", "G", "T", "P", "E"};
  constexpr int kNone = 6;
  std::string number = "0";
  int prefix = kNone;
  if (!std::isfinite(value)) {
    number = fmt::format("{}", value);
  } else if (value != 0.0) {
    // Rounded first: 999.96 is 1.00 k.
    const std::string rounded = fmt::format("{:.{}e}", value, digits - 1);
    const std::size_t e = rounded.find('e');
    int exponent = 0;
    const char* const sign = rounded.data() + e + (rounded[e + 1] == '+' ? 2 : 1);
    std::from_chars(sign, rounded.data() + rounded.size(), exponent);
    const int third = exponent >= 0 ? exponent / 3 : -((2 - exponent) / 3);
    prefix = std::clamp(kNone + third, 0, static_cast<int>(kPrefixes.size()) - 1);
    const int shift = exponent - (3 * (prefix - kNone));
    double mantissa = 0.0;
    std::from_chars(rounded.data(), rounded.data() + e, mantissa);
    const double shown = mantissa * std::pow(10.0, shift);
    number = fmt::format("{:.{}f}", shown, std::max(0, digits - 1 - shift));
  }
  const std::string_view letter = kPrefixes.at(static_cast<std::size_t>(prefix));
  const bool word = unit.starts_with(' ');
  return fmt::format("{}{}{}{}", number, word && letter.empty() ? "" : " ", letter, unit);
}

}  // namespace mcnn
