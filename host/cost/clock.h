// SPDX-License-Identifier: Apache-2.0
// What a clock of the chip lasts, wherever clocks become seconds: as long as the logic needs, and
// so long that a bit-plane read fits into the clocks that the configuration gives it. Both times
// are figures of the energy cards (logic_clock, read_pulse).
#pragma once

#include <string>

namespace mcnn {

struct ChipConfig;
struct EnergyCard;

struct Clock {
  double logic_ns = 0.0;
  double read_ns = 0.0;
  int read_clocks = 1;

  double ns() const;
  double seconds(double clocks) const { return clocks * ns() * 1e-9; }
  std::string text() const;  // "50 ns (a read of 50 ns in 1 clock, logic of 5 ns)"
};

// Throws Error when a figure is missing.
Clock clock_of(const EnergyCard& card, const ChipConfig& config);

}  // namespace mcnn
