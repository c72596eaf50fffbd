// SPDX-License-Identifier: Apache-2.0
// Writes "mcnn-network-2".
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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

// A layer in the file that is part of another one here.
bool has_part(const Layer& layer) {
  return layer.has_weights() && (layer.pool.has_value() || layer.adds());
}

// The names of the layers in the file.
class LayerNames {
 public:
  explicit LayerNames(const Network& network) : taken_{std::string(network_rules::kImageName)} {
    for (size_t i = 0; i < network.layers.size(); ++i) {
      take(network, i, network.layers[i].name);
    }
    for (size_t i = 0; i < network.layers.size(); ++i) {
      const Layer& layer = network.layers[i];
      if (has_part(layer) && !layer.part_name.empty() && !is_shared(network, i)) {
        take(network, i, layer.part_name);
      }
      parts_.push_back(layer.part_name.empty() && has_part(layer) ? free_name(layer)
                                                                  : layer.part_name);
      const bool first = has_part(layer) && !layer.takes_sums();  // its part comes behind it
      outputs_.push_back(first ? parts_.back() : layer.name);
    }
  }
  // Of what a layer reads.
  const std::string& of(int input) const {
    return input == kImage ? image_ : outputs_.at(to_index(input));
  }
  const std::string& part(size_t layer) const { return parts_[layer]; }

  // Whether a layer before takes the same sums.
  static bool is_shared(const Network& network, size_t index) {
    const Layer& layer = network.layers[index];
    return layer.takes_sums() && std::any_of(network.layers.begin(),
                                             network.layers.begin() + static_cast<ptrdiff_t>(index),
                                             [&](const Layer& other) {
                                               return other.takes_sums() &&
                                                      other.part_name == layer.part_name &&
                                                      !layer.part_name.empty();
                                             });
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
  std::string free_name(const Layer& layer) {
    std::string name = layer.name + (layer.adds()         ? "_add"
                                     : layer.takes_sums() ? "_sums"
                                                          : "_pool");
    while (!taken_.insert(name).second) {
      name += '_';
    }
    return name;
  }

  std::string image_{network_rules::kImageName};
  std::set<std::string> taken_;
  std::vector<std::string> parts_;    // of what became part of a layer
  std::vector<std::string> outputs_;  // what later layers read
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

Json pooling_json(LayerType type, const std::string& name, const Layer& layer,
                  const std::string& input) {
  Json json = begin_layer(type, name);
  json["inputs"].push_back(input);
  add_pooling(json, *layer.pool);
  if (type == LayerType::kAveragePool) {
    json["padding_counted"] = layer.pool->padding_counted;
    json["activation"] = activation_name(layer.has_weights() ? Activation::kSum : layer.activation);
  }
  return json;
}

// `inputs`: names; of a convolution that adds, what it adds to comes second.
Json add_json(const std::string& name, const Layer& layer, const std::vector<std::string>& inputs,
              const std::vector<int>& shifts) {
  Json json = begin_layer(LayerType::kAdd, name);
  json["inputs"] = inputs;
  json["input_shifts"] = shifts;
  add_activation(json, layer);
  return json;
}

// A layer with weights, without its part.
Json weighted_json(const Layer& layer, const std::string& input) {
  Json json = begin_layer(layer.type, layer.name);
  json["inputs"].push_back(input);
  if (layer.type == LayerType::kConvolution) {
    json["kernels"] = layer.kernels;
    json["kernel"] = {layer.kernel_rows, layer.kernel_columns};
    json["stride"] = {layer.row_stride, layer.column_stride};
    json["padding"] = sides(layer.padding);
    json["groups"] = layer.groups;
  } else {
    json["outputs"] = layer.kernels;
  }
  if (layer.adds()) {
    json["activation"] = activation_name(Activation::kSum);
  } else {
    add_activation(json, layer);
  }
  if (layer.cells != 2) {
    json["cells"] = layer.cells;
  }
  if (layer.range) {
    json["range"] = *layer.range;
  }
  json["biases"] = layer.biases;
  json["weights"] = weights_json(layer);
  return json;
}

// A layer and its part, in the order of the file.
void append_layers(const Network& network, size_t index, const LayerNames& names,
                   std::vector<Json>& list) {
  const Layer& layer = network.layers[index];
  std::vector<std::string> inputs;
  for (const int input : layer.inputs) {
    inputs.push_back(names.of(input));
  }
  const std::string& part = names.part(index);
  switch (layer.type) {
    case LayerType::kMaxPool:
    case LayerType::kAveragePool:
      list.push_back(pooling_json(layer.type, layer.name, layer, inputs.front()));
      break;
    case LayerType::kAdd:
      list.push_back(add_json(layer.name, layer, inputs, layer.input_shifts));
      break;
    case LayerType::kFullyConnected:
      if (layer.takes_sums() && !LayerNames::is_shared(network, index)) {
        list.push_back(pooling_json(LayerType::kAveragePool, part, layer, inputs.front()));
      }
      list.push_back(weighted_json(layer, layer.takes_sums() ? part : inputs.front()));
      break;
    case LayerType::kConvolution:
      list.push_back(weighted_json(layer, inputs.front()));
      if (layer.adds()) {
        list.push_back(add_json(part, layer, {layer.name, inputs[1]}, {0, layer.shift}));
      } else if (layer.pool) {
        list.push_back(pooling_json(LayerType::kMaxPool, part, layer, layer.name));
      }
      break;
  }
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
  const LayerNames names(network);
  std::vector<Json> layers;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    append_layers(network, i, names, layers);
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
