// SPDX-License-Identifier: Apache-2.0
// What varies in a sweep: keys with their values, and keys with the distribution that they are
// drawn from. sweeps/README.md documents the syntax.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcnn::cli {

inline constexpr std::uint64_t kMaxRuns = 1'000'000;  // of a sweep

// A key and its values: "key=v1,v2,..."; a value of a number may be a range first:last or
// first:last:step, the last one included if a step falls on it.
// A comma inside brackets, as in "[1,2]", does not end a value.
struct Axis {
  std::string key;
  std::vector<std::string> values;

  bool is_numeric() const;  // all values are numbers or lists of one number, as "[2,2]"
};
std::optional<double> axis_number(std::string_view value);  // the number for an axis that is
Axis parse_axis(std::string_view text, const std::string& where);

// A key and its distribution: "key=uniform(low,high)", "key=log(low,high)" (uniform logarithm),
// "key=normal(mean,sigma)", "key=normal(mean,sigma,low,high)" (drawn again until inside).
enum class Distribution { kUniform, kLog, kNormal };
struct Draw {
  std::string key;
  Distribution distribution = Distribution::kUniform;
  double first = 0.0;   // low, or mean
  double second = 0.0;  // high, or sigma
  std::optional<double> low;
  std::optional<double> high;
};
Draw parse_draw(std::string_view text, const std::string& where);
// The value for a sample: a function of the seed, the key and the number of the sample alone
// (Philox4x32-10). Six significant digits, and these digits are what the run works with.
std::string draw_value(const Draw& draw, std::uint64_t seed, std::uint64_t sample);

}  // namespace mcnn::cli
