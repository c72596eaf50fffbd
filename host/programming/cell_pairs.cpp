// SPDX-License-Identifier: Apache-2.0
#include "host/programming/cell_pairs.h"

#include "common/index.h"
#include "host/mapping/mapper.h"
#include "host/network/network.h"

namespace mcnn {
namespace {

// Index of a weight's input, as the last hidden map is read back; -1 for an element that pads a
// vector.
int input_of(const Layer& layer, bool vector, const Placement& place, int row, int column) {
  if (!vector) {
    return ((place.channel * layer.input.height) + place.window_row + row) * layer.input.width +
           place.window_column + column;
  }
  // A vector lies in tiles of 4 x 4 elements in two halves (rtl/README.md).
  constexpr int kTile = 4;
  constexpr int kTilePair = 2 * kTile * kTile;
  const int element =
      kTilePair * (place.channel / 2) + 2 * (kTile * column + row) + place.channel % 2;
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
    for (int k = 0; k < place.kernels && place.first_kernel + k < layer.kernels; ++k) {
      for (int column = 0; column < place.window_columns; ++column) {
        for (int row = 0; row < place.window_rows; ++row) {
          int weight = -1;
          if (convolution) {
            weight = ((place.channel * layer.kernel_rows) + place.window_row + row) *
                         layer.kernel_columns +
                     place.window_column + column;
          } else {
            weight = input_of(layer, vector, place, row, column);
          }
          if (weight < 0) {
            continue;
          }
          const int kernel = place.first_kernel + k;
          const int per_kernel =
              convolution ? layer.input.channels * layer.kernel_rows * layer.kernel_columns
                          : layer.input.size();
          placed.push_back({.kernel = kernel,
                            .index = weight,
                            .replica = place.replica,
                            .cells = {place.pe, place.first_line + 2 * k, 4 * column + row,
                                      layer.weights[to_index(kernel * per_kernel + weight)]}});
        }
      }
    }
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
