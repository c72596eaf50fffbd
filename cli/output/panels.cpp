// SPDX-License-Identifier: Apache-2.0
#include "cli/output/panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "cli/output/chart.h"
#include "cli/output/html.h"

namespace mcnn::cli {
namespace {

constexpr double kPanelWidth = 430.0;
constexpr double kPanelHeight = 300.0;
constexpr double kTitle = 40.0;
constexpr double kLeft = 62.0;  // of the axes in their panel
constexpr double kRight = 14.0;
constexpr double kTop = 52.0;
constexpr double kBottom = 46.0;
constexpr int kTicks = 5;
constexpr std::array<std::string_view, 6> kColours = {"#2166d6", "#d62828", "#2a9d4a",
                                                      "#b8860b", "#7b3fb5", "#7a7a7a"};

struct Scale {
  double low = 0.0;
  double high = 1.0;
  double from = 0.0;  // pixels
  double to = 1.0;
  bool logarithmic = false;

  double of(double value) const { return logarithmic ? std::log10(value) : value; }
  double at(double value) const { return from + ((of(value) - low) / (high - low) * (to - from)); }
};

Scale scale_of(const Panel& panel, bool x, double from, double to) {
  Scale scale{
      .low = 1e300, .high = -1e300, .from = from, .to = to, .logarithmic = x && panel.log_x};
  for (const PanelSeries& series : panel.series) {
    for (const PanelPoints* points : {&series.points, &series.lower}) {
      for (const auto& point : *points) {
        const double value = scale.of(x ? point.first : point.second);
        if (!std::isfinite(value)) continue;
        scale.low = std::min(scale.low, value);
        scale.high = std::max(scale.high, value);
      }
    }
  }
  if (!x) {
    scale.low = std::min(scale.low, 0.0);
    scale.high = std::max(scale.high, 0.0);
    scale.high += 0.05 * (scale.high - scale.low);
  }
  if (!(scale.high > scale.low)) {
    scale.low = std::isfinite(scale.low) && scale.low < 1e299 ? scale.low : 0.0;
    scale.high = scale.low + 1.0;
  }
  return scale;
}

void add_axes(std::string& svg, const Panel& panel, const Scale& x, const Scale& y) {
  const auto out = std::back_inserter(svg);
  const double y_step = html::tick_step(y.high - y.low, kTicks);
  for (double v = std::ceil(y.low / y_step) * y_step; v <= y.high + (1e-9 * y_step); v += y_step) {
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/><text class=\"end\" "
                   "x=\"{:.1f}\" y=\"{:.1f}\">{:g}</text>\n",
                   x.from, y.at(v), x.to, x.from - 6.0, y.at(v) + 4.0,
                   std::abs(v) < 1e-9 * y_step ? 0.0 : v);
  }
  const double x_step = std::max(html::tick_step(x.high - x.low, kTicks), panel.log_x ? 1.0 : 0.0);
  for (double v = std::ceil(x.low / x_step) * x_step; v <= x.high + (1e-9 * x_step); v += x_step) {
    const double value = std::abs(v) < 1e-9 * x_step ? 0.0 : v;
    const double place = x.from + ((v - x.low) / (x.high - x.low) * (x.to - x.from));
    fmt::format_to(out, "<text class=\"mid\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", place,
                   y.from + 16.0,
                   panel.log_x ? fmt::format("1e{:.0f}", value) : fmt::format("{:g}", value));
  }
  fmt::format_to(
      out,
      "<path class=\"axis\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>"
      "<text class=\"mid\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>"
      "<text class=\"mid\" transform=\"translate({:.1f} {:.1f}) rotate(-90)\">{}</text>\n",
      x.from, y.from, x.to, (x.from + x.to) / 2.0, y.from + 34.0, html::escaped(panel.x_title),
      x.from - 46.0, (y.from + y.to) / 2.0, html::escaped(panel.y_title));
}

std::string line_of(const PanelPoints& points, const Scale& x, const Scale& y, bool backwards,
                    bool first) {
  std::string text;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto& [at, value] = points[backwards ? points.size() - 1 - i : i];
    fmt::format_to(std::back_inserter(text), "{}{:.1f} {:.1f}", first && i == 0 ? "M" : "L",
                   x.at(at), y.at(value));
  }
  return text;
}

void add_series(std::string& svg, const Panel& panel, const Scale& x, const Scale& y) {
  const auto out = std::back_inserter(svg);
  double legend = x.from;
  std::size_t named = 0;
  for (std::size_t i = 0; i < panel.series.size(); ++i) {
    const PanelSeries& series = panel.series[i];
    // What has no name belongs to the last that has one.
    named += series.name.empty() ? 0 : 1;
    const std::string_view colour = kColours[(named > 0 ? named - 1 : i) % kColours.size()];
    if (!series.lower.empty()) {
      fmt::format_to(out, "<path fill=\"{}\" fill-opacity=\"0.2\" d=\"{}{}Z\"/>\n", colour,
                     line_of(series.points, x, y, false, true),
                     line_of(series.lower, x, y, true, false));
    } else if (series.joined) {
      fmt::format_to(out, "<path class=\"line\" stroke=\"{}\" d=\"{}\"/>\n", colour,
                     line_of(series.points, x, y, false, true));
    } else {
      for (const auto& [at, value] : series.points) {
        fmt::format_to(out, "<circle fill=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.2\"/>\n", colour,
                       x.at(at), y.at(value));
      }
    }
    if (series.name.empty()) continue;
    fmt::format_to(out,
                   "<rect fill=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"10\" height=\"4\"/>"
                   "<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                   colour, legend, y.to - 14.0, legend + 14.0, y.to - 9.0,
                   html::escaped(series.name));
    legend += 26.0 + (6.6 * static_cast<double>(series.name.size()));
  }
}

}  // namespace

std::string panels_svg(const std::string& title, const std::vector<Panel>& panels) {
  const std::size_t rows = (panels.size() + 1) / 2;
  const double width = 2.0 * kPanelWidth;
  const double height = kTitle + (static_cast<double>(rows) * kPanelHeight);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" "
      "height=\"{:.0f}\" font-family=\"sans-serif\" font-size=\"11\">\n"
      "<style>svg{{background:#fff}}text{{fill:#222}}.end{{text-anchor:end}}.mid{{text-anchor:"
      "middle}}.grid{{stroke:#ddd;fill:none}}.axis{{stroke:#222;fill:none}}.line{{fill:none;stroke-"
      "width:1.6}}.head{{font-size:14px}}.name{{font-size:12px;font-weight:bold}}@media (prefers-"
      "color-scheme:dark){{svg{{background:#161616}}text{{fill:#ddd}}.grid{{stroke:#3a3a3a}}.axis{{"
      "stroke:#ddd}}}}</style>\n<text class=\"head\" x=\"14\" y=\"25\">{}</text>\n",
      width, height, width, height, html::escaped(title));
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const std::size_t row = i / 2;
    const double left = static_cast<double>(i % 2) * kPanelWidth;
    const double top = kTitle + (static_cast<double>(row) * kPanelHeight);
    const Scale x = scale_of(panels[i], true, left + kLeft, left + kPanelWidth - kRight);
    const Scale y = scale_of(panels[i], false, top + kPanelHeight - kBottom, top + kTop);
    fmt::format_to(std::back_inserter(svg),
                   "<text class=\"name\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", left + kLeft,
                   top + 20.0, html::escaped(panels[i].title));
    add_axes(svg, panels[i], x, y);
    add_series(svg, panels[i], x, y);
  }
  return svg + "</svg>\n";
}

}  // namespace mcnn::cli
