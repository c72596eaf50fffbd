// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/learnt_layer.h"

#include <algorithm>

#include "behavioral_models/gaussian_stream.h"
#include "common/index.h"
#include "host/tuning/tuned_layer.h"

namespace mcnn {

LearntLayer learnt_layer(const Network& network, const MappedNetwork& mapped) {
  const TunedLayer layer = tuned_layer(network, mapped);
  const bool pairs = network.layers.back().cells == 2;
  LearntLayer learnt;
  learnt.inputs = layer.inputs;
  learnt.outputs = layer.outputs;
  for (int output = 0; output < layer.outputs; ++output) {
    for (int input = 0; input < layer.inputs; ++input) {
      const CellPair& pair = layer.pair(output, input);
      learnt.cells.push_back({{pair.pe, pair.line, pair.bit_line}, output, input, 1});
      if (pairs) {
        learnt.cells.push_back({{pair.pe, pair.line + 1, pair.bit_line}, output, input, -1});
      }
    }
  }
  return learnt;
}

void set_random_weights(Layer& layer, uint64_t seed) {
  const int quarter = (Layer::kMaxWeight - layer.least_weight() + 3) / 4;
  const int least = layer.least_weight() + quarter;
  const auto levels = static_cast<uint64_t>(Layer::kMaxWeight - quarter - least + 1);
  for (size_t i = 0; i < layer.weights.size(); ++i) {
    const uint64_t word =
        word_number(seed, 0, Purpose::kLearningStart, 0, static_cast<uint32_t>(i));
    layer.weights[i] = static_cast<int8_t>(least + static_cast<int>(word * levels >> 32));
  }
  std::ranges::fill(layer.biases, 0);
}

Network with_largest_weights(Network network) {
  Layer& layer = network.layers.back();
  std::ranges::fill(layer.weights, int8_t{Layer::kMaxWeight});
  std::ranges::fill(layer.biases, 0);
  return network;
}

}  // namespace mcnn
