// SPDX-License-Identifier: Apache-2.0
// The cells of a macro of the default shape, by number.
#pragma once

#include <vector>

#include "behavioral_models/macro.h"

namespace mcnn {

constexpr int kCells = 2048;

inline void pulse(Macro& macro, int cell, bool set, int amplitude) {
  macro.pulse(cell / 16, cell % 16, set, amplitude);
}

inline std::vector<float> conductances(const Macro& macro) {
  return {macro.conductances().begin(), macro.conductances().end()};
}

}  // namespace mcnn
