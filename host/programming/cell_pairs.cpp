// SPDX-License-Identifier: Apache-2.0
#include "host/programming/cell_pairs.h"

#include "common/index.h"
#include "host/mapping/mapper.h"
#include "host/network/network.h"

namespace mcnn {
namespace {

// Index of the weight of a kernel that a pair of its placement holds, or -1: it pads a vector, or
// is of another group.
int weight_of(const Layer& layer, int kernel, bool vector, int lanes, const Placement& place,
              const PlacedPair& pair) {
  const int row = place.window_row + pair.row;
  const int column = place.window_column + pair.column;
  if (vector) {
    // A vector lies in tiles of 4 x 4 elements in each lane (rtl/README.md).
    constexpr int kTile = 4;
    const int element =
        lanes * (kTile * (kTile * (pair.channel / lanes) + column) + row) + pair.channel % lanes;
    return element < layer.input.size() ? element : -1;
  }
  return layer.weight_index(kernel, pair.channel, row, column);
}

}  // namespace

std::vector<PlacedWeight> placed_weights(const Network& network, const MappedNetwork& mapped,
                                         int layer_index) {
  std::vector<PlacedWeight> placed;
  const Layer& layer = network.layers.at(to_index(layer_index));
  const Layer* const before = network.input_of(to_index(layer_index));
  const bool vector = before != nullptr && before->type == LayerType::kFullyConnected;
  for (const Placement& place : mapped.placements) {
    if (place.layer != layer_index) {
      continue;
    }
    for_each_pair(place, [&](const PlacedPair& pair) {
      const int kernel = place.first_kernel + pair.kernel;
      if (kernel >= layer.kernels) {
        return;
      }
      const int weight = weight_of(layer, kernel, vector, mapped.lanes, place, pair);
      if (weight < 0) {
        return;
      }
      placed.push_back({.kernel = kernel,
                        .index = weight,
                        .replica = pair.replica,
                        .cells = {place.pe, pair.line, pair.bit_line,
                                  layer.weights[to_index(kernel * layer.fan_in() + weight)]}});
    });
  }
  return placed;
}

std::vector<CellPair> layer_pairs(const Network& network, const MappedNetwork& mapped, int layer) {
  std::vector<CellPair> pairs;
  for (const PlacedWeight& weight : placed_weights(network, mapped, layer)) {
    pairs.push_back(weight.cells);
  }
  return pairs;
}

}  // namespace mcnn
