// SPDX-License-Identifier: Apache-2.0
// Networks of random graphs: residual sums, averages, groups, zero points, uneven padding, every
// feature of the format. Same seed, same network, on every machine.
#pragma once

#include <cstdint>

#include "host/network/network.h"

namespace mcnn::testing {

// Maps of up to max_dim rows and columns. Finished; few of them run on a chip.
Network random_graph(uint64_t seed, int max_dim);

}  // namespace mcnn::testing
