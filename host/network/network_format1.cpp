// SPDX-License-Identifier: Apache-2.0
// Reads "mcnn-network-1": a chain of convolutions with their maxima and fully connected layers.
#include <tuple>

#include "common/index.h"
#include "host/network/network_json.h"

namespace mcnn::network_json {
namespace {

using network_rules::kMaxDimension;
using network_rules::kMaxKernels;
using network_rules::kMaxRange;
using network_rules::kMaxShift;
using network_rules::kMaxStride;

constexpr int kMaxKernelSize = 8;  // of this format

Pooling read_pool(const JsonNode& node) {
  node.expect_fields({"window", "stride", "rounding"});
  Pooling pool;
  std::tie(pool.rows, pool.columns) = node.field("window").pair(1, kMaxDimension);
  std::tie(pool.row_stride, pool.column_stride) = node.field("stride").pair(1, kMaxDimension);
  pool.ceil = node.field("rounding").choice({"floor", "ceil"}) == 1;
  return pool;
}

void read_activation(const JsonNode& node, bool last, Layer& layer) {
  const std::string_view allowed =
      last ? "\"none\" (the last layer gives the logits)" : "\"relu\" (a hidden layer)";
  if (node.text(allowed) != (last ? "none" : "relu")) {
    node.bad(allowed);
  }
  layer.activation = last ? Activation::kLogits : Activation::kRelu;
}

// All but the weights, which need the shape of the input.
void read_fields(const JsonNode& node, bool last, Layer& layer) {
  if (!node.has("type")) {
    node.expect_fields({"type", "name", "kernels", "kernel", "stride", "padding", "outputs",
                        "weights", "biases", "shift", "activation", "pool", "range"});
  }
  if (node.field("type").choice({"convolution", "fully_connected"}) == 0) {
    layer.type = LayerType::kConvolution;
    node.expect_fields({"type", "name", "kernels", "kernel", "stride", "padding", "weights",
                        "biases", "shift", "activation", "pool", "range"});
    layer.kernels = node.field("kernels").small(1, kMaxKernels);
    std::tie(layer.kernel_rows, layer.kernel_columns) =
        node.field("kernel").pair(1, kMaxKernelSize);
    layer.row_stride = node.field("stride").small(1, kMaxStride);
    layer.column_stride = layer.row_stride;
    const auto [rows, columns] = node.field("padding").pair(0, kMaxKernelSize - 1);
    layer.padding = {rows, rows, columns, columns};
    if (node.has("pool")) {
      layer.pool = read_pool(node.field("pool"));
    }
  } else {
    layer.type = LayerType::kFullyConnected;
    node.expect_fields(
        {"type", "name", "outputs", "weights", "biases", "shift", "activation", "range"});
    layer.kernels = node.field("outputs").small(1, kMaxKernels);
  }
  layer.name = node.field("name").text();
  layer.shift = node.field("shift").small(0, kMaxShift);
  read_activation(node.field("activation"), last, layer);
  if (node.has("range")) {
    layer.range = node.field("range").small(0, kMaxRange);
  }
}

}  // namespace

void read_layers_1(const JsonNode& layers, network_rules::Unfinished& unfinished) {
  for (size_t i = 0; i < layers.size(); ++i) {
    const JsonNode node = layers.item(i);
    Layer& layer = unfinished.network.layers[i];
    read_fields(node, i + 1 == layers.size(), layer);
    network_rules::connect_layer(unfinished, i);
    read_weights(node.field("weights"), layer, false);
    read_biases(node.field("biases"), layer);
    network_rules::finish_layer(unfinished, i);
  }
}

}  // namespace mcnn::network_json
