// SPDX-License-Identifier: Apache-2.0
#include "host/programming/cell_pairs.h"

#include "common/index.h"
#include "host/mapping/mapper.h"
#include "host/network/network.h"

namespace mcnn {
namespace {

// Index of a weight's input, as the last hidden map is read back; -1 for an element that pads a
// vector.
int input_of(const Layer& layer, bool vector, int lanes, const Placement& place,
             const PlacedPair& pair) {
  if (!vector) {
    return ((pair.channel * layer.input.height) + place.window_row + pair.row) * layer.input.width +
           place.window_column + pair.column;
  }
  // A vector lies in tiles of 4 x 4 elements in each lane (rtl/README.md).
  constexpr int kTile = 4;
  const int element = lanes * (kTile * (kTile * (pair.channel / lanes) + pair.column) + pair.row) +
                      pair.channel % lanes;
  return element < layer.input.size() ? element : -1;
}

}  // namespace

std::vector<PlacedWeight> placed_weights(const Network& network, const MappedNetwork& mapped,
                                         int layer_index) {
  std::vector<PlacedWeight> placed;
  const Layer& layer = network.layers.at(to_index(layer_index));
  const bool vector = layer_index > 0 &&
                      network.layers[to_index(layer_index - 1)].type == LayerType::kFullyConnected;
  const bool convolution = layer.type == LayerType::kConvolution;
  for (const Placement& place : mapped.placements) {
    if (place.layer != layer_index) {
      continue;
    }
    for_each_pair(place, [&](const PlacedPair& pair) {
      const int kernel = place.first_kernel + pair.kernel;
      if (kernel >= layer.kernels) {
        return;
      }
      int weight = -1;
      if (convolution) {
        weight = ((pair.channel * layer.kernel_rows) + place.window_row + pair.row) *
                     layer.kernel_columns +
                 place.window_column + pair.column;
      } else {
        weight = input_of(layer, vector, mapped.lanes, place, pair);
      }
      if (weight < 0) {
        return;
      }
      const int per_kernel = convolution
                                 ? layer.input.channels * layer.kernel_rows * layer.kernel_columns
                                 : layer.input.size();
      placed.push_back({.kernel = kernel,
                        .index = weight,
                        .replica = pair.replica,
                        .cells = {place.pe, pair.line, pair.bit_line,
                                  layer.weights[to_index(kernel * per_kernel + weight)]}});
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
