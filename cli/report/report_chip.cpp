// SPDX-License-Identifier: Apache-2.0
// Sections of the report page about the chip: its cells, how they were programmed, what the
// converters clipped, what the clocks went to.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/chart.h"
#include "cli/output/colour_scale.h"
#include "cli/output/html.h"
#include "cli/report/report_sections.h"
#include "host/engine/chip_model.h"
#include "host/engine/timeline.h"

namespace mcnn::cli {
namespace {

using html::datum;
using html::escaped;
using html::grouped;
using html::Table;

constexpr std::size_t kMostCellData = 300'000;  // cells with values under the pointer
constexpr std::size_t kListedFailures = 20;
constexpr std::size_t kLayerColours = 6;

std::string layer_class(std::size_t layer) { return fmt::format("l{}", layer % kLayerColours); }

std::string layer_legend(const Workload& workload) {
  std::string text = "<div class=\"legend\">";
  for (std::size_t i = 0; i < workload.network.layers.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "<span><i class=\"dot {}\"></i>{}</span>",
                   layer_class(i), escaped(workload.network.layers[i].name));
  }
  return text + "</div>\n";
}

// ---- arrays

constexpr int kShades = 120;  // of a palette; index 0 is a cell that is not used

std::uint8_t shade(double value, double low, double high) {
  const double part = high > low ? (value - low) / (high - low) : 0.0;
  return static_cast<std::uint8_t>(
      1 + std::lround(std::clamp(part, 0.0, 1.0) * static_cast<double>(kShades)));
}

std::vector<Rgb> palette(Rgb (*colour)(double)) {
  std::vector<Rgb> colours = {Rgb{}};
  for (int i = 0; i <= kShades; ++i) {
    colours.push_back(colour(static_cast<double>(i) / kShades));
  }
  return colours;
}

std::string scale_bar(std::string_view title, double low, double high, Rgb (*colour)(double)) {
  std::string stops;
  for (int i = 0; i <= 8; ++i) {
    stops += fmt::format("{}{}", i == 0 ? "" : ",", hex(colour(i / 8.0)));
  }
  return fmt::format(
      "<div class=\"scale\">{}<div class=\"bar\" style=\"background:linear-gradient(90deg,{})\">"
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
    const double aged = cell.aged_uS - cell.target_uS;
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
  static const std::vector<Rgb> kConductances = palette(conductance_colour);
  static const std::vector<Rgb> kErrors = palette(error_colour);
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
        html::data_uri("image/png",
                       html::png_palette(view.source_lines, view.bit_lines, panels[panel],
                                         panel == 2 ? kErrors : kConductances)),
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
                        fmt::format("{}, replica {}, channel {}",
                                    page.report.workload.network.layers[layer].name, place.replica,
                                    place.channel),
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

// ---- timeline

struct Track {
  std::string name;
  std::vector<std::pair<std::string, std::string>> paths;  // class, path
};

class Timeline {
 public:
  Timeline(const Workload& workload, std::vector<TimelineEvent> events)
      : workload_(workload), events_(std::move(events)) {
    for (const TimelineEvent& event : events_) {
      end_ = std::max(end_, event.start + event.clocks);
    }
    layer_of_row_.resize(workload.mapped.program.layers.size());
    for (std::size_t layer = 0; layer < workload.mapped.layers.size(); ++layer) {
      const LayerMapping& mapping = workload.mapped.layers[layer];
      for (int row = 0; row < mapping.rows; ++row) {
        layer_of_row_[static_cast<std::size_t>(mapping.first_row + row)] = layer;
      }
    }
  }

  std::int64_t end() const { return end_; }
  // First clock of a network layer, -1 if there is none.
  std::int64_t start_of(std::size_t layer) const {
    for (const TimelineEvent& event : events_) {
      if (event.activity == Activity::kLayer &&
          layer_of_row_[static_cast<std::size_t>(event.layer_row)] == layer) {
        return event.start;
      }
    }
    return -1;
  }
  std::int64_t clocks_of(Activity activity) const {
    std::int64_t sum = 0;
    for (const TimelineEvent& event : events_) {
      if (event.activity == activity) sum += event.clocks;
    }
    return sum;
  }

  // The clocks `first` to `last`, one track below the other.
  std::string picture(std::int64_t first, std::int64_t last, std::string_view label) const {
    const int pes = workload_.config.num_pe;
    std::vector<std::string> names = {"image", "layer", "fetch"};
    for (int pe = 0; pe < pes; ++pe) names.push_back(fmt::format("PE {}", pe));
    names.insert(names.end(), {"stall", "reduce", "write-back", "result"});
    const auto behind = static_cast<std::size_t>(3 + pes);
    std::vector<std::vector<std::pair<std::string, std::string>>> tracks(names.size());
    for (const TimelineEvent& event : events_) {
      const std::int64_t from = std::max(event.start, first);
      const std::int64_t to = std::min(event.start + event.clocks, last);
      if (from >= to) continue;
      const std::string layer =
          event.layer_row < 0
              ? std::string("t-load")
              : layer_class(layer_of_row_[static_cast<std::size_t>(event.layer_row)]);
      std::size_t track = 0;
      std::string style;
      double top = 0.12;
      double height = 0.76;
      switch (event.activity) {
        case Activity::kImageLoad:
          style = "t-load";
          break;
        case Activity::kImageTake:
        case Activity::kImageStall:
          continue;  // the load itself is shown
        case Activity::kLayer:
          track = 1;
          style = layer;
          break;
        case Activity::kFetch:
          track = 2;
          style = "t-fetch";
          break;
        case Activity::kDrive:
          track = static_cast<std::size_t>(3 + event.pe);
          style = layer + " light";
          break;
        case Activity::kRead:
          track = static_cast<std::size_t>(3 + event.pe);
          style = layer;
          top = 0.24;
          height = 0.52;
          break;
        case Activity::kResultStall:
        case Activity::kBeatStall:
          track = behind;
          style = "t-stall";
          break;
        case Activity::kReduce:
          track = behind + 1;
          style = "t-reduce";
          break;
        case Activity::kWrite:
          track = behind + 2;
          style = "t-write";
          break;
        case Activity::kResult:
          track = behind + 3;
          style = "t-load";
          break;
      }
      std::vector<std::pair<std::string, std::string>>& paths = tracks[track];
      auto found = std::ranges::find(paths, style, &std::pair<std::string, std::string>::first);
      if (found == paths.end()) found = paths.insert(paths.end(), {style, ""});
      // Neighbours have a gap between them where there is room for one.
      const double gap = last - first < 400 && event.activity != Activity::kLayer ? 0.12 : 0.0;
      fmt::format_to(std::back_inserter(found->second), "M{} {:.2f}h{:g}v{}h-{:g}z", from - first,
                     static_cast<double>(track) + top, static_cast<double>(to - from) - gap, height,
                     static_cast<double>(to - from) - gap);
    }
    const std::int64_t clocks = last - first;
    std::string shown_names;
    for (const std::string& name : names) shown_names += fmt::format("<span>{}</span>", name);
    std::string text = fmt::format(
        "<div class=\"timeline\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><div "
        "class=\"grid\"><div class=\"names\">{}</div>\n<div class=\"px\" data-px=\"clocks\" "
        "data-columns=\"{}\" data-rows=\"{}\" data-first=\"{}\" data-tracks=\"{}\"><svg "
        "viewBox=\"0 0 "
        "{} {}\" preserveAspectRatio=\"none\" style=\"height:{}px\" role=\"img\" "
        "aria-label=\"{}\">\n",
        escaped(label), shown_names, clocks, names.size(), first,
        escaped(nlohmann::json(names).dump()), clocks, names.size(), 16 * names.size(),
        escaped(label));
    const auto out = std::back_inserter(text);
    for (std::size_t track = 1; track < names.size(); ++track) {
      fmt::format_to(out, "<path class=\"t-rule\" d=\"M0 {}H{}\"/>", track, clocks);
    }
    for (const auto& paths : tracks) {
      for (const auto& [style, path] : paths) {
        fmt::format_to(out, "<path class=\"{}\" d=\"{}\"/>\n", style, path);
      }
    }
    text += "</svg></div><div class=\"ticks\">";
    const auto step =
        static_cast<std::int64_t>(std::max(1.0, html::tick_step(static_cast<double>(clocks), 10)));
    for (std::int64_t tick = (first + step - 1) / step * step; tick <= last; tick += step) {
      fmt::format_to(out, "<span style=\"left:{:.2f}%\">{}</span>",
                     100.0 * static_cast<double>(tick - first) / static_cast<double>(clocks),
                     grouped(tick));
    }
    return text + "</div></div></div>";
  }

 private:
  const Workload& workload_;
  std::vector<TimelineEvent> events_;
  std::vector<std::size_t> layer_of_row_;
  std::int64_t end_ = 1;
};

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
      scale_bar("conductance [µS]", view.low, view.high, conductance_colour) +
      scale_bar("error: reached − target [µS]", -view.reach, view.reach, error_colour) +
      "</div>\n" + panels;
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

Section programming_section(const ReportPage& page, const ConductanceView& view) {
  const Workload& workload = page.report.workload;
  const ProgrammedChip& chip = *page.report.chip;
  std::string text;
  if (chip.loop) {
    const LoopResult& loop = *chip.loop;
    const CellStatistics cells = cell_statistics(workload, chip);
    const ProgramCounters counters = loop.counters();
    const auto share = [&](std::uint64_t part) {
      return fmt::format("{} <small>({:.3f} %)</small>", grouped(static_cast<std::int64_t>(part)),
                         percent_of(static_cast<double>(part), static_cast<double>(cells.cells)));
    };
    const auto count = [](std::string_view key, std::int64_t value) {
      return datum(key, value, grouped(value));
    };
    std::vector<std::pair<std::string, std::string>> rows = {
        {"cells", count("cells", static_cast<std::int64_t>(cells.cells))},
        {fmt::format("inside the tolerance of ±{:.3g} µS, by verify reads",
                     workload.card.loop_tolerance_uS()),
         share(cells.done)},
        {"failed", count("failed", static_cast<std::int64_t>(loop.failed.size()))},
        {fmt::format("within ±{:g} µS when programming ended", cells.limit_uS),
         share(cells.written_within)},
        {fmt::format("within ±{:g} µS at the first image, {:g} s and {:g} reads later",
                     cells.limit_uS, workload.card.age_s, workload.card.read_disturb_pulses),
         share(cells.aged_within)},
        {"pulses a cell", datum("pulses_per_cell", cells.mean_pulses(),
                                fmt::format("{:.3f} <small>({} at most)</small>",
                                            cells.mean_pulses(), cells.most_pulses))},
        {"SET pulses", count("sets", counters.sets)},
        {"RESET pulses", count("resets", counters.resets)},
        {"verify reads", count("reads", counters.reads)},
        {"clocks", count("program-clocks", counters.clocks)},
        {"clocks with one PE at a time", grouped(loop.serial_clocks())},
        {"passes", fmt::format("{}", loop.passes.size())},
        {"verify range", fmt::format("{}", loop.settings.range)}};
    if (chip.faults) {
      const FaultReport& faults = *chip.faults;
      rows.emplace_back("faults among the used cells",
                        fmt::format("{} of {}", grouped(faults.after.used_faults),
                                    grouped(faults.after.used_cells)));
      rows.emplace_back(
          "pairs whose weight cannot be reached",
          fmt::format("{} <small>({} where the mapper put the blocks)</small>",
                      grouped(faults.after.unreachable), grouped(faults.before.unreachable)));
    }
    if (!chip.calibration_note.empty()) {
      rows.emplace_back("converter offsets taken out", escaped(chip.calibration_note));
    }
    text += html::pairs("programming-table", "The closed loop", rows);
  } else {
    text += absent(chip.way == ProgramWay::kDirect
                       ? "The cells were brought to their levels directly, without the closed "
                         "loop: there are no pulses to count. <code>--program loop</code> runs it."
                       : "The cells came from a file of <code>--save-cells</code>: there are no "
                         "pulses to count.");
  }
  if (chip.refresh) {
    const RefreshReport& refresh = *chip.refresh;
    text += html::pairs("refresh-table", "Refreshes before the first image",
                        {{"refreshes", grouped(refresh.rounds)},
                         {"cells rewritten", grouped(refresh.cells.cells)},
                         {"pulses", grouped(refresh.programming.sets + refresh.programming.resets)},
                         {"verify reads", grouped(refresh.programming.reads)},
                         {"clocks", grouped(refresh.programming.clocks)}});
  }

  // Errors of all cells when programming ended and at the first image.
  constexpr std::size_t kBins = 48;
  html::Histogram errors{"reached − target [µS]", "cells", 0.0, 0.0, false, {}};
  errors.series = {{"when programming ended", std::vector<double>(kBins)},
                   {"at the first image", std::vector<double>(kBins)}};
  double reach = 0.0;
  int most_pulses = 0;
  double squares = 0.0;
  std::int64_t cells = 0;
  for (const std::vector<CellView>& pe : view.pes) {
    for (const CellView& cell : pe) {
      if (!cell.is_used) continue;
      const double aged = cell.aged_uS - cell.target_uS;
      squares += (aged * aged) + (cell.error_uS() * cell.error_uS());
      ++cells;
      most_pulses = std::max(most_pulses, cell.pulses);
    }
  }
  // Four standard deviations, so that a few cells far out do not hide the others.
  reach = 4.0 * std::sqrt(squares / std::max(1.0, 2.0 * static_cast<double>(cells)));
  if (reach <= 0.0) reach = view.reach;
  errors.low = -reach;
  errors.high = reach;
  std::int64_t outside = 0;
  std::vector<double> pulses(static_cast<std::size_t>(most_pulses) + 1);
  for (const std::vector<CellView>& pe : view.pes) {
    for (const CellView& cell : pe) {
      if (!cell.is_used) continue;
      pulses[static_cast<std::size_t>(cell.pulses)] += 1.0;
      const std::array<double, 2> values = {cell.error_uS(), cell.aged_uS - cell.target_uS};
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double part = (values[i] + reach) / (2.0 * reach);
        if (part < 0.0 || part >= 1.0) {
          ++outside;
          continue;
        }
        errors.series[i].counts[static_cast<std::size_t>(part * static_cast<double>(kBins))] += 1.0;
      }
    }
  }
  text += "<div class=\"columns\">\n";
  text += html::figure(
      "error-histogram", html::histogram_svg(errors, "Histogram of the cells' errors"),
      fmt::format("Errors of the {} cells that the network uses{}.", grouped(cells),
                  outside == 0
                      ? std::string()
                      : fmt::format("; {} values lie outside the picture", grouped(outside))));
  if (chip.loop) {
    html::Histogram histogram{"pulses", "cells", 0.0, static_cast<double>(pulses.size()), true, {}};
    // So many bars that each can be seen.
    constexpr std::size_t kMostBars = 64;
    if (pulses.size() > kMostBars) {
      const std::size_t wide = (pulses.size() + kMostBars - 1) / kMostBars;
      std::vector<double> merged((pulses.size() + wide - 1) / wide);
      for (std::size_t i = 0; i < pulses.size(); ++i) merged[i / wide] += pulses[i];
      histogram.high = static_cast<double>(merged.size() * wide);
      histogram.whole = false;
      pulses = std::move(merged);
    }
    histogram.series = {{"cells", pulses}};
    text += html::figure(
        "pulse-histogram", html::histogram_svg(histogram, "Histogram of pulses a cell"),
        fmt::format("Pulses that a cell took, SET and RESET together; {} at most.", most_pulses));
  }
  text += "</div>\n";
  if (chip.loop && !chip.loop->failed.empty()) {
    Table table({{"cell", Table::Align::kText}});
    const std::size_t shown = std::min(chip.loop->failed.size(), kListedFailures);
    for (std::size_t i = 0; i < shown; ++i) {
      table.row({escaped(describe_failure(*chip.loop, chip.loop->failed[i]))});
    }
    text += table.str(
        "failed-cells",
        fmt::format("Cells that failed <small>{} of {}, codes of the verify range</small>", shown,
                    chip.loop->failed.size()));
  }
  return {"programming", "Programming", std::move(text)};
}

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

Section timeline_section(const ReportPage& page) {
  const Workload& workload = page.report.workload;
  ChipModel model(workload.config, workload.mapped.program, page.report.chip->macros,
                  ChipModel::Options{.skip = page.skip, .reads = true});
  const std::vector<ImageReads> reads = {
      model.run(page.followed, workload.image(page.followed)).reads};
  const Timeline timeline(
      workload, make_timeline(workload.mapped.program, workload.config, reads, page.skip));
  std::string text = html::figure(
      "timeline-image",
      layer_legend(workload) + timeline.picture(0, timeline.end(), "Timeline of one image"),
      fmt::format(
          "Image {} in clocks, from its first pixel to its last logit: {} in all. While it is "
          "computed the "
          "next one loads, so images follow each other faster than that. A PE's track is light "
          "while its "
          "window is driven, full where a bit plane is read; planes without a pulse are not read.",
          page.followed, grouped(timeline.end())));
  constexpr std::int64_t kDetail = 120;  // clocks
  constexpr std::size_t kMostDetails = 4;
  for (std::size_t layer = 0; layer < std::min(workload.mapped.layers.size(), kMostDetails);
       ++layer) {
    const std::int64_t first = timeline.start_of(layer);
    if (first < 0) continue;
    const std::string name = escaped(workload.mapped.layers[layer].name);
    text += html::figure(
        fmt::format("timeline-{}", name),
        timeline.picture(first, std::min(first + kDetail, timeline.end()),
                         fmt::format("Timeline of the first clocks of {}", name)),
        fmt::format("The first {} clocks of {}.", std::min(kDetail, timeline.end() - first), name));
  }
  return {"timeline", "Timeline of one image", std::move(text)};
}

}  // namespace mcnn::cli
