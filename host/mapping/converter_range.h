// SPDX-License-Identifier: Apache-2.0
// The converter range of a layer, and what its partial sums then reach.
#pragma once

#include <cstdint>

#include "host/mapping/layer_plan.h"

namespace mcnn {

// Whether a source line of the plan may clip at the coarsest range that network and options allow.
bool clips(const MappingTask& task, const LayerPlan& plan);

// Sets range and peak_codes of a plan: the finest range at which no source line clips and no
// partial sum overflows, or the one that network or options force. Throws Error when a sum or a
// shift has no room.
void choose_range(const MappingTask& task, LayerPlan& plan);

// What is added to the partial sum of a kernel, in codes of the plan's range: its bias and half of
// the last bit that the shift leaves.
int64_t bias_of(const MappingTask& task, const LayerPlan& plan, int kernel);

}  // namespace mcnn
