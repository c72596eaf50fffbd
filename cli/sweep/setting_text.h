// SPDX-License-Identifier: Apache-2.0
// The values of settings are text; here it is taken apart.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/error.h"

namespace mcnn::cli {

// An option that is not given, as one of several values.
inline constexpr std::string_view kNone = "none";

std::optional<double> number(std::string_view text);  // none if it is not a number
double required_number(const std::string& text, const std::string& where);  // throws Error
bool is_whole(std::string_view text);                                       // digits alone

// Throws Error on all but a whole number.
template <class Integer>
Integer integer(std::string_view option, const std::string& text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(fmt::format("{}: found '{}', allowed is a whole number{}", option, text,
                            std::numeric_limits<Integer>::is_signed ? "" : " of 0 or more"));
  }
  return value;
}

// At every one of `separators` that is not inside brackets.
std::vector<std::string> split(std::string_view text, std::string_view separators);

}  // namespace mcnn::cli
