// SPDX-License-Identifier: Apache-2.0
// Shapes and rules of a network.
#include "host/network/network.h"

#include <fmt/format.h>

#include <cstdlib>

#include "common/index.h"
#include "host/network/network_rules.h"

namespace mcnn {
namespace network_rules {
namespace {

constexpr int kMaxPixel = 255;

// Positions of a window along one dimension, or 0 if it does not fit once.
int positions(int size, int window, int stride, bool ceil) {
  if (!ceil) {
    return size < window ? 0 : (size - window) / stride + 1;
  }
  int count = size <= window ? 1 : (size - window + stride - 1) / stride + 1;
  while (count > 1 && (count - 1) * stride >= size) {
    --count;  // the last window must start inside
  }
  return count;
}

void check(bool good, std::string_view source, const std::string& path, const std::string& found,
           const std::string& allowed) {
  if (!good) {
    fail(source, path, found, allowed);
  }
}

void check_range(int64_t value, int64_t low, int64_t high, std::string_view source,
                 const std::string& path) {
  check(value >= low && value <= high, source, path, std::to_string(value),
        fmt::format("an integer {}..{}", low, high));
}

void finish_convolution(Layer& layer, std::string_view source, const std::string& path) {
  const MapShape& input = layer.input;
  check_range(layer.kernel_rows, 1, kMaxKernelSize, source, path + ".kernel");
  check_range(layer.kernel_columns, 1, kMaxKernelSize, source, path + ".kernel");
  check_range(layer.stride, 1, kMaxStride, source, path + ".stride");
  check_range(layer.padding_rows, 0, layer.kernel_rows - 1, source, path + ".padding");
  check_range(layer.padding_columns, 0, layer.kernel_columns - 1, source, path + ".padding");
  const int height = input.height + 2 * layer.padding_rows;
  const int width = input.width + 2 * layer.padding_columns;
  layer.convolution = {layer.kernels, positions(height, layer.kernel_rows, layer.stride, false),
                       positions(width, layer.kernel_columns, layer.stride, false)};
  check(layer.convolution.height > 0 && layer.convolution.width > 0, source, path + ".kernel",
        fmt::format("{}x{}", layer.kernel_rows, layer.kernel_columns),
        fmt::format("at most the padded input, {}x{}", height, width));
}

void finish_pool(Layer& layer, std::string_view source, const std::string& path) {
  const Pooling& pool = *layer.pool;
  check_range(pool.rows, 1, kMaxDimension, source, path + ".pool.window");
  check_range(pool.columns, 1, kMaxDimension, source, path + ".pool.window");
  check_range(pool.row_stride, 1, kMaxDimension, source, path + ".pool.stride");
  check_range(pool.column_stride, 1, kMaxDimension, source, path + ".pool.stride");
  layer.output.height = positions(layer.convolution.height, pool.rows, pool.row_stride, pool.ceil);
  layer.output.width =
      positions(layer.convolution.width, pool.columns, pool.column_stride, pool.ceil);
  check(layer.output.height > 0 && layer.output.width > 0, source, path + ".pool.window",
        fmt::format("{}x{}", pool.rows, pool.columns),
        fmt::format("at most the map, {}x{}", layer.convolution.height, layer.convolution.width));
}

// Weights and biases: as many as the shape takes, in their ranges, and no sum too large.
void check_weights(const Layer& layer, std::string_view source, const std::string& path) {
  const MapShape& input = layer.input;
  const size_t fan_in = to_index(input.channels * layer.kernel_rows * layer.kernel_columns);
  const size_t kernels = to_index(layer.kernels);
  check(layer.weights.size() == kernels * fan_in, source, path + ".weights",
        fmt::format("{} weights", layer.weights.size()), fmt::format("{}", kernels * fan_in));
  check(layer.biases.size() == kernels, source, path + ".biases",
        fmt::format("{} biases", layer.biases.size()), fmt::format("{}", kernels));
  for (size_t k = 0; k < kernels; ++k) {
    int64_t sum = std::abs(static_cast<int64_t>(layer.biases[k]));
    for (size_t i = 0; i < fan_in; ++i) {
      const int weight{layer.weights[k * fan_in + i]};
      if (weight < -kMaxWeight || weight > kMaxWeight) {
        fail(source, fmt::format("{}.weights, kernel {}, input {}", path, k, i),
             std::to_string(weight), fmt::format("an integer {}..{}", -kMaxWeight, kMaxWeight));
      }
      sum += static_cast<int64_t>(std::abs(weight)) * kMaxPixel;
    }
    if (sum > kMaxSum) {
      fail(source, fmt::format("{}.biases[{}]", path, k),
           fmt::format("a largest possible sum of {}", sum), fmt::format("at most {}", kMaxSum));
    }
  }
}

}  // namespace

void finish_layer(Layer& layer, const Layer* before, const MapShape& input, bool last,
                  std::string_view source, const std::string& path) {
  check(layer.type == LayerType::kFullyConnected || before == nullptr ||
            before->type == LayerType::kConvolution,
        source, path + ".type", "\"convolution\"",
        "\"fully_connected\" (behind a fully connected layer)");
  layer.input = input;
  check_range(layer.kernels, 1, kMaxKernels, source, path + ".kernels");
  check_range(layer.shift, 0, kMaxShift, source, path + ".shift");
  if (layer.range) {
    check_range(*layer.range, 0, 3, source, path + ".range");
  }
  if (layer.type == LayerType::kConvolution) {
    check(!last, source, path + ".type", "\"convolution\"",
          "\"fully_connected\" (the last layer gives the logits)");
    finish_convolution(layer, source, path);
  } else {
    layer.kernel_rows = input.height;
    layer.kernel_columns = input.width;
    layer.stride = 1;
    check(!layer.pool, source, path + ".pool", "a pool", "none in a fully connected layer");
    layer.convolution = {layer.kernels, 1, 1};
  }
  layer.output = layer.convolution;
  if (layer.pool) {
    finish_pool(layer, source, path);
  }
  check_weights(layer, source, path);
}

}  // namespace network_rules

void finish_network(Network& network, std::string_view source) {
  using network_rules::check_range;
  using network_rules::kMaxDimension;
  using network_rules::kMaxLayers;
  check_range(network.input.channels, 1, kMaxDimension, source, "input.channels");
  check_range(network.input.height, 1, kMaxDimension, source, "input.height");
  check_range(network.input.width, 1, kMaxDimension, source, "input.width");
  network_rules::check(!network.layers.empty() && network.layers.size() <= kMaxLayers, source,
                       "layers", fmt::format("{} layers", network.layers.size()),
                       fmt::format("1..{} layers", kMaxLayers));
  MapShape shape = network.input;
  const Layer* before = nullptr;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    Layer& layer = network.layers[i];
    network_rules::finish_layer(layer, before, shape, i + 1 == network.layers.size(), source,
                                fmt::format("layers[{}]", i));
    shape = layer.output;
    before = &layer;
  }
}

}  // namespace mcnn
