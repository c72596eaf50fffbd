// SPDX-License-Identifier: Apache-2.0
// Networks as JSON: reading and writing "mcnn-network-1".
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>
#include <utility>

#include "common/error.h"
#include "common/index.h"
#include "host/network/network.h"
#include "host/network/network_rules.h"

namespace mcnn {
namespace {

using network_rules::fail;
using network_rules::kMaxDimension;
using network_rules::kMaxKernels;
using network_rules::kMaxKernelSize;
using network_rules::kMaxLayers;
using network_rules::kMaxShift;
using network_rules::kMaxStride;
using network_rules::kMaxSum;
using network_rules::kMaxWeight;
using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "mcnn-network-1";

std::string shorten(std::string text) {
  constexpr size_t kLimit = 40;
  if (text.size() > kLimit) {
    text = text.substr(0, kLimit) + "...";
  }
  return text;
}

// One value of the document with the path that leads to it.
class Node {
 public:
  Node(const Json& json, std::string path, std::string_view source)
      : json_(json), path_(std::move(path)), source_(source) {}

  [[noreturn]] void bad(std::string_view allowed) const { fail(source_, path_, found(), allowed); }

  std::string found() const {
    if (json_.is_object()) {
      return "an object";
    }
    if (json_.is_array()) {
      return fmt::format("an array of {}", json_.size());
    }
    return shorten(json_.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

  // The value is an object with no fields but these.
  void expect_fields(std::initializer_list<std::string_view> names) const {
    if (!json_.is_object()) {
      bad("an object");
    }
    for (const auto& [key, value] : json_.items()) {
      if (std::find(names.begin(), names.end(), key) == names.end()) {
        fail(source_, join(key), "an unknown field", fmt::format("{}", fmt::join(names, ", ")));
      }
    }
  }

  bool has(const std::string& name) const { return json_.contains(name); }

  Node field(const std::string& name) const {
    if (!json_.contains(name)) {
      fail(source_, join(name), "nothing", "the field must be there");
    }
    return Node(json_.at(name), join(name), source_);
  }

  Node item(size_t index) const {
    return Node(json_.at(index), fmt::format("{}[{}]", path_, index), source_);
  }

  // An array of exactly `size` items.
  void expect_array(size_t size, std::string_view of) const {
    if (!json_.is_array() || json_.size() != size) {
      bad(fmt::format("an array of {} {}", size, of));
    }
  }
  size_t size() const { return json_.size(); }
  bool is_array() const { return json_.is_array(); }

  int64_t integer(int64_t low, int64_t high) const {
    const std::string allowed = fmt::format("an integer {}..{}", low, high);
    if (!json_.is_number_integer()) {
      bad(allowed);
    }
    if (json_.is_number_unsigned() &&
        json_.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      bad(allowed);
    }
    const int64_t value = json_.get<int64_t>();
    if (value < low || value > high) {
      bad(allowed);
    }
    return value;
  }
  int small(int low, int high) const { return static_cast<int>(integer(low, high)); }

  std::string text(std::string_view allowed = "a string") const {
    if (!json_.is_string()) {
      bad(allowed);
    }
    return json_.get<std::string>();
  }

  // One integer for both, or two of them.
  std::pair<int, int> pair(int low, int high) const {
    if (json_.is_array()) {
      expect_array(2, fmt::format("integers {}..{} (rows, columns)", low, high));
      return {item(0).small(low, high), item(1).small(low, high)};
    }
    const int value = small(low, high);
    return {value, value};
  }

 private:
  std::string join(std::string_view name) const {
    return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
  }

  const Json& json_;
  std::string path_;
  std::string_view source_;
};

Pooling parse_pool(const Node& node) {
  node.expect_fields({"window", "stride", "rounding"});
  Pooling pool;
  std::tie(pool.rows, pool.columns) = node.field("window").pair(1, kMaxDimension);
  std::tie(pool.row_stride, pool.column_stride) = node.field("stride").pair(1, kMaxDimension);
  const Node rounding = node.field("rounding");
  const std::string text = rounding.text("\"ceil\" or \"floor\"");
  if (text != "ceil" && text != "floor") {
    rounding.bad("\"ceil\" or \"floor\"");
  }
  pool.ceil = text == "ceil";
  return pool;
}

void parse_activation(const Node& node, bool last) {
  const std::string_view allowed =
      last ? "\"none\" (the last layer gives the logits)" : "\"relu\" (a hidden layer)";
  if (node.text(allowed) != (last ? "none" : "relu")) {
    node.bad(allowed);
  }
}

int8_t parse_weight(const Node& node) {
  return static_cast<int8_t>(node.small(-kMaxWeight, kMaxWeight));
}

// The weights of a convolution, [kernel][channel][row][column].
void parse_kernels(const Node& node, const MapShape& input, Layer& layer) {
  node.expect_array(to_index(layer.kernels), "kernels");
  layer.weights.reserve(
      to_index(layer.kernels * input.channels * layer.kernel_rows * layer.kernel_columns));
  for (size_t k = 0; k < node.size(); ++k) {
    const Node kernel = node.item(k);
    kernel.expect_array(to_index(input.channels), "channels");
    for (size_t c = 0; c < kernel.size(); ++c) {
      const Node channel = kernel.item(c);
      channel.expect_array(to_index(layer.kernel_rows), "rows");
      for (size_t y = 0; y < channel.size(); ++y) {
        const Node row = channel.item(y);
        row.expect_array(to_index(layer.kernel_columns), "weights");
        for (size_t x = 0; x < row.size(); ++x) {
          layer.weights.push_back(parse_weight(row.item(x)));
        }
      }
    }
  }
}

// The weights of a fully connected layer, [output][input].
void parse_matrix(const Node& node, const MapShape& input, Layer& layer) {
  node.expect_array(to_index(layer.kernels), "outputs");
  layer.weights.reserve(to_index(layer.kernels) * to_index(input.size()));
  for (size_t k = 0; k < node.size(); ++k) {
    const Node output = node.item(k);
    output.expect_array(to_index(input.size()), "weights");
    for (size_t i = 0; i < output.size(); ++i) {
      layer.weights.push_back(parse_weight(output.item(i)));
    }
  }
}

Layer parse_layer(const Node& node, const MapShape& input, bool last) {
  Layer layer;
  const std::string_view types = "\"convolution\" or \"fully_connected\"";
  if (!node.has("type")) {
    node.expect_fields({"type", "name", "kernels", "kernel", "stride", "padding", "outputs",
                        "weights", "biases", "shift", "activation", "pool", "range"});
  }
  const Node type = node.field("type");
  const std::string type_name = type.text(types);
  if (type_name == "convolution") {
    layer.type = LayerType::kConvolution;
    node.expect_fields({"type", "name", "kernels", "kernel", "stride", "padding", "weights",
                        "biases", "shift", "activation", "pool", "range"});
    layer.kernels = node.field("kernels").small(1, kMaxKernels);
    std::tie(layer.kernel_rows, layer.kernel_columns) =
        node.field("kernel").pair(1, kMaxKernelSize);
    layer.stride = node.field("stride").small(1, kMaxStride);
    std::tie(layer.padding_rows, layer.padding_columns) =
        node.field("padding").pair(0, kMaxKernelSize - 1);
    parse_kernels(node.field("weights"), input, layer);
    if (node.has("pool")) {
      layer.pool = parse_pool(node.field("pool"));
    }
  } else if (type_name == "fully_connected") {
    layer.type = LayerType::kFullyConnected;
    node.expect_fields(
        {"type", "name", "outputs", "weights", "biases", "shift", "activation", "range"});
    layer.kernels = node.field("outputs").small(1, kMaxKernels);
    layer.kernel_rows = input.height;
    layer.kernel_columns = input.width;
    parse_matrix(node.field("weights"), input, layer);
  } else {
    type.bad(types);
  }
  layer.name = node.field("name").text();
  const Node biases = node.field("biases");
  biases.expect_array(to_index(layer.kernels), "biases");
  for (size_t k = 0; k < biases.size(); ++k) {
    layer.biases.push_back(static_cast<int32_t>(biases.item(k).integer(-kMaxSum, kMaxSum)));
  }
  layer.shift = node.field("shift").small(0, kMaxShift);
  parse_activation(node.field("activation"), last);
  if (node.has("range")) {
    layer.range = node.field("range").small(0, 3);
  }
  return layer;
}

Json nested(const Layer& layer) {
  Json weights = Json::array();
  size_t next = 0;
  for (int k = 0; k < layer.kernels; ++k) {
    Json kernel = Json::array();
    if (layer.type == LayerType::kFullyConnected) {
      for (int i = 0; i < layer.input.size(); ++i) {
        kernel.push_back(layer.weights[next++]);
      }
    } else {
      for (int c = 0; c < layer.input.channels; ++c) {
        Json channel = Json::array();
        for (int y = 0; y < layer.kernel_rows; ++y) {
          Json row = Json::array();
          for (int x = 0; x < layer.kernel_columns; ++x) {
            row.push_back(layer.weights[next++]);
          }
          channel.push_back(std::move(row));
        }
        kernel.push_back(std::move(channel));
      }
    }
    weights.push_back(std::move(kernel));
  }
  return weights;
}

Json layer_json(const Layer& layer, bool last) {
  Json json;
  const bool convolution = layer.type == LayerType::kConvolution;
  json["type"] = convolution ? "convolution" : "fully_connected";
  json["name"] = layer.name;
  if (convolution) {
    json["kernels"] = layer.kernels;
    json["kernel"] = {layer.kernel_rows, layer.kernel_columns};
    json["stride"] = layer.stride;
    json["padding"] = {layer.padding_rows, layer.padding_columns};
  } else {
    json["outputs"] = layer.kernels;
  }
  json["shift"] = layer.shift;
  json["activation"] = last ? "none" : "relu";
  if (layer.pool) {
    json["pool"] = {{"window", {layer.pool->rows, layer.pool->columns}},
                    {"stride", {layer.pool->row_stride, layer.pool->column_stride}},
                    {"rounding", layer.pool->ceil ? "ceil" : "floor"}};
  }
  if (layer.range) {
    json["range"] = *layer.range;
  }
  json["biases"] = layer.biases;
  json["weights"] = nested(layer);
  return json;
}

}  // namespace

Network parse_network(std::string_view text, std::string_view source) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error(fmt::format("{}: not JSON at byte {}: {}", source, error.byte, error.what()));
  }
  const Node top(json, "", source);
  top.expect_fields({"format", "name", "description", "input", "layers"});
  const Node format = top.field("format");
  if (format.text() != kFormat) {
    format.bad(fmt::format("\"{}\"", kFormat));
  }
  Network network;
  network.name = top.field("name").text();
  network.description = top.has("description") ? top.field("description").text() : "";
  const Node input = top.field("input");
  input.expect_fields({"channels", "height", "width"});
  network.input.channels = input.field("channels").small(1, kMaxDimension);
  network.input.height = input.field("height").small(1, kMaxDimension);
  network.input.width = input.field("width").small(1, kMaxDimension);

  const Node layers = top.field("layers");
  if (!layers.is_array() || layers.size() == 0 || layers.size() > kMaxLayers) {
    layers.bad(fmt::format("an array of 1..{} layers", kMaxLayers));
  }
  MapShape shape = network.input;
  for (size_t i = 0; i < layers.size(); ++i) {
    const bool last = i + 1 == layers.size();
    Layer layer = parse_layer(layers.item(i), shape, last);
    const Layer* before = i == 0 ? nullptr : &network.layers.back();
    network_rules::finish_layer(layer, before, shape, last, source, fmt::format("layers[{}]", i));
    shape = layer.output;
    network.layers.push_back(std::move(layer));
  }
  return network;
}

Network load_network(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(
        fmt::format("{}: cannot be opened; a network file (\"{}\") is needed", path, kFormat));
  }
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) {
    throw Error(fmt::format("{}: cannot be read", path));
  }
  return parse_network(text.str(), path);
}

std::string network_to_json(const Network& network) {
  Json json;
  json["format"] = kFormat;
  json["name"] = network.name;
  json["description"] = network.description;
  json["input"] = {{"channels", network.input.channels},
                   {"height", network.input.height},
                   {"width", network.input.width}};
  Json layers = Json::array();
  for (size_t i = 0; i < network.layers.size(); ++i) {
    layers.push_back(layer_json(network.layers[i], i + 1 == network.layers.size()));
  }
  // One line a field and a layer's arrays on one line each: readable, and small differences stay
  // small.
  std::string text = "{\n";
  for (const auto& [key, value] : json.items()) {
    text += fmt::format("  \"{}\": {},\n", key, value.dump());
  }
  text += "  \"layers\": [\n";
  for (size_t i = 0; i < layers.size(); ++i) {
    text += "    {\n";
    size_t left = layers[i].size();
    for (const auto& [key, value] : layers[i].items()) {
      text += fmt::format("      \"{}\": {}{}\n", key, value.dump(), --left == 0 ? "" : ",");
    }
    text += i + 1 == layers.size() ? "    }\n" : "    },\n";
  }
  return text + "  ]\n}\n";
}

void save_network(const Network& network, const std::string& path) {
  const std::string temporary = path + ".part";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << network_to_json(network);
    file.close();
    if (!file) {
      std::remove(temporary.c_str());
      throw Error(fmt::format("{}: cannot be written", path));
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    std::remove(temporary.c_str());
    throw Error(fmt::format("{}: cannot be written", path));
  }
}

}  // namespace mcnn
