// SPDX-License-Identifier: Apache-2.0
// Shapes and rules of one layer.
#include "host/network/network_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "common/index.h"

namespace mcnn::network_rules {
namespace {

// Positions of a window along one dimension, or 0 if it does not fit once.
int positions(int size, int before, int behind, int window, int stride, bool ceil) {
  const int padded = before + size + behind;
  if (!ceil) {
    return padded < window ? 0 : (padded - window) / stride + 1;
  }
  int count = padded <= window ? 1 : (padded - window + stride - 1) / stride + 1;
  while (count > 1 && (count - 1) * stride >= before + size) {
    --count;  // the last window must start inside
  }
  return count;
}

void check_padding(const Unfinished& unfinished, const Padding& padding, int rows, int columns,
                   const std::string& path) {
  for (const int side : {padding.top, padding.bottom}) {
    unfinished.check_range(side, 0, rows - 1, path);
  }
  for (const int side : {padding.left, padding.right}) {
    unfinished.check_range(side, 0, columns - 1, path);
  }
}

void finish_convolution(const Unfinished& unfinished, Layer& layer, const std::string& path) {
  const MapShape& input = layer.input;
  unfinished.check_range(layer.kernel_rows, 1, kMaxKernelSize, path + ".kernel");
  unfinished.check_range(layer.kernel_columns, 1, kMaxKernelSize, path + ".kernel");
  unfinished.check_range(layer.row_stride, 1, kMaxStride, path + ".stride");
  unfinished.check_range(layer.column_stride, 1, kMaxStride, path + ".stride");
  const Padding& padding = layer.padding;
  check_padding(unfinished, padding, layer.kernel_rows, layer.kernel_columns, path + ".padding");
  unfinished.check(
      layer.groups >= 1 && input.channels % layer.groups == 0 && layer.kernels % layer.groups == 0,
      path + ".groups", std::to_string(layer.groups),
      fmt::format("what divides {} channels and {} kernels", input.channels, layer.kernels));
  layer.convolution = {layer.kernels,
                       positions(input.height, padding.top, padding.bottom, layer.kernel_rows,
                                 layer.row_stride, false),
                       positions(input.width, padding.left, padding.right, layer.kernel_columns,
                                 layer.column_stride, false)};
  unfinished.check(
      layer.convolution.height > 0 && layer.convolution.width > 0, path + ".kernel",
      fmt::format("{}x{}", layer.kernel_rows, layer.kernel_columns),
      fmt::format("at most the padded input, {}x{}", input.height + padding.top + padding.bottom,
                  input.width + padding.left + padding.right));
  unfinished.check_map(layer.convolution, path + ".kernels");
}

// `path`: of the fields of the pooling; `map`: what it pools.
void finish_pool(const Unfinished& unfinished, Layer& layer, const MapShape& map,
                 const std::string& path) {
  const Pooling& pool = *layer.pool;
  unfinished.check_range(pool.rows, 1, kMaxDimension, path + ".window");
  unfinished.check_range(pool.columns, 1, kMaxDimension, path + ".window");
  unfinished.check_range(pool.row_stride, 1, kMaxDimension, path + ".stride");
  unfinished.check_range(pool.column_stride, 1, kMaxDimension, path + ".stride");
  const Padding& padding = pool.padding;
  check_padding(unfinished, padding, pool.rows, pool.columns, path + ".padding");
  layer.output = {
      map.channels,
      positions(map.height, padding.top, padding.bottom, pool.rows, pool.row_stride, pool.ceil),
      positions(map.width, padding.left, padding.right, pool.columns, pool.column_stride,
                pool.ceil)};
  const bool padded = padding != Padding{};
  unfinished.check(layer.output.height > 0 && layer.output.width > 0, path + ".window",
                   fmt::format("{}x{}", pool.rows, pool.columns),
                   fmt::format("at most the {}map, {}x{}", padded ? "padded " : "",
                               map.height + padding.top + padding.bottom,
                               map.width + padding.left + padding.right));
  unfinished.check_map(layer.output, path + ".window");
}

// Weights and biases: as many as the shape takes, in their ranges, and no sum too large. The
// largest sum.
int64_t check_weights(const Unfinished& unfinished, const Layer& layer, int64_t largest_input,
                      const std::string& path) {
  const size_t fan_in = to_index(layer.fan_in());
  const size_t kernels = to_index(layer.kernels);
  unfinished.check(layer.weights.size() == kernels * fan_in, path + ".weights",
                   fmt::format("{} weights", layer.weights.size()),
                   fmt::format("{}", kernels * fan_in));
  unfinished.check(layer.biases.size() == kernels, path + ".biases",
                   fmt::format("{} biases", layer.biases.size()), fmt::format("{}", kernels));
  int64_t largest = 0;
  for (size_t k = 0; k < kernels; ++k) {
    int64_t sum = 0;
    for (size_t i = 0; i < fan_in; ++i) {
      const int weight{layer.weights[k * fan_in + i]};
      if (weight < layer.least_weight() || weight > kMaxWeight) {
        unfinished.fail(fmt::format("{}.weights, kernel {}, input {}", path, k, i),
                        std::to_string(weight),
                        fmt::format("an integer {}..{}{}", layer.least_weight(), kMaxWeight,
                                    layer.cells == 1 ? " in one cell" : ""));
      }
      sum += std::abs(weight);
    }
    sum = sum * largest_input + std::abs(static_cast<int64_t>(layer.biases[k]));
    if (sum > kMaxSum) {
      unfinished.fail(fmt::format("{}.biases[{}]", path, k),
                      fmt::format("a largest possible sum of {}", sum),
                      fmt::format("at most {}", kMaxSum));
    }
    largest = std::max(largest, sum);
  }
  return largest;
}

void check_activation(const Unfinished& unfinished, const Layer& layer, const std::string& path) {
  const bool last = layer.activation == Activation::kLogits;
  unfinished.check(!last || &layer == &unfinished.network.layers.back(), path + ".activation",
                   "\"logits\"", "the logits in the last layer alone");
  if (layer.activation != Activation::kNone) {
    unfinished.check(layer.zero_point == 0, path + ".zero_point", std::to_string(layer.zero_point),
                     "0 where the activation is not \"none\"");
  }
  unfinished.check_range(layer.zero_point, 0, kMaxPixel, path + ".zero_point");
  unfinished.check_range(layer.shift, 0, kMaxShift, path + ".shift");
  unfinished.check(layer.activation != Activation::kSum || layer.shift == 0, path + ".shift",
                   std::to_string(layer.shift), "0 of sums: the layer that adds them shifts");
  if (layer.range) {
    unfinished.check_range(*layer.range, 0, kMaxRange, path + ".range");
  }
}

// What the weights of a fully connected layer take.
void finish_sums(const Unfinished& unfinished, Layer& layer, const std::string& path) {
  if (layer.pool) {
    unfinished.check(windows_apart(*layer.pool), path + ".pool", "windows that overlap or padding",
                     "sums of windows apart from each other, without padding");
    finish_pool(unfinished, layer, layer.input, path + ".pool");
    layer.weighted = layer.output;
  }
}

// What the layer may give, the largest magnitude of a pixel or a sum.
int64_t finish_weights(Unfinished& unfinished, Layer& layer, int64_t largest_input,
                       const std::string& path) {
  unfinished.check_range(layer.kernels, 1, kMaxKernels, path + ".kernels");
  unfinished.check_range(layer.cells, 1, 2, path + ".cells");
  check_activation(unfinished, layer, path);
  if (layer.type == LayerType::kConvolution) {
    finish_convolution(unfinished, layer, path);
  } else {
    finish_sums(unfinished, layer, path);
    layer.convolution = {layer.kernels, 1, 1};
  }
  layer.output = layer.convolution;
  if (layer.type == LayerType::kConvolution && layer.pool) {
    finish_pool(unfinished, layer, layer.convolution, path + ".pool");
  }
  return check_weights(unfinished, layer, largest_input, path);
}

int64_t finish_pooling_layer(Unfinished& unfinished, Layer& layer, int64_t largest_input,
                             const std::string& path) {
  const bool mean = layer.type == LayerType::kAveragePool;
  unfinished.check(layer.pool.has_value(), path + ".window", "nothing", "a window");
  unfinished.check(mean || !layer.pool->padding_counted, path + ".padding_counted", "true",
                   "nothing where the largest pixel is taken");
  layer.convolution = layer.input;
  finish_pool(unfinished, layer, layer.input, path);
  if (layer.activation != Activation::kSum) {
    layer.activation = Activation::kNone;
    layer.zero_point = layer.input_zero_point;
    return 0;  // the largest pixel follows from the zero point
  }
  unfinished.check(mean, path + ".activation", "\"sum\"",
                   "nothing where the largest pixel is taken");
  layer.zero_point = 0;
  const int64_t sum = int64_t{layer.pool->rows} * layer.pool->columns * largest_input;
  unfinished.check(sum <= kMaxSum, path + ".window",
                   fmt::format("a largest possible sum of {}", sum),
                   fmt::format("at most {}", kMaxSum));
  return sum;
}

int64_t finish_add(Unfinished& unfinished, Layer& layer, const std::string& path) {
  check_activation(unfinished, layer, path);
  unfinished.check(layer.activation != Activation::kSum, path + ".activation", "\"sum\"",
                   "\"relu\" or \"none\": sums of an add go nowhere");
  unfinished.check(layer.input_shifts.size() == layer.inputs.size(), path + ".input_shifts",
                   fmt::format("{} shifts", layer.input_shifts.size()),
                   fmt::format("{}", layer.inputs.size()));
  int64_t largest = 0;
  for (size_t i = 0; i < layer.inputs.size(); ++i) {
    const int shift = layer.input_shifts[i];
    unfinished.check_range(shift, 0, kMaxShift, fmt::format("{}.input_shifts[{}]", path, i));
    const int input = layer.inputs[i];
    largest += (input == kImage ? kMaxPixel : unfinished.largest[to_index(input)]) << shift;
  }
  unfinished.check(largest <= kMaxSum, path + ".input_shifts",
                   fmt::format("a largest possible sum of {}", largest),
                   fmt::format("at most {}", kMaxSum));
  layer.convolution = layer.input;
  layer.output = layer.input;
  return largest;
}

bool takes_sums(const Layer& layer, const Layer& before) {
  return before.type == LayerType::kAveragePool ? layer.type == LayerType::kFullyConnected
                                                : layer.type == LayerType::kAdd;
}

// Checks one input, and gives its shape.
MapShape connect_input(const Unfinished& unfinished, size_t index, size_t i,
                       const std::string& path) {
  const Network& network = unfinished.network;
  const Layer& layer = network.layers[index];
  const int input = layer.inputs[i];
  unfinished.check(input >= kImage && input < static_cast<int>(index),
                   fmt::format("{}.inputs[{}]", path, i), std::to_string(input),
                   "the image or a layer before this one");
  if (input == kImage) {
    return network.input;
  }
  const Layer& before = network.layers[to_index(input)];
  unfinished.check(
      layer.type == LayerType::kAdd || layer.type == LayerType::kFullyConnected ||
          unfinished.vectors[to_index(input)] == 0,
      path + ".type",
      fmt::format("a {} behind the vector that {} gives",
                  layer.type == LayerType::kConvolution ? "convolution" : "pooling", before.name),
      "fully connected layers and sums of them");
  unfinished.check(before.gives_pixels() || takes_sums(layer, before),
                   fmt::format("{}.inputs[{}]", path, i),
                   fmt::format("the sums of {}", before.name),
                   before.type == LayerType::kAveragePool ? "those in a fully connected layer"
                                                          : "those in an add");
  return before.output;
}

// The second input, which is added to a map of `shape`.
void check_added(const Unfinished& unfinished, size_t index, const MapShape& shape,
                 const std::string& path) {
  const MapShape added = connect_input(unfinished, index, 1, path);
  unfinished.check(
      added == shape, path + ".inputs[1]",
      fmt::format("{}x{}x{}", added.channels, added.height, added.width),
      fmt::format("{}x{}x{}, as the first one", shape.channels, shape.height, shape.width));
}

}  // namespace

bool windows_apart(const Pooling& pool) {
  return pool.padding == Padding{} && pool.row_stride >= pool.rows &&
         pool.column_stride >= pool.columns;
}

void Unfinished::check_range(int64_t value, int64_t low, int64_t high,
                             const std::string& path) const {
  check(value >= low && value <= high, path, std::to_string(value),
        fmt::format("an integer {}..{}", low, high));
}

void Unfinished::check_map(const MapShape& map, const std::string& path) const {
  check(int64_t{map.channels} * map.height * map.width <= kMaxMapSize, path,
        fmt::format("a map of {} x {} x {}", map.channels, map.height, map.width),
        fmt::format("at most {} pixels", kMaxMapSize));
}

void connect_layer(Unfinished& unfinished, size_t index) {
  Network& network = unfinished.network;
  Layer& layer = network.layers[index];
  const std::string path = fmt::format("layers[{}]", index);
  if (layer.inputs.empty()) {
    layer.inputs = {static_cast<int>(index) - 1};  // the image in front of the first one
  }
  const size_t needed = layer.type == LayerType::kAdd || layer.adds() ? 2 : 1;
  unfinished.check(layer.inputs.size() == needed, path + ".inputs",
                   fmt::format("{} inputs", layer.inputs.size()), fmt::format("{}", needed));
  layer.input = connect_input(unfinished, index, 0, path);
  if (layer.type == LayerType::kAdd) {
    check_added(unfinished, index, layer.input, path);
  }
  const Layer* const before = network.input_of(index);
  layer.input_zero_point = before == nullptr ? network.zero_point : before->zero_point;
  if (layer.type == LayerType::kFullyConnected) {
    layer.kernel_rows = layer.input.height;
    layer.kernel_columns = layer.input.width;
    layer.weighted = layer.input;
    layer.row_stride = 1;
    layer.column_stride = 1;
    layer.padding = {};
    layer.groups = 1;
  }
}

void finish_layer(Unfinished& unfinished, size_t index) {
  Network& network = unfinished.network;
  Layer& layer = network.layers[index];
  const std::string path = fmt::format("layers[{}]", index);
  const bool last = index + 1 == network.layers.size();
  unfinished.check(
      !last || layer.type == LayerType::kFullyConnected, path + ".type",
      layer.type == LayerType::kConvolution ? "a convolution" : "a layer without weights",
      "\"fully_connected\" (the last layer gives the logits)");
  const Layer* const before = network.input_of(index);
  const int zero = layer.input_zero_point;
  const int64_t largest_input = before == nullptr || before->gives_pixels()
                                    ? std::max(zero, kMaxPixel - zero)
                                    : unfinished.largest[to_index(layer.inputs.front())];
  int64_t largest = 0;
  switch (layer.type) {
    case LayerType::kConvolution:
    case LayerType::kFullyConnected:
      largest =
          finish_weights(unfinished, layer,
                         layer.takes_sums() ? largest_input * layer.pool->rows * layer.pool->columns
                                            : largest_input,
                         path);
      if (layer.adds()) {
        unfinished.check(!layer.pool && layer.gives_pixels(), path + ".inputs", "2 inputs",
                         "1 where a maximum is taken, or sums or logits given");
        check_added(unfinished, index, layer.output, path);
      }
      break;
    case LayerType::kMaxPool:
    case LayerType::kAveragePool:
      largest = finish_pooling_layer(unfinished, layer, largest_input, path);
      break;
    case LayerType::kAdd:
      largest = finish_add(unfinished, layer, path);
      break;
  }
  const auto is_vector = [&](int input) {
    return input != kImage && unfinished.vectors[to_index(input)] != 0;
  };
  const bool vector =
      layer.type == LayerType::kFullyConnected ||
      (layer.type == LayerType::kAdd && std::ranges::any_of(layer.inputs, is_vector));
  unfinished.vectors.push_back(vector ? 1 : 0);
  unfinished.largest.push_back(
      layer.gives_pixels() ? std::max(layer.zero_point, kMaxPixel - layer.zero_point) : largest);
}

}  // namespace mcnn::network_rules
