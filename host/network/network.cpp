// SPDX-License-Identifier: Apache-2.0
#include "host/network/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/error.h"
#include "common/index.h"

namespace mcnn {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "mcnn-network-1";
constexpr int kMaxDimension = 1024;  // rows, columns or channels of a map
constexpr int kMaxKernels = 4096;    // of a layer
constexpr int kMaxKernelSize = 8;    // rows or columns of a convolution kernel
constexpr int kMaxStride = 7;
constexpr int kMaxWeight = 7;
constexpr int kMaxShift = 23;
constexpr int kMaxLayers = 64;
constexpr int64_t kMaxSum = int64_t{1} << 30;  // so that sums, bias and rounding half fit 32 bits
constexpr int kMaxPixel = 255;

[[noreturn]] void fail(std::string_view source, std::string_view path, std::string_view found,
                       std::string_view allowed) {
  throw Error(fmt::format("{}: {}: found {}, allowed: {}", source, path.empty() ? "(top)" : path,
                          found, allowed));
}

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

// Positions of a window along one dimension, or 0 if it does not fit once.
int positions(int size, int window, int stride, bool ceil) {
  if (!ceil) {
    return size < window ? 0 : (size - window) / stride + 1;
  }
  int count = size <= window ? 1 : (size - window + stride - 1) / stride + 1;
  while (count > 1 && (count - 1) * stride >= size) {
    --count;  // the last window must start inside
  }
  return count;
}

void check(bool good, std::string_view source, const std::string& path, const std::string& found,
           const std::string& allowed) {
  if (!good) {
    fail(source, path, found, allowed);
  }
}

void check_range(int64_t value, int64_t low, int64_t high, std::string_view source,
                 const std::string& path) {
  check(value >= low && value <= high, source, path, std::to_string(value),
        fmt::format("an integer {}..{}", low, high));
}

// Fills in the shapes of one layer and checks it.
void finish_layer(Layer& layer, const MapShape& input, bool last, std::string_view source,
                  const std::string& path) {
  layer.input = input;
  check_range(layer.kernels, 1, kMaxKernels, source, path + ".kernels");
  check_range(layer.shift, 0, kMaxShift, source, path + ".shift");
  if (layer.range) {
    check_range(*layer.range, 0, 3, source, path + ".range");
  }
  if (layer.type == LayerType::kConvolution) {
    check(!last, source, path + ".type", "\"convolution\"",
          "\"fully_connected\" (the last layer gives the logits)");
    check_range(layer.kernel_rows, 1, kMaxKernelSize, source, path + ".kernel");
    check_range(layer.kernel_columns, 1, kMaxKernelSize, source, path + ".kernel");
    check_range(layer.stride, 1, kMaxStride, source, path + ".stride");
    check_range(layer.padding_rows, 0, layer.kernel_rows - 1, source, path + ".padding");
    check_range(layer.padding_columns, 0, layer.kernel_columns - 1, source, path + ".padding");
    layer.convolution = {
        layer.kernels,
        positions(input.height + 2 * layer.padding_rows, layer.kernel_rows, layer.stride, false),
        positions(input.width + 2 * layer.padding_columns, layer.kernel_columns, layer.stride,
                  false)};
    check(layer.convolution.height > 0 && layer.convolution.width > 0, source, path + ".kernel",
          fmt::format("{}x{}", layer.kernel_rows, layer.kernel_columns),
          fmt::format("at most the padded input, {}x{}", input.height + 2 * layer.padding_rows,
                      input.width + 2 * layer.padding_columns));
  } else {
    layer.kernel_rows = input.height;
    layer.kernel_columns = input.width;
    layer.stride = 1;
    check(!layer.pool, source, path + ".pool", "a pool", "none in a fully connected layer");
    layer.convolution = {layer.kernels, 1, 1};
  }
  layer.output = layer.convolution;
  if (layer.pool) {
    const Pooling& pool = *layer.pool;
    check_range(pool.rows, 1, kMaxDimension, source, path + ".pool.window");
    check_range(pool.columns, 1, kMaxDimension, source, path + ".pool.window");
    check_range(pool.row_stride, 1, kMaxDimension, source, path + ".pool.stride");
    check_range(pool.column_stride, 1, kMaxDimension, source, path + ".pool.stride");
    layer.output.height =
        positions(layer.convolution.height, pool.rows, pool.row_stride, pool.ceil);
    layer.output.width =
        positions(layer.convolution.width, pool.columns, pool.column_stride, pool.ceil);
    check(layer.output.height > 0 && layer.output.width > 0, source, path + ".pool.window",
          fmt::format("{}x{}", pool.rows, pool.columns),
          fmt::format("at most the map, {}x{}", layer.convolution.height, layer.convolution.width));
  }
  const size_t fan_in = to_index(input.channels * layer.kernel_rows * layer.kernel_columns);
  const size_t kernels = to_index(layer.kernels);
  check(layer.weights.size() == kernels * fan_in, source, path + ".weights",
        fmt::format("{} weights", layer.weights.size()), fmt::format("{}", kernels * fan_in));
  check(layer.biases.size() == kernels, source, path + ".biases",
        fmt::format("{} biases", layer.biases.size()), fmt::format("{}", kernels));
  for (size_t k = 0; k < kernels; ++k) {
    int64_t sum = std::abs(static_cast<int64_t>(layer.biases[k]));
    for (size_t i = 0; i < fan_in; ++i) {
      const int weight{layer.weights[k * fan_in + i]};
      if (weight < -kMaxWeight || weight > kMaxWeight) {
        fail(source, fmt::format("{}.weights, kernel {}, input {}", path, k, i),
             std::to_string(weight), fmt::format("an integer {}..{}", -kMaxWeight, kMaxWeight));
      }
      sum += static_cast<int64_t>(std::abs(weight)) * kMaxPixel;
    }
    if (sum > kMaxSum) {
      fail(source, fmt::format("{}.biases[{}]", path, k),
           fmt::format("a largest possible sum of {}", sum), fmt::format("at most {}", kMaxSum));
    }
  }
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

void finish_network(Network& network, std::string_view source) {
  check_range(network.input.channels, 1, kMaxDimension, source, "input.channels");
  check_range(network.input.height, 1, kMaxDimension, source, "input.height");
  check_range(network.input.width, 1, kMaxDimension, source, "input.width");
  check(!network.layers.empty() && network.layers.size() <= kMaxLayers, source, "layers",
        fmt::format("{} layers", network.layers.size()), fmt::format("1..{} layers", kMaxLayers));
  MapShape shape = network.input;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const std::string path = fmt::format("layers[{}]", i);
    Layer& layer = network.layers[i];
    check(i == 0 || layer.type == LayerType::kFullyConnected ||
              network.layers[i - 1].type == LayerType::kConvolution,
          source, path + ".type", "\"convolution\"",
          "\"fully_connected\" (behind a fully connected layer)");
    finish_layer(layer, shape, i + 1 == network.layers.size(), source, path);
    shape = layer.output;
  }
}

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
    const std::string path = fmt::format("layers[{}]", i);
    Layer layer = parse_layer(layers.item(i), shape, last);
    check(i == 0 || layer.type == LayerType::kFullyConnected ||
              network.layers.back().type == LayerType::kConvolution,
          source, path + ".type", "\"convolution\"",
          "\"fully_connected\" (behind a fully connected layer)");
    finish_layer(layer, shape, last, source, path);
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
