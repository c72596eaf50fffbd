// SPDX-License-Identifier: Apache-2.0
#include "cli/report/tuning_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcnn::cli {
namespace {

constexpr double kLeft = 64.0;
constexpr double kWidth = 620.0;
constexpr double kTop = 44.0;
constexpr double kHeight = 260.0;  // of the errors
constexpr double kGap = 44.0;
constexpr double kLower = 110.0;  // of the rewritten cells
constexpr double kBottom = 46.0;
constexpr std::size_t kSmooth = 10;  // mini-batches that the line is the mean of

// A step of 1, 2 or 5 times a power of ten, so that at most `most` of them fit.
double tick_step(double range, int most) {
  double step = std::pow(10.0, std::floor(std::log10(range / most)));
  for (const double factor : {2.0, 2.5, 2.0}) {
    if (range / step <= most) break;
    step *= factor;
  }
  return step;
}

struct Axis {
  double low = 0.0;   // value at `from`
  double high = 1.0;  // value at `to`
  double from = 0.0;  // pixels
  double to = 1.0;

  double at(double value) const { return from + ((value - low) / (high - low) * (to - from)); }
};

std::string path(const std::vector<std::pair<double, double>>& points, const Axis& x,
                 const Axis& y) {
  std::string text;
  for (const auto& [step, value] : points) {
    fmt::format_to(std::back_inserter(text), "{}{:.1f} {:.1f}", text.empty() ? "M" : "L",
                   x.at(step), y.at(value));
  }
  return text;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

void add_grid(std::string& svg, const Axis& x, const Axis& y, int most, std::string_view unit) {
  const auto out = std::back_inserter(svg);
  const double step = tick_step(y.high - y.low, most);
  for (double value = 0.0; value <= y.high * (1.0 + 1e-9); value += step) {
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/><text class=\"end\" "
                   "x=\"{:.1f}\" y=\"{:.1f}\">{:g}{}</text>\n",
                   x.from, y.at(value), x.to, x.from - 6.0, y.at(value) + 4.0, value, unit);
  }
}

}  // namespace

std::string tuning_svg(const TunerState& state, const std::string& title) {
  std::vector<std::pair<double, double>> batches;
  std::vector<std::pair<double, double>> smooth;
  std::vector<std::pair<double, double>> cells = {{0.0, 0.0}};
  std::vector<std::pair<double, double>> validation;
  std::vector<std::pair<double, double>> tests;
  double errors = 0.0;
  double images = 0.0;
  double highest = 1.0;  // [%]
  const auto percent = [](double part, double whole) { return 100.0 * part / whole; };
  std::vector<const BatchPoint*> trained;
  for (const BatchPoint& point : state.batches) {
    cells.emplace_back(static_cast<double>(point.step), static_cast<double>(point.cells));
    if (point.images > 0) trained.push_back(&point);
  }
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const BatchPoint& point = *trained[i];
    const auto step = static_cast<double>(point.step);
    batches.emplace_back(step, percent(point.errors, point.images));
    errors += point.errors;
    images += point.images;
    if (i >= kSmooth) {
      errors -= trained[i - kSmooth]->errors;
      images -= trained[i - kSmooth]->images;
    }
    if (i + 1 >= kSmooth) smooth.emplace_back(step, percent(errors, images));
  }
  for (const EvaluationPoint& point : state.evaluations) {
    const auto step = static_cast<double>(point.step);
    validation.emplace_back(step, percent(point.validation_errors, point.validation_images));
    if (point.test_images > 0) {
      tests.emplace_back(step, percent(point.test_errors, point.test_images));
    }
  }
  for (const auto* points : {&batches, &validation, &tests}) {
    for (const auto& [step, value] : *points) highest = std::max(highest, value);
  }

  const auto steps = static_cast<double>(std::max<std::int64_t>(state.step, 1));
  const Axis x = {0.0, steps, kLeft, kLeft + kWidth};
  const Axis y = {0.0, highest * 1.05, kTop + kHeight, kTop};
  const double lower = kTop + kHeight + kGap;
  const double most_cells = std::max(1.0, cells.back().second);
  const Axis z = {0.0, most_cells * 1.05, lower + kLower, lower};
  const double height = lower + kLower + kBottom;
  const double width = kLeft + kWidth + 20.0;

  std::string svg;
  const auto out = std::back_inserter(svg);
  fmt::format_to(
      out,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<style>text{{fill:#555}}.end{{text-anchor:end}}.grid{{stroke:#999;stroke-opacity:.35;"
      "fill:none}}.batch{{fill:#888;fill-opacity:.55}}.line{{fill:none;stroke-width:2}}"
      "@media(prefers-color-scheme:dark){{text{{fill:#bbb}}}}</style>\n"
      "<text x=\"{2:.0f}\" y=\"18\" font-size=\"14\">{3}</text>\n",
      width, height, kLeft, escaped(title));
  add_grid(svg, x, y, 8, " %");
  add_grid(svg, x, z, 4, "");
  const double step = std::max(1.0, tick_step(steps, 10));
  for (double value = 0.0; value <= steps * (1.0 + 1e-9); value += step) {
    fmt::format_to(out, "<text text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{:g}</text>\n",
                   x.at(value), lower + kLower + 16.0, value);
  }
  fmt::format_to(out, "<text text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                 kLeft + (kWidth / 2.0), lower + kLower + 34.0,
                 "steps (mini-batches, or passes over the cells)");
  for (const auto& [at, value] : batches) {
    fmt::format_to(out, "<circle class=\"batch\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"1.6\"/>\n",
                   x.at(at), y.at(value));
  }
  struct Line {
    std::string_view name;
    std::string_view colour;
    const std::vector<std::pair<double, double>>& points;
    bool marked;
  };
  const std::string smooth_name = fmt::format("training, mean of {} mini-batches", kSmooth);
  const std::array<Line, 3> lines{{{smooth_name, "#7a7a7a", smooth, false},
                                   {"held-out training images", "#2166d6", validation, true},
                                   {"test images", "#d62828", tests, true}}};
  double place = kLeft;
  for (const Line& line : lines) {
    if (line.points.empty()) continue;
    fmt::format_to(out, "<path class=\"line\" stroke=\"{}\" d=\"{}\"/>\n", line.colour,
                   path(line.points, x, y));
    if (line.marked) {
      for (const auto& [at, value] : line.points) {
        fmt::format_to(out, "<circle fill=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n",
                       line.colour, x.at(at), y.at(value));
      }
    }
    fmt::format_to(out,
                   "<path class=\"line\" stroke=\"{}\" d=\"M{:.0f} 32h18\"/><text x=\"{:.0f}\" "
                   "y=\"36\">{}</text>\n",
                   line.colour, place, place + 24.0, line.name);
    place += 44.0 + (6.6 * static_cast<double>(line.name.size()));
  }
  fmt::format_to(out, "<text x=\"{:.0f}\" y=\"36\">error</text>\n", 8.0);
  fmt::format_to(out, "<path class=\"line\" stroke=\"#2a9d5c\" d=\"{}\"/>\n", path(cells, x, z));
  fmt::format_to(out, "<text x=\"{:.0f}\" y=\"{:.1f}\">cells rewritten</text>\n</svg>\n", kLeft,
                 lower - 8.0);
  return svg;
}

}  // namespace mcnn::cli
