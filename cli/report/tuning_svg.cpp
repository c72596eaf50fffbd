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
constexpr double kLegend = 62.0;  // base line of its text
constexpr double kTop = 76.0;
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

using Points = std::vector<std::pair<double, double>>;  // step, value

// What is drawn: errors [%] and cells, against the steps.
struct Curves {
  Points batches;  // errors of mini-batches, or of whole passes over the training images
  Points smooth;
  Points validation;
  Points tests;    // while it was tuned
  Points outcome;  // test images before and after, where they were not looked at in between
  Points cells = {{0.0, 0.0}};
  double highest = 1.0;  // [%]
};

Curves curves_of(const TunerState& state, const Tuner::Measured& before,
                 const Tuner::Measured& after) {
  const auto percent = [](double part, double whole) { return 100.0 * part / whole; };
  Curves curves;
  double errors = 0.0;
  double images = 0.0;
  std::vector<const BatchPoint*> trained;
  for (const BatchPoint& point : state.batches) {
    curves.cells.emplace_back(static_cast<double>(point.step), static_cast<double>(point.cells));
    if (point.images > 0) trained.push_back(&point);
  }
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const BatchPoint& point = *trained[i];
    const auto step = static_cast<double>(point.step);
    curves.batches.emplace_back(step, percent(point.errors, point.images));
    errors += point.errors;
    images += point.images;
    if (i >= kSmooth) {
      errors -= trained[i - kSmooth]->errors;
      images -= trained[i - kSmooth]->images;
    }
    if (i + 1 >= kSmooth) curves.smooth.emplace_back(step, percent(errors, images));
  }
  for (const EvaluationPoint& point : state.evaluations) {
    const auto step = static_cast<double>(point.step);
    curves.validation.emplace_back(step, percent(point.validation_errors, point.validation_images));
    if (point.test_images > 0) {
      curves.tests.emplace_back(step, percent(point.test_errors, point.test_images));
    }
  }
  if (curves.tests.empty() && after.test_images > 0) {
    curves.outcome = {
        {0.0, percent(before.test_errors, before.test_images)},
        {static_cast<double>(state.step), percent(after.test_errors, after.test_images)}};
  }
  for (const Points* points :
       {&curves.batches, &curves.validation, &curves.tests, &curves.outcome}) {
    for (const auto& [step, value] : *points) curves.highest = std::max(curves.highest, value);
  }
  return curves;
}

std::string headline(const Tuner::Measured& before, const Tuner::Measured& after) {
  const auto part = [](std::string_view what, int errors, int later, int images) {
    return fmt::format("{} {} images {:.2f} % \u2192 {:.2f} %", images, what,
                       100.0 * errors / images, 100.0 * later / images);
  };
  std::string text = "error on ";
  if (after.test_images > 0) {
    text += part("test", before.test_errors, after.test_errors, after.test_images) + ", on ";
  }
  return text + part("training", before.train_errors, after.train_errors, after.train_images);
}

void add_marks(std::string& svg, const Points& points, const Axis& x, const Axis& y,
               std::string_view style, double radius) {
  for (const auto& [at, value] : points) {
    fmt::format_to(std::back_inserter(svg),
                   "<circle {} cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"/>\n", style, x.at(at),
                   y.at(value), radius);
  }
}

// The errors and the legend above them.
void add_errors(std::string& svg, const Curves& curves, const Axis& x, const Axis& y) {
  const auto out = std::back_inserter(svg);
  struct Line {
    std::string name;
    std::string_view colour;
    const Points& points;
    bool joined;
    double radius;  // of the marks; 0: none
  };
  const std::string smooth_name = fmt::format("training, mean of {} mini-batches", kSmooth);
  constexpr double kDot = 1.6;
  constexpr double kMark = 3.0;
  // Few passes over all training images have no line of their own.
  const bool passes = curves.smooth.empty();
  const std::array<Line, 5> lines{
      {{passes ? "training images" : "", "#888", curves.batches, false, passes ? kMark : kDot},
       {smooth_name, "#7a7a7a", curves.smooth, true, 0.0},
       {"held-out training images", "#2166d6", curves.validation, true, kMark},
       {"test images", "#d62828", curves.tests, true, kMark},
       {"test images", "#d62828", curves.outcome, false, kMark}}};
  double place = kLeft;
  for (const Line& line : lines) {
    if (line.points.empty()) continue;
    const std::string fill = fmt::format("fill=\"{}\"", line.colour);
    if (line.joined) {
      fmt::format_to(out, "<path class=\"line\" stroke=\"{}\" d=\"{}\"/>\n", line.colour,
                     path(line.points, x, y));
    }
    if (line.radius > 0.0) add_marks(svg, line.points, x, y, fill, line.radius);
    if (line.name.empty()) continue;
    if (line.joined) {
      fmt::format_to(out, "<path class=\"line\" stroke=\"{}\" d=\"M{:.0f} {:.0f}h18\"/>",
                     line.colour, place, kLegend - 4.0);
    } else {
      fmt::format_to(out, "<circle {} cx=\"{:.0f}\" cy=\"{:.0f}\" r=\"3\"/>", fill, place + 9.0,
                     kLegend - 4.0);
    }
    fmt::format_to(out, "<text x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", place + 24.0, kLegend,
                   line.name);
    place += 44.0 + (6.6 * static_cast<double>(line.name.size()));
  }
}

}  // namespace

std::string tuning_svg(const TunerState& state, const std::string& title,
                       const Tuner::Measured& before, const Tuner::Measured& after) {
  const Curves curves = curves_of(state, before, after);
  const auto steps = static_cast<double>(std::max<std::int64_t>(state.step, 1));
  const Axis x = {0.0, steps, kLeft, kLeft + kWidth};
  const Axis y = {0.0, curves.highest * 1.05, kTop + kHeight, kTop};
  const double lower = kTop + kHeight + kGap;
  const double most_cells = std::max(1.0, curves.cells.back().second);
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
      "fill:none}}.line{{fill:none;stroke-width:2}}"
      "@media(prefers-color-scheme:dark){{text{{fill:#bbb}}}}</style>\n"
      "<text x=\"{2:.0f}\" y=\"20\" font-size=\"15\" font-weight=\"bold\">{3}</text>\n"
      "<text x=\"{2:.0f}\" y=\"40\" font-size=\"13\">{4}</text>\n"
      "<text x=\"8\" y=\"{5:.0f}\">error</text>\n",
      width, height, kLeft, escaped(title), headline(before, after), kLegend);
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
  add_errors(svg, curves, x, y);
  fmt::format_to(out, "<path class=\"line\" stroke=\"#2a9d5c\" d=\"{}\"/>\n",
                 path(curves.cells, x, z));
  fmt::format_to(out, "<text x=\"{:.0f}\" y=\"{:.1f}\">cells rewritten</text>\n</svg>\n", kLeft,
                 lower - 8.0);
  return svg;
}

}  // namespace mcnn::cli
