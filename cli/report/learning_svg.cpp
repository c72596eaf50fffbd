// SPDX-License-Identifier: Apache-2.0
#include "cli/report/learning_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

#include "cli/output/colour_scale.h"
#include "cli/output/html.h"
#include "cli/output/panels.h"

namespace mcnn::cli {
namespace {

// Inputs of the learnt layer as a picture.
MapShape inputs_of(const Workload& workload) { return workload.network.layers.back().input; }

}  // namespace

std::string learning_svg(const LearnRun& run, const std::string& title) {
  PanelSeries training{.name = "training images"};
  PanelSeries test{.name = "test images"};
  PanelSeries pulses{.name = "pulses so far"};
  double sum = 0.0;
  for (const LearningPoint& point : run.state.points) {
    const auto x = static_cast<double>(point.iterations);
    const auto percent = [](int errors, int images) { return 100.0 * (images - errors) / images; };
    training.points.emplace_back(x, percent(point.errors, run.training_images));
    if (point.test_errors >= 0) {
      test.points.emplace_back(x, percent(point.test_errors, run.test_images));
    }
    sum += static_cast<double>(point.work.written.sets + point.work.written.resets);
    pulses.points.emplace_back(x, sum);
  }
  Panel accuracy{.title = "images right", .x_title = "iterations", .y_title = "%"};
  accuracy.series.push_back(training);
  if (!test.points.empty()) accuracy.series.push_back(test);
  Panel work{.title = "programming pulses", .x_title = "iterations", .y_title = "pulses"};
  work.series.push_back(pulses);
  return panels_svg(title, {accuracy, work});
}

std::string learnt_cells_svg(const LearnRun& run, const Workload& workload,
                             const std::string& title) {
  constexpr int kLeft = 90;
  constexpr int kTop = 70;
  constexpr int kGap = 10;
  const MapShape inputs = inputs_of(workload);
  const int rows = inputs.channels * inputs.height;
  const int cell = std::clamp(96 / std::max(inputs.width, 1), 2, 6);
  const int step_x = (inputs.width * cell) + kGap;
  const int step_y = (rows * cell) + kGap;
  const int width = std::max(kLeft + (run.layer.outputs * step_x), 420);
  const int height = kTop + (static_cast<int>(run.pictures.size()) * step_y) + 10;
  const bool pairs = workload.network.layers.back().cells == 2;
  const DeviceCard& card = workload.card;
  const double low = pairs ? card.g_min_uS - card.g_max_uS : card.g_min_uS;
  const double high = pairs ? card.g_max_uS - card.g_min_uS : card.g_max_uS;
  std::string svg;
  const auto out = std::back_inserter(svg);
  fmt::format_to(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
                 "height=\"{1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
                 "<style>text{{fill:#555}}@media(prefers-color-scheme:dark){{text{{fill:#bbb}}}}"
                 "</style>\n<text x=\"8\" y=\"20\" font-size=\"15\">{2}</text>\n"
                 "<text x=\"8\" y=\"38\">{3}, dark {4:g} uS, light {5:g} uS or more</text>\n",
                 width, height, html::escaped(title),
                 pairs ? "difference of the two cells" : "conductance of the cells", low, high);
  for (int output = 0; output < run.layer.outputs; ++output) {
    fmt::format_to(out, "<text x=\"{}\" y=\"{}\">{}</text>\n", kLeft + (output * step_x), kTop - 8,
                   output);
  }
  for (std::size_t shown = 0; shown < run.pictures.size(); ++shown) {
    const CellPicture& picture = run.pictures[shown];
    const int y = kTop + (static_cast<int>(shown) * step_y);
    fmt::format_to(out, "<text x=\"8\" y=\"{}\">epoch {}</text>\n", y + 14, picture.epoch);
    std::vector<double> values(static_cast<std::size_t>(run.layer.outputs * run.layer.inputs), 0.0);
    for (std::size_t c = 0; c < run.layer.cells.size(); ++c) {
      const LearntCell& learnt = run.layer.cells[c];
      values[static_cast<std::size_t>((learnt.output * run.layer.inputs) + learnt.input)] +=
          learnt.sign * picture.conductances_uS[c];
    }
    for (int output = 0; output < run.layer.outputs; ++output) {
      fmt::format_to(out,
                     "<g transform=\"translate({} {}) scale({})\" "
                     "shape-rendering=\"crispEdges\">\n",
                     kLeft + (output * step_x), y, cell);
      for (int input = 0; input < run.layer.inputs; ++input) {
        const double value = values[static_cast<std::size_t>((output * run.layer.inputs) + input)];
        const double at = std::clamp((value - low) / (high - low), 0.0, 1.0);
        fmt::format_to(out, "<path fill=\"{}\" d=\"M{} {}h1v1h-1z\"/>\n",
                       hex(conductance_colour(at)), input % inputs.width, input / inputs.width);
      }
      svg += "</g>\n";
    }
  }
  return svg + "</svg>\n";
}

}  // namespace mcnn::cli
