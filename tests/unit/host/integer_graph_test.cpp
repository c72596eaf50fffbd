// SPDX-License-Identifier: Apache-2.0
// The integer network of random graphs against the formulas of docs/network.md, one output value at
// a time.
#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include "common/index.h"
#include "host/network/integer_network.h"
#include "host_test_util.h"
#include "tests/support/network_suite.h"
#include "tests/support/random.h"
#include "tests/support/random_graph.h"

namespace mcnn::testing {
namespace {

// Values as the format defines them: real numbers for means, and whole ones elsewhere.
class Reference {
 public:
  Reference(const Network& network, const std::vector<uint8_t>& image)
      : network_(network), image_(image) {
    for (size_t i = 0; i < network.layers.size(); ++i) {
      values_.push_back(layer(network.layers[i]));
    }
  }
  const std::vector<int64_t>& values(size_t layer) const { return values_[layer]; }

 private:
  static int64_t floor_shift(int64_t value, int shift) {
    return static_cast<int64_t>(
        std::floor(static_cast<double>(value) / std::exp2(shift) + (shift > 0 ? 0.5 : 0.0)));
  }
  static int64_t clamp(int64_t value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

  int zero_point(int from) const {
    return from == kImage ? network_.zero_point : network_.layers[to_index(from)].zero_point;
  }
  // A pixel less its zero point, or a sum; nothing outside the map.
  int64_t at(int from, const MapShape& shape, int c, int y, int x) const {
    if (y < 0 || y >= shape.height || x < 0 || x >= shape.width) {
      return 0;
    }
    const size_t index = to_index((c * shape.height + y) * shape.width + x);
    const int64_t value = from == kImage ? int64_t{image_[index]} : values_[to_index(from)][index];
    return value - zero_point(from);
  }

  // `added`: what the layer adds to, less its zero point.
  static int64_t activated(const Layer& layer, int64_t sum, int64_t added = 0) {
    const int64_t value = floor_shift(sum, layer.shift) + added;
    switch (layer.activation) {
      case Activation::kRelu:
        return clamp(value);
      case Activation::kNone:
        return clamp(value + layer.zero_point);
      default:
        return value;
    }
  }

  std::vector<int64_t> layer(const Layer& layer) const {
    switch (layer.type) {
      case LayerType::kConvolution:
        return layer.pool ? pooled(layer, convolved(layer), layer.convolution, layer.output, 0)
                          : convolved(layer);
      case LayerType::kFullyConnected:
        return multiplied(layer);
      case LayerType::kAdd:
        return added(layer);
      default:
        return pooled(layer, input_of(layer), layer.input, layer.output,
                      zero_point(layer.inputs[0]));
    }
  }

  // The first input, less its zero point.
  std::vector<int64_t> input_of(const Layer& layer) const {
    std::vector<int64_t> input;
    const MapShape& shape = layer.input;
    for (int c = 0; c < shape.channels; ++c) {
      for (int y = 0; y < shape.height; ++y) {
        for (int x = 0; x < shape.width; ++x) {
          input.push_back(at(layer.inputs[0], shape, c, y, x));
        }
      }
    }
    return input;
  }

  std::vector<int64_t> convolved(const Layer& layer) const {
    std::vector<int64_t> values;
    const MapShape& out = layer.convolution;
    const int channels = layer.input.channels / layer.groups;
    for (int k = 0; k < out.channels; ++k) {
      const int group = k / (layer.kernels / layer.groups);
      for (int y = 0; y < out.height; ++y) {
        for (int x = 0; x < out.width; ++x) {
          int64_t sum = layer.biases[to_index(k)];
          for (int c = 0; c < channels; ++c) {
            for (int r = 0; r < layer.kernel_rows; ++r) {
              for (int q = 0; q < layer.kernel_columns; ++q) {
                const int weight{layer.weights[to_index(
                    ((k * channels + c) * layer.kernel_rows + r) * layer.kernel_columns + q)]};
                sum += weight * at(layer.inputs[0], layer.input, group * channels + c,
                                   y * layer.row_stride + r - layer.padding.top,
                                   x * layer.column_stride + q - layer.padding.left);
              }
            }
          }
          values.push_back(
              activated(layer, sum, layer.adds() ? at(layer.inputs[1], out, k, y, x) : 0));
        }
      }
    }
    return values;
  }

  std::vector<int64_t> multiplied(const Layer& layer) const {
    std::vector<int64_t> inputs = input_of(layer);
    if (layer.takes_sums()) inputs = pooled(layer, inputs, layer.input, layer.weighted, 0);
    std::vector<int64_t> values;
    size_t weight = 0;
    for (int k = 0; k < layer.kernels; ++k) {
      int64_t sum = layer.biases[to_index(k)];
      for (const int64_t input : inputs) sum += layer.weights[weight++] * input;
      values.push_back(activated(layer, sum));
    }
    return values;
  }

  std::vector<int64_t> added(const Layer& layer) const {
    std::vector<int64_t> values;
    const MapShape& shape = layer.output;
    for (int c = 0; c < shape.channels; ++c) {
      for (int y = 0; y < shape.height; ++y) {
        for (int x = 0; x < shape.width; ++x) {
          int64_t sum = 0;
          for (size_t i = 0; i < layer.inputs.size(); ++i) {
            sum += at(layer.inputs[i], shape, c, y, x) * (int64_t{1} << layer.input_shifts[i]);
          }
          values.push_back(activated(layer, sum));
        }
      }
    }
    return values;
  }

  // `input`: pixels less their zero point.
  static std::vector<int64_t> pooled(const Layer& layer, const std::vector<int64_t>& input,
                                     const MapShape& shape, const MapShape& out, int zero_point) {
    std::vector<int64_t> values;
    const Pooling& pool = *layer.pool;
    for (int c = 0; c < out.channels; ++c) {
      for (int py = 0; py < out.height; ++py) {
        for (int px = 0; px < out.width; ++px) {
          int64_t largest = -1000;
          int64_t sum = 0;
          int inside = 0;
          int padded = 0;
          for (int r = 0; r < pool.rows; ++r) {
            for (int q = 0; q < pool.columns; ++q) {
              const int y = py * pool.row_stride + r - pool.padding.top;
              const int x = px * pool.column_stride + q - pool.padding.left;
              if (y < shape.height + pool.padding.bottom && x < shape.width + pool.padding.right) {
                ++padded;
              }
              if (y >= 0 && y < shape.height && x >= 0 && x < shape.width) {
                const int64_t value = input[to_index((c * shape.height + y) * shape.width + x)];
                largest = std::max(largest, value);
                sum += value;
                ++inside;
              }
            }
          }
          if (layer.takes_sums() || layer.activation == Activation::kSum) {
            values.push_back(sum);
          } else if (layer.type != LayerType::kAveragePool) {
            values.push_back(largest + zero_point);
          } else {
            const double count = pool.padding_counted ? padded : inside;
            values.push_back(
                static_cast<int64_t>(std::floor(static_cast<double>(sum) / count + 0.5)) +
                zero_point);
          }
        }
      }
    }
    return values;
  }

  const Network& network_;
  const std::vector<uint8_t>& image_;
  std::vector<std::vector<int64_t>> values_;
};

// What the random graphs have to hold, so that the test says when they no longer do.
void count_features(const Network& network, std::map<std::string, int>& features) {
  const auto count = [&](const std::string& name, bool there) { features[name] += there ? 1 : 0; };
  for (const Layer& layer : network.layers) {
    const bool convolution = layer.type == LayerType::kConvolution;
    count("maximum behind a convolution", convolution && layer.pool.has_value());
    count("maximum alone", layer.type == LayerType::kMaxPool);
    count("padded maximum", layer.type == LayerType::kMaxPool && layer.pool->padding != Padding{});
    count("mean", layer.type == LayerType::kAveragePool && layer.gives_pixels());
    count("mean with counted padding", layer.type == LayerType::kAveragePool &&
                                           layer.pool->padding != Padding{} &&
                                           layer.pool->padding_counted);
    count("sums of windows", layer.takes_sums());
    count("sums of several windows", layer.takes_sums() && layer.weighted.height > 1);
    count("add", layer.type == LayerType::kAdd);
    count("sums of a convolution", convolution && layer.activation == Activation::kSum);
    count("added to a map", layer.adds());
    count("added to signed pixels", layer.adds() && network.zero_point_of(layer.inputs[1]) != 0);
    count("signed pixels", layer.activation == Activation::kNone && layer.has_weights());
    count("padding with a zero point",
          convolution && layer.input_zero_point != 0 && layer.padding != Padding{});
    count("uneven padding", convolution && (layer.padding.top != layer.padding.bottom ||
                                            layer.padding.left != layer.padding.right));
    count("stride pair", convolution && layer.row_stride != layer.column_stride);
    count("stride beyond the kernel", convolution && layer.row_stride > layer.kernel_rows);
    count("groups", layer.groups > 1);
    count("one cell a weight", layer.cells == 1);
    count("large kernel", convolution && layer.kernel_rows > 8);
    count("several inputs read again", layer.inputs.front() != kImage && layer.inputs.size() == 2);
  }
}

TEST(IntegerGraph, EqualsTheFormulasOnRandomGraphs) {
  std::map<std::string, int> features;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    const Network network = random_graph(seed, 20);
    count_features(network, features);
    const IntegerNetwork integer(network);
    for (int index = 1; index < 3; ++index) {
      const std::vector<uint8_t> image = suite_image(network, seed, index);
      const Reference reference(network, image);
      const IntegerResult result = integer.run(image);
      for (size_t i = 0; i < result.maps.size(); ++i) {
        const Layer& layer = network.layers[i];
        const std::vector<int64_t> map(result.maps[i].begin(), result.maps[i].end());
        ASSERT_EQ(map, layer.gives_pixels() ? reference.values(i) : std::vector<int64_t>{})
            << "layer " << layer.name;
      }
      ASSERT_EQ(std::vector<int64_t>(result.logits.begin(), result.logits.end()),
                reference.values(network.layers.size() - 1));
      const IntegerResult without_maps = integer.classify(image);
      ASSERT_EQ(without_maps.logits, result.logits);
      ASSERT_EQ(without_maps.digit, result.digit);
      ASSERT_TRUE(without_maps.maps.empty());
    }
  }
  for (const auto& [name, count] : features) {
    EXPECT_GE(count, 10) << name;
  }
}

// Doubled before they are rounded, residual sums are the same, but in layers of their own; so are
// sums of one window whose stride, which it never takes, would let windows overlap.
TEST(IntegerGraph, WhatTheChipDoesInOneLayerEqualsItsParts) {
  int parts = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    const Network together = random_graph(seed, 12);
    const Network apart = random_graph(seed, 12, GraphParts::kApart);
    parts += static_cast<int>(apart.layers.size() - together.layers.size());
    const std::vector<uint8_t> image = suite_image(together, seed, 2);
    ASSERT_EQ(IntegerNetwork(together).classify(image).logits,
              IntegerNetwork(apart).classify(image).logits);
  }
  EXPECT_GE(parts, 40);
}

// Every pixel and every weight at its largest, so that sums of 16 bits would run over.
TEST(IntegerGraph, LargestProducts) {
  for (const int zero_point : {0, 255}) {
    for (const int weight : {-7, 7}) {
      Network network;
      network.name = "largest";
      network.input = {16, 9, 40};
      network.zero_point = zero_point;
      Layer& layer = network.layers.emplace_back();
      layer.name = "C1";
      layer.kernels = 3;
      layer.kernel_rows = 5;
      layer.kernel_columns = 5;
      layer.weights.assign(to_index(3 * 16 * 25), static_cast<int8_t>(weight));
      layer.biases = {1, -1, 0};
      layer.shift = 12;
      layer.activation = Activation::kNone;
      layer.zero_point = 128;
      Layer& last = network.layers.emplace_back();
      last.type = LayerType::kFullyConnected;
      last.name = "FC";
      last.kernels = 1;
      last.weights.assign(to_index(3 * 5 * 36), 1);
      last.biases = {0};
      finish_network(network, "largest");
      const std::vector<uint8_t> image(to_index(network.input.size()),
                                       zero_point == 0 ? uint8_t{255} : uint8_t{0});
      const IntegerResult result = IntegerNetwork(network).run(image);
      const std::vector<int64_t> map(result.maps[0].begin(), result.maps[0].end());
      ASSERT_EQ(map, Reference(network, image).values(0));
    }
  }
}

}  // namespace
}  // namespace mcnn::testing
