// SPDX-License-Identifier: Apache-2.0
// Section of the report page: how the cells were programmed.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/chart.h"
#include "cli/output/html.h"
#include "cli/report/report_sections.h"

namespace mcnn::cli {
namespace {

constexpr std::size_t kListedFailures = 20;

std::string loop_table(const Workload& workload, const ProgrammedChip& chip) {
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
                              fmt::format("{:.3f} <small>({} at most)</small>", cells.mean_pulses(),
                                          cells.most_pulses))},
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
  return html::pairs("programming-table", "The closed loop", rows);
}

std::string refresh_table(const RefreshReport& refresh) {
  return html::pairs("refresh-table", "Refreshes before the first image",
                     {{"refreshes", grouped(refresh.rounds)},
                      {"cells rewritten", grouped(refresh.cells.cells)},
                      {"pulses", grouped(refresh.programming.sets + refresh.programming.resets)},
                      {"verify reads", grouped(refresh.programming.reads)},
                      {"clocks", grouped(refresh.programming.clocks)}});
}

// Errors of all cells when programming ended and at the first image.
std::string error_histogram(const ConductanceView& view) {
  double squares = 0.0;
  std::int64_t cells = 0;
  for_each_used(view, [&](const CellView& cell) {
    squares += (cell.aged_error_uS() * cell.aged_error_uS()) + (cell.error_uS() * cell.error_uS());
    ++cells;
  });
  // Four standard deviations, so that a few cells far out do not hide the others.
  double reach = 4.0 * std::sqrt(squares / std::max(1.0, 2.0 * static_cast<double>(cells)));
  if (reach <= 0.0) reach = view.reach;

  constexpr std::size_t kBins = 48;
  html::Histogram errors{"reached − target [µS]", "cells", -reach, reach, false, {}};
  errors.series = {{"when programming ended", std::vector<double>(kBins)},
                   {"at the first image", std::vector<double>(kBins)}};
  std::int64_t outside = 0;
  for_each_used(view, [&](const CellView& cell) {
    const std::array<double, 2> values = {cell.error_uS(), cell.aged_error_uS()};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double part = (values[i] + reach) / (2.0 * reach);
      if (part < 0.0 || part >= 1.0) {
        ++outside;
        continue;
      }
      errors.series[i].counts[static_cast<std::size_t>(part * static_cast<double>(kBins))] += 1.0;
    }
  });
  return html::figure(
      "error-histogram", html::histogram_svg(errors, "Histogram of the cells' errors"),
      fmt::format("Errors of the {} cells that the network uses{}.", grouped(cells),
                  outside == 0
                      ? std::string()
                      : fmt::format("; {} values lie outside the picture", grouped(outside))));
}

std::string pulse_histogram(const ConductanceView& view) {
  int most = 0;
  for_each_used(view, [&](const CellView& cell) { most = std::max(most, cell.pulses); });
  std::vector<double> pulses(static_cast<std::size_t>(most) + 1);
  for_each_used(
      view, [&](const CellView& cell) { pulses[static_cast<std::size_t>(cell.pulses)] += 1.0; });
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
  return html::figure(
      "pulse-histogram", html::histogram_svg(histogram, "Histogram of pulses a cell"),
      fmt::format("Pulses that a cell took, SET and RESET together; {} at most.", most));
}

std::string level_table(const ConductanceView& view) {
  Table table({{"level"},
               {"target [µS]"},
               {"cells"},
               {"mean error when programming ended [µS]"},
               {"standard deviation [µS]"},
               {"mean error at the first image [µS]"},
               {"standard deviation [µS]"}});
  for (const LevelErrors& level : level_errors(view)) {
    table.row({fmt::format("{}", level.level), fmt::format("{:.2f}", level.target_uS),
               grouped(level.cells), fmt::format("{:+.4f}", level.written.mean),
               fmt::format("{:.4f}", level.written.deviation),
               fmt::format("{:+.4f}", level.aged.mean),
               fmt::format("{:.4f}", level.aged.deviation)});
  }
  return table.str("level-table", "Errors by level");
}

std::string failure_table(const LoopResult& loop) {
  Table table({{"cell", Table::Align::kText}});
  const std::size_t shown = std::min(loop.failed.size(), kListedFailures);
  for (std::size_t i = 0; i < shown; ++i) {
    table.row({escaped(describe_failure(loop, loop.failed[i]))});
  }
  return table.str("failed-cells",
                   fmt::format("Cells that failed <small>{} of {}, codes of the verify "
                               "range</small>",
                               shown, loop.failed.size()));
}

}  // namespace

Section programming_section(const ReportPage& page, const ConductanceView& view) {
  const ProgrammedChip& chip = *page.report.chip;
  std::string text;
  if (chip.loop) {
    text = loop_table(page.report.workload, chip);
  } else {
    text = absent(chip.way == ProgramWay::kDirect
                      ? "The cells were brought to their levels directly, without the closed "
                        "loop: there are no pulses to count. <code>--program loop</code> runs it."
                      : "The cells came from a file of <code>--save-cells</code>: there are no "
                        "pulses to count.");
  }
  if (chip.refresh) text += refresh_table(*chip.refresh);
  text += "<div class=\"columns\">\n" + error_histogram(view);
  if (chip.loop) text += pulse_histogram(view);
  text += "</div>\n" + level_table(view);
  if (chip.loop && !chip.loop->failed.empty()) text += failure_table(*chip.loop);
  return {"programming", "Programming", std::move(text)};
}

}  // namespace mcnn::cli
