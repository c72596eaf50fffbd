// SPDX-License-Identifier: Apache-2.0
// Small charts side by side as one SVG document, readable on light and dark ground: lines, bands
// and points against a linear or logarithmic axis.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace mcnn::cli {

using PanelPoints = std::vector<std::pair<double, double>>;

struct PanelSeries {
  std::string name;      // empty: not in the legend, in the colour of the one before
  PanelPoints points{};  // x ascending where they are joined
  bool joined = true;    // a line; otherwise marks
  PanelPoints lower{};   // with the points as its upper edge: a band instead of a line
};

struct Panel {
  std::string title;
  std::string x_title;
  std::string y_title;
  bool log_x = false;  // all x are above 0
  std::vector<PanelSeries> series{};
};

// Two panels a row. `title` stands above them. Axes hold all finite points; the y axis holds 0.
std::string panels_svg(const std::string& title, const std::vector<Panel>& panels);

}  // namespace mcnn::cli
