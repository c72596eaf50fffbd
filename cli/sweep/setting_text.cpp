// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/setting_text.h"

#include <cmath>
#include <utility>

namespace mcnn::cli {

std::optional<double> number(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

double required_number(const std::string& text, const std::string& where) {
  const auto value = number(text);
  if (!value) throw Error(fmt::format("{}: found '{}', allowed is a number", where, text));
  return *value;
}

bool is_whole(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  int depth = 0;
  std::string part;
  for (const char c : text) {
    if (c == '[') ++depth;
    if (c == ']') --depth;
    if (depth == 0 && separators.find(c) != std::string_view::npos) {
      parts.push_back(std::exchange(part, {}));
    } else {
      part += c;
    }
  }
  parts.push_back(part);
  return parts;
}

}  // namespace mcnn::cli
