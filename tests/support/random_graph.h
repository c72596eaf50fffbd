// SPDX-License-Identifier: Apache-2.0
// Networks of random graphs: residual sums, averages, groups, zero points, uneven padding, every
// feature of the format. Same seed, same network, on every machine.
#pragma once

#include <cstdint>

#include "host/network/network.h"

namespace mcnn::testing {

// Whether residual sums and sums of windows become part of the layer that the chip computes them in
// (finish_network), or, the network giving the same, cannot.
enum class GraphParts { kTogether, kApart };

// Maps of up to max_dim rows and columns. Finished; few of them run on a chip.
Network random_graph(uint64_t seed, int max_dim, GraphParts parts = GraphParts::kTogether);

}  // namespace mcnn::testing
