// SPDX-License-Identifier: Apache-2.0
// Network files: what both formats have, and which of them a file is in.
#include "host/network/network_json.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "common/error.h"
#include "common/index.h"

namespace mcnn {
namespace network_json {
namespace {

using network_rules::kMaxDimension;
using network_rules::kMaxLayers;
using network_rules::kMaxPixel;
using network_rules::kMaxSum;
using network_rules::kMaxWeight;

int8_t read_weight(const JsonNode& node) {
  return static_cast<int8_t>(node.small(-kMaxWeight, kMaxWeight));
}

// One kernel as a string, a character a weight.
void unpack(const JsonNode& node, Layer& layer) {
  const std::string text = node.text();
  if (text.size() != to_index(layer.fan_in())) {
    node.bad(fmt::format("a string of {} weights (it has {})", layer.fan_in(), text.size()));
  }
  for (const char level : text) {
    const size_t at = kLevels.find(level);
    if (at == std::string_view::npos) {
      node.bad(fmt::format("the levels 0, 1..7 and a..g for -1..-7 (it has '{}')", level));
    }
    layer.weights.push_back(static_cast<int8_t>(static_cast<int>(at) - kMaxWeight));
  }
}

// [channel][row][column]
void read_kernel(const JsonNode& kernel, Layer& layer) {
  kernel.expect_array(to_index(layer.input.channels / layer.groups), "channels");
  for (size_t c = 0; c < kernel.size(); ++c) {
    const JsonNode channel = kernel.item(c);
    channel.expect_array(to_index(layer.kernel_rows), "rows");
    for (size_t y = 0; y < channel.size(); ++y) {
      const JsonNode row = channel.item(y);
      row.expect_array(to_index(layer.kernel_columns), "weights");
      for (size_t x = 0; x < row.size(); ++x) {
        layer.weights.push_back(read_weight(row.item(x)));
      }
    }
  }
}

}  // namespace

void read_weights(const JsonNode& node, Layer& layer, bool packed_allowed) {
  const bool convolution = layer.type == LayerType::kConvolution;
  node.expect_array(to_index(layer.kernels), convolution ? "kernels" : "outputs");
  for (size_t k = 0; k < node.size(); ++k) {
    const JsonNode kernel = node.item(k);
    if (packed_allowed && kernel.is_string()) {
      unpack(kernel, layer);
    } else if (convolution) {
      read_kernel(kernel, layer);
    } else {
      kernel.expect_array(to_index(layer.fan_in()), "weights");
      for (size_t i = 0; i < kernel.size(); ++i) {
        layer.weights.push_back(read_weight(kernel.item(i)));
      }
    }
  }
}

void read_biases(const JsonNode& node, Layer& layer) {
  node.expect_array(to_index(layer.kernels), "biases");
  for (size_t k = 0; k < node.size(); ++k) {
    layer.biases.push_back(static_cast<int32_t>(node.item(k).integer(-kMaxSum, kMaxSum)));
  }
}

}  // namespace network_json

Network parse_network(std::string_view text, std::string_view source) {
  using network_rules::kMaxDimension;
  JsonNode::Json json;
  try {
    json = JsonNode::Json::parse(text);
  } catch (const JsonNode::Json::parse_error& error) {
    throw Error(fmt::format("{}: not JSON at byte {}: {}", source, error.byte, error.what()));
  } catch (const JsonNode::Json::out_of_range& error) {
    throw Error(fmt::format("{}: found a number that no double holds: {}", source, error.what()));
  }
  const JsonNode top(json, "", source);
  top.expect_fields({"format", "name", "description", "input", "layers"});
  const size_t format =
      top.field("format").choice({network_json::kFormat1, network_json::kFormat2});
  Network network;
  network.name = top.field("name").text();
  network.description = top.has("description") ? top.field("description").text() : "";
  const JsonNode input = top.field("input");
  if (format == 0) {
    input.expect_fields({"channels", "height", "width"});
  } else {
    input.expect_fields({"channels", "height", "width", "zero_point"});
    if (input.has("zero_point")) {
      network.zero_point = input.field("zero_point").small(0, network_rules::kMaxPixel);
    }
  }
  network.input.channels = input.field("channels").small(1, kMaxDimension);
  network.input.height = input.field("height").small(1, kMaxDimension);
  network.input.width = input.field("width").small(1, kMaxDimension);

  const JsonNode layers = top.field("layers");
  if (!layers.is_array() || layers.size() == 0 || layers.size() > network_rules::kMaxLayers) {
    layers.bad(fmt::format("an array of 1..{} layers", network_rules::kMaxLayers));
  }
  network.layers.resize(layers.size());
  network_rules::Unfinished unfinished{network, source};
  unfinished.check_map(network.input, "input");
  if (format == 0) {
    network_json::read_layers_1(layers, unfinished);
  } else {
    network_json::read_layers_2(layers, unfinished);
  }
  network_rules::finish_graph(unfinished);
  return network;
}

Network load_network(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(fmt::format("{}: cannot be opened; a network file (\"{}\" or \"{}\") is needed",
                            path, network_json::kFormat2, network_json::kFormat1));
  }
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) {
    throw Error(fmt::format("{}: cannot be read", path));
  }
  return parse_network(text.str(), path);
}

void save_network(const Network& network, const std::string& path) {
  const std::string text = network_to_json(network);
  const std::string temporary = path + ".part";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << text;
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
