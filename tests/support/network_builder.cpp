// SPDX-License-Identifier: Apache-2.0
#include "tests/support/network_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/error.h"
#include "common/index.h"

namespace mcnn::testing {

void take_one_cell(Layer& layer) {
  layer.cells = 1;
  for (int8_t& weight : layer.weights) {
    weight = static_cast<int8_t>(std::abs(weight));
  }
}

NetworkBuilder::NetworkBuilder(std::string name, MapShape input, uint64_t seed)
    : random_(seed), shape_(input) {
  network_.name = std::move(name);
  network_.description = fmt::format("random weights, seed {}", seed);
  network_.input = input;
}

NetworkBuilder& NetworkBuilder::convolution(int kernels, int rows, int columns, int stride,
                                            int padding_rows, int padding_columns) {
  Layer layer;
  layer.type = LayerType::kConvolution;
  layer.name = fmt::format("C{}", network_.layers.size() + 1);
  layer.kernels = kernels;
  layer.kernel_rows = rows;
  layer.kernel_columns = columns;
  layer.row_stride = stride;
  layer.column_stride = stride;
  layer.padding = {padding_rows, padding_rows, padding_columns, padding_columns};
  fill(layer, shape_.channels * rows * columns, 1, false);
  return add(std::move(layer));
}

NetworkBuilder& NetworkBuilder::pool(int rows, int columns, int row_stride, int column_stride,
                                     bool ceil) {
  network_.layers.back().pool = Pooling{rows, columns, row_stride, column_stride, ceil};
  update();
  return *this;
}

NetworkBuilder& NetworkBuilder::padding(const Padding& padding) {
  network_.layers.back().padding = padding;
  update();
  return *this;
}

NetworkBuilder& NetworkBuilder::strides(int row_stride, int column_stride) {
  network_.layers.back().row_stride = row_stride;
  network_.layers.back().column_stride = column_stride;
  update();
  return *this;
}

NetworkBuilder& NetworkBuilder::groups(int groups) {
  Layer& layer = network_.layers.back();
  layer.groups = groups;
  layer.weights.resize(layer.weights.size() / to_index(groups));
  update();
  return *this;
}

NetworkBuilder& NetworkBuilder::zero_point(int zero_point) {
  network_.layers.back().activation = Activation::kNone;
  network_.layers.back().zero_point = zero_point;
  return *this;
}

NetworkBuilder& NetworkBuilder::image_zero_point(int zero_point) {
  network_.zero_point = zero_point;
  return *this;
}

NetworkBuilder& NetworkBuilder::from(int map) {
  last_ = map;
  shape_ = map == kImage ? network_.input : shapes_[to_index(map)];
  return *this;
}

NetworkBuilder& NetworkBuilder::added_to(int map, int rows, int columns) {
  const int kernels = (map == kImage ? network_.input : shapes_[to_index(map)]).channels;
  convolution(kernels, rows, columns);
  padding({(rows - 1) / 2, rows / 2, (columns - 1) / 2, columns / 2});
  Layer& sums = network_.layers.back();
  sums.activation = Activation::kSum;
  Layer both;
  both.type = LayerType::kAdd;
  both.name = fmt::format("A{}", network_.layers.size() + 1);
  both.shift = std::exchange(sums.shift, 0);
  const bool first = random_.one_of(2);
  both.inputs = first ? std::vector{last_, map} : std::vector{map, last_};
  both.input_shifts = first ? std::vector{0, both.shift} : std::vector{both.shift, 0};
  network_.layers.push_back(std::move(both));
  update();
  return *this;
}

NetworkBuilder& NetworkBuilder::sums(int rows, int columns) {
  Layer layer;
  layer.type = LayerType::kAveragePool;
  layer.name = fmt::format("S{}", network_.layers.size() + 1);
  layer.activation = Activation::kSum;
  layer.pool = Pooling{rows, columns, rows, columns, random_.one_of(2)};
  return add(std::move(layer));
}

NetworkBuilder& NetworkBuilder::one_cell() {
  one_cell_ = true;
  return *this;
}

int NetworkBuilder::current_zero_point() const { return network_.zero_point_of(last_); }

Network NetworkBuilder::logits(int outputs) {
  fully_connected(outputs, true);
  return finish();
}

Network NetworkBuilder::negative_logits(int outputs) {
  fully_connected(outputs, true);
  Layer& layer = network_.layers.back();
  const size_t fan_in = layer.weights.size() / to_index(outputs);
  for (size_t k = 0; k < layer.biases.size(); ++k) {
    int largest = 0;
    for (size_t i = 0; i < fan_in; ++i) {
      largest += 255 * std::max<int>(layer.weights[k * fan_in + i], 0);
    }
    layer.biases[k] = -2 * largest - random_.between(2000, 4000);
  }
  return finish();
}

Network NetworkBuilder::finish() {
  finish_network(network_, network_.name);
  return std::move(network_);
}

NetworkBuilder& NetworkBuilder::fully_connected(int outputs, bool last) {
  Layer layer;
  layer.type = LayerType::kFullyConnected;
  layer.name = fmt::format("F{}", network_.layers.size() + 1);
  layer.kernels = outputs;
  const bool sums = last_ != kImage && !network_.layers[to_index(last_)].gives_pixels();
  const int pixels = sums ? network_.layers[to_index(last_)].pool->rows *
                                network_.layers[to_index(last_)].pool->columns
                          : 1;
  fill(layer, shape_.size(), pixels, last);
  return add(std::move(layer));
}

void NetworkBuilder::fill(Layer& layer, int fan_in, int pixels, bool last) {
  layer.weights.resize(to_index(layer.kernels * fan_in));
  for (int8_t& weight : layer.weights) {
    weight = static_cast<int8_t>(random_.between(-7, 7));
  }
  const bool one_cell = std::exchange(one_cell_, false);
  if (one_cell) take_one_cell(layer);
  // The standard deviation of the sum is about 4.3 * 100 * sqrt(fan_in); bring it to about 64.
  layer.shift = last ? 0 : 2;
  while (!last && (1 << (2 * layer.shift)) < 45 * fan_in * pixels) {
    ++layer.shift;
  }
  // Without signs it is the mean of the sum that counts, about 370 * fan_in.
  while (!last && one_cell && (128 << layer.shift) < 370 * fan_in * pixels) {
    ++layer.shift;
  }
  const int largest_bias = last ? 2000 : 60 << layer.shift;
  for (int k = 0; k < layer.kernels; ++k) {
    layer.biases.push_back(random_.between(-largest_bias / 2, largest_bias));
  }
}

NetworkBuilder& NetworkBuilder::add(Layer layer) {
  layer.inputs = {last_};
  network_.layers.push_back(std::move(layer));
  update();
  return *this;
}

// The shape behind the last layer. A network must end in logits, so a fully connected layer is put
// behind it for the computation; that has no weights, but the shapes before it are there.
void NetworkBuilder::update() {
  last_ = static_cast<int>(network_.layers.size()) - 1;
  if (network_.layers.back().type == LayerType::kFullyConnected) {
    shape_ = {network_.layers.back().kernels, 1, 1};
  } else {
    Network copy = network_;
    Layer& end = copy.layers.emplace_back();
    end.type = LayerType::kFullyConnected;
    end.kernels = 1;
    end.biases = {0};
    try {
      finish_network(copy, "suite");
    } catch (const Error&) {
    }
    shape_ = copy.layers[to_index(last_)].output;
  }
  shapes_.resize(network_.layers.size());
  shapes_.back() = shape_;
}

}  // namespace mcnn::testing
