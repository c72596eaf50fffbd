// SPDX-License-Identifier: Apache-2.0
// The last step of the mapper: tables and cells of a packing.
#pragma once

#include <span>

#include "host/mapping/buffers.h"
#include "host/mapping/packing.h"

namespace mcnn {

// The program is validated.
MappedNetwork build_program(const MappingTask& task, const Packing& packing,
                            std::span<const LayerBuffers> buffers);

}  // namespace mcnn
