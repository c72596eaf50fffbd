// SPDX-License-Identifier: Apache-2.0
#include "cli/output/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "cli/output/html.h"

namespace mcnn::cli::html {
namespace {

constexpr double kWidth = 420.0;
constexpr double kHeight = 210.0;
constexpr double kLeft = 52.0;
constexpr double kRight = 12.0;
constexpr double kTop = 24.0;
constexpr double kBottom = 40.0;

}  // namespace

double tick_step(double range, int most) {
  if (!(range > 0.0) || !std::isfinite(range)) return 1.0;
  double step = std::pow(10.0, std::floor(std::log10(range / most)));
  for (const double factor : {2.0, 2.5, 2.0}) {
    if (range / step <= most) break;
    step *= factor;
  }
  return step;
}

std::string histogram_svg(const Histogram& histogram, std::string_view label) {
  double largest = 1.0;
  for (const Histogram::Series& series : histogram.series) {
    for (const double count : series.counts) largest = std::max(largest, count);
  }
  const std::size_t bins = histogram.series.front().counts.size();
  const double width = kWidth - kLeft - kRight;
  const double height = kHeight - kTop - kBottom;
  const double bin_value = (histogram.high - histogram.low) / static_cast<double>(bins);
  const auto x_at = [&](double value) {
    return kLeft + ((value - histogram.low) / (histogram.high - histogram.low) * width);
  };
  // From just below 1 (nothing) to the next power of ten.
  const double foot = std::log10(0.6);
  const double decades = std::max(1.0, std::ceil(std::log10(largest) - 1e-9));
  const auto y_at = [&](double count) {
    const double place = count < 1.0 ? foot : std::log10(count);
    return kTop + (height * (1.0 - ((place - foot) / (decades - foot))));
  };

  std::string svg;
  const auto out = std::back_inserter(svg);
  fmt::format_to(out,
                 "<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
                 kWidth, kHeight, escaped(label));
  for (double decade = 0.0; decade <= decades; decade += 1.0) {
    const double tick = std::pow(10.0, decade);
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{} {:.1f}H{}\"/><text class=\"end\" x=\"{}\" "
                   "y=\"{:.1f}\">{}</text>\n",
                   kLeft, y_at(tick), kWidth - kRight, kLeft - 5, y_at(tick) + 4,
                   grouped(static_cast<std::int64_t>(tick)));
  }
  // Whole numbers stand in the middle of their bins.
  const double middle = histogram.whole ? 0.5 : 0.0;
  double x_step = tick_step(histogram.high - histogram.low, 8);
  if (histogram.whole) x_step = std::max(1.0, x_step);
  for (double tick = std::ceil(histogram.low / x_step) * x_step;
       tick + (2.0 * middle) <= histogram.high + (1e-9 * x_step); tick += x_step) {
    const double shown = std::abs(tick) < 1e-9 * x_step ? 0.0 : tick;
    fmt::format_to(out, "<text class=\"middle\" x=\"{:.1f}\" y=\"{}\">{:.6g}</text>\n",
                   x_at(tick + middle), kHeight - kBottom + 14, shown);
  }
  for (std::size_t s = 0; s < histogram.series.size(); ++s) {
    const Histogram::Series& series = histogram.series[s];
    if (s == 0) {
      for (std::size_t bin = 0; bin < bins; ++bin) {
        const double count = series.counts[bin];
        const double from = histogram.low + (static_cast<double>(bin) * bin_value);
        const std::string place = histogram.whole
                                      ? fmt::format("{:g}", from)
                                      : fmt::format("{:.3g} to {:.3g}", from, from + bin_value);
        if (count <= 0.0) continue;
        fmt::format_to(out,
                       "<rect class=\"s0\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" "
                       "height=\"{:.2f}\"><title>{}: {:g}</title></rect>\n",
                       x_at(from) + 0.3, y_at(count),
                       std::max(0.5, (width / static_cast<double>(bins)) - 0.6),
                       std::max(0.5, y_at(0.0) - y_at(count)), place, count);
      }
    } else {
      std::string path = fmt::format("M{:.1f} {:.1f}", kLeft, y_at(0.0));
      for (std::size_t bin = 0; bin < bins; ++bin) {
        const double from = histogram.low + (static_cast<double>(bin) * bin_value);
        fmt::format_to(std::back_inserter(path), "V{:.1f}H{:.1f}", y_at(series.counts[bin]),
                       x_at(from + bin_value));
      }
      fmt::format_to(out, "<path class=\"line s{}\" d=\"{}V{:.1f}\"/>\n", s, path, y_at(0.0));
    }
    if (histogram.series.size() > 1) {
      const double x = kLeft + 6 + (static_cast<double>(s) * 190.0);
      fmt::format_to(out,
                     "<rect class=\"s{}\" x=\"{}\" y=\"5\" width=\"14\" height=\"9\"/><text "
                     "x=\"{}\" y=\"13\">{}</text>\n",
                     s, x, x + 19, escaped(series.name));
    }
  }
  fmt::format_to(out,
                 "<path class=\"axis\" d=\"M{0} {1:.1f}H{2}\"/><text class=\"middle\" x=\"{3}\" "
                 "y=\"{4}\">{5}</text><text class=\"middle\" transform=\"translate(11 {6}) "
                 "rotate(-90)\">{7}</text>\n</svg>",
                 kLeft, y_at(0.0), kWidth - kRight, kLeft + (width / 2.0), kHeight - 8,
                 escaped(histogram.x_title), kTop + (height / 2.0), escaped(histogram.y_title));
  return svg;
}

std::string spark_bars(const std::vector<double>& values, int right, int chosen,
                       std::string_view label) {
  constexpr double kStep = 12.0;
  constexpr double kTall = 40.0;
  const auto [least, most] = std::ranges::minmax(values);
  const double low = std::min(0.0, least);
  const double high = std::max({0.0, most, low + 1.0});
  const auto y_at = [&](double value) { return 2.0 + (kTall * (high - value) / (high - low)); };
  const double width = kStep * static_cast<double>(values.size());
  const bool digits = values.size() <= 10;
  std::string svg = fmt::format(
      "<svg class=\"spark\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\"><title>{}</title>",
      width, kTall + (digits ? 16.0 : 4.0), escaped(label), escaped(label));
  const auto out = std::back_inserter(svg);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int index = static_cast<int>(i);
    const double top = std::min(y_at(values[i]), y_at(0.0));
    fmt::format_to(out, "<rect{} x=\"{:g}\" y=\"{:.1f}\" width=\"9\" height=\"{:.1f}\"/>",
                   index == right    ? " class=\"right\""
                   : index == chosen ? " class=\"chosen\""
                                     : "",
                   (kStep * static_cast<double>(i)) + 1.5, top,
                   std::max(0.6, std::abs(y_at(values[i]) - y_at(0.0))));
  }
  fmt::format_to(out, "<path class=\"axis\" d=\"M0 {:.1f}H{}\"/>", y_at(0.0), width);
  if (digits) {
    std::string places;
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
      places += fmt::format("{}{:g}", i == 0 ? "" : " ", (kStep * static_cast<double>(i)) + 3.2);
      text += static_cast<char>('0' + i);
    }
    fmt::format_to(out, "<text x=\"{}\" y=\"{}\">{}</text>", places, kTall + 13.0, text);
  }
  return svg + "</svg>";
}

}  // namespace mcnn::cli::html
