// SPDX-License-Identifier: Apache-2.0
// The closed loop: brings every cell that a chip program reads to the conductance of its level,
// with the chip's programmer, through a ProgramPort.
//
//   target    = floor(2^range * (level + g_min/Gs) + 1/2)            [codes], Gs one level [uS]
//   tolerance = floor(2^range * loop tolerance [uS] / Gs)      [codes]
//
// A verify read converts one cell at a fine range, on the ADC lane that serves its source line when
// the chip infers too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/engine/program_port.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"

namespace mcnn {

// Source lines that a step record reads, [PE][source line]: 1 or 0.
std::vector<std::vector<uint8_t>> used_lines(const ChipProgram& program, const ChipConfig& config);

// The card's pulses, and its verify range for the converters of this chip. Throws Error when no
// register holds them.
ProgramSettings program_settings(const DeviceCard& card, const ChipConfig& config,
                                 int pulse_clocks = 1);

// Code of an exact cell at a level, before rounding and without the converter's errors.
double level_code(int level, const DeviceCard& card, int range);
// The card's tolerance in codes of a range.
int tolerance_codes(const DeviceCard& card, int range);

// A cell as (PE, source line, bit line).
struct CellAddress {
  int pe = 0;
  int line = 0;
  int bit_line = 0;

  bool operator==(const CellAddress&) const = default;
  bool operator<(const CellAddress& other) const {
    return std::tie(pe, line, bit_line) < std::tie(other.pe, other.line, other.bit_line);
  }
};

// What the converter of each lane adds to a code, [PE][lane].
using LaneOffsets = std::vector<std::vector<double>>;

// What a calibration and a search for faults say about targets; empty: nothing.
struct TargetCorrection {
  LaneOffsets offset;                       // [PE][lane] of the verify reads [codes]
  std::vector<std::vector<double>> shift;   // [PE][source line] more in each cell [levels]
  std::vector<std::vector<double>> change;  // [PE][cell] more in this cell [levels]

  double offset_of(int pe, int source_line, const ChipConfig& config) const;
  double shift_of(int pe, int source_line) const;
  double change_of(int pe, int source_line, int bit_line, const ChipConfig& config) const;
};

// Code of `value` level steps in a cell, before rounding, and what a code says about it.
double value_code(double value, int range, int pe, int source_line, const ChipConfig& config,
                  const TargetCorrection& correction);
double code_value(int code, int range, int pe, int source_line, const ChipConfig& config,
                  const TargetCorrection& correction);

// Verify reads of single cells: their conductances [level steps], of which level 0 has g_min/Gs. A
// cell that reads the largest code is read again at a coarser range.
struct CellReads {
  std::vector<double> values;
  ProgramCounters counters;
};
CellReads read_cells(ProgramPort& port, std::span<const CellAddress> cells,
                     ProgramSettings settings, const ChipConfig& config,
                     const TargetCorrection& correction);

// One entry for every cell of every used source line, PE by PE, line by line:
//   target = floor(2^range * (level + change + g_min/Gs + shift) + offset + 1/2), at least 0
// Throws Error when a target is above the largest code; it says which range would do.
std::vector<ProgramEntry> cell_entries(const ChipProgram& program, const ChipConfig& config,
                                       const DeviceCard& card, int range,
                                       const TargetCorrection& correction = {});
// The finest range up to `range` at which no target is above the largest code, -1: none.
int fitting_range(const ChipProgram& program, const ChipConfig& config, const DeviceCard& card,
                  int range, const TargetCorrection& correction);

// One pass over all entries.
struct LoopPass {
  std::vector<EntryResult> results;  // in the order of the entries
  ProgramCounters counters;
  int64_t runs = 0;  // of the programmer
  // The clocks that the same entries would take with one PE at a time (cycle model).
  int64_t serial_clocks = 0;
};

struct LoopOptions {
  // Wait and go over all cells again: those that are outside by then are written once more.
  std::optional<double> second_pass_wait_s;
  std::function<void(double seconds)> elapse;  // lets this time pass; needed for a second pass
  // Called after each run of the programmer, with the entries that are behind it, of all passes.
  std::function<void(size_t done, size_t total)> progress;
};

struct LoopResult {
  std::vector<ProgramEntry> entries;
  ProgramSettings settings;
  std::vector<LoopPass> passes;  // one or two
  std::vector<size_t> failed;    // entries that the last pass did not bring to their target

  const std::vector<EntryResult>& results() const { return passes.back().results; }
  ProgramCounters counters() const;  // of all passes
  int64_t serial_clocks() const;
  int pulses(size_t entry) const;  // of all passes
};

LoopResult run_closed_loop(ProgramPort& port, std::vector<ProgramEntry> entries,
                           const ProgramSettings& settings, const ChipConfig& config,
                           const LoopOptions& options = {});

// "PE 3, source line 17, bit line 5: target 121, reached 96 after 255 pulses".
std::string describe_failure(const LoopResult& result, size_t entry);

}  // namespace mcnn
