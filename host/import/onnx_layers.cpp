// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "common/error.h"
#include "common/index.h"
#include "host/import/onnx_reader.h"

namespace mcnn {
namespace {

constexpr int64_t kMaxSize = network_rules::kMaxDimension;

}  // namespace

bool OnnxReader::read_layer_node() {
  const std::string& op = node_->op;
  if (op == "Conv") {
    convolution();
  } else if (op == "Gemm" || op == "MatMul") {
    matrix();
  } else if (op == "MaxPool" || op == "AveragePool") {
    pooling();
  } else if (op == "GlobalAveragePool" || op == "GlobalMaxPool" || op == "ReduceMean") {
    global_pooling();
  } else if (op == "Add" && !is_constant(0) && !is_constant(1)) {
    add_maps(map_input(0), map_input(1));
  } else if (op == "Add" || op == "Sub" || op == "Mul" || op == "Div") {
    affine();
  } else if (op == "BatchNormalization") {
    normalisation();
  } else if (op == "Relu") {
    relu(std::numeric_limits<double>::infinity());
  } else if (op == "Clip") {
    clip();
  } else if (op == "Pad") {
    pad();
  } else {
    return false;
  }
  return true;
}

std::string OnnxReader::layer_name() const {
  std::string name = node_->name;
  const auto taken = [&](const std::string& text) {
    return text == network_rules::kImageName ||
           std::ranges::any_of(network_.layers.layers,
                               [&](const Layer& layer) { return layer.name == text; });
  };
  for (int i = 2; taken(name); ++i) name = fmt::format("{}_{}", node_->name, i);
  return name;
}

void OnnxReader::expect_no_padding(const OnnxValue& value) const {
  if (value.padding != Padding{}) fail("stands behind a Pad node; only a Conv can");
}

OnnxValue OnnxReader::add_layer(Layer layer, FloatParameters parameters, size_t rank) {
  Network& layers = network_.layers;
  if (to_index(network_rules::kMaxLayers) <= layers.layers.size()) {
    fail(fmt::format("allowed are {} layers", network_rules::kMaxLayers));
  }
  layer.name = layer_name();
  if (layer.has_weights()) {
    layer.weights.assign(parameters.weights.size(), 0);
    layer.biases.assign(to_index(layer.kernels), 0);
    parameters.biases.resize(to_index(layer.kernels), 0.0F);
  }
  const size_t index = layers.layers.size();
  layers.layers.push_back(std::move(layer));
  network_.parameters.push_back(std::move(parameters));
  try {
    network_rules::connect_layer(unfinished_, index);
    // The last layer has rules of its own, and this is one only when all nodes are read.
    layers.layers.emplace_back();
    network_rules::finish_layer(unfinished_, index);
    layers.layers.pop_back();
  } catch (const Error& error) {
    std::string_view what = error.what();
    if (what.starts_with(model_.path)) what.remove_prefix(model_.path.size() + 2);
    fail(std::string(what));
  }
  OnnxValue value;
  value.layer = static_cast<int>(index);
  value.map = layers.layers[index].output;
  value.set_axes(rank);
  return value;
}

void OnnxReader::matrix() {
  const OnnxValue input = map_input(0, true);
  expect_no_padding(input);
  const OnnxTensor& weights = constant_input(1);
  const bool gemm = node_->op == "Gemm";
  const bool turned = gemm && integer("transB", 0) != 0;
  if (gemm && integer("transA", 0) != 0) fail("transA: found 1, allowed is 0");
  const Axis flat = input.axes.back();
  if (weights.dims.size() != 2 || input.size_of(flat) != input.map.size() ||
      weights.dims[turned ? 1 : 0] != input.map.size()) {
    fail(fmt::format("multiplies {} by {}, allowed is a flat map by a matrix",
                     fmt::join(input.dims(), " x "), fmt::join(weights.dims, " x ")));
  }
  Layer layer;
  layer.type = LayerType::kFullyConnected;
  layer.inputs = {input.layer};
  layer.activation = Activation::kNone;
  const int64_t outputs = weights.dims[turned ? 0 : 1];
  if (outputs < 1 || outputs > network_rules::kMaxKernels) {
    fail(fmt::format("found {} outputs, allowed are 1..{}", outputs, network_rules::kMaxKernels));
  }
  layer.kernels = static_cast<int>(outputs);
  const auto rows = to_index(layer.kernels);
  const auto columns = to_index(input.map.size());
  FloatParameters parameters;
  parameters.weights.resize(rows * columns);
  // The order of the map, which may be another one than that of the file.
  std::vector<int> position(flat.size(), 0);
  const double alpha = gemm ? number("alpha", 1.0) : 1.0;
  for (size_t i = 0; i < columns; ++i) {
    int channel = 0;
    int row = 0;
    int column = 0;
    for (size_t axis = 0; axis < flat.size(); ++axis) {
      (flat[axis] == Dimension::kChannel ? channel
       : flat[axis] == Dimension::kRow   ? row
                                         : column) = position[axis];
    }
    const auto to = to_index((channel * input.map.height + row) * input.map.width + column);
    for (size_t k = 0; k < rows; ++k) {
      const double weight = weights.values[turned ? k * columns + i : i * rows + k];
      parameters.weights[k * columns + to] = static_cast<float>(weight * alpha);
    }
    for (size_t axis = flat.size(); axis-- > 0;) {
      if (++position[axis] < input.size_of(flat[axis])) break;
      position[axis] = 0;
    }
  }
  if (gemm && has_input(2)) {
    const OnnxTensor& biases = constant_input(2);
    if (biases.values.size() != rows && biases.values.size() != 1) {
      fail(fmt::format("found {} biases for {} outputs", biases.values.size(), outputs));
    }
    const double beta = number("beta", 1.0);
    for (size_t k = 0; k < rows; ++k) {
      parameters.biases.push_back(
          static_cast<float>(beta * biases.values[biases.values.size() == 1 ? 0 : k]));
    }
  }
  take_channels(input, layer, parameters);
  OnnxValue result = add_layer(std::move(layer), std::move(parameters), input.axes.size());
  std::swap(result.axes[1], result.axes[result.axes.size() - 1]);
  define(std::move(result));
}

void OnnxReader::add_maps(const OnnxValue& first, const OnnxValue& second) {
  expect_no_padding(first);
  expect_no_padding(second);
  if (first.axes != second.axes || first.map != second.map) {
    fail(fmt::format("adds {} and {}, allowed are maps of one shape",
                     fmt::join(first.dims(), " x "), fmt::join(second.dims(), " x ")));
  }
  Layer layer;
  layer.type = LayerType::kAdd;
  layer.inputs = {first.layer, second.layer};
  layer.activation = Activation::kNone;
  layer.input_shifts = {0, 0};
  OnnxValue result = add_layer(std::move(layer), {}, first.axes.size());
  result.axes = first.axes;
  define(std::move(result));
}

std::vector<double> OnnxReader::per_channel(const OnnxTensor& tensor,
                                            const OnnxValue& value) const {
  const auto channels = to_index(value.map.channels);
  if (tensor.values.size() == 1) return std::vector<double>(channels, tensor.values.front());
  // Axes are counted from the last one; all but that of the channel have size 1.
  const size_t rank = tensor.dims.size();
  bool good = rank <= value.axes.size() && tensor.values.size() == channels;
  for (size_t i = 1; good && i <= rank; ++i) {
    const Axis& axis = value.axes[value.axes.size() - i];
    good = tensor.dims[rank - i] == 1 || axis == Axis{Dimension::kChannel};
  }
  if (!good) {
    fail(fmt::format("a constant of {} on {}, allowed is one number a channel",
                     fmt::join(tensor.dims, " x "), fmt::join(value.dims(), " x ")));
  }
  return tensor.values;
}

void OnnxReader::change_channels(OnnxValue input, const std::vector<double>& scale,
                                 const std::vector<double>& offset) {
  expect_no_padding(input);
  if (input.layer == kImage) {
    if (!network_.layers.layers.empty() || !input.only) {
      fail("changes the image that other nodes read too; change it once, in front of all");
    }
    for (size_t c = 0; c < scale.size(); ++c) {
      InputChannel& channel = network_.input[c];
      channel = {channel.scale * scale[c], channel.offset * scale[c] + offset[c]};
    }
    define(std::move(input));
    return;
  }
  const Layer& layer = network_.layers.layers[to_index(input.layer)];
  if (!layer.has_weights() || layer.activation != Activation::kNone || !input.only ||
      !input.scale.empty()) {
    input.scale.resize(scale.size(), 1.0);
    input.offset.resize(scale.size(), 0.0);
    for (size_t c = 0; c < scale.size(); ++c) {
      input.scale[c] *= scale[c];
      input.offset[c] = input.offset[c] * scale[c] + offset[c];
    }
    define(std::move(input));
    return;
  }
  FloatParameters& parameters = network_.parameters[to_index(input.layer)];
  const size_t fan_in = to_index(layer.fan_in());
  for (size_t k = 0; k < scale.size(); ++k) {
    for (size_t i = k * fan_in; i < (k + 1) * fan_in; ++i) {
      parameters.weights[i] = static_cast<float>(parameters.weights[i] * scale[k]);
    }
    parameters.biases[k] = static_cast<float>(parameters.biases[k] * scale[k] + offset[k]);
  }
  define(std::move(input));
}

void OnnxReader::take_channels(const OnnxValue& input, const Layer& layer,
                               FloatParameters& parameters) const {
  if (input.scale.empty()) return;
  const bool moved = std::ranges::any_of(input.offset, [](double x) { return x != 0.0; });
  if (moved && layer.padding != Padding{}) {
    fail(
        "pads what a BatchNormalization, Add or Sub behind an activation gives, with zeros that "
        "are no zeros in front of it; allowed without padding");
  }
  const size_t kernels = to_index(layer.kernels);
  const size_t fan_in = parameters.weights.size() / kernels;
  const size_t channels = input.scale.size() / to_index(layer.groups);
  const size_t area = fan_in / channels;
  parameters.biases.resize(kernels, 0.0F);
  for (size_t k = 0; k < kernels; ++k) {
    const size_t first = k / (kernels / to_index(layer.groups)) * channels;
    double bias = 0.0;
    for (size_t i = 0; i < fan_in; ++i) {
      const size_t channel = first + i / area;
      float& weight = parameters.weights[k * fan_in + i];
      bias += weight * input.offset[channel];
      weight = static_cast<float>(weight * input.scale[channel]);
    }
    parameters.biases[k] = static_cast<float>(parameters.biases[k] + bias);
  }
}

void OnnxReader::pass_channels(const OnnxValue& input, const Layer& layer,
                               OnnxValue& result) const {
  if (input.scale.empty()) return;
  const auto negative = [](double x) { return x < 0.0; };
  const auto other = [](double x) { return x != 0.0; };
  if (layer.type == LayerType::kMaxPool && std::ranges::any_of(input.scale, negative)) {
    fail("takes the maximum of channels that a BatchNormalization or Mul turns round");
  }
  if (layer.type == LayerType::kAveragePool && layer.pool->padding_counted &&
      std::ranges::any_of(input.offset, other)) {
    fail("counts zeros around what a BatchNormalization, Add or Sub moves");
  }
  result.scale = input.scale;
  result.offset = input.offset;
}

void OnnxReader::affine() {
  const std::string& op = node_->op;
  const size_t map = is_constant(0) ? 1 : 0;
  const OnnxValue input = map_input(map, true);
  std::vector<double> numbers = per_channel(constant_input(1 - map), input);
  std::vector<double> scale(numbers.size(), 1.0);
  std::vector<double> offset(numbers.size(), 0.0);
  if (op == "Div" && map == 1) fail("divides a constant by a map");
  for (size_t c = 0; c < numbers.size(); ++c) {
    if (op == "Mul") scale[c] = numbers[c];
    if (op == "Div") scale[c] = 1.0 / numbers[c];
    if (op == "Add") offset[c] = numbers[c];
    if (op == "Sub") {
      scale[c] = map == 1 ? -1.0 : 1.0;
      offset[c] = map == 1 ? numbers[c] : -numbers[c];
    }
    if (!std::isfinite(scale[c])) fail("divides by 0");
  }
  change_channels(input, scale, offset);
}

void OnnxReader::normalisation() {
  const OnnxValue input = map_input(0, true);
  const auto channels = to_index(input.map.channels);
  for (size_t i = 1; i < 5; ++i) {
    const size_t found = constant_input(i).values.size();
    if (found != channels) {
      fail(fmt::format("input {} has {} numbers, allowed are {}, one a channel", i, found,
                       channels));
    }
  }
  std::vector<double> scale(channels);
  std::vector<double> offset(channels);
  const double epsilon = number("epsilon", 1e-5);
  for (size_t c = 0; c < channels; ++c) {
    const double variance = constant_input(4).values[c] + epsilon;
    if (!(variance > 0.0)) fail(fmt::format("found a variance of {} in channel {}", variance, c));
    scale[c] = constant_input(1).values[c] / std::sqrt(variance);
    offset[c] = constant_input(2).values[c] - constant_input(3).values[c] * scale[c];
  }
  change_channels(input, scale, offset);
}

Layer* OnnxReader::relu_layer(const OnnxValue& value) {
  std::vector<Layer>& layers = network_.layers.layers;
  int at = value.layer;
  while (at >= 0 && layers[to_index(at)].type == LayerType::kMaxPool) {
    at = layers[to_index(at)].inputs[0];
  }
  if (at < 0) return nullptr;
  Layer& layer = layers[to_index(at)];
  return layer.has_weights() || layer.type == LayerType::kAdd ? &layer : nullptr;
}

void OnnxReader::relu(double upper) {
  OnnxValue input = map_input(0);
  expect_no_padding(input);
  if (input.layer == kImage) fail("stands on the image; remove it");
  // A maximum of relu is relu of the maximum: it goes to the layer before.
  int at = input.layer;
  bool only = input.only;
  std::vector<Layer>& layers = network_.layers.layers;
  const auto reads = [&](int index) {
    return std::ranges::count_if(
        layers, [&](const Layer& layer) { return std::ranges::count(layer.inputs, index) > 0; });
  };
  while (layers[to_index(at)].type == LayerType::kMaxPool && layers[to_index(at)].inputs[0] >= 0) {
    at = layers[to_index(at)].inputs[0];
    only = only && reads(at) == 1;
  }
  Layer& layer = layers[to_index(at)];
  const bool takes = layer.has_weights() || layer.type == LayerType::kAdd;
  if (layer.activation != Activation::kRelu) {
    if (!takes)
      fail(fmt::format("stands behind '{}', allowed behind Conv, Gemm, MatMul, Add", layer.name));
    if (!only) fail(fmt::format("'{}' is read without the Relu too", layer.name));
    layer.activation = Activation::kRelu;
  }
  float& limit = network_.parameters[to_index(at)].upper;
  if (upper < limit) {
    if (!only) fail(fmt::format("'{}' is read without the limit too", layer.name));
    limit = static_cast<float>(upper);
  }
  input.only = true;
  define(std::move(input));
}

void OnnxReader::clip() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto limit = [&](const char* name, size_t input, double otherwise) {
    if (!has_input(input)) return number(name, otherwise);
    const std::vector<double>& values = constant_input(input).values;
    if (values.size() != 1) fail(fmt::format("{}: found {} numbers", name, values.size()));
    return values.front();
  };
  const double lower = limit("min", 1, -kInfinity);
  const double upper = limit("max", 2, kInfinity);
  if (lower != 0.0 || !(upper > 0.0)) {
    fail(fmt::format("found {:.6g}..{:.6g}, allowed are 0 and a number above it (Relu, Relu6)",
                     lower, upper));
  }
  relu(upper);
}

void OnnxReader::pad() {
  OnnxValue input = map_input(0);
  const OnnxAttribute* const mode = attribute("mode");
  if (mode != nullptr && !mode->text.empty() && mode->text != "constant") {
    fail(fmt::format("mode: found '{}', allowed is 'constant', with zeros", mode->text));
  }
  const bool other = (has_input(2) && !constant_input(2).values.empty() &&
                      constant_input(2).values.front() != 0.0) ||
                     number("value", 0.0) != 0.0;
  if (other) fail("found a value other than 0, allowed are zeros");
  std::vector<int64_t> pads;
  if (const OnnxAttribute* const found = attribute("pads")) {
    pads = found->integers;
  } else {
    for (const double side : constant_input(1).values) pads.push_back(whole(side));
  }
  const size_t rank = input.axes.size();
  if (pads.size() != 2 * rank) fail(fmt::format("pads: found {} for {} axes", pads.size(), rank));
  for (size_t axis = 0; axis < rank; ++axis) {
    for (const int64_t side : {pads[axis], pads[axis + rank]}) {
      if (side < 0 || side > kMaxSize)
        fail(fmt::format("pads: found {}, allowed is 0 or more", side));
    }
    const int before = static_cast<int>(pads[axis]);
    const int behind = static_cast<int>(pads[axis + rank]);
    if (before == 0 && behind == 0) continue;
    if (input.axes[axis] == Axis{Dimension::kRow}) {
      input.padding.top += before;
      input.padding.bottom += behind;
    } else if (input.axes[axis] == Axis{Dimension::kColumn}) {
      input.padding.left += before;
      input.padding.right += behind;
    } else {
      fail(fmt::format("pads axis {}, allowed are rows and columns", axis));
    }
  }
  define(std::move(input));
}

}  // namespace mcnn
