// SPDX-License-Identifier: Apache-2.0
#include "cli/report/conductance_view.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>

#include "host/programming/closed_loop.h"

namespace mcnn::cli {

namespace {

// Sums of one level.
struct Sums {
  std::int64_t cells = 0;
  double target = 0.0;
  double written = 0.0;
  double written_squares = 0.0;
  double aged = 0.0;
  double aged_squares = 0.0;

  LevelErrors::Spread spread(double sum, double squares) const {
    const auto n = static_cast<double>(cells);
    const double mean = sum / n;
    return {mean, std::sqrt(std::max(0.0, (squares / n) - (mean * mean)))};
  }
};

}  // namespace

std::vector<LevelErrors> level_errors(const ConductanceView& view) {
  std::map<int, Sums> levels;
  for_each_used(view, [&](const CellView& cell) {
    Sums& sums = levels[cell.level];
    const double written = cell.error_uS();
    const double aged = cell.aged_error_uS();
    ++sums.cells;
    sums.target += cell.target_uS;
    sums.written += written;
    sums.written_squares += written * written;
    sums.aged += aged;
    sums.aged_squares += aged * aged;
  });
  std::vector<LevelErrors> errors;
  for (const auto& [level, sums] : levels) {
    errors.push_back({level, sums.target / static_cast<double>(sums.cells), sums.cells,
                      sums.spread(sums.written, sums.written_squares),
                      sums.spread(sums.aged, sums.aged_squares)});
  }
  return errors;
}

ConductanceView conductance_view(const Workload& workload, const ProgrammedChip& chip) {
  const DeviceCard& card = workload.card;
  ConductanceView view;
  view.source_lines = workload.config.num_sl;
  view.bit_lines = workload.config.num_bl();
  view.low = card.g_min_uS;
  view.high = card.g_max_uS;
  view.reach = std::max(1.0, 2.0 * card.loop_tolerance_uS());
  const auto bits = static_cast<std::size_t>(view.bit_lines);

  const std::vector<std::vector<std::uint8_t>> used =
      used_lines(workload.mapped.program, workload.config);
  for (std::size_t pe = 0; pe < chip.macros.size(); ++pe) {
    const Macro& macro = chip.macros[pe];
    std::vector<CellView>& cells = view.pes.emplace_back();
    cells.resize(static_cast<std::size_t>(view.source_lines) * bits);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::size_t line = i / bits;
      if (used[pe][line] == 0) continue;
      const int source_line = static_cast<int>(line);
      const int bit_line = static_cast<int>(i % bits);
      CellView& cell = cells[i];
      cell.is_used = true;
      cell.level = workload.mapped.program.cells[pe][i];
      cell.target_uS = target_uS(workload, chip, static_cast<int>(pe), source_line, bit_line);
      cell.written_uS = chip.written[pe][i];
      cell.aged_uS = macro.conductances()[i];
      cell.is_fixed = macro.is_fixed(source_line, bit_line);
      view.low = std::min(view.low, cell.written_uS);
      view.high = std::max(view.high, cell.written_uS);
    }
  }
  if (!chip.loop) return view;
  const auto cell_of = [&](const ProgramEntry& entry) -> CellView& {
    return view.pes[static_cast<std::size_t>(entry.pe)]
                   [(static_cast<std::size_t>(entry.source_line) * bits) +
                    static_cast<std::size_t>(entry.bit_line)];
  };
  for (std::size_t i = 0; i < chip.loop->entries.size(); ++i) {
    cell_of(chip.loop->entries[i]).pulses = chip.loop->pulses(i);
  }
  for (const std::size_t i : chip.loop->failed) cell_of(chip.loop->entries[i]).has_failed = true;
  return view;
}

}  // namespace mcnn::cli
