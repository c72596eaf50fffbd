// SPDX-License-Identifier: Apache-2.0
// Writes "mcnn-network-2".
#include <fmt/format.h>

#include <iterator>
#include <map>
#include <set>
#include <string>

#include "common/error.h"
#include "common/index.h"
#include "host/network/network_json.h"

namespace mcnn {
namespace {

using Json = JsonNode::Json;
using network_json::kLevels;

constexpr size_t kMostPlain = 256;  // weights of a layer that are written as numbers

std::string_view type_name(LayerType type) {
  switch (type) {
    case LayerType::kConvolution:
      return "convolution";
    case LayerType::kFullyConnected:
      return "fully_connected";
    case LayerType::kMaxPool:
      return "max_pool";
    case LayerType::kAveragePool:
      return "average_pool";
    case LayerType::kAdd:
      break;
  }
  return "add";
}

std::string_view activation_name(Activation activation) {
  switch (activation) {
    case Activation::kRelu:
      return "relu";
    case Activation::kNone:
      return "none";
    case Activation::kSum:
      return "sum";
    case Activation::kLogits:
      break;
  }
  return "logits";
}

Json sides(const Padding& padding) {
  return {padding.top, padding.bottom, padding.left, padding.right};
}

// The name that each layer's output has in the file, that of its maximum where there is one.
class OutputNames {
 public:
  explicit OutputNames(const Network& network) : taken_{std::string(network_rules::kImageName)} {
    for (size_t i = 0; i < network.layers.size(); ++i) {
      take(network, i, network.layers[i].name);
    }
    for (size_t i = 0; i < network.layers.size(); ++i) {
      const Layer& layer = network.layers[i];
      const bool folded = layer.has_weights() && layer.pool;
      if (folded && !layer.pool_name.empty()) {
        take(network, i, layer.pool_name);
      }
      names_.push_back(!folded                   ? layer.name
                       : layer.pool_name.empty() ? free_name(layer.name + "_pool")
                                                 : layer.pool_name);
    }
  }
  const std::string& of(int input) const {
    return input == kImage ? image_ : names_.at(to_index(input));
  }

 private:
  void take(const Network& network, size_t index, const std::string& name) {
    if (name.empty() || !taken_.insert(name).second) {
      throw Error(fmt::format(
          "network {}: layers[{}].name: found \"{}\", allowed: a name of its own: not empty, "
          "\"{}\" or that of another layer",
          network.name, index, name, image_));
    }
  }
  std::string free_name(std::string name) {
    while (!taken_.insert(name).second) {
      name += '_';
    }
    return name;
  }

  std::string image_{network_rules::kImageName};
  std::set<std::string> taken_;
  std::vector<std::string> names_;
};

// The kernel at `first` as numbers, [channel][row][column], or of a fully connected layer [input].
Json numbers(const Layer& layer, size_t first) {
  if (layer.type == LayerType::kFullyConnected) {
    const auto begin = layer.weights.begin() + static_cast<ptrdiff_t>(first);
    return Json(std::vector<int>(begin, begin + layer.fan_in()));
  }
  Json kernel = Json::array();
  for (int c = 0; c < layer.input.channels / layer.groups; ++c) {
    Json channel = Json::array();
    for (int y = 0; y < layer.kernel_rows; ++y) {
      Json row = Json::array();
      for (int x = 0; x < layer.kernel_columns; ++x) {
        row.push_back(int{layer.weights[first++]});
      }
      channel.push_back(std::move(row));
    }
    kernel.push_back(std::move(channel));
  }
  return kernel;
}

Json packed(const Layer& layer, size_t first) {
  std::string text;
  for (int i = 0; i < layer.fan_in(); ++i) {
    text += kLevels.at(to_index(layer.weights[first++] + network_rules::kMaxWeight));
  }
  return text;
}

Json weights_json(const Layer& layer) {
  Json kernels = Json::array();
  for (int k = 0; k < layer.kernels; ++k) {
    const size_t first = to_index(k) * to_index(layer.fan_in());
    kernels.push_back(layer.weights.size() > kMostPlain ? packed(layer, first)
                                                        : numbers(layer, first));
  }
  return kernels;
}

void add_activation(Json& json, const Layer& layer) {
  if (layer.activation != Activation::kSum) {
    json["shift"] = layer.shift;
  }
  json["activation"] = activation_name(layer.activation);
  if (layer.activation == Activation::kNone) {
    json["zero_point"] = layer.zero_point;
  }
}

void add_pooling(Json& json, const Pooling& pool) {
  json["window"] = {pool.rows, pool.columns};
  json["stride"] = {pool.row_stride, pool.column_stride};
  json["padding"] = sides(pool.padding);
  json["rounding"] = pool.ceil ? "ceil" : "floor";
}

Json begin_layer(LayerType type, const std::string& name) {
  Json json;
  json["type"] = type_name(type);
  json["name"] = name;
  json["inputs"] = Json::array();
  return json;
}

Json layer_json(const Layer& layer, const OutputNames& names) {
  Json json = begin_layer(layer.type, layer.name);
  for (const int input : layer.inputs) {
    json["inputs"].push_back(names.of(input));
  }
  switch (layer.type) {
    case LayerType::kConvolution:
      json["kernels"] = layer.kernels;
      json["kernel"] = {layer.kernel_rows, layer.kernel_columns};
      json["stride"] = {layer.row_stride, layer.column_stride};
      json["padding"] = sides(layer.padding);
      json["groups"] = layer.groups;
      break;
    case LayerType::kFullyConnected:
      json["outputs"] = layer.kernels;
      break;
    case LayerType::kMaxPool:
      add_pooling(json, *layer.pool);
      return json;
    case LayerType::kAveragePool:
      add_pooling(json, *layer.pool);
      json["padding_counted"] = layer.pool->padding_counted;
      json["activation"] = activation_name(layer.activation);
      return json;
    case LayerType::kAdd:
      json["input_shifts"] = layer.input_shifts;
      add_activation(json, layer);
      return json;
  }
  add_activation(json, layer);
  if (layer.range) {
    json["range"] = *layer.range;
  }
  json["biases"] = layer.biases;
  json["weights"] = weights_json(layer);
  return json;
}

// One line a field, and one a kernel: readable, and small differences stay small.
void append_layer(std::string& text, const Json& layer) {
  const auto out = std::back_inserter(text);
  size_t left = layer.size();
  text += "    {\n";
  for (const auto& [key, value] : layer.items()) {
    const std::string_view end = --left == 0 ? "" : ",";
    if (key != "weights") {
      fmt::format_to(out, "      \"{}\": {}{}\n", key, value.dump(), end);
      continue;
    }
    fmt::format_to(out, "      \"weights\": [\n");
    for (size_t k = 0; k < value.size(); ++k) {
      fmt::format_to(out, "        {}{}\n", value[k].dump(), k + 1 == value.size() ? "" : ",");
    }
    fmt::format_to(out, "      ]{}\n", end);
  }
  text += "    }";
}

}  // namespace

std::string network_to_json(const Network& network) {
  const OutputNames names(network);
  std::vector<Json> layers;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    layers.push_back(layer_json(layer, names));
    if (layer.has_weights() && layer.pool) {
      Json pool = begin_layer(LayerType::kMaxPool, names.of(static_cast<int>(i)));
      pool["inputs"].push_back(layer.name);
      add_pooling(pool, *layer.pool);
      layers.push_back(std::move(pool));
    }
  }
  Json head;
  head["format"] = network_json::kFormat2;
  head["name"] = network.name;
  head["description"] = network.description;
  head["input"] = {{"channels", network.input.channels},
                   {"height", network.input.height},
                   {"width", network.input.width},
                   {"zero_point", network.zero_point}};
  std::string text = "{\n";
  for (const auto& [key, value] : head.items()) {
    fmt::format_to(std::back_inserter(text), "  \"{}\": {},\n", key, value.dump());
  }
  text += "  \"layers\": [\n";
  for (size_t i = 0; i < layers.size(); ++i) {
    append_layer(text, layers[i]);
    text += i + 1 == layers.size() ? "\n" : ",\n";
  }
  return text + "  ]\n}\n";
}

}  // namespace mcnn
