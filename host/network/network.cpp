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

// A layer that becomes part of another one: that one.
using Parts = std::vector<std::optional<int>>;

// Layers without those that are part of another, inputs renumbered.
void leave_out(Network& network, const Parts& part_of) {
  std::vector<Layer> kept;
  std::vector<int> now(network.layers.size(), 0);  // index of each layer among those kept
  for (size_t i = 0; i < network.layers.size(); ++i) {
    if (!part_of[i]) {
      now[i] = static_cast<int>(kept.size());
      kept.push_back(std::move(network.layers[i]));
    }
  }
  for (size_t i = 0; i < network.layers.size(); ++i) {
    if (part_of[i]) now[i] = now[to_index(*part_of[i])];
  }
  for (Layer& layer : kept) {
    for (int& input : layer.inputs) {
      input = input == kImage ? kImage : now[to_index(input)];
    }
  }
  network.layers = std::move(kept);
}

// Maxima of a convolution that nothing else reads.
void fold_maxima(Network& network) {
  const std::vector<int> read_by = readers(network);
  Parts parts(network.layers.size());
  for (size_t i = 0; i < network.layers.size(); ++i) {
    Layer& layer = network.layers[i];
    const int from = layer.inputs.front();
    if (layer.type != LayerType::kMaxPool || from == kImage) continue;
    Layer& before = network.layers[to_index(from)];
    if (before.type == LayerType::kConvolution && !before.pool && !before.adds() &&
        read_by[to_index(from)] == 1) {
      parts[i] = from;
      before.pool = layer.pool;
      before.part_name = std::move(layer.name);
      before.output = layer.output;
    }
  }
  leave_out(network, parts);
}

// The input of an add that is the sum of a convolution, where that can add to the other one.
std::optional<size_t> sums_to_fold(const Network& network, const Layer& add) {
  for (size_t i = 0; i < 2; ++i) {
    const int sums = add.inputs[i];
    const int pixels = add.inputs[1 - i];
    if (sums == kImage) continue;
    const Layer& before = network.layers[to_index(sums)];
    if (before.type == LayerType::kConvolution && before.activation == Activation::kSum &&
        !before.pool && (pixels == kImage || network.layers[to_index(pixels)].gives_pixels()) &&
        add.input_shifts[i] == 0 && add.input_shifts[1 - i] == add.shift) {
      return i;
    }
  }
  return std::nullopt;
}

// Convolutions take the place of the add of their sums, which comes behind both inputs.
void fold_adds(Network& network) {
  Parts parts(network.layers.size());
  for (size_t i = 0; i < network.layers.size(); ++i) {
    Layer& add = network.layers[i];
    if (add.type != LayerType::kAdd) continue;
    const std::optional<size_t> sums = sums_to_fold(network, add);
    if (!sums) continue;
    const int from = add.inputs[*sums];
    Layer folded = std::move(network.layers[to_index(from)]);
    folded.inputs.push_back(add.inputs[1 - *sums]);
    folded.part_name = std::move(add.name);
    folded.activation = add.activation;
    folded.zero_point = add.zero_point;
    folded.shift = add.shift;
    add = std::move(folded);
    parts[to_index(from)] = static_cast<int>(i);
  }
  leave_out(network, parts);
}

// Sums of windows, which fully connected layers alone take.
void fold_sums(Network& network) {
  Parts parts(network.layers.size());
  for (size_t i = 0; i < network.layers.size(); ++i) {
    Layer& layer = network.layers[i];
    const int from = layer.inputs.front();
    if (layer.type != LayerType::kFullyConnected || from == kImage) continue;
    const Layer& sums = network.layers[to_index(from)];
    if (sums.type != LayerType::kAveragePool || sums.gives_pixels() || !windows_apart(*sums.pool)) {
      continue;
    }
    layer.inputs = sums.inputs;
    layer.pool = sums.pool;
    layer.part_name = sums.name;
    layer.input = sums.input;
    layer.input_zero_point = sums.input_zero_point;
    layer.kernel_rows = sums.input.height;
    layer.kernel_columns = sums.input.width;
    parts[to_index(from)] = static_cast<int>(i);
  }
  leave_out(network, parts);
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
  fold_maxima(network);
  fold_adds(network);
  fold_sums(network);
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
