// SPDX-License-Identifier: Apache-2.0
// Cells that cannot take every level: found through the chip's own programmer, and what the pairs
// of cells that hold the weights can do in spite of them. docs/programming.md, "Faults", has the
// equations.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/engine/program_port.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"
#include "host/mapping/mapper.h"
#include "host/programming/closed_loop.h"

namespace mcnn {

// From where to where a cell, or the difference of a pair of cells, can be brought [levels]. The
// same figure twice for a stuck cell.
struct Reach {
  double low = 0.0;
  double high = 7.0;

  double nearest(double value) const;
  bool operator==(const Reach&) const = default;
};

struct CellFault {
  CellAddress cell;
  Reach reach;  // measured

  // It moves less than half a level: nothing is written to it.
  bool is_stuck() const { return reach.high - reach.low < 0.5; }
  bool operator==(const CellFault&) const = default;
};

struct FaultMap {
  std::vector<CellFault> faults;  // by cell, ascending

  // Of a good cell the whole window.
  Reach reach(const CellAddress& cell) const;
  // Of the difference of the cells (line, line + 1).
  Reach pair_reach(const CellAddress& positive) const;
  // The cells that nothing is written to.
  std::vector<CellAddress> stuck_cells() const;

  bool operator==(const FaultMap&) const = default;
};

struct FaultSearch {
  FaultMap map;
  ProgramCounters counters;
};
// Brings every cell of every array, used or not, to level 7 and then to level 0, with the card's
// tolerance, and reads those that do not get there eight times. Leaves good cells at level 0.
// `offsets`: of the converters, if they are known. `progress` as in LoopOptions. Throws Error.
FaultSearch find_faults(ProgramPort& port, const ChipConfig& config, const DeviceCard& card,
                        const ProgramSettings& settings, const LaneOffsets& offsets = {},
                        const std::function<void(size_t done, size_t total)>& progress = {});
// Cells that a search writes, of both levels.
size_t search_entries(const ChipConfig& config);

// What faults mean for a mapped network.
struct FaultFigures {
  int64_t cells = 0;       // of the chip
  int64_t faults = 0;      // among them
  int64_t used_cells = 0;  // on source lines that are read
  int64_t used_faults = 0;
  int64_t pairs = 0;           // that hold a weight
  int64_t unreachable = 0;     // of them, whose weight is more than half a level out of reach
  double squared_error = 0.0;  // sum over the pairs of the smallest squared error [levels^2]

  bool operator==(const FaultFigures&) const = default;
};
FaultFigures fault_figures(const MappedNetwork& mapped, const ChipConfig& config,
                           const FaultMap& faults);

// The same network with its blocks of source lines elsewhere: at other lines of their PE, or at
// those of another PE of the replica whose block of the same step takes its place, so that
// FaultFigures::squared_error becomes small. Tables, clocks and integer results stay. The layout
// follows from `mapped` and `faults` alone, and is `mapped` where nothing can be won.
MappedNetwork move_blocks(const MappedNetwork& mapped, const ChipConfig& config,
                          const FaultMap& faults);

// What the good cell of a pair takes on so that the difference is as close to the weight as it can
// be, [PE][cell], for TargetCorrection::change.
std::vector<std::vector<double>> pair_compensation(const MappedNetwork& mapped,
                                                   const ChipConfig& config,
                                                   const FaultMap& faults);
// Takes the entries of stuck cells out.
void leave_out_stuck(std::vector<ProgramEntry>& entries, const FaultMap& faults);

}  // namespace mcnn
