// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/tuned_layer.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/error.h"
#include "common/index.h"

namespace mcnn {

TunedLayer tuned_layer(const Network& network, const MappedNetwork& mapped) {
  const int index = static_cast<int>(network.layers.size()) - 1;
  const Layer& layer = network.layers.back();
  if (layer.input_zero_point != 0) {
    throw Error(fmt::format(
        "tuning: layer {}: found inputs with a zero point of {}, allowed: 0 (new weights "
        "would move what its biases take out)",
        layer.name, layer.input_zero_point));
  }
  if (layer.takes_sums()) {
    throw Error(fmt::format(
        "tuning: layer {}: found weights of sums of windows, allowed: of pixels", layer.name));
  }
  TunedLayer tuned;
  tuned.inputs = layer.input.size();
  tuned.outputs = layer.kernels;
  tuned.shift = layer.shift;
  tuned.pairs.resize(to_index(tuned.inputs * tuned.outputs));
  std::vector<uint8_t> found(tuned.pairs.size(), 0);
  for (const PlacedWeight& weight : placed_weights(network, mapped, index)) {
    const size_t at = to_index(weight.kernel * tuned.inputs + weight.index);
    if (weight.replica != 0 || found[at] != 0) {
      throw Error(fmt::format(
          "tuning: layer {}: found several copies of its weights, allowed: 1 replica", layer.name));
    }
    found[at] = 1;
    tuned.pairs[at] = weight.cells;
  }
  if (std::find(found.begin(), found.end(), 0) != found.end()) {
    throw Error(fmt::format("tuning: layer {}: found a weight that lies in no array, allowed: none",
                            layer.name));
  }
  return tuned;
}

void set_biases(Network& network, MappedNetwork& mapped, int layer,
                std::span<const int32_t> biases) {
  Layer& changed = network.layers.at(to_index(layer));
  if (biases.size() != changed.biases.size()) {
    throw Error(fmt::format("tuning: layer {}: found {} biases, allowed: {}", changed.name,
                            biases.size(), changed.biases.size()));
  }
  const LayerMapping& mapping = mapped.layers.at(to_index(layer));
  std::vector<uint8_t> seen(mapped.program.layers.size(), 0);
  for (const Placement& place : mapped.placements) {
    if (place.layer != layer || seen[to_index(place.layer_row)] != 0) {
      continue;
    }
    seen[to_index(place.layer_row)] = 1;
    const LayerRow& row = mapped.program.layers[to_index(place.layer_row)];
    for (int k = 0; k < place.kernels; ++k) {
      const int kernel = place.first_kernel + k;
      if (kernel >= changed.kernels) {
        continue;
      }
      mapped.program.bias(row, k) +=
          (biases[to_index(kernel)] - changed.biases[to_index(kernel)]) * (1 << mapping.range);
    }
  }
  changed.biases.assign(biases.begin(), biases.end());
}

}  // namespace mcnn
