// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "common/index.h"
#include "tests/support/network_builder.h"
#include "tests/support/random.h"

namespace mcnn::testing {
namespace {

class GraphBuilder {
 public:
  GraphBuilder(uint64_t seed, int max_dim, GraphParts parts)
      : random_(seed), cells_(seed + 0x1000), parts_(parts) {
    network_.name = fmt::format("graph_{}", seed);
    network_.description = fmt::format("random graph, seed {}", seed);
    network_.input = {random_.between(1, 4), random_.between(1, max_dim),
                      random_.between(1, max_dim)};
    network_.zero_point = random_.one_of(3) ? random_.between(1, 255) : 0;
    nodes_ = {{kImage, network_.input, false, 0}};
  }

  Network build() {
    for (int left = random_.between(0, 7); left > 0; --left) {
      switch (random_.between(0, 5)) {
        case 0:
        case 1:
          convolution(any());
          break;
        case 2:
          residual(any());
          break;
        case 3:
          add_pixels(any());
          break;
        case 4:
          pooling(any(), LayerType::kMaxPool);
          break;
        default:
          pooling(any(), LayerType::kAveragePool);
      }
    }
    join();
    if (parts_ == GraphParts::kApart) set_apart();
    finish_network(network_, network_.name);
    return std::move(network_);
  }

 private:
  // What a later layer may read.
  struct Node {
    int layer = kImage;
    MapShape shape;
    bool sums = false;
    int readers = 0;
  };

  void set_apart() {
    for (Layer& layer : network_.layers) {
      if (layer.type == LayerType::kAdd) {
        for (int& shift : layer.input_shifts) ++shift;
        ++layer.shift;
      }
      if (layer.type == LayerType::kAveragePool && layer.activation == Activation::kSum &&
          layer.pool->rows > 1 && layer.pool->rows == height_of(layer.inputs.front())) {
        layer.pool->row_stride = 1;
      }
    }
  }

  int height_of(int map) const {
    return std::ranges::find(nodes_, map, &Node::layer)->shape.height;
  }

  // Mostly the last one, so that the graph gets deep.
  size_t any() {
    size_t node = random_.one_of(3)
                      ? to_index(random_.between(0, static_cast<int>(nodes_.size()) - 1))
                      : nodes_.size() - 1;
    while (nodes_[node].sums) {
      --node;
    }
    return node;
  }

  Layer begin(LayerType type, const std::vector<size_t>& from) {
    Layer layer;
    layer.type = type;
    layer.name = fmt::format("L{}", network_.layers.size() + 1);
    for (const size_t node : from) {
      layer.inputs.push_back(nodes_[node].layer);
      ++nodes_[node].readers;
    }
    return layer;
  }

  // Its shape is not known here: the rules of the format say it.
  size_t add(Layer layer) {
    const bool sums = layer.activation == Activation::kSum;
    network_.layers.push_back(std::move(layer));
    Network copy = network_;
    Layer& end = copy.layers.emplace_back();
    end.type = LayerType::kFullyConnected;
    end.kernels = 1;
    try {
      finish_network(copy, "random graph");
    } catch (const std::exception&) {
      // The layer behind has no weights; the shapes before it are there.
    }
    const MapShape shape = copy.layers[network_.layers.size() - 1].output;
    nodes_.push_back({static_cast<int>(network_.layers.size()) - 1, shape, sums, 0});
    return nodes_.size() - 1;
  }

  Padding padding(int rows, int columns) {
    if (random_.one_of(2)) {
      return {};
    }
    return {random_.between(0, rows - 1), random_.between(0, rows - 1),
            random_.between(0, columns - 1), random_.between(0, columns - 1)};
  }

  void activation(Layer& layer) {
    if (random_.one_of(4)) {
      layer.activation = Activation::kNone;
      layer.zero_point = random_.between(1, 255);
    }
  }

  void fill(Layer& layer, int fan_in, int input_size) {
    layer.weights.resize(to_index(layer.kernels * fan_in));
    for (int8_t& weight : layer.weights) {
      weight = static_cast<int8_t>(random_.between(-7, 7));
    }
    // The standard deviation of the sum is about 4.3 * 100 * sqrt(fan_in); bring it to about 64.
    int shift = 2;
    while ((1 << (2 * shift)) < 45 * fan_in * input_size * input_size) {
      ++shift;
    }
    if (cells_.one_of(5)) {
      take_one_cell(layer);
      // Without signs it is the mean of the sum that counts, about 370 * fan_in.
      while ((128 << shift) < 370 * fan_in * input_size * input_size) ++shift;
    }
    for (int k = 0; k < layer.kernels; ++k) {
      layer.biases.push_back(random_.between(-60 << shift, 60 << shift) / 2);
    }
    const bool stored =
        layer.activation == Activation::kRelu || layer.activation == Activation::kNone;
    layer.shift = stored ? shift : 0;
  }

  int groups(int channels, int kernels) {
    const int divisor = std::gcd(channels, kernels);
    const int groups = random_.between(1, divisor);
    return divisor % groups == 0 ? groups : 1;
  }

  size_t convolution(size_t from) {
    const MapShape shape = nodes_[from].shape;
    Layer layer = begin(LayerType::kConvolution, {from});
    const bool large = random_.one_of(3);
    const int least = large ? 7 : 1;
    const int most = large ? 11 : 4;
    layer.kernel_rows =
        random_.between(std::min(least, shape.height), std::min(most, shape.height));
    layer.kernel_columns = random_.between(1, std::min(most, shape.width));
    layer.row_stride = random_.between(1, 3);
    layer.column_stride = random_.one_of(2) ? layer.row_stride : random_.between(1, 4);
    layer.padding = padding(layer.kernel_rows, layer.kernel_columns);
    layer.kernels = random_.one_of(3) ? shape.channels : random_.between(1, 9);
    layer.groups = groups(shape.channels, layer.kernels);
    activation(layer);
    fill(layer, shape.channels / layer.groups * layer.kernel_rows * layer.kernel_columns, 1);
    return add(std::move(layer));
  }

  // Sums of a convolution that keeps the shape of `to`, added to its pixels.
  void residual(size_t to) {
    const MapShape shape = nodes_[to].shape;
    Layer layer = begin(LayerType::kConvolution, {to});
    layer.kernel_rows = std::min(2 * random_.between(0, 2) + 1, 2 * shape.height - 1);
    layer.kernel_columns = random_.between(1, 4);
    layer.padding = {layer.kernel_rows / 2, layer.kernel_rows / 2, (layer.kernel_columns - 1) / 2,
                     layer.kernel_columns / 2};
    layer.kernels = shape.channels;
    layer.groups = groups(shape.channels, shape.channels);
    layer.activation = Activation::kSum;
    fill(layer, shape.channels / layer.groups * layer.kernel_rows * layer.kernel_columns, 1);
    const size_t sums = add(std::move(layer));
    sum_up(random_.one_of(2) ? std::vector{sums, to} : std::vector{to, sums}, sums);
  }

  void add_pixels(size_t first) {
    for (size_t second = 0; second < nodes_.size(); ++second) {
      if (nodes_[second].shape == nodes_[first].shape && !nodes_[second].sums) {
        sum_up({first, second}, nodes_.size());
        return;
      }
    }
  }

  // `sums`: the one of the two that gives sums, or neither.
  size_t sum_up(const std::vector<size_t>& from, size_t sums) {
    Layer layer = begin(LayerType::kAdd, from);
    activation(layer);
    layer.shift = random_.between(sums < nodes_.size() ? 4 : 0, sums < nodes_.size() ? 8 : 3);
    for (const size_t node : from) {
      layer.input_shifts.push_back(node == sums ? random_.between(0, 1)
                                                : std::max(0, layer.shift - random_.between(0, 2)));
    }
    return add(std::move(layer));
  }

  void pooling(size_t from, LayerType type) {
    const MapShape shape = nodes_[from].shape;
    Layer layer = begin(type, {from});
    Pooling& pool = layer.pool.emplace();
    pool.rows = random_.between(1, std::min(5, shape.height));
    pool.columns = random_.between(1, std::min(5, shape.width));
    pool.row_stride = random_.between(1, 4);
    pool.column_stride = random_.between(1, 4);
    pool.ceil = random_.one_of(2);
    pool.padding = padding(pool.rows, pool.columns);
    pool.padding_counted = type == LayerType::kAveragePool && random_.one_of(2);
    layer.activation = Activation::kNone;
    add(std::move(layer));
  }

  // Every map that nothing reads leads to a vector of its own, and those to the logits.
  void join() {
    const int outputs = random_.between(1, 12);
    const size_t maps = nodes_.size();
    std::optional<size_t> vector;
    for (size_t node = 0; node < maps; ++node) {
      if (nodes_[node].readers > 0 || (nodes_[node].layer == kImage && maps > 1)) {
        continue;
      }
      const size_t next = hidden(averaged(node), outputs, vector.has_value());
      vector = vector ? sum_up({next, *vector}, next) : next;
    }
    const size_t end = vector.value_or(0);
    Layer layer = begin(LayerType::kFullyConnected, {end});
    layer.kernels = random_.between(1, 10);
    layer.activation = Activation::kLogits;
    fill(layer, nodes_[end].shape.size(), 1);
    layer.shift = random_.between(0, 4);
    network_.layers.push_back(std::move(layer));
  }

  // Sometimes the sums of its windows, or of all its pixels, in its place.
  size_t averaged(size_t node) {
    if (!random_.one_of(2)) {
      return node;
    }
    const MapShape shape = nodes_[node].shape;
    Layer layer = begin(LayerType::kAveragePool, {node});
    Pooling& pool = layer.pool.emplace();
    const bool global = random_.one_of(2);
    pool.rows = global ? shape.height : random_.between(1, shape.height);
    pool.columns = global ? shape.width : random_.between(1, shape.width);
    pool.row_stride = pool.rows;
    pool.column_stride = pool.columns;
    pool.ceil = random_.one_of(2);
    layer.activation = random_.one_of(4) ? Activation::kNone : Activation::kSum;
    return add(std::move(layer));
  }

  size_t hidden(size_t from, int outputs, bool sums) {
    const MapShape shape = nodes_[from].shape;
    Layer layer = begin(LayerType::kFullyConnected, {from});
    layer.kernels = outputs;
    if (sums) {
      layer.activation = Activation::kSum;
    } else {
      activation(layer);
    }
    fill(layer, shape.size(), 4);
    return add(std::move(layer));
  }

  Random random_;
  Random cells_;
  GraphParts parts_;
  Network network_;
  std::vector<Node> nodes_;
};

}  // namespace

Network random_graph(uint64_t seed, int max_dim, GraphParts parts) {
  return GraphBuilder(seed, max_dim, parts).build();
}

}  // namespace mcnn::testing
