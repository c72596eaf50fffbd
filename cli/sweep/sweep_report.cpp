// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace mcnn::cli {
std::vector<SweepPoint> summarise(const Sweep& sweep,
                                  const std::map<std::uint64_t, RunResult>& rows) {
  std::vector<SweepPoint> points;
  std::vector<std::vector<double>> accuracies;
  std::map<std::string, std::size_t> known;
  for (const auto& [run, result] : rows) {
    const Settings all = sweep.settings(run);
    Settings settings;
    std::string name;
    for (const Axis& axis : sweep.axes) {
      if (axis.key == "seed") continue;
      settings.push_back({axis.key, *find_setting(all, axis.key)});
      name += settings.back().value + '\n';
    }
    const auto [found, is_new] = known.emplace(name, points.size());
    if (is_new) {
      points.push_back({.settings = std::move(settings)});
      accuracies.emplace_back();
    }
    accuracies[found->second].push_back(result.accuracy());
    points[found->second].pulses += static_cast<double>(result.pulses);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::vector<double>& values = accuracies[i];
    SweepPoint& point = points[i];
    const auto count = static_cast<double>(values.size());
    point.runs = values.size();
    point.pulses /= count;
    for (const double value : values) point.mean += value / count;
    double squares = 0.0;
    for (const double value : values) squares += (value - point.mean) * (value - point.mean);
    if (values.size() > 1) point.deviation = std::sqrt(squares / (count - 1.0));
    point.worst = *std::ranges::min_element(values);
    point.best = *std::ranges::max_element(values);
  }
  return points;
}

std::string summary_table(const Sweep& sweep, const std::vector<SweepPoint>& points) {
  std::vector<std::size_t> widths;
  std::string text;
  auto out = std::back_inserter(text);
  std::size_t column = 0;
  for (const Axis& axis : sweep.axes) {
    if (axis.key == "seed") continue;
    std::size_t width = axis.key.size();
    for (const std::string& value : axis.values) width = std::max(width, value.size());
    widths.push_back(width);
    fmt::format_to(out, "{:>{}}  ", axis.key, width);
  }
  fmt::format_to(out, "{:>5}  {:>8}  {:>6}  {:>8}  {:>9}\n", "runs", "mean", "s.d.", "worst",
                 "pulses");
  for (const SweepPoint& point : points) {
    column = 0;
    for (const Setting& setting : point.settings) {
      fmt::format_to(out, "{:>{}}  ", setting.value, widths[column++]);
    }
    fmt::format_to(out, "{:5}  {:6.2f} %  {:>6}  {:6.2f} %  {:9.0f}\n", point.runs,
                   100.0 * point.mean,
                   point.runs > 1 ? fmt::format("{:.2f}", 100.0 * point.deviation) : "-",
                   100.0 * point.worst, point.pulses);
  }
  return text;
}

}  // namespace mcnn::cli
