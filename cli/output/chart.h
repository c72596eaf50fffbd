// SPDX-License-Identifier: Apache-2.0
// Charts as SVG that stands in an HTML page and takes its colours from the page's style sheet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mcnn::cli::html {

// Counts in equal bins, on a logarithmic scale, so that a few cells are seen beside many. The first
// series is drawn as bars, others as lines over them.
struct Histogram {
  struct Series {
    std::string name;
    std::vector<double> counts;  // [bin]
  };
  std::string x_title;
  std::string y_title;
  double low = 0.0;    // left edge of the first bin
  double high = 1.0;   // right edge of the last bin
  bool whole = false;  // bins are whole numbers: low, low + 1, ...
  std::vector<Series> series;
};
// `label` says in words what the picture is.
std::string histogram_svg(const Histogram& histogram, std::string_view label);

// Bars from zero, one a value, small: a row of logits. Bars are marked by their index, -1 for none:
// `right` the one that should be largest, `chosen` the one that is.
std::string spark_bars(const std::vector<double>& values, int right, int chosen,
                       std::string_view label);

// A step of 1, 2 or 5 times a power of ten at which at most `most` ticks lie in a range.
double tick_step(double range, int most);

}  // namespace mcnn::cli::html
