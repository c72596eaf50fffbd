// SPDX-License-Identifier: Apache-2.0
// A network as the host knows it: integer layers that form a graph, read from JSON
// ("mcnn-network-2" and "mcnn-network-1") and written to it (docs/network.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/index.h"

namespace mcnn {

// A stack of feature maps: channels x height x width, stored in that order.
struct MapShape {
  int channels = 0;
  int height = 0;
  int width = 0;

  int size() const { return channels * height * width; }
  bool operator==(const MapShape&) const = default;
};

// Rows and columns around a map.
struct Padding {
  int top = 0;
  int bottom = 0;
  int left = 0;
  int right = 0;

  bool operator==(const Padding&) const = default;
};

// Maximum or mean of a window of rows x columns, moved by row_stride and column_stride. Pixels of
// the padding are never the maximum.
struct Pooling {
  int rows = 1;
  int columns = 1;
  int row_stride = 1;
  int column_stride = 1;
  bool ceil = false;  // the last window may stick out of the map; it always starts inside
  Padding padding{};  // each less than the window
  bool padding_counted = false;  // mean: pixels of the padding count, as pixels of value 0

  bool operator==(const Pooling&) const = default;
};

enum class LayerType { kConvolution, kFullyConnected, kMaxPool, kAveragePool, kAdd };

// What a layer makes of the value v that its arithmetic gives.
enum class Activation {
  kRelu,   // a pixel: v clamped to 0..255
  kNone,   // a pixel: v + zero_point clamped to 0..255
  kSum,    // v itself: of a layer that adds it up further, never stored
  kLogits  // v itself: the last layer
};

// The input of a layer that is the image.
inline constexpr int kImage = -1;

// One layer. A pixel x of a map stands for x - z, z being the zero point of the map.
//
//   convolution, fully connected   v = (sum of weight * (x - z) + bias + half) >> shift
//   add                            v = (sum of (x_i - z_i) * 2^input_shifts[i] + half) >> shift
//   average pool                   v = floor((sum of (x - z)) / n + 1/2), n pixels; kSum: the sum
//   max pool                       the largest pixel
//
// half is 2^(shift-1), or 0 when shift is 0. Convolution is cross-correlation; outside the map
// x = z. Fully connected layers flatten their input in the order channel, row, column. A layer that
// gives sums has shift 0.
//
// What the chip does in one layer is one layer here (finish_network): a maximum behind a
// convolution; a convolution that adds its rounded, shifted sum to the pixels x' of another map,
// v = ((sum of weight * (x - z) + bias + half) >> shift) + x' - z'; a fully connected layer whose
// weights take sums of windows.
struct Layer {
  LayerType type = LayerType::kConvolution;
  std::string name;
  std::vector<int> inputs;  // layers before, or kImage; none: the layer before this one. Of a
                            // convolution a second one: the map that it adds to
  Activation activation = Activation::kRelu;  // pooling: kNone, or kSum; the last one's is kLogits
  int zero_point = 0;   // of the pixels that it gives; of kNone only (a maximum keeps its input's)
  int kernels = 0;      // output channels of a convolution, outputs of a fully connected layer
  int kernel_rows = 0;  // convolution: 1..11; fully connected: height of the input
  int kernel_columns = 0;  // convolution: 1..11; fully connected: width of the input
  int row_stride = 1;      // convolution: 1..7
  int column_stride = 1;
  Padding padding;              // convolution, each less than the kernel
  int groups = 1;               // convolution: kernels of group g see the channels of group g alone
  int cells = 2;                // of a weight: 2, whose difference it is, or 1, which it is
  std::vector<int8_t> weights;  // [kernel][channel of its group][row][column], least_weight()..7
  std::vector<int32_t> biases;  // [kernel]
  int shift = 0;                // 0..23
  std::optional<Pooling> pool;  // of a pooling layer; of a convolution: maximum, behind it; of a
                                // fully connected layer: the windows whose sums it takes
  std::string part_name;        // of the pooling or add that became part of this layer, if any
  std::vector<int> input_shifts;  // add: 0..23, one an input
  std::optional<int> range;       // converter range 0..3 forced by the file

  MapShape input;            // shape of the input maps
  MapShape convolution;      // shape before pooling
  MapShape output;           // shape after pooling; a fully connected layer gives outputs x 1 x 1
  MapShape weighted;         // what the weights of a fully connected layer take: input, or its sums
  int input_zero_point = 0;  // of the first input

  bool has_weights() const {
    return type == LayerType::kConvolution || type == LayerType::kFullyConnected;
  }
  static constexpr int kMaxWeight = 7;
  // A single cell holds no sign.
  int least_weight() const { return cells == 1 ? 0 : -kMaxWeight; }
  // It gives pixels, which a feature map holds.
  bool gives_pixels() const {
    return activation == Activation::kRelu || activation == Activation::kNone;
  }
  // A convolution that adds to a stored map.
  bool adds() const { return type == LayerType::kConvolution && inputs.size() == 2; }
  // A fully connected layer that takes sums of windows.
  bool takes_sums() const { return type == LayerType::kFullyConnected && pool.has_value(); }
  // Weights of a kernel.
  int fan_in() const {
    return type == LayerType::kFullyConnected
               ? weighted.size()
               : input.channels / groups * kernel_rows * kernel_columns;
  }
  // Index within a kernel of the weight of a pixel of its window (fully connected: of the map), or
  // -1: of another group, or in no sum.
  int weight_index(int kernel, int channel, int row, int column) const {
    if (takes_sums()) {
      const int y = row / pool->row_stride;
      const int x = column / pool->column_stride;
      const bool inside = row % pool->row_stride < pool->rows &&
                          column % pool->column_stride < pool->columns && y < weighted.height &&
                          x < weighted.width;
      return inside ? (channel * weighted.height + y) * weighted.width + x : -1;
    }
    const int channels = input.channels / groups;
    const int in_group = channel - kernel / (kernels / groups) * channels;
    return in_group >= 0 && in_group < channels
               ? (in_group * kernel_rows + row) * kernel_columns + column
               : -1;
  }
  // 0 where there is none.
  int8_t weight(int kernel, int channel, int row, int column) const {
    const int index = weight_index(kernel, channel, row, column);
    return index < 0 ? int8_t{0} : weights[to_index(kernel * fan_in() + index)];
  }
};

struct Network {
  std::string name;
  std::string description;
  MapShape input;
  int zero_point = 0;         // of the image
  std::vector<Layer> layers;  // at least one; the last one is fully connected and gives the logits

  int num_logits() const { return layers.back().kernels; }
  // The layer whose output layer `index` reads, null for the image.
  const Layer* input_of(size_t index, size_t input = 0) const {
    const int from = layers[index].inputs[input];
    return from == kImage ? nullptr : &layers[to_index(from)];
  }
  int zero_point_of(int map) const {
    return map == kImage ? zero_point : layers[to_index(map)].zero_point;
  }
  // Its name, or "image".
  std::string_view input_name(size_t index, size_t input = 0) const {
    const Layer* const before = input_of(index, input);
    return before == nullptr ? std::string_view("image") : std::string_view(before->name);
  }
};

// Fills in inputs, input, convolution, output and input_zero_point of every layer from
// network.input, and checks every rule of the format. What the chip does in one layer becomes one
// layer (the same results): a maximum of nothing but a convolution, whose output nothing else
// reads; the add of the sums of a convolution without an input shift and of pixels shifted as far
// as the add shifts back, in the place of the add; sums of windows that do not overlap, without
// padding, in every fully connected layer that takes them. `source` names the network in errors.
// Throws Error. parse_network calls it; call it after building a Network by hand, as often as you
// like.
void finish_network(Network& network, std::string_view source);

// Throws Error naming the source, the JSON path of the field, what was found and what is allowed.
Network parse_network(std::string_view text, std::string_view source);
Network load_network(const std::string& path);

// JSON text of the network ("mcnn-network-2"); parse_network(network_to_json(n)) equals n. Throws
// Error for a layer without a name, or with that of another.
std::string network_to_json(const Network& network);
// Writes a temporary file beside `path` and renames it, so that no partial file is ever left.
void save_network(const Network& network, const std::string& path);

}  // namespace mcnn
