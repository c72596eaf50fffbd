// SPDX-License-Identifier: Apache-2.0
// Section of the report page: every array as a map of its conductances.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/colour_scale.h"
#include "cli/output/html.h"
#include "cli/report/report_sections.h"

namespace mcnn::cli {
namespace {

constexpr std::size_t kMostCellData = 300'000;  // cells with values under the pointer
constexpr int kShades = 120;                    // of a palette; index 0 is a cell that is not used

std::uint8_t shade(double value, double low, double high) {
  const double part = high > low ? (value - low) / (high - low) : 0.0;
  return static_cast<std::uint8_t>(
      1 + std::lround(std::clamp(part, 0.0, 1.0) * static_cast<double>(kShades)));
}

double opaque(double /*at*/) { return 1.0; }

// The colours of a scale from 0 to 1.
struct Shades {
  Rgb (*colour)(double);
  double (*opacity)(double);

  std::string png(int width, int height, const std::vector<std::uint8_t>& pixels) const {
    std::vector<Rgb> colours = {Rgb{}};
    std::vector<double> opacities = {0.0};
    for (int i = 0; i <= kShades; ++i) {
      const double at = static_cast<double>(i) / kShades;
      colours.push_back(colour(at));
      opacities.push_back(opacity(at));
    }
    return html::png_palette(width, height, pixels, colours, opacities);
  }
};
constexpr Shades kConductances = {conductance_colour, opaque};
constexpr Shades kErrors = {error_colour, error_opacity};

std::string scale_bar(std::string_view title, double low, double high, const Shades& shades) {
  std::string stops;
  for (int i = 0; i <= 8; ++i) {
    const double at = i / 8.0;
    stops += fmt::format("{}{}", i == 0 ? "" : ",", hex(shades.colour(at), shades.opacity(at)));
  }
  return fmt::format(
      "<div class=\"scale\">{}<div class=\"bar\" "
      "style=\"background-image:linear-gradient(90deg,{})\">"
      "</div><div class=\"ends\"><span>{:.3g}</span><span>{:.3g}</span><span>{:.3g}</span></div>"
      "</div>",
      title, stops, low, (low + high) / 2.0, high);
}

struct PeFigures {
  std::int64_t cells = 0;
  std::int64_t within = 0;  // the tolerance, when programming ended
  std::int64_t failed = 0;
  std::int64_t fixed = 0;
  double sum = 0.0;  // of errors
  double squares = 0.0;
  double largest = 0.0;
  double aged_squares = 0.0;

  void add(const CellView& cell, double tolerance_uS) {
    const double error = cell.error_uS();
    const double aged = cell.aged_error_uS();
    ++cells;
    within += std::abs(error) <= tolerance_uS ? 1 : 0;
    failed += cell.has_failed ? 1 : 0;
    fixed += cell.is_fixed ? 1 : 0;
    sum += error;
    squares += error * error;
    aged_squares += aged * aged;
    largest = std::max(largest, std::abs(error));
  }
  double per_cell(double value) const {
    return cells == 0 ? 0.0 : value / static_cast<double>(cells);
  }
};

// Crosses over cells that failed, frames around those that nothing moves.
std::string marks(const ConductanceView& view, std::size_t pe) {
  std::string path;
  const auto out = std::back_inserter(path);
  for (std::size_t i = 0; i < view.pes[pe].size(); ++i) {
    const CellView& cell = view.pes[pe][i];
    const std::size_t line = i / static_cast<std::size_t>(view.bit_lines);
    const std::size_t bit = i % static_cast<std::size_t>(view.bit_lines);
    if (cell.is_fixed && cell.is_used) fmt::format_to(out, "M{} {}h1v1h-1z", line, bit);
    // Wider than the cell, to be seen: cells are taller than wide on most screens.
    if (cell.has_failed) {
      fmt::format_to(out, "M{} {}l3 1m-3 0l3 -1", static_cast<int>(line) - 1, bit);
    }
  }
  if (path.empty()) return "";
  return fmt::format(
      "<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
      "<path class=\"cross edge\" d=\"{}\"/><path class=\"cross\" d=\"{}\"/></svg>",
      view.source_lines, view.bit_lines, path, path);
}

// "channel 3", "channels 0 to 7"
std::string counted(std::string_view name, int first, int count) {
  return count == 1 ? fmt::format("{} {}", name, first)
                    : fmt::format("{}s {} to {}", name, first, first + count - 1);
}

std::string blocks_strip(const Workload& workload, int pe) {
  std::string text = fmt::format(
      "<svg class=\"blocks\" viewBox=\"0 0 {} 1\" preserveAspectRatio=\"none\" "
      "aria-hidden=\"true\">",
      workload.config.num_sl);
  bool other = false;
  for (const Placement& place : workload.mapped.placements) {
    if (place.pe != pe) continue;
    fmt::format_to(std::back_inserter(text),
                   "<rect class=\"{}{}\" x=\"{}\" y=\"0\" width=\"{}\" height=\"1\"/>",
                   layer_class(static_cast<std::size_t>(place.layer)), other ? " alt" : "",
                   place.first_line, place.lines);
    other = !other;
  }
  return text + "</svg>";
}

std::string pe_panels(const ReportPage& page, const ConductanceView& view, std::size_t pe,
                      const PeFigures& figures, bool has_data) {
  const Workload& workload = page.report.workload;
  const std::vector<CellView>& cells = view.pes[pe];
  const auto lines = static_cast<std::size_t>(view.source_lines);
  const auto bits = static_cast<std::size_t>(view.bit_lines);
  std::array<std::vector<std::uint8_t>, 3> panels;
  for (std::vector<std::uint8_t>& panel : panels) panel.assign(cells.size(), 0);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const CellView& cell = cells[i];
    if (!cell.is_used) continue;
    const std::size_t at = (i % bits * lines) + (i / bits);
    panels[0][at] = shade(cell.target_uS, view.low, view.high);
    panels[1][at] = shade(cell.written_uS, view.low, view.high);
    panels[2][at] = shade(cell.error_uS(), -view.reach, view.reach);
  }
  constexpr std::array<std::string_view, 3> kTitles = {"target", "reached", "error"};
  std::string text = fmt::format(
      "<div class=\"pe\" id=\"pe-{}\"><h4>PE {} <small>{} of {} source lines, {} cells", pe, pe,
      workload.mapped.lines_used[pe], workload.config.num_sl, grouped(figures.cells));
  const auto out = std::back_inserter(text);
  if (page.report.chip->loop) fmt::format_to(out, ", {} failed", grouped(figures.failed));
  if (figures.fixed > 0) fmt::format_to(out, ", {} stuck", grouped(figures.fixed));
  fmt::format_to(out, ", error {:.3f} µS rms</small></h4>\n<div class=\"panels\">",
                 std::sqrt(figures.per_cell(figures.squares)));
  const std::string over = marks(view, pe);
  for (std::size_t panel = 0; panel < panels.size(); ++panel) {
    fmt::format_to(
        out,
        "<div class=\"panel\"><span>{}</span>{}<span class=\"px\" role=\"img\" aria-label=\"PE {}, "
        "{}\"{}><img src=\"{}\" alt=\"\">{}</span></div>",
        kTitles[panel], blocks_strip(workload, static_cast<int>(pe)), pe, kTitles[panel],
        has_data ? fmt::format(" tabindex=\"0\" data-px=\"cells\" data-columns=\"{}\" "
                               "data-rows=\"{}\" data-pe=\"{}\"",
                               lines, bits, pe)
                 : std::string(),
        html::data_uri("image/png", (panel == 2 ? kErrors : kConductances)
                                        .png(view.source_lines, view.bit_lines, panels[panel])),
        panel == 0 ? "" : over);
  }
  return text + "</div></div>\n";
}

// Every cell's numbers, for the script: 16 bits in steps of `scale`, little end first.
std::string cell_data(const ReportPage& page, const ConductanceView& view) {
  double largest = 0.0;
  for (const std::vector<CellView>& cells : view.pes) {
    for (const CellView& cell : cells) {
      largest = std::max({largest, cell.target_uS, cell.written_uS, cell.aged_uS});
    }
  }
  const double scale = std::max(0.001, largest / 65'000.0);
  nlohmann::ordered_json json = {{"scale", scale},
                                 {"bits", view.bit_lines},
                                 {"looped", page.report.chip->loop.has_value()},
                                 {"pes", nlohmann::ordered_json::array()}};
  for (std::size_t pe = 0; pe < view.pes.size(); ++pe) {
    std::array<std::string, 3> values;
    std::string pulses;
    std::string flags;
    for (const CellView& cell : view.pes[pe]) {
      const std::array<double, 3> conductances = {cell.target_uS, cell.written_uS, cell.aged_uS};
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto steps =
            static_cast<unsigned>(std::lround(std::max(0.0, conductances[i]) / scale));
        values[i] += static_cast<char>(steps & 0xFFU);
        values[i] += static_cast<char>(steps >> 8U);
      }
      // Two passes may give more than a byte holds.
      pulses += static_cast<char>(std::min(cell.pulses, 255));
      flags += static_cast<char>((cell.is_used ? 1 : 0) + (cell.has_failed ? 2 : 0) +
                                 (cell.is_fixed ? 4 : 0));
    }
    nlohmann::ordered_json blocks = nlohmann::ordered_json::array();
    for (const Placement& place : page.report.workload.mapped.placements) {
      if (place.pe != static_cast<int>(pe)) continue;
      const auto layer = static_cast<std::size_t>(place.layer);
      blocks.push_back({place.first_line, place.lines,
                        fmt::format("{}, {}, {}", page.report.workload.network.layers[layer].name,
                                    counted("replica", place.replica, place.array_rows),
                                    counted("channel", place.channel, place.channels)),
                        place.first_kernel});
    }
    json["pes"].push_back({{"target", html::base64(values[0])},
                           {"written", html::base64(values[1])},
                           {"aged", html::base64(values[2])},
                           {"pulses", html::base64(pulses)},
                           {"flags", html::base64(flags)},
                           {"blocks", std::move(blocks)}});
  }
  // Nothing in it may end the element.
  std::string text;
  for (const char c : json.dump()) text += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return fmt::format("<script type=\"application/json\" id=\"cells\">{}</script>\n", text);
}

}  // namespace

Section arrays_section(const ReportPage& page, const ConductanceView& view) {
  const Workload& workload = page.report.workload;
  const ProgrammedChip& chip = *page.report.chip;
  const double tolerance = workload.card.loop_tolerance_uS();
  Table table({{"PE"},
               {"source lines"},
               {"cells"},
               {fmt::format("within ±{:.3g} µS [%]", tolerance)},
               {"failed"},
               {"stuck"},
               {"mean error [µS]"},
               {"rms error [µS]"},
               {"largest error [µS]"},
               {"rms at the first image [µS]"}});
  std::size_t all = 0;
  for (const std::vector<CellView>& cells : view.pes) all += cells.size();
  const bool has_data = all <= kMostCellData;
  std::string panels;
  PeFigures sum;
  const auto row = [&](const std::string& name, const std::string& lines, const PeFigures& of) {
    return std::vector<std::string>{
        name,
        lines,
        grouped(of.cells),
        fmt::format("{:.2f}",
                    percent_of(static_cast<double>(of.within), static_cast<double>(of.cells))),
        chip.loop ? grouped(of.failed) : std::string("–"),
        grouped(of.fixed),
        fmt::format("{:+.4f}", of.per_cell(of.sum)),
        fmt::format("{:.4f}", std::sqrt(of.per_cell(of.squares))),
        fmt::format("{:.3f}", of.largest),
        fmt::format("{:.4f}", std::sqrt(of.per_cell(of.aged_squares)))};
  };
  for (std::size_t pe = 0; pe < view.pes.size(); ++pe) {
    PeFigures figures;
    for (const CellView& cell : view.pes[pe]) {
      if (!cell.is_used) continue;
      figures.add(cell, tolerance);
      sum.add(cell, tolerance);
    }
    table.row(
        row(fmt::format("{}", pe), fmt::format("{}", workload.mapped.lines_used[pe]), figures));
    panels += pe_panels(page, view, pe, figures, has_data);
  }
  table.last_row(row("all", "", sum));

  std::string content =
      layer_legend(workload) + "<div class=\"scales\">" +
      scale_bar("conductance [µS]", view.low, view.high, kConductances) +
      scale_bar("error: reached − target [µS]", -view.reach, view.reach, kErrors) + "</div>\n" +
      panels;
  std::string text = html::figure(
      "conductances", content,
      fmt::format("Every array when programming ended: {} source lines to the right, {} bit lines "
                  "down, neighbouring source lines a pair. The strip above each panel shows the "
                  "layer that a source line "
                  "belongs to. Crosses: failed in the closed loop; frames: stuck. "
                  "Source lines that the network does not use are left blank.{}",
                  view.source_lines, view.bit_lines,
                  has_data
                      ? " Point at a cell, or move over it with the arrow keys, for its values."
                      : ""));
  text += table.str("array-table", "Cells by array");
  if (has_data) text += cell_data(page, view);
  return {"arrays", "The arrays", std::move(text)};
}

}  // namespace mcnn::cli
