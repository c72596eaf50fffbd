// SPDX-License-Identifier: Apache-2.0
// Which PEs hold the blocks of which layer: the two mappings.
#pragma once

#include <vector>

#include "host/mapping/layer_plan.h"
#include "host/mapping/layout.h"

namespace mcnn {

struct Packing {
  std::vector<LayerLayout> layouts;  // [layer]
  // [layer][pass][segment * segment length + i], in ascending order.
  std::vector<std::vector<std::vector<int>>> pes;
};

// The layouts that need the fewest clocks and fit. Throws Error when none does.
Packing pack_fastest(const MappingTask& task, const LayerPlans& plans);

// The published mapping: convolver groups of as few neighbouring PEs as hold every convolution
// layer once, as many groups as there is room for, and the fully connected layers in the last PEs.
// Throws Error when it does not fit.
Packing pack_paper(const MappingTask& task, const LayerPlans& plans);

}  // namespace mcnn
