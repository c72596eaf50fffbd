// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/axes.h"

#include <Random123/philox.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <set>
#include <tuple>
#include <utility>

#include "behavioral_models/portable_math.h"
#include "cli/sweep/run_settings.h"
#include "cli/sweep/setting_text.h"
#include "common/error.h"
#include "common/fingerprint.h"

namespace mcnn::cli {
namespace {

constexpr std::uint32_t kMaxTries = 10'000;  // of a draw with bounds

// One spelling for each number, so that 0.10 and 1e-1 are the same value. Others stay as they are.
std::string canonical(const std::string& text) {
  if (is_whole(text)) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() ? fmt::format("{}", value) : text;
  }
  const auto value = number(text);
  return value ? fmt::format("{:.15g}", *value) : text;
}

// Appends the values of "first:last[:step]"; false if the text is no range of numbers.
bool append_range(const std::string& text, std::vector<std::string>& values,
                  const std::string& where) {
  const std::vector<std::string> parts = split(text, ":");
  if (parts.size() < 2 || parts.size() > 3) return false;
  std::vector<double> numbers;
  for (const std::string& part : parts) {
    const auto value = number(part);
    if (!value) return false;
    numbers.push_back(*value);
  }
  const double step = numbers.size() == 3 ? numbers[2] : 1.0;
  const double steps = (numbers[1] - numbers[0]) / step;
  if (!std::isfinite(steps) || steps < 0.0 || steps > static_cast<double>(kMaxRuns)) {
    throw Error(fmt::format(
        "{}: found the range '{}', allowed is first:last or first:last:step, at most {} steps that "
        "lead from first to last",
        where, text, kMaxRuns));
  }
  // A last value that a step misses by rounding only belongs to the range.
  const auto count = static_cast<std::uint64_t>(steps + 1e-9);
  const bool whole = is_whole(parts[0]) && is_whole(parts.size() == 3 ? parts[2] : "1");
  for (std::uint64_t i = 0; i <= count; ++i) {
    if (whole) {
      const auto first = integer<std::uint64_t>(where, parts[0]);
      values.push_back(fmt::format(
          "{}", first + (i * (parts.size() == 3 ? integer<std::uint64_t>(where, parts[2]) : 1))));
    } else {
      // Twelve digits: 0.1 + 2 * 0.1 is 0.3.
      values.push_back(fmt::format("{:.12g}", numbers[0] + (static_cast<double>(i) * step)));
    }
  }
  return true;
}

// 53 bits of two words: a number in [0, 1).
double unit(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t word = std::uint64_t{high} << 32 | low;
  return static_cast<double>(word >> 11) * 0x1p-53;
}

}  // namespace

std::optional<double> axis_number(std::string_view value) {
  if (!value.starts_with('[') || !value.ends_with(']')) return number(value);
  const std::vector<std::string> parts = split(value.substr(1, value.size() - 2), ",");
  const bool same = std::ranges::all_of(parts, [&](const auto& part) { return part == parts[0]; });
  return same ? number(parts[0]) : std::nullopt;
}

bool Axis::is_numeric() const {
  return std::ranges::all_of(values,
                             [](const auto& value) { return axis_number(value).has_value(); });
}

Axis parse_axis(std::string_view text, const std::string& where) {
  Axis axis;
  auto [key, list] = key_and_text(text, where);
  axis.key = std::move(key);
  const std::string at = fmt::format("{}: {}", where, axis.key);
  for (const std::string& part : split(list, ",")) {
    if (part.empty()) {
      throw Error(fmt::format("{}: found an empty value in '{}', allowed is v1,v2,...", at, list));
    }
    if (!append_range(part, axis.values, at)) axis.values.push_back(canonical(part));
  }
  std::set<std::string> seen;
  for (const std::string& value : axis.values) {
    if (!seen.insert(value).second) {
      throw Error(fmt::format("{}: found the value {} twice, allowed is once", at, value));
    }
  }
  return axis;
}

Draw parse_draw(std::string_view text, const std::string& where) {
  Draw draw;
  std::string call;
  std::tie(draw.key, call) = key_and_text(text, where);
  const std::string at = fmt::format("{}: {}", where, draw.key);
  const auto fail = [&](std::string_view why) {
    throw Error(
        fmt::format("{}: found '{}'{}, allowed are uniform(low,high), log(low,high) with 0 < "
                    "low, normal(mean,sigma) and normal(mean,sigma,low,high), low < high, "
                    "sigma > 0",
                    at, call, why));
  };
  const std::size_t open = call.find('(');
  if (open == std::string::npos || call.back() != ')') fail("");
  const std::string name = call.substr(0, open);
  std::vector<double> numbers;
  for (std::string part : split(call.substr(open + 1, call.size() - open - 2), ",")) {
    std::erase(part, ' ');
    numbers.push_back(required_number(part, at));
  }
  if (name == "uniform") {
    draw.distribution = Distribution::kUniform;
  } else if (name == "log") {
    draw.distribution = Distribution::kLog;
  } else if (name == "normal") {
    draw.distribution = Distribution::kNormal;
  } else {
    fail("");
  }
  const bool normal = draw.distribution == Distribution::kNormal;
  if (numbers.size() != 2 && !(normal && numbers.size() == 4)) fail("");
  draw.first = numbers[0];
  draw.second = numbers[1];
  if (normal) {
    if (!(draw.second > 0.0)) fail("");
    if (numbers.size() == 4) {
      draw.low = numbers[2];
      draw.high = numbers[3];
      // Bounds that hardly any number meets would never end.
      if (!(*draw.low < *draw.high)) fail("");
      if (*draw.low > draw.first + (3.0 * draw.second) ||
          *draw.high < draw.first - (3.0 * draw.second) ||
          *draw.high - *draw.low < 0.01 * draw.second) {
        fail(" whose bounds leave almost nothing of the distribution");
      }
    }
  } else if (!(draw.first < draw.second) ||
             (draw.distribution == Distribution::kLog && !(draw.first > 0.0))) {
    fail("");
  }
  return draw;
}

std::string draw_value(const Draw& draw, std::uint64_t seed, std::uint64_t sample) {
  // The upper bit of the last word is set: the numbers of the models have small purposes there.
  const r123::Philox4x32::key_type key = {
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const auto purpose = static_cast<std::uint32_t>(fingerprint(draw.key)) | 0x8000'0000U;
  for (std::uint32_t attempt = 0; attempt < kMaxTries; ++attempt) {
    const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(sample),
                                                 static_cast<std::uint32_t>(sample >> 32), attempt,
                                                 purpose}};
    const r123::Philox4x32::ctr_type words = r123::Philox4x32()(counter, key);
    const double u = unit(words[0], words[1]);
    double value = 0.0;
    switch (draw.distribution) {
      case Distribution::kUniform:
        value = draw.first + ((draw.second - draw.first) * u);
        break;
      case Distribution::kLog: {
        const double low = portable_log(draw.first);
        value = portable_exp(low + ((portable_log(draw.second) - low) * u));
        break;
      }
      case Distribution::kNormal: {
        // Marsaglia's polar method: a point in the unit circle.
        const double x = (2.0 * u) - 1.0;
        const double y = (2.0 * unit(words[2], words[3])) - 1.0;
        const double square = (x * x) + (y * y);
        if (square >= 1.0 || square < 1e-300) continue;
        value = draw.first + (draw.second * x * std::sqrt(-2.0 * portable_log(square) / square));
        break;
      }
    }
    std::string text = fmt::format("{:.6g}", value);
    const double rounded = *number(text);
    if ((draw.low && rounded < *draw.low) || (draw.high && rounded > *draw.high)) continue;
    return text;
  }
  throw Error(fmt::format("--sample: {}: no draw of {} met the bounds {} to {}", draw.key,
                          kMaxTries, *draw.low, *draw.high));
}

}  // namespace mcnn::cli
