// SPDX-License-Identifier: Apache-2.0
#include "tests/support/network_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "common/error.h"
#include "common/index.h"
#include "tests/support/random.h"

namespace mcnn::testing {
namespace {

// Builds a network layer by layer; random weights, and a shift that keeps most of a layer's outputs
// between 0 and 255.
class Builder {
 public:
  Builder(std::string name, MapShape input, uint64_t seed) : random_(seed) {
    network_.name = std::move(name);
    network_.description = fmt::format("random weights, seed {}", seed);
    network_.input = input;
    shape_ = input;
  }

  Builder& convolution(int kernels, int rows, int columns, int stride = 1, int padding_rows = 0,
                       int padding_columns = 0) {
    Layer layer;
    layer.type = LayerType::kConvolution;
    layer.name = fmt::format("C{}", network_.layers.size() + 1);
    layer.kernels = kernels;
    layer.kernel_rows = rows;
    layer.kernel_columns = columns;
    layer.row_stride = stride;
    layer.column_stride = stride;
    layer.padding = {padding_rows, padding_rows, padding_columns, padding_columns};
    fill(layer, shape_.channels * rows * columns, false);
    return add(std::move(layer));
  }

  // Pools the layer before.
  Builder& pool(int rows, int columns, int row_stride, int column_stride, bool ceil) {
    network_.layers.back().pool = Pooling{rows, columns, row_stride, column_stride, ceil};
    update();
    return *this;
  }

  // Of the layer before: padding of four sides, strides, signed pixels in place of ReLU.
  Builder& padding(const Padding& padding) {
    network_.layers.back().padding = padding;
    update();
    return *this;
  }
  Builder& strides(int row_stride, int column_stride) {
    network_.layers.back().row_stride = row_stride;
    network_.layers.back().column_stride = column_stride;
    update();
    return *this;
  }
  Builder& zero_point(int zero_point) {
    network_.layers.back().activation = Activation::kNone;
    network_.layers.back().zero_point = zero_point;
    return *this;
  }
  Builder& image_zero_point(int zero_point) {
    network_.zero_point = zero_point;
    return *this;
  }

  const MapShape& shape() const { return shape_; }

  Builder& hidden(int outputs) { return fully_connected(outputs, false); }

  Network logits(int outputs) {
    fully_connected(outputs, true);
    return finish();
  }

  // Logits that are all negative: each bias outweighs what the brightest image can add, by far more
  // than noise.
  Network negative_logits(int outputs) {
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

 private:
  Network finish() {
    finish_network(network_, network_.name);
    return std::move(network_);
  }

  Builder& fully_connected(int outputs, bool last) {
    Layer layer;
    layer.type = LayerType::kFullyConnected;
    layer.name = fmt::format("F{}", network_.layers.size() + 1);
    layer.kernels = outputs;
    fill(layer, shape_.size(), last);
    return add(std::move(layer));
  }

  void fill(Layer& layer, int fan_in, bool last) {
    layer.weights.resize(to_index(layer.kernels * fan_in));
    for (int8_t& weight : layer.weights) {
      weight = static_cast<int8_t>(random_.between(-7, 7));
    }
    // The standard deviation of the sum is about 4.3 * 100 * sqrt(fan_in); bring it to about 64.
    layer.shift = last ? 0 : 2;
    while (!last && (1 << (2 * layer.shift)) < 45 * fan_in) {
      ++layer.shift;
    }
    const int largest_bias = last ? 2000 : 60 << layer.shift;
    for (int k = 0; k < layer.kernels; ++k) {
      layer.biases.push_back(random_.between(-largest_bias / 2, largest_bias));
    }
  }

  Builder& add(Layer layer) {
    network_.layers.push_back(std::move(layer));
    update();
    return *this;
  }

  // The shape behind the last layer. A network must end in logits, so a fully connected layer is
  // put behind it for the computation.
  void update() {
    Network copy = network_;
    if (copy.layers.back().type == LayerType::kConvolution) {
      copy.layers.push_back(Layer{});
      copy.layers.back().type = LayerType::kFullyConnected;
      copy.layers.back().kernels = 1;
      copy.layers.back().biases = {0};
      try {
        finish_network(copy, "suite");
      } catch (const Error&) {
        // The dummy layer has no weights; the shapes before it are there.
      }
      shape_ = copy.layers[copy.layers.size() - 2].output;
    } else {
      shape_ = {copy.layers.back().kernels, 1, 1};
    }
  }

  Random random_;
  Network network_;
  MapShape shape_;
};

class Suite {
 public:
  Builder start(MapShape input) {
    seed_ = 1000 + cases_.size();
    return Builder(fmt::format("suite_{}", seed_), input, seed_);
  }
  SuiteCase& add(std::string name, Network network, MappingKind kind = MappingKind::kDefault) {
    SuiteCase& added = cases_.emplace_back();
    added.name = std::move(name);
    added.seed = seed_;
    added.network = std::move(network);
    added.network.name = added.name;
    added.options.kind = kind;
    return added;
  }
  // Odd numbers of logits that are all negative: the last one has no partner in its pair, and the 0
  // that stands in its place must not win. 1 and 3 are less than a pass, the third is one more.
  void add_negative_logits(MapShape input, int kernels_of_a_pass) {
    for (const int outputs : {1, 3, kernels_of_a_pass + 1}) {
      add(fmt::format("logits_{}_negative", outputs), start(input).negative_logits(outputs))
          .negative = true;
    }
  }
  std::vector<SuiteCase> take() { return std::move(cases_); }

 private:
  uint64_t seed_ = 0;
  std::vector<SuiteCase> cases_;
};

std::vector<SuiteCase> tiny_suite() {
  Suite s;
  s.add("plain", s.start({1, 8, 8}).convolution(2, 3, 3).pool(2, 2, 2, 2, false).logits(4));
  s.add("no_pooling", s.start({1, 6, 6}).convolution(3, 3, 3).logits(3));
  s.add("stride_2_padding_1",
        s.start({1, 9, 11}).convolution(2, 3, 3, 2, 1, 1).pool(2, 2, 2, 2, true).logits(5));
  s.add("stride_3_padding_columns", s.start({1, 10, 13}).convolution(2, 2, 4, 3, 0, 2).logits(2));
  s.add("pool_overlap_3_by_1",
        s.start({1, 5, 6}).convolution(2, 2, 2).pool(3, 3, 1, 1, false).logits(4));
  s.add("pool_overlap_3_by_2_ceil",
        s.start({1, 9, 10}).convolution(2, 3, 3).pool(3, 3, 2, 2, true).logits(4));
  s.add("pool_overlap_3_by_2_floor",
        s.start({1, 10, 9}).convolution(2, 3, 3).pool(3, 3, 2, 2, false).logits(4));
  s.add("pool_gaps_2_by_3",
        s.start({1, 13, 12}).convolution(2, 2, 2).pool(2, 2, 3, 3, true).logits(4));
  s.add("pool_rows_unlike_columns",
        s.start({1, 10, 16}).convolution(2, 3, 3).pool(4, 5, 2, 5, true).logits(4));
  s.add("kernels_5_in_two_passes",
        s.start({1, 7, 7}).convolution(5, 3, 3).pool(2, 2, 2, 2, true).logits(2));
  s.add("kernels_3_odd",
        s.start({1, 16, 16}).convolution(3, 3, 3).pool(4, 4, 4, 4, true).logits(3));
  s.add("kernel_1x1", s.start({2, 4, 4}).convolution(2, 1, 1).logits(4));
  s.add("kernel_4x4", s.start({1, 7, 6}).convolution(2, 4, 4).logits(4));
  s.add("kernel_1x4", s.start({1, 3, 7}).convolution(2, 1, 4).logits(4));
  s.add("kernel_4x1",
        s.start({1, 7, 3}).convolution(2, 4, 1, 1, 3, 0).pool(3, 1, 3, 1, true).logits(4));
  s.add("kernel_5x3_in_two_windows",
        s.start({1, 8, 8}).convolution(2, 5, 3).pool(2, 2, 2, 2, true).logits(4));
  s.add("channels_3", s.start({3, 6, 7}).convolution(2, 2, 2).pool(2, 2, 2, 2, true).logits(3));
  s.add("two_convolutions", s.start({1, 10, 10})
                                .convolution(2, 3, 3)
                                .pool(2, 2, 2, 2, false)
                                .convolution(2, 2, 2)
                                .logits(4));
  s.add("fully_connected_only", s.start({1, 8, 7}).logits(4));
  s.add("fully_connected_hidden", s.start({1, 4, 4}).hidden(6).logits(3));
  s.add("fully_connected_10_logits", s.start({1, 4, 8}).logits(10));
  s.add("one_logit_one_pixel", s.start({1, 1, 1}).logits(1));
  {
    SuiteCase& c = s.add("one_replica_asked_for",
                         s.start({1, 8, 8}).convolution(2, 3, 3).pool(2, 2, 2, 2, false).logits(4));
    c.options.replicas = {1};
  }
  {
    SuiteCase& c = s.add("range_0_asked_for",
                         s.start({1, 8, 8}).convolution(2, 3, 3).pool(2, 2, 2, 2, false).logits(4));
    c.options.range = 0;
  }
  s.add_negative_logits({1, 4, 4}, 4);
  s.add("padding_uneven",
        s.start({1, 8, 7}).convolution(2, 3, 4, 2).padding({0, 2, 3, 1}).logits(4));
  s.add("strides_of_one_row", s.start({2, 1, 14}).convolution(2, 1, 2).strides(1, 3).logits(3));
  s.add("zero_points", s.start({1, 8, 8})
                           .image_zero_point(120)
                           .convolution(2, 3, 3)
                           .zero_point(128)
                           .pool(2, 2, 2, 2, true)
                           .logits(4));
  return s.take();
}

std::vector<SuiteCase> yao2020_suite() {
  Suite s;
  s.add("five_layers", random_yao2020(1)).seed = 1;
  s.add("five_layers_paper", random_yao2020(1), MappingKind::kPaper).seed = 1;
  s.add("five_layers_sliding", random_yao2020(1), MappingKind::kSliding).seed = 1;
  s.add("sliding_stride_2",
        s.start({3, 15, 17}).convolution(6, 3, 3, 2, 1, 1).pool(2, 2, 2, 2, true).logits(10),
        MappingKind::kSliding);
  s.add("sliding_stride_4_by_4", s.start({2, 30, 32}).convolution(4, 4, 4, 4).logits(7),
        MappingKind::kSliding);
  s.add("plain", s.start({1, 12, 12}).convolution(4, 3, 3).pool(2, 2, 2, 2, false).logits(10));
  s.add("no_pooling", s.start({1, 9, 10}).convolution(5, 3, 3).logits(10));
  s.add("stride_2_padding_1",
        s.start({1, 15, 17}).convolution(6, 3, 3, 2, 1, 1).pool(2, 2, 2, 2, true).logits(10));
  s.add("stride_3_padding_columns", s.start({1, 14, 23}).convolution(4, 2, 4, 3, 0, 3).logits(10));
  s.add("stride_7", s.start({1, 30, 32}).convolution(4, 4, 4, 7).logits(7));
  s.add("pool_overlap_3_by_1",
        s.start({1, 12, 13}).convolution(4, 3, 3).pool(3, 3, 1, 1, false).logits(10));
  s.add("pool_overlap_3_by_2_ceil",
        s.start({1, 16, 17}).convolution(8, 3, 3).pool(3, 3, 2, 2, true).logits(10));
  s.add("pool_overlap_3_by_2_floor",
        s.start({1, 17, 16}).convolution(8, 3, 3).pool(3, 3, 2, 2, false).logits(10));
  s.add("pool_gaps_2_by_3",
        s.start({1, 18, 19}).convolution(4, 3, 3).pool(2, 2, 3, 3, true).logits(10));
  s.add("pool_whole_map",
        s.start({1, 12, 12}).convolution(9, 3, 3).pool(10, 10, 10, 10, false).logits(10));
  s.add("pool_rows_unlike_columns",
        s.start({1, 14, 32}).convolution(4, 3, 3).pool(5, 4, 2, 4, true).logits(10));
  s.add("kernels_20_in_two_passes",
        s.start({1, 14, 14}).convolution(20, 3, 3).pool(3, 3, 3, 3, true).logits(10));
  s.add("kernels_33_in_three_passes",
        s.start({1, 8, 8}).convolution(33, 4, 4).pool(5, 5, 5, 5, true).logits(9));
  s.add("kernels_7_odd_channels", s.start({1, 16, 16})
                                      .convolution(7, 3, 3)
                                      .pool(2, 2, 2, 2, false)
                                      .convolution(5, 2, 2)
                                      .logits(3));
  s.add("kernel_1x1", s.start({5, 8, 8}).convolution(7, 1, 1).pool(2, 2, 2, 2, true).logits(10));
  s.add("kernel_4x4", s.start({1, 13, 12}).convolution(8, 4, 4).pool(2, 2, 2, 2, false).logits(10));
  s.add("kernel_1x4", s.start({2, 6, 11}).convolution(4, 1, 4).logits(10));
  s.add("kernel_4x1", s.start({2, 11, 5}).convolution(4, 4, 1, 1, 3, 0).logits(10));
  s.add("kernel_5x5_in_four_windows",
        s.start({1, 16, 16}).convolution(8, 5, 5).pool(3, 3, 3, 3, true).logits(10));
  s.add("kernel_7x8_in_four_windows",
        s.start({1, 14, 16}).convolution(6, 7, 8, 1, 3, 0).pool(4, 3, 4, 3, true).logits(10));
  s.add("channels_3",
        s.start({3, 16, 12}).convolution(6, 3, 3, 1, 1, 1).pool(4, 4, 4, 4, true).logits(10));
  s.add("three_convolutions", s.start({1, 20, 20})
                                  .convolution(6, 3, 3)
                                  .pool(2, 2, 2, 2, true)
                                  .convolution(8, 3, 3)
                                  .convolution(6, 3, 3, 1, 1, 1)
                                  .pool(2, 2, 2, 2, true)
                                  .logits(10));
  s.add("fully_connected_large_map", s.start({1, 24, 28}).logits(10));
  s.add("fully_connected_hidden_40", s.start({1, 8, 8}).hidden(40).logits(10));
  s.add("fully_connected_three_hidden",
        s.start({1, 4, 6}).hidden(19).hidden(33).hidden(9).logits(10));
  s.add("convolution_and_hidden",
        s.start({1, 14, 14}).convolution(6, 3, 3).pool(3, 3, 3, 3, true).hidden(24).logits(10));
  s.add("logits_40", s.start({1, 8, 8}).logits(40));
  s.add("row_only", s.start({1, 1, 32}).convolution(4, 1, 3).pool(1, 4, 1, 4, true).logits(10));
  {
    SuiteCase& c =
        s.add("replicas_asked_for",
              s.start({1, 16, 16}).convolution(4, 3, 3).pool(2, 2, 2, 2, false).logits(10));
    c.options.replicas = {5};
  }
  {
    SuiteCase& c =
        s.add("range_0_asked_for",
              s.start({1, 12, 12}).convolution(4, 3, 3).pool(2, 2, 2, 2, false).logits(10));
    c.options.range = 0;
  }
  s.add_negative_logits({1, 8, 8}, 16);
  s.add("padding_uneven", s.start({3, 13, 16})
                              .convolution(4, 3, 3, 2)
                              .padding({0, 1, 0, 1})
                              .convolution(6, 4, 5)
                              .padding({3, 1, 0, 4})
                              .logits(10));
  s.add("kernel_11x11", s.start({1, 28, 28}).convolution(4, 11, 11, 3).logits(10));
  s.add("kernel_10x4",
        s.start({1, 20, 8}).convolution(4, 10, 4, 3).padding({4, 5, 1, 1}).logits(10));
  s.add("strides_of_one_row",
        s.start({3, 1, 30}).convolution(5, 1, 4).strides(2, 3).padding({0, 0, 1, 2}).logits(10));
  s.add("strides_of_one_column",
        s.start({3, 30, 1}).convolution(5, 2, 1).strides(3, 1).padding({0, 1, 0, 0}).logits(10));
  s.add("zero_points", s.start({3, 12, 12})
                           .image_zero_point(120)
                           .convolution(8, 3, 3)
                           .zero_point(128)
                           .pool(3, 3, 2, 2, true)
                           .convolution(8, 2, 2)
                           .zero_point(100)
                           .hidden(24)
                           .zero_point(60)
                           .logits(10));
  return s.take();
}

}  // namespace

Network random_yao2020(uint64_t seed) {
  Network network = Builder("five_layers", {1, 28, 28}, seed)
                        .convolution(8, 3, 3)
                        .pool(3, 3, 3, 3, true)
                        .convolution(12, 3, 3)
                        .pool(2, 2, 2, 2, true)
                        .logits(10);
  network.layers[0].name = "C1";
  network.layers[1].name = "C3";
  network.layers[2].name = "FC";
  return network;
}

Network random_network(uint64_t seed, int max_dim) {
  Random random(seed);
  const MapShape input{random.between(1, 3), random.between(1, max_dim),
                       random.between(1, max_dim)};
  Builder builder(fmt::format("random_{}", seed), input, seed);
  const int largest_kernel = random.between(0, 3) == 0 ? 8 : 4;
  for (int left = random.between(0, 3); left > 0; --left) {
    const MapShape shape = builder.shape();
    const int rows = random.between(1, std::min(largest_kernel, shape.height));
    const int columns = random.between(1, std::min(largest_kernel, shape.width));
    const bool padded = random.between(0, 1) == 1;
    builder.convolution(random.between(1, max_dim / 4), rows, columns, random.between(1, 3),
                        padded ? random.between(0, rows - 1) : 0,
                        padded ? random.between(0, columns - 1) : 0);
    if (random.between(0, 2) != 0) {
      const MapShape map = builder.shape();
      builder.pool(random.between(1, std::min(4, map.height)),
                   random.between(1, std::min(4, map.width)), random.between(1, 4),
                   random.between(1, 4), random.between(0, 1) == 1);
    }
  }
  for (int left = random.between(-2, 2); left > 0; --left) {
    builder.hidden(random.between(1, max_dim));
  }
  return builder.logits(random.between(1, 10));
}

std::vector<SuiteCase> network_suite(std::string_view configuration) {
  return configuration.starts_with("tiny") ? tiny_suite() : yao2020_suite();
}

ShortcutBlock shortcut_block(uint64_t seed) {
  constexpr int kChannels = 3;
  constexpr int kSide = 6;
  constexpr int kShift = 5;
  Random random(seed);
  Network network;
  network.name = "block";
  network.input = {kChannels, kSide, kSide};
  const auto add_layer = [&](LayerType type, const char* name, int kernels, int fan_in) -> Layer& {
    Layer& layer = network.layers.emplace_back();
    layer.type = type;
    layer.name = name;
    layer.kernels = kernels;
    for (int i = 0; i < kernels * fan_in; ++i) {
      layer.weights.push_back(static_cast<int8_t>(random.between(-7, 7)));
    }
    for (int i = 0; i < kernels; ++i) layer.biases.push_back(random.between(-2000, 2000));
    return layer;
  };
  for (const char* name : {"first", "second"}) {
    Layer& layer = add_layer(LayerType::kConvolution, name, kChannels, kChannels * 9);
    layer.kernel_rows = layer.kernel_columns = 3;
    layer.padding = {1, 1, 1, 1};
    layer.shift = kShift;
  }
  add_layer(LayerType::kFullyConnected, "logits", 4, kChannels * kSide * kSide);
  ShortcutBlock block = {network, network};
  finish_network(block.in_a_row, "in a row");
  block.graph.layers[1].activation = Activation::kSum;
  block.graph.layers[1].shift = 0;
  Layer both;
  both.type = LayerType::kAdd;
  both.name = "both";
  both.inputs = {1, kImage};
  both.input_shifts = {0, kShift};
  both.shift = kShift;
  block.graph.layers.insert(block.graph.layers.begin() + 2, both);
  finish_network(block.graph, "block");
  return block;
}

std::vector<uint8_t> suite_image(const Network& network, uint64_t seed, int index) {
  const MapShape& shape = network.input;
  Random random(seed * 1'000'003u + static_cast<uint64_t>(index));
  std::vector<uint8_t> pixels;
  pixels.reserve(to_index(shape.size()));
  for (int c = 0; c < shape.channels; ++c) {
    const int row = random.between(0, shape.height - 1);
    const int column = random.between(0, shape.width - 1);
    const int size = 1 + std::max(shape.height, shape.width) / 3;
    for (int y = 0; y < shape.height; ++y) {
      for (int x = 0; x < shape.width; ++x) {
        const int value = random.between(0, 255);
        const bool inside = std::abs(y - row) + std::abs(x - column) <= size;
        pixels.push_back(static_cast<uint8_t>(index % 3 == 2 || inside ? value : 0));
      }
    }
  }
  return pixels;
}

void PrintTo(const NamedCase& named, std::ostream* out) {
  *out << named.configuration << " " << named.suite_case.name << " (seed " << named.suite_case.seed
       << ")";
}

std::vector<NamedCase> all_cases() {
  std::vector<NamedCase> cases;
  for (const std::string configuration : {"yao2020", "tiny", "tiny4"}) {
    for (SuiteCase& suite_case : network_suite(configuration)) {
      cases.push_back({configuration, std::move(suite_case)});
    }
  }
  return cases;
}

}  // namespace mcnn::testing
