// SPDX-License-Identifier: Apache-2.0
// Which feature-map buffer holds which map.
#pragma once

#include <vector>

#include "host/mapping/layer_plan.h"

namespace mcnn {

// Names of buffers (rtl/README.md): 0 is the image's.
struct LayerBuffers {
  int input = 0;   // that a layer reads
  int output = 1;  // that it writes, or adds to; of the last layer another one than `input`
};

// Walks the layers in their order; a map keeps its buffer until the last layer that reads it or
// adds to it has run. Throws Error where a layer finds no buffer free, or would add to a map that
// is read again later.
std::vector<LayerBuffers> assign_buffers(const MappingTask& task);

}  // namespace mcnn
