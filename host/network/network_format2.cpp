// SPDX-License-Identifier: Apache-2.0
// Reads "mcnn-network-2": a graph of layers.
#include <fmt/format.h>

#include <array>
#include <map>
#include <string>
#include <tuple>

#include "common/index.h"
#include "host/network/network_json.h"

namespace mcnn::network_json {
namespace {

using network_rules::kMaxDimension;
using network_rules::kMaxKernels;
using network_rules::kMaxKernelSize;
using network_rules::kMaxPixel;
using network_rules::kMaxRange;
using network_rules::kMaxShift;
using network_rules::kMaxStride;

using Names = std::map<std::string, int>;  // of the image and the layers so far

// One number for all sides, two (rows, columns), or four (top, bottom, left, right).
Padding read_padding(const JsonNode& node, int high) {
  if (!node.is_array() || node.size() == 2) {
    const auto [rows, columns] = node.pair(0, high);
    return {rows, rows, columns, columns};
  }
  node.expect_array(4,
                    fmt::format("integers 0..{} (top, bottom, left, right), or 2 of them", high));
  return {node.item(0).small(0, high), node.item(1).small(0, high), node.item(2).small(0, high),
          node.item(3).small(0, high)};
}

void read_inputs(const JsonNode& node, const Names& names, Layer& layer) {
  const size_t needed = layer.type == LayerType::kAdd ? 2 : 1;
  node.expect_array(needed, needed == 1 ? "name" : "names");
  for (size_t i = 0; i < needed; ++i) {
    const JsonNode input = node.item(i);
    const auto found = names.find(input.text("a name"));
    if (found == names.end()) {
      input.bad("\"image\" or the name of a layer before this one");
    }
    layer.inputs.push_back(found->second);
  }
}

// What follows the sums of a convolution, a fully connected layer or an add.
void read_activation(const JsonNode& node, Layer& layer) {
  constexpr std::array kActivations = {Activation::kRelu, Activation::kNone, Activation::kSum,
                                       Activation::kLogits};
  layer.activation =
      kActivations.at(node.field("activation").choice({"relu", "none", "sum", "logits"}));
  if (node.has("zero_point")) {
    layer.zero_point = node.field("zero_point").small(0, kMaxPixel);
  }
  if (node.has("shift") || layer.activation != Activation::kSum) {
    layer.shift = node.field("shift").small(0, kMaxShift);
  }
}

void read_convolution(const JsonNode& node, Layer& layer) {
  node.expect_fields({"type", "name", "inputs", "kernels", "kernel", "stride", "padding", "groups",
                      "cells", "weights", "biases", "shift", "activation", "zero_point", "range"});
  layer.kernels = node.field("kernels").small(1, kMaxKernels);
  std::tie(layer.kernel_rows, layer.kernel_columns) = node.field("kernel").pair(1, kMaxKernelSize);
  if (node.has("stride")) {
    std::tie(layer.row_stride, layer.column_stride) = node.field("stride").pair(1, kMaxStride);
  }
  if (node.has("padding")) {
    layer.padding = read_padding(node.field("padding"), kMaxKernelSize - 1);
  }
  if (node.has("groups")) {
    const JsonNode groups = node.field("groups");
    layer.groups = groups.small(1, kMaxKernels);
    if (layer.input.channels % layer.groups != 0 || layer.kernels % layer.groups != 0) {
      groups.bad(fmt::format("what divides {} channels and {} kernels", layer.input.channels,
                             layer.kernels));
    }
  }
}

void read_fully_connected(const JsonNode& node, Layer& layer) {
  node.expect_fields({"type", "name", "inputs", "outputs", "cells", "weights", "biases", "shift",
                      "activation", "zero_point", "range"});
  layer.kernels = node.field("outputs").small(1, kMaxKernels);
}

void read_weighted(const JsonNode& node, Layer& layer) {
  if (layer.type == LayerType::kConvolution) {
    read_convolution(node, layer);
  } else {
    read_fully_connected(node, layer);
  }
  read_activation(node, layer);
  if (node.has("cells")) {
    layer.cells = node.field("cells").small(1, 2);
  }
  if (node.has("range")) {
    layer.range = node.field("range").small(0, kMaxRange);
  }
  read_weights(node.field("weights"), layer, true);
  read_biases(node.field("biases"), layer);
}

void read_pooling(const JsonNode& node, Layer& layer) {
  Pooling& pool = layer.pool.emplace();
  const JsonNode window = node.field("window");
  if (window.is_string()) {
    window.choice({"global"});
    node.expect_fields({"type", "name", "inputs", "window", "activation"});
    pool.rows = layer.input.height;
    pool.columns = layer.input.width;
  } else {
    std::tie(pool.rows, pool.columns) = window.pair(1, kMaxDimension);
  }
  std::tie(pool.row_stride, pool.column_stride) = node.has("stride")
                                                      ? node.field("stride").pair(1, kMaxDimension)
                                                      : std::pair(pool.rows, pool.columns);
  if (node.has("padding")) {
    pool.padding = read_padding(node.field("padding"), kMaxDimension - 1);
  }
  if (node.has("rounding")) {
    pool.ceil = node.field("rounding").choice({"floor", "ceil"}) == 1;
  }
  layer.activation = Activation::kNone;
}

void read_average(const JsonNode& node, Layer& layer) {
  node.expect_fields({"type", "name", "inputs", "window", "stride", "padding", "rounding",
                      "padding_counted", "activation"});
  read_pooling(node, layer);
  if (node.has("padding_counted")) {
    layer.pool->padding_counted = node.field("padding_counted").boolean();
  }
  if (node.has("activation") && node.field("activation").choice({"none", "sum"}) == 1) {
    layer.activation = Activation::kSum;
  }
}

void read_add(const JsonNode& node, Layer& layer) {
  node.expect_fields(
      {"type", "name", "inputs", "input_shifts", "shift", "activation", "zero_point"});
  const JsonNode shifts = node.field("input_shifts");
  shifts.expect_array(layer.inputs.size(), "shifts");
  for (size_t i = 0; i < shifts.size(); ++i) {
    layer.input_shifts.push_back(shifts.item(i).small(0, kMaxShift));
  }
  read_activation(node, layer);
}

LayerType read_type(const JsonNode& node) {
  constexpr std::array kTypes = {LayerType::kConvolution, LayerType::kFullyConnected,
                                 LayerType::kMaxPool, LayerType::kAveragePool, LayerType::kAdd};
  if (!node.is_object()) {
    node.bad("an object");
  }
  return kTypes.at(node.field("type").choice(
      {"convolution", "fully_connected", "max_pool", "average_pool", "add"}));
}

// Only the last layer gives the logits, and it gives nothing else.
void check_logits(const JsonNode& node, const Layer& layer, bool last) {
  if (last && layer.type == LayerType::kFullyConnected && layer.activation != Activation::kLogits) {
    node.field("activation").bad("\"logits\" in the last layer");
  }
  if (!last && layer.activation == Activation::kLogits) {
    node.field("activation").bad("\"relu\", \"none\" or \"sum\" in front of the last layer");
  }
}

}  // namespace

void read_layers_2(const JsonNode& layers, network_rules::Unfinished& unfinished) {
  Names names = {{std::string(network_rules::kImageName), kImage}};
  for (size_t i = 0; i < layers.size(); ++i) {
    const JsonNode node = layers.item(i);
    Layer& layer = unfinished.network.layers[i];
    layer.type = read_type(node);
    layer.name = node.field("name").text();
    if (layer.name.empty() || names.contains(layer.name)) {
      node.field("name").bad("a name of its own: not empty, \"image\" or that of another layer");
    }
    read_inputs(node.field("inputs"), names, layer);
    names[layer.name] = static_cast<int>(i);
    network_rules::connect_layer(unfinished, i);
    switch (layer.type) {
      case LayerType::kConvolution:
      case LayerType::kFullyConnected:
        read_weighted(node, layer);
        break;
      case LayerType::kMaxPool:
        node.expect_fields({"type", "name", "inputs", "window", "stride", "padding", "rounding"});
        read_pooling(node, layer);
        break;
      case LayerType::kAveragePool:
        read_average(node, layer);
        break;
      case LayerType::kAdd:
        read_add(node, layer);
        break;
    }
    check_logits(node, layer, i + 1 == layers.size());
    network_rules::finish_layer(unfinished, i);
  }
}

}  // namespace mcnn::network_json
