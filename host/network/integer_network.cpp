// SPDX-License-Identifier: Apache-2.0
#include "host/network/integer_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/index.h"
#include "host/network/integer_pooling.h"

namespace mcnn {
namespace {

int32_t shift_rounded(int32_t value, int shift) {
  return shift == 0 ? value : (value + (int32_t{1} << (shift - 1))) >> shift;
}

// The pixels that a layer makes of `count` sums.
void to_pixels(const Layer& layer, const int32_t* sums, size_t count, uint8_t* pixels) {
  const int32_t half = layer.shift == 0 ? 0 : int32_t{1} << (layer.shift - 1);
  for (size_t i = 0; i < count; ++i) {
    const int32_t value = ((sums[i] + half) >> layer.shift) + layer.zero_point;
    pixels[i] = static_cast<uint8_t>(std::clamp(value, 0, 255));
  }
}

// The same, added to pixels of a map with this zero point.
void add_to_pixels(const Layer& layer, const int32_t* sums, std::span<const uint8_t> added,
                   int zero_point, uint8_t* pixels) {
  const int32_t half = layer.shift == 0 ? 0 : int32_t{1} << (layer.shift - 1);
  const int32_t zero = layer.zero_point - zero_point;
  for (size_t i = 0; i < added.size(); ++i) {
    const int32_t value = ((sums[i] + half) >> layer.shift) + added[i] + zero;
    pixels[i] = static_cast<uint8_t>(std::clamp(value, 0, 255));
  }
}

}  // namespace

int arg_max(std::span<const int32_t> values) {
  return static_cast<int>(std::max_element(values.begin(), values.end()) - values.begin());
}

// The layers of one image, one after the other.
class IntegerNetwork::Evaluation {
 public:
  Evaluation(const IntegerNetwork& net, std::span<const uint8_t> image)
      : net_(net), layers_(net.network_.layers), image_(image), outputs_(layers_.size()) {}

  IntegerResult run(bool keep_maps) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      layer(i);
      if (!keep_maps) {
        for (const int unneeded : net_.last_reads_[i]) {
          outputs_[to_index(unneeded)] = {};
        }
      }
    }
    IntegerResult result;
    result.logits = std::move(outputs_.back().sums);
    result.digit = arg_max(result.logits);
    if (keep_maps) {
      outputs_.pop_back();
      result.maps.reserve(outputs_.size());
      for (Output& output : outputs_) {
        result.maps.push_back(std::move(output.pixels));
      }
    }
    return result;
  }

 private:
  // What a layer gives: pixels or sums.
  struct Output {
    std::vector<uint8_t> pixels;
    std::vector<int32_t> sums;
  };

  std::span<const uint8_t> pixels_of(int input) const {
    return input == kImage ? image_ : std::span<const uint8_t>(outputs_[to_index(input)].pixels);
  }

  void layer(size_t index) {
    const Layer& layer = layers_[index];
    const std::span<const uint8_t> input = pixels_of(layer.inputs.front());
    Output& output = outputs_[index];
    switch (layer.type) {
      case LayerType::kConvolution:
        convolution(index, input);
        break;
      case LayerType::kFullyConnected:
        multiply(index);
        activate(layer, output);
        break;
      case LayerType::kMaxPool:
        max_pool(*layer.pool, layer.input, layer.output, input, output.pixels);
        break;
      case LayerType::kAveragePool:
        if (layer.activation == Activation::kSum) {
          sum_pool(*layer.pool, layer.input, layer.output, layer.input_zero_point, input,
                   output.sums);
        } else {
          mean_pool(*layer.pool, layer.input, layer.output, layer.input_zero_point, input,
                    output.pixels);
        }
        break;
      case LayerType::kAdd:
        add(layer, output);
        activate(layer, output);
        break;
    }
  }

  void convolution(size_t index, std::span<const uint8_t> input) {
    const Layer& layer = layers_[index];
    Output& output = outputs_[index];
    const IntegerConvolution& convolution = *net_.convolutions_[index];
    convolution.run(input, planes_, sums_);
    const size_t rows = to_index(layer.kernels * layer.convolution.height);
    const size_t columns = to_index(layer.convolution.width);
    const size_t pitch = to_index(convolution.pitch());
    if (layer.activation == Activation::kSum) {
      output.sums.reserve(rows * columns);
      for (size_t row = 0; row < rows; ++row) {
        const auto first = sums_.begin() + static_cast<ptrdiff_t>(row * pitch);
        output.sums.insert(output.sums.end(), first, first + static_cast<ptrdiff_t>(columns));
      }
      return;
    }
    std::vector<uint8_t>& map = layer.pool ? unpooled_ : output.pixels;
    map.resize(rows * columns);
    if (layer.adds()) {
      const int from = layer.inputs[1];
      const std::span<const uint8_t> added = pixels_of(from);
      for (size_t row = 0; row < rows; ++row) {
        add_to_pixels(layer, &sums_[row * pitch], added.subspan(row * columns, columns),
                      net_.network_.zero_point_of(from), &map[row * columns]);
      }
      return;
    }
    for (size_t row = 0; row < rows; ++row) {
      to_pixels(layer, &sums_[row * pitch], columns, &map[row * columns]);
    }
    if (layer.pool) {
      max_pool(*layer.pool, layer.convolution, layer.output, map, output.pixels);
    }
  }

  // The sums of a fully connected layer.
  void multiply(size_t index) {
    const Layer& layer = layers_[index];
    const int from = layer.inputs.front();
    std::vector<int32_t>& sums = outputs_[index].sums;
    sums = layer.biases;
    const int16_t* weight = net_.matrices_[index].data();
    const size_t inputs = to_index(layer.weighted.size());
    const bool stored_sums = from != kImage && !layers_[to_index(from)].gives_pixels();
    if (layer.takes_sums()) {
      sum_pool(*layer.pool, layer.input, layer.weighted, layer.input_zero_point, pixels_of(from),
               sums_);
    }
    if (stored_sums || layer.takes_sums()) {
      const int32_t* const values =
          stored_sums ? outputs_[to_index(from)].sums.data() : sums_.data();
      for (int32_t& sum : sums) {
        for (size_t i = 0; i < inputs; ++i) {
          sum += weight[i] * values[i];
        }
        weight += inputs;
      }
      return;
    }
    const std::span<const uint8_t> pixels = pixels_of(from);
    planes_.resize(inputs);
    for (size_t i = 0; i < inputs; ++i) {
      planes_[i] = static_cast<int16_t>(pixels[i] - layer.input_zero_point);
    }
    for (int32_t& sum : sums) {
      int32_t products = 0;
      for (size_t i = 0; i < inputs; ++i) {
        products += weight[i] * planes_[i];
      }
      sum += products;
      weight += inputs;
    }
  }

  void add(const Layer& layer, Output& output) {
    output.sums.assign(to_index(layer.output.size()), 0);
    for (size_t i = 0; i < layer.inputs.size(); ++i) {
      const int from = layer.inputs[i];
      const int32_t factor = int32_t{1} << layer.input_shifts[i];
      if (from != kImage && !layers_[to_index(from)].gives_pixels()) {
        const std::vector<int32_t>& values = outputs_[to_index(from)].sums;
        for (size_t j = 0; j < output.sums.size(); ++j) {
          output.sums[j] += values[j] * factor;
        }
      } else {
        const std::span<const uint8_t> pixels = pixels_of(from);
        const int zero_point = net_.network_.zero_point_of(from);
        for (size_t j = 0; j < output.sums.size(); ++j) {
          output.sums[j] += (pixels[j] - zero_point) * factor;
        }
      }
    }
  }

  // Of a layer whose sums are in output.sums.
  static void activate(const Layer& layer, Output& output) {
    if (layer.gives_pixels()) {
      output.pixels.resize(output.sums.size());
      to_pixels(layer, output.sums.data(), output.sums.size(), output.pixels.data());
      output.sums.clear();
      return;
    }
    for (int32_t& sum : output.sums) {
      sum = shift_rounded(sum, layer.shift);
    }
  }

  const IntegerNetwork& net_;
  const std::vector<Layer>& layers_;
  std::span<const uint8_t> image_;
  std::vector<Output> outputs_;
  // Scratch that all layers share.
  std::vector<int16_t> planes_;
  std::vector<int32_t> sums_;
  std::vector<uint8_t> unpooled_;
};

IntegerNetwork::IntegerNetwork(Network network) : network_(std::move(network)) {
  finish_network(network_, network_.name);
  const size_t count = network_.layers.size();
  convolutions_.resize(count);
  matrices_.resize(count);
  last_reads_.resize(count);
  std::vector<size_t> last(count, 0);  // layer that reads each layer's output last
  for (size_t i = 0; i < count; ++i) {
    const Layer& layer = network_.layers[i];
    if (layer.type == LayerType::kConvolution) {
      convolutions_[i].emplace(layer);
    } else if (layer.type == LayerType::kFullyConnected) {
      matrices_[i].assign(layer.weights.begin(), layer.weights.end());
    }
    for (const int input : layer.inputs) {
      if (input != kImage) {
        last[to_index(input)] = i;
      }
    }
  }
  for (size_t i = 0; i + 1 < count; ++i) {
    last_reads_[last[i]].push_back(static_cast<int>(i));
  }
}

IntegerResult IntegerNetwork::run(std::span<const uint8_t> pixels) const {
  return evaluate(pixels, true);
}

IntegerResult IntegerNetwork::classify(std::span<const uint8_t> pixels) const {
  return evaluate(pixels, false);
}

IntegerResult IntegerNetwork::evaluate(std::span<const uint8_t> pixels, bool keep_maps) const {
  if (pixels.size() != to_index(network_.input.size())) {
    throw Error(fmt::format("network {}: found {} pixels, allowed: {} ({}x{}x{})", network_.name,
                            pixels.size(), network_.input.size(), network_.input.channels,
                            network_.input.height, network_.input.width));
  }
  return Evaluation(*this, pixels).run(keep_maps);
}

}  // namespace mcnn
