// SPDX-License-Identifier: Apache-2.0
// A network as the host knows it: integer layers, read from and written to JSON ("mcnn-network-1",
// see docs/network.md).
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

// Maximum pooling: a window of rows x columns, moved by row_stride and column_stride.
struct Pooling {
  int rows = 1;
  int columns = 1;
  int row_stride = 1;
  int column_stride = 1;
  bool ceil = false;  // the last window may stick out of the map; it always starts inside

  bool operator==(const Pooling&) const = default;
};

enum class LayerType { kConvolution, kFullyConnected };

// One layer. Convolution is cross-correlation with zero padding. Fully connected layers flatten
// their input in the order channel, row, column.
//
//   value = (sum of weight * input + bias + 2^(shift-1)) >> shift     (no rounding term when shift
//   is 0)
//
// Hidden layers clamp the value to 0..255 and then pool; the last layer's values are the logits.
struct Layer {
  LayerType type = LayerType::kConvolution;
  std::string name;
  int kernels = 0;          // output channels of a convolution, outputs of a fully connected layer
  int kernel_rows = 0;      // convolution: 1..8; fully connected: height of the input
  int kernel_columns = 0;   // convolution: 1..8; fully connected: width of the input
  int stride = 1;           // convolution: 1..7
  int padding_rows = 0;     // zero rows above and below, less than kernel_rows
  int padding_columns = 0;  // zero columns left and right, less than kernel_columns
  std::vector<int8_t> weights;  // [kernel][channel][row][column], -7..7
  std::vector<int32_t> biases;  // [kernel]
  int shift = 0;                // 0..23
  std::optional<Pooling> pool;  // convolution only
  std::optional<int> range;     // converter range 0..3 forced by the file

  MapShape input;        // shape of the input maps
  MapShape convolution;  // shape before pooling
  MapShape output;       // shape after pooling; a fully connected layer gives outputs x 1 x 1

  int8_t weight(int kernel, int channel, int row, int column) const {
    return weights[to_index(
        ((kernel * input.channels + channel) * kernel_rows + row) * kernel_columns + column)];
  }
};

struct Network {
  std::string name;
  std::string description;
  MapShape input;
  std::vector<Layer> layers;  // at least one; the last one is fully connected and gives the logits

  int num_logits() const { return layers.back().kernels; }
};

// Fills in input, convolution and output of every layer from network.input, and checks every rule
// of the format. `source` names the network in errors. Throws Error. parse_network calls it; call
// it after building a Network by hand.
void finish_network(Network& network, std::string_view source);

// Throws Error naming the source, the JSON path of the field, what was found and what is allowed.
Network parse_network(std::string_view text, std::string_view source);
Network load_network(const std::string& path);

// JSON text of the network; parse_network(network_to_json(n)) equals n.
std::string network_to_json(const Network& network);
// Writes a temporary file beside `path` and renames it, so that no partial file is ever left.
void save_network(const Network& network, const std::string& path);

}  // namespace mcnn
