// SPDX-License-Identifier: Apache-2.0
#include "host/import/chip_adds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/index.h"
#include "host/network/network_rules.h"

namespace mcnn {
namespace {

class ChipAdds {
 public:
  explicit ChipAdds(const FloatNetwork& from)
      : from_(from),
        layers_(from.layers.layers),
        vectors_(layers_.size(), 0),
        positive_(layers_.size(), 0),
        copies_(layers_.size()),
        copied_(layers_.size()) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      vectors_[i] = layer.type == LayerType::kFullyConnected ? 1 : 0;
      positive_[i] = layer.activation == Activation::kRelu ? 1 : 0;
      if (!layer.has_weights() && positive_[i] == 0) {
        positive_[i] = std::ranges::all_of(layer.inputs, [&](int map) { return is_positive(map); });
      }
      if (layer.type != LayerType::kAdd) continue;
      vectors_[i] = std::ranges::any_of(layer.inputs, [&](int map) { return is_vector(map); });
      const Pair pair = pair_of(i);
      if (gives_sums(pair.sums)) {
        const size_t sums = to_index(pair.sums);
        if (!may_be_replaced(pair.stored, i, layers_[sums].inputs.front())) copies_[sums] = i;
      } else if (!may_be_replaced(pair.stored, i, pair.sums)) {
        copies_[i] = i;
      }
    }
  }

  FloatNetwork run() {
    result_.layers = from_.layers;
    result_.layers.layers.clear();
    result_.input = from_.input;
    for (size_t i = 0; i < layers_.size(); ++i) {
      if (copies_[i]) copied_[*copies_[i]] = copy_stored(*copies_[i]);
      Layer layer = layers_[i];
      for (int& input : layer.inputs) input = now(input);
      if (layer.type == LayerType::kAdd) {
        const Pair pair = pair_of(i);
        if (positive_[i] != 0) layer.activation = Activation::kRelu;
        layer.inputs = {gives_sums(pair.sums) ? now(pair.sums) : copy_sums(i),
                        copied_[i].value_or(now(pair.stored))};
      }
      now_.push_back(append(std::move(layer), from_.parameters[i]));
    }
    network_rules::Unfinished unfinished{result_.layers, from_.layers.name};
    const size_t count = result_.layers.layers.size();
    if (count > to_index(network_rules::kMaxLayers)) {
      throw Error(fmt::format("found {} layers with those that copy maps for adds, allowed are {}",
                              count, network_rules::kMaxLayers));
    }
    for (size_t i = 0; i < count; ++i) {
      network_rules::connect_layer(unfinished, i);
      network_rules::finish_layer(unfinished, i);
    }
    return std::move(result_);
  }

 private:
  // Indices of layers are those of the network that is read, but where `now` made them new.
  struct Pair {
    int sums = kImage;
    int stored = kImage;
  };

  Pair pair_of(size_t add) const {
    const auto [earlier, later] = std::ranges::minmax(layers_[add].inputs);
    return {.sums = later, .stored = earlier};
  }

  bool gives_sums(int map) const {
    if (map == kImage) return false;
    const Layer& layer = layers_[to_index(map)];
    ptrdiff_t readers = 0;
    for (const Layer& reader : layers_) readers += std::ranges::count(reader.inputs, map);
    return layer.has_weights() && layer.activation == Activation::kNone && readers == 1;
  }

  // The sum may take the place of the map. `read`: what gives the sums reads.
  bool may_be_replaced(int map, size_t add, int read) const {
    const auto reads = [&](const Layer& layer) {
      return std::ranges::count(layer.inputs, map) > 0;
    };
    return map != kImage && map != read &&
           std::none_of(layers_.begin() + static_cast<ptrdiff_t>(add) + 1, layers_.end(), reads);
  }

  int now(int map) const { return map == kImage ? kImage : now_[to_index(map)]; }

  int append(Layer layer, FloatParameters parameters) {
    result_.layers.layers.push_back(std::move(layer));
    result_.parameters.push_back(std::move(parameters));
    return static_cast<int>(result_.layers.layers.size()) - 1;
  }

  int copy_stored(size_t add) {
    const int map = pair_of(add).stored;
    return copy(map, layers_[add].name + "_stored",
                is_positive(map) ? Activation::kRelu : Activation::kNone);
  }
  int copy_sums(size_t add) {
    return copy(pair_of(add).sums, layers_[add].name + "_sums", Activation::kNone);
  }

  int copy(int map, std::string name, Activation activation) {
    const int channels =
        map == kImage ? from_.layers.input.channels : layers_[to_index(map)].output.channels;
    const bool vector = is_vector(map);
    const auto taken = [&](const Layer& layer) { return layer.name == name; };
    while (std::ranges::any_of(layers_, taken) ||
           std::ranges::any_of(result_.layers.layers, taken)) {
      name += '_';
    }
    Layer layer;
    layer.type = vector ? LayerType::kFullyConnected : LayerType::kConvolution;
    layer.inputs = {now(map)};
    layer.name = std::move(name);
    layer.activation = activation;
    layer.kernels = channels;
    layer.kernel_rows = 1;
    layer.kernel_columns = 1;
    layer.groups = vector ? 1 : channels;
    FloatParameters parameters;
    const size_t fan_in = vector ? to_index(channels) : 1;
    parameters.weights.assign(to_index(channels) * fan_in, 0.0F);
    for (size_t k = 0; k < to_index(channels); ++k) {
      parameters.weights[vector ? k * fan_in + k : k] = 1.0F;
    }
    parameters.biases.assign(to_index(channels), 0.0F);
    layer.weights.assign(parameters.weights.size(), 0);
    layer.biases.assign(to_index(channels), 0);
    return append(std::move(layer), std::move(parameters));
  }

  // No convolution may stand behind it.
  bool is_vector(int map) const { return map != kImage && vectors_[to_index(map)] != 0; }

  // It has no negative values.
  bool is_positive(int map) const {
    return map == kImage
               ? std::ranges::all_of(from_.input,
                                     [](const InputChannel& channel) {
                                       return channel.offset >= 0.0 && channel.scale >= 0.0;
                                     })
               : positive_[to_index(map)] != 0;
  }

  const FloatNetwork& from_;
  const std::vector<Layer>& layers_;
  std::vector<uint8_t> vectors_;
  std::vector<uint8_t> positive_;
  std::vector<std::optional<size_t>> copies_;  // in front of a layer: for which add
  std::vector<std::optional<int>> copied_;     // of an add: the copy of what it adds to
  FloatNetwork result_;
  std::vector<int> now_;
};

}  // namespace

FloatNetwork with_chip_adds(const FloatNetwork& network) { return ChipAdds(network).run(); }

}  // namespace mcnn
