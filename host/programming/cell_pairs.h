// SPDX-License-Identifier: Apache-2.0
// Where the weights of a network lie in the arrays, as pairs of cells.
#pragma once

#include <vector>

namespace mcnn {

struct MappedNetwork;
struct Network;

// The two cells of a weight: `line` holds the positive, `line + 1` the negative part.
struct CellPair {
  int pe = 0;
  int line = 0;
  int bit_line = 0;
  int weight = 0;  // of the network, -7..7

  bool operator==(const CellPair&) const = default;
};

// A weight of a layer in one of its replicas.
struct PlacedWeight {
  int kernel = 0;
  int index = 0;  // within the kernel: [channel][row][column]; of a fully connected layer its
                  // input, numbered as a hidden map is read back, or its sum of a window
  int replica = 0;
  CellPair cells;
};

// Every weight of a layer, once for each replica, in the order of the placements.
std::vector<PlacedWeight> placed_weights(const Network& network, const MappedNetwork& mapped,
                                         int layer);
// The same, the cells alone.
std::vector<CellPair> layer_pairs(const Network& network, const MappedNetwork& mapped, int layer);

}  // namespace mcnn
