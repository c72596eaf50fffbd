// SPDX-License-Identifier: Apache-2.0
// A chip that is tuned in place: RTL over AXI, or the chip model.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "behavioral_models/macro.h"
#include "host/engine/events.h"
#include "host/engine/program_port.h"
#include "host/mapping/chip_program.h"

namespace mcnn {

// What tuning needs of a chip.
class TuningChip {
 public:
  virtual ~TuningChip() = default;

  // Runs images with the numbers first, first + 1, ... (they key the noise). `maps`: with every
  // hidden map of each image, as ChipProgram::maps.
  struct ImageOutput {
    std::vector<int32_t> logits;
    std::vector<std::vector<uint8_t>> maps;
  };
  virtual std::vector<ImageOutput> forward(uint32_t first,
                                           std::span<const std::span<const uint8_t>> images,
                                           bool maps) = 0;
  virtual ProgramPort& port() = 0;
  // Time passes for every cell, and every cell sees so many read pulses.
  virtual void elapse(double seconds, double read_pulses) = 0;
  // The chip runs these programs from now on, image n with number n modulo how many there are. All
  // use the same cells.
  virtual void load(std::span<const ChipProgram> programs) = 0;
  virtual std::vector<MacroState> states() const = 0;  // [PE]
  // What forward passes, and what programming, took of the macros since this was asked last.
  virtual MacroWork take_forward_work() = 0;
  virtual ProgrammingWork take_programming_work() = 0;
  virtual void restore(std::span<const MacroState> states) = 0;
};

}  // namespace mcnn
