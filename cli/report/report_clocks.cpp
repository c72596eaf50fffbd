// SPDX-License-Identifier: Apache-2.0
// Sections of the report page: what the converters clipped, what the clocks went to.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output/html.h"
#include "cli/report/report_sections.h"
#include "host/mapping/cycle_model.h"

namespace mcnn::cli {

Section clipping_section(const ReportPage& page) {
  const Report& report = page.report;
  const Workload& workload = report.workload;
  const ImageCycles cycles = image_cycles(workload.mapped.program, workload.config);
  Table table({{"layer", Table::Align::kText},
               {"range"},
               {"array reads an image"},
               {"conversions an image"},
               {"clipped low"},
               {"clipped high"},
               {"clipped [%]"},
               {"peak code"},
               {"finest range that would not clip"}});
  const auto an_image = [&](std::uint64_t sum) {
    return fmt::format("{:.1f}", static_cast<double>(sum) / static_cast<double>(workload.count));
  };
  for (const LayerMapping& layer : workload.mapped.layers) {
    const LayerFigures figures = layer_figures(report, layer, cycles);
    const int range = unclipped_range(figures, layer.range, workload.config);
    table.row(
        {escaped(layer.name), fmt::format("{}", layer.range), an_image(figures.counts.reads),
         datum("conversions-" + layer.name, static_cast<std::int64_t>(figures.counts.conversions),
               an_image(figures.counts.conversions)),
         grouped(static_cast<std::int64_t>(figures.counts.clipped_low)),
         grouped(static_cast<std::int64_t>(figures.counts.clipped_high)),
         datum("clip_rate-" + layer.name, figures.clip_rate(),
               fmt::format("{:.4f}", 100.0 * figures.clip_rate())),
         fmt::format("{:.1f}", figures.counts.peak),
         range < 0 ? std::string("none") : fmt::format("{}", range)});
  }
  std::string text = table.str(
      "clip-table", fmt::format("What the {}-bit converters saw <small>over {} images</small>",
                                workload.config.adc_bits, grouped(workload.count)));
  text += html::paragraph(fmt::format(
      "A code below 0 or above {} is clipped. At a range one finer every code is twice as large; "
      "the last column is the finest at which the peak code, the largest value that a converter "
      "saw, "
      "stays inside. Ranges of inference go from 0 to 3.",
      (1 << workload.config.adc_bits) - 1));
  return {"converters", "Converters and clipping", std::move(text)};
}

Section clocks_section(const ReportPage& page) {
  const Report& report = page.report;
  const Workload& workload = report.workload;
  const ImageCycles cycles = image_cycles(workload.mapped.program, workload.config);
  Table table({{"layer", Table::Align::kText},
               {"replicas"},
               {"passes"},
               {"steps a position"},
               {"beats"},
               {"clocks an image"},
               {"share [%]"},
               {page.skip ? "cycle model, nothing left out" : "cycle model"}});
  double sum = 0.0;
  for (const LayerMapping& layer : workload.mapped.layers) {
    sum += layer_figures(report, layer, cycles).clocks;
  }
  std::string bar = "<div class=\"share\" role=\"img\" aria-label=\"Clocks by layer\">";
  std::int64_t beats = 0;
  for (std::size_t i = 0; i < workload.mapped.layers.size(); ++i) {
    const LayerMapping& layer = workload.mapped.layers[i];
    const LayerFigures figures = layer_figures(report, layer, cycles);
    const double share = percent_of(figures.clocks, sum);
    beats += layer.beats;
    table.row({escaped(layer.name), fmt::format("{}", layer.replicas),
               fmt::format("{}", layer.rows), fmt::format("{}", layer.steps), grouped(layer.beats),
               datum("clocks-" + layer.name, figures.clocks, fmt::format("{:.1f}", figures.clocks)),
               fmt::format("{:.1f}", share), grouped(figures.model_clocks)});
    fmt::format_to(
        std::back_inserter(bar),
        "<span class=\"{}\" style=\"width:{:.3f}%\" title=\"{}: {:.1f} clocks\">{}</span>",
        layer_class(i), share, escaped(layer.name), figures.clocks,
        share > 6.0 ? escaped(layer.name) : "");
  }
  table.last_row({"image", "", "", "", grouped(beats),
                  fmt::format("{:.1f}", report.run.clocks_per_image), "", grouped(cycles.clocks)});
  std::string text =
      table.str("clock-table",
                "Clocks by layer <small>mean of the run; the image itself takes one more</small>");
  text += html::figure("clock-share", bar + "</div>" + layer_legend(workload),
                       fmt::format("Clocks of an image by layer, {:.1f} in all.", sum));
  const double images = static_cast<double>(workload.count);
  text += html::pairs(
      "counter-table", "Counters <small>per image</small>",
      {{"array reads",
        fmt::format("{:.1f}", static_cast<double>(report.run.counters.reads) / images)},
       {"zero planes not read",
        fmt::format("{:.1f}", static_cast<double>(report.run.counters.skipped) / images)},
       {"conversions",
        fmt::format("{:.1f}", static_cast<double>(report.run.counters.conversions) / images)},
       {"beats", fmt::format("{:.1f}", static_cast<double>(report.run.counters.beats) / images)},
       {"clocks that a beat waited",
        fmt::format("{:.1f}", static_cast<double>(report.run.counters.stall_beat) / images)}});
  return {"clocks", "Clocks", std::move(text)};
}

}  // namespace mcnn::cli
