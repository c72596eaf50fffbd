// SPDX-License-Identifier: Apache-2.0
#include "cli/report/conductance_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/colour_scale.h"
#include "cli/output/html.h"
#include "cli/report/conductance_view.h"

namespace mcnn::cli {
namespace {

constexpr int kBins = 25;  // colours of a scale
constexpr int kLeft = 56;
constexpr int kTop = 74;
constexpr int kGap = 20;        // between panels
constexpr int kPanelHead = 18;  // above a PE's panels
constexpr int kUnused = -1;

Rgb conductance_bin(int bin) { return conductance_colour(static_cast<double>(bin) / (kBins - 1)); }
Rgb error_bin(int bin) { return error_colour(static_cast<double>(bin) / (kBins - 1)); }

int bin_of(double value, double low, double high) {
  const double part = (value - low) / (high - low) * kBins;
  return std::clamp(static_cast<int>(std::floor(part)), 0, kBins - 1);
}

// The bins of the cells of one panel, [bit line][source line], as one path for each colour.
void add_panel(std::string& svg, const std::vector<int>& bins, int columns, int rows, int x, int y,
               int cell, const std::function<Rgb(int)>& colour_of) {
  const auto out = std::back_inserter(svg);
  fmt::format_to(
      out,
      "<rect class=\"ground\" fill=\"#ececec\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", x,
      y, columns * cell, rows * cell);
  std::array<std::string, kBins> paths;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns;) {
      const auto bin_at = [&](int at) {
        return bins[static_cast<std::size_t>((row * columns) + at)];
      };
      const int bin = bin_at(column);
      int end = column + 1;
      while (end < columns && bin_at(end) == bin) ++end;
      if (bin != kUnused) {
        const int length = end - column;
        fmt::format_to(std::back_inserter(paths[static_cast<std::size_t>(bin)]), "M{} {}h{}v1h-{}z",
                       column, row, length, length);
      }
      column = end;
    }
  }
  fmt::format_to(out, "<g transform=\"translate({} {}) scale({})\">\n", x, y, cell);
  for (int bin = 0; bin < kBins; ++bin) {
    const std::string& path = paths[static_cast<std::size_t>(bin)];
    if (!path.empty())
      fmt::format_to(out, "<path fill=\"{}\" d=\"{}\"/>\n", hex(colour_of(bin)), path);
  }
  svg += "</g>\n";
}

void add_text(std::string& svg, double x, double y, std::string_view classes,
              std::string_view text) {
  fmt::format_to(std::back_inserter(svg),
                 "<text x=\"{:g}\" y=\"{:g}\" fill=\"#1a1a1a\" class=\"{}\">{}</text>\n", x, y,
                 classes, text);
}

// A bar of the colours of a scale with its values at the ends and in the middle.
void add_scale(std::string& svg, int x, int y, int width, double low, double high,
               std::string_view title, const std::function<Rgb(int)>& colour_of) {
  const auto out = std::back_inserter(svg);
  const double step = static_cast<double>(width) / kBins;
  for (int bin = 0; bin < kBins; ++bin) {
    fmt::format_to(out,
                   "<rect x=\"{:.2f}\" y=\"{}\" width=\"{:.2f}\" height=\"12\" fill=\"{}\"/>\n",
                   x + (bin * step), y, step + 0.3, hex(colour_of(bin)));
  }
  for (int tick = 0; tick <= 2; ++tick) {
    const double part = tick / 2.0;
    add_text(svg, x + (part * width), y + 26.0, "tick",
             fmt::format("{:.3g}", low + (part * (high - low))));
  }
  add_text(svg, x + (width / 2.0), y - 6.0, "middle", title);
}

}  // namespace

std::string conductance_svg(const Workload& workload, const ProgrammedChip& chip) {
  const LoopResult& loop = chip.loop.value();
  const int lines = workload.config.num_sl;
  const int bits = workload.config.num_bl();
  const int pes = workload.config.num_pe;
  const int cell = std::clamp(384 / lines, 3, 8);
  const int panel_width = lines * cell;
  const int panel_height = bits * cell;
  const int width = std::max(kLeft + (3 * (panel_width + kGap)), 620);
  const int scales = kTop + (pes * (panel_height + kPanelHead)) + 40;
  const int height = scales + 50;

  const ConductanceView view = conductance_view(workload, chip);
  const double low = view.low;
  const double high = view.high;
  const double reach = view.reach;
  const auto cells = static_cast<std::size_t>(lines * bits);

  std::string svg;
  const auto out = std::back_inserter(svg);
  fmt::format_to(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
                 "stroke=\"none\" viewBox=\"0 "
                 "0 {0} {1}\">\n",
                 width, height);
  svg +=
      "<style>\n"
      "text{font:12px sans-serif}.title{font-size:15px;font-weight:bold}\n"
      ".middle,.tick{text-anchor:middle}.tick{font-size:11px}.end{text-anchor:end}\n"
      "@media (prefers-color-scheme:dark){.page{fill:#16181c}.ground{fill:#2a2d33}"
      "text{fill:#e6e6e6}}\n"
      "</style>\n";
  fmt::format_to(out, "<rect class=\"page\" fill=\"#ffffff\" width=\"{}\" height=\"{}\"/>\n", width,
                 height);
  add_text(svg, kLeft, 24, "title",
           fmt::format("{} on {}, device {}, seed {}", html::escaped(workload.network.name),
                       html::escaped(workload.config.name), html::escaped(workload.card.name),
                       workload.options.seed));
  add_text(svg, kLeft, 42, "",
           fmt::format("{} cells programmed, {} failed (crossed); source lines to the right, bit "
                       "lines down; grey ground: not used",
                       loop.entries.size(), loop.failed.size()));
  constexpr std::array<std::string_view, 3> kTitles = {"target", "reached", "error"};
  for (int panel = 0; panel < 3; ++panel) {
    add_text(svg, kLeft + (panel * (panel_width + kGap)) + (panel_width / 2.0), kTop - 6, "middle",
             kTitles[static_cast<std::size_t>(panel)]);
  }
  for (int pe = 0; pe < pes; ++pe) {
    const int y = kTop + (pe * (panel_height + kPanelHead));
    add_text(svg, kLeft - 8, y + (panel_height / 2.0) + 4, "end", fmt::format("PE {}", pe));
    std::array<std::vector<int>, 3> bins;
    for (std::vector<int>& panel : bins) panel.assign(cells, kUnused);
    for (int line = 0; line < lines; ++line) {
      for (int bit = 0; bit < bits; ++bit) {
        const auto from = static_cast<std::size_t>((line * bits) + bit);
        const auto to = static_cast<std::size_t>((bit * lines) + line);
        const CellView& shown = view.pes[static_cast<std::size_t>(pe)][from];
        if (!shown.is_used) continue;
        bins[0][to] = bin_of(shown.target_uS, low, high);
        bins[1][to] = bin_of(shown.written_uS, low, high);
        bins[2][to] = bin_of(shown.error_uS(), -reach, reach);
      }
    }
    for (int panel = 0; panel < 3; ++panel) {
      add_panel(svg, bins[static_cast<std::size_t>(panel)], lines, bits,
                kLeft + (panel * (panel_width + kGap)), y, cell,
                panel == 2 ? error_bin : conductance_bin);
    }
  }
  // Crosses over reached and error.
  std::string crosses;
  for (const std::size_t i : loop.failed) {
    const ProgramEntry& entry = loop.entries[i];
    for (int panel = 1; panel < 3; ++panel) {
      const int x = kLeft + (panel * (panel_width + kGap)) + (entry.source_line * cell);
      const int y = kTop + (entry.pe * (panel_height + kPanelHead)) + (entry.bit_line * cell);
      fmt::format_to(std::back_inserter(crosses), "M{0} {1}l{2} {2}m-{2} 0l{2} -{2}", x - 1, y - 1,
                     cell + 2);
    }
  }
  if (!crosses.empty()) {
    // Black on white, to be seen on every colour.
    for (const auto& [stroke, thickness] : {std::pair("#ffffff", 2.2), std::pair("#000000", 0.9)}) {
      fmt::format_to(out, "<path fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" d=\"{}\"/>\n",
                     stroke, thickness, crosses);
    }
  }
  add_scale(svg, kLeft, scales, 220, low, high, "conductance [uS]", conductance_bin);
  add_scale(svg, kLeft + 290, scales, 220, -reach, reach, "error: reached - target [uS]",
            error_bin);
  svg += "</svg>\n";
  return svg;
}

}  // namespace mcnn::cli
