// SPDX-License-Identifier: Apache-2.0
// What of a network this chip can run, whatever its size.
#pragma once

#include "host/mapping/layer_plan.h"

namespace mcnn {

// Throws Error that names the first layer which this chip cannot run, and says what it cannot do:
// it computes convolutions with their maxima or what they add to, and fully connected layers.
void check_layers(const MappingTask& task);

// The one stride of a layer that it has both ways, or in the only direction that it moves in.
int stride_of(const Layer& layer);

}  // namespace mcnn
