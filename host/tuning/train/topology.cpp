// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/topology.h"

#include <fmt/format.h>

#include <utility>

#include "common/index.h"

namespace mcnn::train {
namespace {

constexpr int kClasses = 10;

// Adds layers one by one, each finished at once, so that the next one can be made from its shape.
class Builder {
 public:
  Builder(std::string name, MapShape input) {
    network_.name = std::move(name);
    network_.input = input;
  }

  int convolution(std::string name, int from, int kernels, int kernel, int stride, int padding,
                  Activation activation, int pool = 1) {
    Layer layer;
    layer.name = std::move(name);
    layer.inputs = {from};
    layer.kernels = kernels;
    layer.kernel_rows = layer.kernel_columns = kernel;
    layer.row_stride = layer.column_stride = stride;
    layer.padding = {padding, padding, padding, padding};
    layer.activation = activation;
    if (activation == Activation::kNone) layer.zero_point = 128;
    if (pool > 1) layer.pool = Pooling{pool, pool, pool, pool, true};
    return add(std::move(layer), shape(from).channels * kernel * kernel);
  }

  // The sums of `sums` and the stored map of `stored`, rectified.
  int residual(std::string name, int sums, int stored) {
    Layer layer;
    layer.type = LayerType::kAdd;
    layer.name = std::move(name);
    layer.inputs = {sums, stored};
    layer.input_shifts = {0, 0};
    shapes_.push_back(shape(sums));
    network_.layers.push_back(std::move(layer));
    return last();
  }

  void classes(const std::string& name) {
    Layer layer;
    layer.type = LayerType::kFullyConnected;
    layer.name = name;
    layer.inputs = {last()};
    layer.kernels = kClasses;
    layer.activation = Activation::kLogits;
    add(std::move(layer), shape(last()).size());
  }

  void global_mean(const std::string& name) {
    Layer layer;
    layer.type = LayerType::kAveragePool;
    layer.name = name;
    layer.inputs = {last()};
    const MapShape map = shape(last());
    layer.pool = Pooling{map.height, map.width, map.height, map.width};
    layer.activation = Activation::kSum;
    shapes_.push_back({map.channels, 1, 1});
    network_.layers.push_back(std::move(layer));
  }

  Network finish() {
    finish_network(network_, network_.name);
    return std::move(network_);
  }

 private:
  int last() const { return static_cast<int>(network_.layers.size()) - 1; }
  MapShape shape(int from) const {
    return from == kImage ? network_.input : shapes_[to_index(from)];
  }

  int add(Layer layer, int fan_in) {
    layer.weights.assign(to_index(layer.kernels * fan_in), 0);
    layer.biases.assign(to_index(layer.kernels), 0);
    MapShape map{layer.kernels, 1, 1};
    if (layer.type == LayerType::kConvolution) {
      const MapShape input = shape(layer.inputs[0]);
      const int padding = 2 * layer.padding.top;
      map.height = (input.height + padding - layer.kernel_rows) / layer.row_stride + 1;
      map.width = (input.width + padding - layer.kernel_columns) / layer.column_stride + 1;
      if (layer.pool) {
        map.height = (map.height + layer.pool->rows - 1) / layer.pool->rows;
        map.width = (map.width + layer.pool->columns - 1) / layer.pool->columns;
      }
    }
    shapes_.push_back(map);
    network_.layers.push_back(std::move(layer));
    return last();
  }

  Network network_;
  std::vector<MapShape> shapes_;  // of the outputs
};

// Two convolutions, each with a maximum behind it, and a fully connected layer. No padding; the
// maxima may stick out of the map.
Network five_layers(const std::string& name, int size, int kernels1, int pool1, int kernels2,
                    int pool2) {
  Builder builder(name, {1, size, size});
  const int c1 = builder.convolution("C1", kImage, kernels1, 3, 1, 0, Activation::kRelu, pool1);
  builder.convolution("C3", c1, kernels2, 3, 1, 0, Activation::kRelu, pool2);
  builder.classes("FC");
  return builder.finish();
}

// A convolution, three stacks of blocks with 16, 32 and 64 channels, the mean of each channel, a
// fully connected layer. The first block of the later stacks halves rows and columns.
Network residual_network(const std::string& name, int blocks_of_a_stack) {
  Builder builder(name, {3, 32, 32});
  int map = builder.convolution("C1", kImage, 16, 3, 1, 1, Activation::kRelu);
  int block = 0;
  for (int stack = 0; stack < 3; ++stack) {
    const int channels = 16 << stack;
    for (int b = 0; b < blocks_of_a_stack; ++b) {
      const std::string label = fmt::format("B{}", ++block);
      const bool halves = stack > 0 && b == 0;
      const int a =
          builder.convolution(label + "a", map, channels, 3, halves ? 2 : 1, 1, Activation::kRelu);
      if (halves) {
        map = builder.convolution(label + "p", map, channels, 1, 2, 0, Activation::kNone);
      }
      const int sums = builder.convolution(label + "b", a, channels, 3, 1, 1, Activation::kSum);
      map = builder.residual(label, sums, map);
    }
  }
  builder.global_mean("mean");
  builder.classes("FC");
  return builder.finish();
}

Topology residual_topology(const std::string& name, int blocks_of_a_stack, int epochs_float,
                           int epochs_quantised) {
  return {.name = name,
          .network = residual_network(name, blocks_of_a_stack),
          .normalised = true,
          .epochs_float = epochs_float,
          .epochs_quantised = epochs_quantised,
          .max_shift = 3,
          .mirror = true,
          .learning_rate = 0.2,
          .learning_rate_quantised = 1e-3,
          .weight_decay = 5e-4,
          .noise = 0.04,
          .weight_range = 3,
          .held_out = 1000,
          .keep_last = true};
}

}  // namespace

const std::vector<Topology>& topologies() {
  static const std::vector<Topology> all = {
      // 28x28 -> 26x26 -> 9x9 -> 7x7 -> 4x4 -> 10
      {.name = "yao2020",
       .network = five_layers("yao2020", 28, 8, 3, 12, 2),
       .epochs_float = 8,
       .epochs_quantised = 12,
       .max_shift = 1.5,
       .max_rotation = 8},
      // 14x14 -> 12x12 -> 6x6 -> 4x4 -> 10: 4 + 4*2 + 2*10 blocks of a window, all that it has
      {.name = "tiny",
       .network = five_layers("tiny", 14, 4, 2, 2, 1),
       .epochs_float = 20,
       .epochs_quantised = 40,
       .max_shift = 0.5},
      residual_topology("resnet8", 1, 36, 16),
      residual_topology("resnet20", 3, 60, 20),
      residual_topology("resnet56", 9, 100, 20),
  };
  return all;
}

}  // namespace mcnn::train
