// SPDX-License-Identifier: Apache-2.0
// The closed programming loop (rtl/README.md, programmer) run directly on a macro, with the
// settings of its card: for tests of the cell model, without the chip.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "behavioral_models/macro.h"

namespace mcnn {

struct LoopResult {
  int cells = 0;
  int failed = 0;  // cells out of pulses
  int reads = 0;
  int pulses = 0;
  int most_pulses = 0;  // of a cell
};

// Programs every cell to its level. A code of 2^range stands for one level.
inline LoopResult program_closed_loop(Macro& macro, std::span<const std::uint8_t> levels) {
  const DeviceCard& card = macro.card();
  const int range = card.verify_range(macro.shape().adc_bits);
  const double codes_per_uS = std::ldexp(1.0, range) / card.level_step_uS();
  const int tolerance = static_cast<int>(card.loop_tolerance_uS() * codes_per_uS);
  LoopResult result;
  macro.begin_programming();
  for (int line = 0; line < macro.shape().source_lines; ++line) {
    for (int bit = 0; bit < macro.shape().bit_lines; ++bit, ++result.cells) {
      const int level = levels[static_cast<std::size_t>(line * macro.shape().bit_lines + bit)];
      const int target = static_cast<int>(std::lround(card.level_uS(level) * codes_per_uS));
      int amplitude = -1;
      bool previous_set = false;
      for (int pulses = 0;; ++pulses) {
        std::uint16_t code = 0;
        macro.read(1U << bit, line, 1, range, {&code, 1});
        ++result.reads;
        result.most_pulses = std::max(result.most_pulses, pulses);
        if (std::abs(code - target) <= tolerance) break;
        if (pulses == card.programming_max_pulses) {
          ++result.failed;
          break;
        }
        const bool set = code < target;
        const int start = set ? card.programming_set_start : card.programming_reset_start;
        const int step = set ? card.programming_set_step : card.programming_reset_step;
        const int limit = set ? card.programming_set_limit : card.programming_reset_limit;
        amplitude =
            std::min(amplitude < 0 || set != previous_set ? start : amplitude + step, limit);
        macro.pulse(line, bit, set, amplitude);
        previous_set = set;
        ++result.pulses;
      }
    }
  }
  return result;
}

}  // namespace mcnn
