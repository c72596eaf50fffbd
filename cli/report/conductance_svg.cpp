// SPDX-License-Identifier: Apache-2.0
#include "cli/report/conductance_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/chart.h"
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

constexpr std::size_t kPanels = 4;
constexpr int kLevelsHeight = 150;  // of the errors by level
constexpr double kLevelWidth = 76.0;
constexpr std::string_view kEnded = "when programming ended";
constexpr std::string_view kFirstImage = "at the first image";

// The colours of a scale; errors let the ground show through where there are none, which is
// readable on light and on dark.
struct Shades {
  Rgb (*colour)(double at);
  bool is_error = false;

  // Attributes of what has the colour of a bin.
  std::string fill(int bin) const {
    const double at = static_cast<double>(bin) / (kBins - 1);
    std::string text = fmt::format("fill=\"{}\"", hex(colour(at)));
    if (is_error) text += fmt::format(" fill-opacity=\"{:.2f}\"", error_opacity(at));
    return text;
  }
};
constexpr Shades kConductances = {conductance_colour};
constexpr Shades kErrors = {error_colour, true};

int bin_of(double value, double low, double high) {
  const double part = (value - low) / (high - low) * kBins;
  return std::clamp(static_cast<int>(std::floor(part)), 0, kBins - 1);
}

// The bins of the cells of one panel, [bit line][source line], as one path for each colour.
void add_panel(std::string& svg, const std::vector<int>& bins, int columns, int rows, int x, int y,
               int cell, const Shades& shades) {
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
    if (!path.empty()) fmt::format_to(out, "<path {} d=\"{}\"/>\n", shades.fill(bin), path);
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
               std::string_view title, const Shades& shades) {
  const auto out = std::back_inserter(svg);
  const double step = static_cast<double>(width) / kBins;
  fmt::format_to(out,
                 "<rect class=\"ground\" fill=\"#ececec\" x=\"{}\" y=\"{}\" width=\"{}\" "
                 "height=\"12\"/>\n",
                 x, y, width);
  for (int bin = 0; bin < kBins; ++bin) {
    fmt::format_to(out,
                   "<rect x=\"{:.2f}\" y=\"{}\" width=\"{:.2f}\" height=\"12\" "
                   "shape-rendering=\"crispEdges\" {}/>\n",
                   x + (bin * step), y, step, shades.fill(bin));
  }
  for (int tick = 0; tick <= 2; ++tick) {
    const double part = tick / 2.0;
    add_text(svg, x + (part * width), y + 26.0, "tick",
             fmt::format("{:.3g}", low + (part * (high - low))));
  }
  add_text(svg, x + (width / 2.0), y - 6.0, "middle", title);
}

// Sizes of the picture, in pixels.
struct Layout {
  int lines = 0;  // source lines: columns of a panel
  int bits = 0;   // bit lines: rows of a panel
  int pes = 0;
  int cell = 0;

  explicit Layout(const ChipConfig& config)
      : lines(config.num_sl),
        bits(config.num_bl()),
        pes(config.num_pe),
        cell(std::clamp(384 / config.num_sl, 3, 8)) {}

  int panel_width() const { return lines * cell; }
  int panel_height() const { return bits * cell; }
  int panel_x(int panel) const { return kLeft + (panel * (panel_width() + kGap)); }
  int pe_y(int pe) const { return kTop + (pe * (panel_height() + kPanelHead)); }
  int scales_y() const { return pe_y(pes) + 40; }
  int levels_y() const { return scales_y() + 80; }
  int width() const {
    return std::max(kLeft + (static_cast<int>(kPanels) * (panel_width() + kGap)), 720);
  }
  int height() const { return levels_y() + kLevelsHeight + 60; }
};

void add_head(std::string& svg, const Layout& layout, const Workload& workload,
              const LoopResult& loop) {
  fmt::format_to(std::back_inserter(svg),
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
                 "stroke=\"none\" viewBox=\"0 0 {0} {1}\">\n",
                 layout.width(), layout.height());
  svg +=
      "<style>\n"
      "text{font:12px sans-serif}.title{font-size:15px;font-weight:bold}\n"
      ".middle,.tick{text-anchor:middle}.tick{font-size:11px}.end{text-anchor:end}\n"
      ".rule{stroke:#c8ccd2}.a{fill:#2b7bb9;stroke:#2b7bb9}.b{fill:#c8500a;stroke:#c8500a}\n"
      "@media (prefers-color-scheme:dark){.page{fill:#16181c}.ground{fill:#2a2d33}"
      "text{fill:#e6e6e6}.rule{stroke:#3c424b}.a{fill:#57a7de;stroke:#57a7de}"
      ".b{fill:#f0934f;stroke:#f0934f}}\n"
      "</style>\n";
  fmt::format_to(std::back_inserter(svg),
                 "<rect class=\"page\" fill=\"#ffffff\" width=\"{}\" height=\"{}\"/>\n",
                 layout.width(), layout.height());
  add_text(svg, kLeft, 24, "title",
           fmt::format("{} on {}, device {}, seed {}", html::escaped(workload.network.name),
                       html::escaped(workload.config.name), html::escaped(workload.card.name),
                       workload.options.seed));
  add_text(svg, kLeft, 42, "",
           fmt::format("{} cells programmed, {} failed (crossed); source lines to the right, bit "
                       "lines down; grey ground: not used",
                       loop.entries.size(), loop.failed.size()));
}

void add_pe(std::string& svg, const Layout& layout, const ConductanceView& view, int pe) {
  add_text(svg, kLeft - 8, layout.pe_y(pe) + (layout.panel_height() / 2.0) + 4, "end",
           fmt::format("PE {}", pe));
  const std::vector<CellView>& cells = view.pes[static_cast<std::size_t>(pe)];
  std::array<std::vector<int>, kPanels> bins;
  for (std::vector<int>& panel : bins) panel.assign(cells.size(), kUnused);
  for (int line = 0; line < layout.lines; ++line) {
    for (int bit = 0; bit < layout.bits; ++bit) {
      const CellView& shown = cells[static_cast<std::size_t>((line * layout.bits) + bit)];
      if (!shown.is_used) continue;
      const auto to = static_cast<std::size_t>((bit * layout.lines) + line);
      bins[0][to] = bin_of(shown.target_uS, view.low, view.high);
      bins[1][to] = bin_of(shown.written_uS, view.low, view.high);
      bins[2][to] = bin_of(shown.error_uS(), -view.reach, view.reach);
      bins[3][to] = bin_of(shown.aged_error_uS(), -view.reach, view.reach);
    }
  }
  for (std::size_t panel = 0; panel < kPanels; ++panel) {
    add_panel(svg, bins[panel], layout.lines, layout.bits, layout.panel_x(static_cast<int>(panel)),
              layout.pe_y(pe), layout.cell, panel < 2 ? kConductances : kErrors);
  }
}

// Crosses over the failed cells of every panel but the target's.
void add_crosses(std::string& svg, const Layout& layout, const LoopResult& loop) {
  std::string crosses;
  for (const std::size_t i : loop.failed) {
    const ProgramEntry& entry = loop.entries[i];
    for (int panel = 1; panel < static_cast<int>(kPanels); ++panel) {
      const int x = layout.panel_x(panel) + (entry.source_line * layout.cell);
      const int y = layout.pe_y(entry.pe) + (entry.bit_line * layout.cell);
      fmt::format_to(std::back_inserter(crosses), "M{0} {1}l{2} {2}m-{2} 0l{2} -{2}", x - 1, y - 1,
                     layout.cell + 2);
    }
  }
  if (crosses.empty()) return;
  // Black on white, to be seen on every colour.
  for (const auto& [stroke, thickness] : {std::pair("#ffffff", 2.2), std::pair("#000000", 0.9)}) {
    fmt::format_to(std::back_inserter(svg),
                   "<path fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" d=\"{}\"/>\n", stroke,
                   thickness, crosses);
  }
}

// For each level the mean error and one standard deviation to both sides, when programming ended
// and at the first image.
void add_levels(std::string& svg, const Layout& layout, const ConductanceView& view) {
  const std::vector<LevelErrors> levels = level_errors(view);
  double reach = 0.0;
  for (const LevelErrors& level : levels) {
    for (const LevelErrors::Spread& spread : {level.written, level.aged}) {
      reach = std::max(reach, std::abs(spread.mean) + spread.deviation);
    }
  }
  if (reach <= 0.0) reach = view.reach;
  const double middle = layout.levels_y() + (kLevelsHeight / 2.0);
  const auto y_at = [&](double error) { return middle - (error / reach * kLevelsHeight / 2.0); };
  const double step = html::tick_step(2.0 * reach, 6);
  const double right = kLeft + (kLevelWidth * static_cast<double>(levels.size()));
  const auto out = std::back_inserter(svg);
  add_text(svg, kLeft, layout.levels_y() - 14.0, "",
           "errors by level [uS]: mean and standard deviation");
  for (double tick = std::ceil(-reach / step) * step; tick <= reach; tick += step) {
    const double shown = std::abs(tick) < 1e-9 * step ? 0.0 : tick;
    fmt::format_to(out, "<path class=\"rule\" d=\"M{} {:.1f}H{}\"/>\n", kLeft, y_at(shown), right);
    add_text(svg, kLeft - 8, y_at(shown) + 4.0, "end", fmt::format("{:.3g}", shown));
  }
  const auto add_spread = [&](double x, std::string_view style, const LevelErrors::Spread& spread) {
    fmt::format_to(out,
                   "<g class=\"{}\"><path stroke-width=\"2\" d=\"M{:.1f} {:.1f}V{:.1f}\"/><circle "
                   "cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/><title>{:+.4f} uS mean, {:.4f} uS "
                   "standard deviation</title></g>\n",
                   style, x, y_at(spread.mean - spread.deviation),
                   y_at(spread.mean + spread.deviation), x, y_at(spread.mean), spread.mean,
                   spread.deviation);
  };
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const double x = kLeft + (kLevelWidth * (static_cast<double>(i) + 0.5));
    add_spread(x - 8.0, "a", levels[i].written);
    add_spread(x + 8.0, "b", levels[i].aged);
    add_text(svg, x, layout.levels_y() + kLevelsHeight + 18.0, "tick",
             fmt::format("{} ({:.1f} uS)", levels[i].level, levels[i].target_uS));
  }
  double x = right + 24.0;
  for (const auto& [style, what] : {std::pair("a", kEnded), std::pair("b", kFirstImage)}) {
    fmt::format_to(out, "<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"4\"/>\n", style, x,
                   layout.levels_y() + 8);
    add_text(svg, x + 10.0, layout.levels_y() + 12.0, "", what);
    x += 190.0;
  }
}

}  // namespace

std::string conductance_svg(const Workload& workload, const ProgrammedChip& chip) {
  const LoopResult& loop = chip.loop.value();
  const Layout layout(workload.config);
  const ConductanceView view = conductance_view(workload, chip);
  std::string svg;
  add_head(svg, layout, workload, loop);
  const std::array<std::string, kPanels> titles = {
      "target", "reached", fmt::format("error {}", kEnded), fmt::format("error {}", kFirstImage)};
  for (std::size_t panel = 0; panel < kPanels; ++panel) {
    add_text(svg, layout.panel_x(static_cast<int>(panel)) + (layout.panel_width() / 2.0), kTop - 6,
             "middle", titles[panel]);
  }
  for (int pe = 0; pe < layout.pes; ++pe) add_pe(svg, layout, view, pe);
  add_crosses(svg, layout, loop);
  add_scale(svg, kLeft, layout.scales_y(), 220, view.low, view.high, "conductance [uS]",
            kConductances);
  add_scale(svg, kLeft + 290, layout.scales_y(), 220, -view.reach, view.reach,
            "error: held - target [uS]", kErrors);
  add_levels(svg, layout, view);
  return svg + "</svg>\n";
}

}  // namespace mcnn::cli
