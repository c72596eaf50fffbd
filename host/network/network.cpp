// SPDX-License-Identifier: Apache-2.0
// The graph that the layers form.
#include "host/network/network.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/index.h"
#include "host/network/network_rules.h"

namespace mcnn {
namespace network_rules {
namespace {

std::string layer_path(size_t index) { return fmt::format("layers[{}]", index); }

// How many inputs of layers each layer's output is.
std::vector<int> readers(const Network& network) {
  std::vector<int> count(network.layers.size(), 0);
  for (const Layer& layer : network.layers) {
    for (const int input : layer.inputs) {
      if (input != kImage) {
        ++count[to_index(input)];
      }
    }
  }
  return count;
}

// Which maxima are taken of a convolution that nothing else reads: the convolution they belong to,
// or none.
std::vector<std::optional<int>> pooled_convolutions(const Network& network) {
  const std::vector<int> read_by = readers(network);
  std::vector<std::optional<int>> pooled(network.layers.size());
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Layer* const before = network.input_of(i);
    if (network.layers[i].type == LayerType::kMaxPool && before != nullptr &&
        before->type == LayerType::kConvolution && !before->pool &&
        read_by[to_index(network.layers[i].inputs.front())] == 1) {
      pooled[i] = network.layers[i].inputs.front();
    }
  }
  return pooled;
}

void fold_pooling(Network& network) {
  const std::vector<std::optional<int>> pooled = pooled_convolutions(network);
  std::vector<Layer> kept;
  std::vector<int> now(network.layers.size(), 0);  // index of each layer among those kept
  for (size_t i = 0; i < network.layers.size(); ++i) {
    Layer layer = std::move(network.layers[i]);
    if (pooled[i]) {
      now[i] = now[to_index(*pooled[i])];
      Layer& convolution = kept[to_index(now[i])];
      convolution.pool = layer.pool;
      convolution.pool_name = std::move(layer.name);
      convolution.output = layer.output;
      continue;
    }
    for (int& input : layer.inputs) {
      input = input == kImage ? kImage : now[to_index(input)];
    }
    now[i] = static_cast<int>(kept.size());
    kept.push_back(std::move(layer));
  }
  network.layers = std::move(kept);
}

}  // namespace

void finish_graph(Unfinished& unfinished) {
  Network& network = unfinished.network;
  const std::vector<int> read_by = readers(network);
  for (size_t i = 0; i + 1 < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    unfinished.check(read_by[i] > 0, layer_path(i),
                     fmt::format("a layer {} whose output no layer takes", layer.name),
                     "layers that lead to the last one");
    unfinished.check(
        layer.gives_pixels() || layer.type == LayerType::kAveragePool || read_by[i] == 1,
        layer_path(i), fmt::format("{} layers that take the sums of {}", read_by[i], layer.name),
        "one: they are never stored");
  }
  fold_pooling(network);
}

}  // namespace network_rules

void finish_network(Network& network, std::string_view source) {
  using network_rules::kMaxDimension;
  using network_rules::kMaxLayers;
  network_rules::Unfinished unfinished{network, source};
  unfinished.check_range(network.input.channels, 1, kMaxDimension, "input.channels");
  unfinished.check_range(network.input.height, 1, kMaxDimension, "input.height");
  unfinished.check_range(network.input.width, 1, kMaxDimension, "input.width");
  unfinished.check_map(network.input, "input");
  unfinished.check_range(network.zero_point, 0, network_rules::kMaxPixel, "input.zero_point");
  unfinished.check(!network.layers.empty() && network.layers.size() <= kMaxLayers, "layers",
                   fmt::format("{} layers", network.layers.size()),
                   fmt::format("1..{} layers", kMaxLayers));
  network.layers.back().activation = Activation::kLogits;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    network_rules::connect_layer(unfinished, i);
    network_rules::finish_layer(unfinished, i);
  }
  network_rules::finish_graph(unfinished);
}

}  // namespace mcnn
