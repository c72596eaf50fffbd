// SPDX-License-Identifier: Apache-2.0
// Convolver groups: the replicas of the convolution layers as copies of the kernels that each have
// their own device errors. A chip program has all groups share an image, row by row; here are the
// programs in which one group does the whole image and the layers with one replica are shared.
#pragma once

#include <vector>

#include "host/mapping/chip_config.h"
#include "host/mapping/mapper.h"

namespace mcnn {

// Groups of a mapping: the replicas that every layer has which has more than one; 1 without such
// layers. Throws Error when layers have different numbers of them.
int convolver_groups(const MappedNetwork& mapped);

// The program with the convolutions on `group` (from 0) alone: same cells, same biases, one row at
// a time. Validated. Throws Error.
ChipProgram group_program(const MappedNetwork& mapped, const ChipConfig& config, int group);
std::vector<ChipProgram> group_programs(const MappedNetwork& mapped, const ChipConfig& config);

}  // namespace mcnn
