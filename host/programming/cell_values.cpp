// SPDX-License-Identifier: Apache-2.0
#include "host/programming/cell_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "host/mapping/registers.h"

namespace mcnn {
namespace {

int largest_code(const ChipConfig& config) { return (1 << config.adc_bits) - 1; }

}  // namespace

WrittenCells write_cells(ProgramPort& port, std::span<const CellValue> cells,
                         const DeviceCard& card, const ProgramSettings& settings,
                         const ChipConfig& config, const TargetCorrection& correction) {
  WrittenCells written;
  if (cells.empty()) {
    return written;
  }
  const int tolerance = tolerance_codes(card, settings.range);
  std::vector<ProgramEntry> entries;
  entries.reserve(cells.size());
  for (const auto& [cell, value] : cells) {
    const double code =
        std::floor(value_code(value, settings.range, cell.pe, cell.line, config, correction) + 0.5);
    if (code > largest_code(config)) {
      throw Error(
          fmt::format("tuning: PE {}, source line {}, bit line {}: target is code {} at "
                      "converter range {}, allowed: 0..{} (programming_range of device "
                      "card {})",
                      cell.pe, cell.line, cell.bit_line, code, settings.range, largest_code(config),
                      card.name));
    }
    entries.push_back({.pe = cell.pe,
                       .source_line = cell.line,
                       .bit_line = cell.bit_line,
                       .target = static_cast<int>(std::max(0.0, code)),
                       .tolerance = tolerance});
  }
  const ProgramRun run = port.program(entries, settings);
  written.counters = run.counters;
  for (size_t n = 0; n < entries.size(); ++n) {
    const ProgramEntry& entry = entries[n];
    const EntryResult& result = run.results[n];
    if (result.status == EntryStatus::kRefused || result.status == EntryStatus::kPending) {
      throw Error(
          fmt::format("tuning: PE {}, source line {}, bit line {}: found an entry that "
                      "is {}, allowed: done or failed",
                      entry.pe, entry.source_line, entry.bit_line, status_name(result.status)));
    }
    written.done.push_back(result.status == EntryStatus::kDone ? 1 : 0);
    written.values.push_back(
        code_value(result.code, settings.range, entry.pe, entry.source_line, config, correction));
  }
  return written;
}

ProgramCounters pulse_cells(ProgramPort& port, std::span<const CellPulse> pulses,
                            ProgramSettings settings, const ChipConfig& config) {
  settings.max_pulses = 1;
  ProgramCounters counters;
  for (const bool set : {true, false}) {
    // The coarsest range never reads the largest code, the finest one never 0.
    settings.range = set ? 0 : static_cast<int>(reg::kProgramRange.mask());
    std::vector<ProgramEntry> entries;
    for (const CellPulse& pulse : pulses) {
      if (pulse.set == set) {
        entries.push_back({.pe = pulse.cell.pe,
                           .source_line = pulse.cell.line,
                           .bit_line = pulse.cell.bit_line,
                           .target = set ? largest_code(config) : 0});
      }
    }
    if (!entries.empty()) {
      counters += port.program(entries, settings).counters;
    }
  }
  return counters;
}

}  // namespace mcnn
