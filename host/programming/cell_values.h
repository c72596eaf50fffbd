// SPDX-License-Identifier: Apache-2.0
// Single cells moved through the chip's programmer: brought to a conductance in the closed loop, or
// given one pulse whatever they hold. Conductances are in level steps Gs, of which level 0 has
// g_min/Gs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/engine/program_port.h"
#include "host/mapping/chip_config.h"
#include "host/programming/closed_loop.h"

namespace mcnn {

// A cell and the conductance that it is to have [level steps].
struct CellValue {
  CellAddress cell;
  double value = 0.0;
};

struct WrittenCells {
  std::vector<double> values;  // by the last verify read of each [level steps]
  std::vector<uint8_t> done;   // 1: inside the tolerance
  ProgramCounters counters;
};

// Write-verify: brings each cell to its value, within the card's tolerance. Throws Error when a
// value is above the largest code of the verify range.
WrittenCells write_cells(ProgramPort& port, std::span<const CellValue> cells,
                         const DeviceCard& card, const ProgramSettings& settings,
                         const ChipConfig& config, const TargetCorrection& correction);

// The direction of a pulse.
struct CellPulse {
  CellAddress cell;
  bool set = false;  // SET; otherwise RESET
};

// One pulse for each cell, of the first amplitude of its polarity, without looking where it goes:
// the programmer is given a target that no cell of the array meets, and one pulse to get there. Its
// reads before and behind the pulse decide nothing; they are counted, for the chip makes them. A
// cell that reads 0 at the finest range conducts nothing, and gets no RESET.
ProgramCounters pulse_cells(ProgramPort& port, std::span<const CellPulse> pulses,
                            ProgramSettings settings, const ChipConfig& config);

}  // namespace mcnn
