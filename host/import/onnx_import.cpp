// SPDX-License-Identifier: Apache-2.0
#include "host/import/onnx_import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/index.h"
#include "host/import/onnx_reader.h"

namespace mcnn {

OnnxReader::OnnxReader(const OnnxModel& model, const ImageShape& images)
    : model_(model), images_(images), unfinished_{network_.layers, model.path} {
  for (const OnnxNode& node : model.nodes) {
    for (const std::string& input : node.inputs) ++readers_[input];
  }
  for (const std::string& output : model.outputs) ++readers_[output];
  for (const auto& [name, tensor] : model.constants) {
    OnnxValue& value = values_[name];
    value.constant = true;
    value.tensor = tensor;
  }
}

void OnnxReader::fail(const std::string& what) const {
  throw Error(fmt::format("{}: node '{}' ({}): {}", model_.path, node_->name, node_->op, what));
}

OnnxFail OnnxReader::failing() const {
  return [this](const std::string& what) { fail(what); };
}

const OnnxAttribute* OnnxReader::attribute(const std::string& name) const {
  const auto at = node_->attributes.find(name);
  return at == node_->attributes.end() ? nullptr : &at->second;
}

int64_t OnnxReader::integer(const std::string& name, int64_t otherwise) const {
  const OnnxAttribute* const found = attribute(name);
  return found == nullptr || found->integers.empty() ? otherwise : found->integers.front();
}

double OnnxReader::number(const std::string& name, double otherwise) const {
  const OnnxAttribute* const found = attribute(name);
  return found == nullptr || found->numbers.empty() ? otherwise : found->numbers.front();
}

const OnnxValue& OnnxReader::value(const std::string& name) const {
  const auto at = values_.find(name);
  if (at == values_.end()) fail(fmt::format("reads '{}', which no node before it gives", name));
  return at->second;
}

bool OnnxReader::has_input(size_t input) const {
  return input < node_->inputs.size() && !node_->inputs[input].empty();
}

bool OnnxReader::is_constant(size_t input) const {
  return has_input(input) && value(node_->inputs[input]).constant;
}

OnnxValue OnnxReader::map_input(size_t input, bool changed) const {
  if (!has_input(input)) fail(fmt::format("input {} is missing", input));
  const std::string& name = node_->inputs[input];
  OnnxValue found = value(name);
  if (found.constant) fail(fmt::format("reads '{}', a constant, where a map is needed", name));
  if (found.probability) fail("stands behind a softmax; export the network without it");
  if (!changed && !found.scale.empty()) {
    fail(
        "stands behind a BatchNormalization, Mul or Add that changes channels of what an "
        "activation "
        "gives; allowed are Conv, Gemm, MatMul and poolings behind it");
  }
  found.only = found.only && readers_.at(name) == 1;
  return found;
}

const OnnxTensor& OnnxReader::constant_input(size_t input) const {
  if (!has_input(input)) fail(fmt::format("input {} is missing", input));
  const OnnxValue& found = value(node_->inputs[input]);
  if (!found.constant) {
    fail(
        fmt::format("input '{}' is no constant; weights and shapes must be", node_->inputs[input]));
  }
  return found.tensor;
}

void OnnxReader::define(OnnxValue value) {
  if (node_->outputs.empty()) fail("gives nothing");
  if (!values_.emplace(node_->outputs.front(), std::move(value)).second) {
    fail(fmt::format("gives '{}', which is there already", node_->outputs.front()));
  }
}

void OnnxReader::begin_input() {
  if (model_.inputs.size() != 1) {
    throw Error(fmt::format("{}: found {} inputs, allowed is one, the image", model_.path,
                            model_.inputs.size()));
  }
  const OnnxInput& input = model_.inputs.front();
  OnnxValue value;
  const MapShape& image = images_.map;
  // As the file has it; images have rows and columns, so a flat input takes theirs.
  const auto fits = [&](size_t axis, int size) {
    return input.dims[axis] == -1 || input.dims[axis] == size;
  };
  value.map = image;
  const size_t rank = input.dims.size();
  bool good = false;
  if (rank == 4 && fits(1, image.channels) && fits(2, image.height) && fits(3, image.width)) {
    value.set_axes(4);
    good = true;
  } else if (rank == 4 && fits(3, image.channels) && fits(1, image.height) &&
             fits(2, image.width)) {
    value.set_axes(4);
    std::rotate(value.axes.begin() + 1, value.axes.begin() + 2, value.axes.end());
    good = true;
  } else if (rank == 3 && image.height == 1 && fits(1, image.channels) && fits(2, image.width)) {
    value.set_axes(3);
    good = true;
  } else if ((rank == 2 || rank == 3) && input.dims.back() == image.size() &&
             input.dims[rank - 2] <= 1) {
    value.set_axes(4);
    value.axes = regrouped(value, rank == 2 ? std::vector<int64_t>{1, image.size()}
                                            : std::vector<int64_t>{1, 1, image.size()});
    good = true;
  } else if (rank == 3 && image.channels == 1 && fits(1, image.height) && fits(2, image.width)) {
    value.set_axes(4);
    value.axes.erase(value.axes.begin() + 1);
    good = true;
  }
  if (!good) {
    throw Error(
        fmt::format("{}: input '{}' is {} (-1: any), the images are {} x {} x {} (channels, "
                    "rows, columns)",
                    model_.path, input.name, fmt::join(input.dims, " x "), image.channels,
                    image.height, image.width));
  }
  network_.layers.input = image;
  network_.layers.name = model_.name;
  network_.input = images_.channel;
  network_.input.resize(to_index(image.channels), network_.input.front());
  values_[input.name] = std::move(value);
}

void OnnxReader::reshape(const std::vector<int64_t>& dims) {
  OnnxValue input = map_input(0, true);
  expect_no_padding(input);
  std::vector<Axis> axes = regrouped(input, dims);
  if (axes.empty()) {
    fail(fmt::format("makes {} of {}, which divides or mixes dimensions of the map",
                     fmt::join(dims, " x "), fmt::join(input.dims(), " x ")));
  }
  input.axes = std::move(axes);
  define(std::move(input));
}

std::vector<int64_t> OnnxReader::axes_argument() const {
  if (const OnnxAttribute* const found = attribute("axes")) return found->integers;
  std::vector<int64_t> axes;
  if (has_input(1)) {
    for (const double axis : constant_input(1).values) axes.push_back(whole(axis));
  }
  return axes;
}

std::vector<size_t> OnnxReader::permutation(size_t rank) const {
  std::vector<int64_t> order;
  if (const OnnxAttribute* const found = attribute("perm")) {
    order = found->integers;
  } else {
    for (size_t axis = rank; axis-- > 0;) order.push_back(static_cast<int64_t>(axis));
  }
  return order_of(order, rank, failing());
}

bool OnnxReader::read_constant_node() {
  const std::string& op = node_->op;
  OnnxValue result;
  result.constant = true;
  if (op == "Constant") {
    const OnnxAttribute* tensor = attribute("value");
    if (tensor != nullptr && tensor->tensor) {
      result.tensor = *tensor->tensor;
    } else if (node_->attributes.size() == 1 &&
               (!node_->attributes.begin()->second.numbers.empty() ||
                !node_->attributes.begin()->second.integers.empty())) {
      const OnnxAttribute& list = node_->attributes.begin()->second;
      result.tensor.values = list.numbers;
      for (const int64_t integer : list.integers) {
        result.tensor.values.push_back(static_cast<double>(integer));
      }
      if (node_->attributes.begin()->first.ends_with('s')) {
        result.tensor.dims = {static_cast<int64_t>(result.tensor.values.size())};
      }
    } else {
      fail("holds no numbers");
    }
    define(std::move(result));
    return true;
  }
  if (op == "Shape") {
    for (const int64_t dim : map_input(0, true).dims()) {
      result.tensor.values.push_back(static_cast<double>(dim));
    }
    result.tensor.dims = {static_cast<int64_t>(result.tensor.values.size())};
    define(std::move(result));
    return true;
  }
  std::vector<const OnnxTensor*> inputs;
  for (size_t i = 0; i < node_->inputs.size(); ++i) {
    if (!is_constant(i)) return false;
    inputs.push_back(&constant_input(i));
  }
  if (inputs.empty()) return false;
  OnnxTensor& tensor = result.tensor;
  if (op == "Reshape" && inputs.size() == 2) {
    tensor = *inputs[0];
    tensor.dims = reshaped(tensor.dims, *inputs[1], failing());
  } else if (op == "Transpose") {
    tensor = transposed(*inputs[0], permutation(inputs[0]->dims.size()));
  } else if (op == "Unsqueeze") {
    tensor = *inputs[0];
    std::vector<size_t> axes =
        axes_of(axes_argument(), tensor.dims.size() + axes_argument().size(), failing());
    std::ranges::sort(axes);
    for (const size_t axis : axes) {
      if (axis > tensor.dims.size()) fail("adds an axis behind the others");
      tensor.dims.insert(tensor.dims.begin() + static_cast<ptrdiff_t>(axis), 1);
    }
  } else if (!fold_constants(*node_, inputs, tensor, failing())) {
    return false;
  }
  define(std::move(result));
  return true;
}

bool OnnxReader::read_layout_node() {
  const std::string& op = node_->op;
  if (op == "Identity" || op == "Dropout" || op == "Cast") {
    define(map_input(0, true));
    return true;
  }
  if (op == "Softmax" || op == "LogSoftmax") {
    OnnxValue input = map_input(0);
    input.probability = true;
    define(std::move(input));
    return true;
  }
  if (op == "Flatten") {
    const std::vector<int64_t> dims = map_input(0, true).dims();
    const std::vector<size_t> at = axes_of({integer("axis", 1)}, dims.size() + 1, failing());
    std::vector<int64_t> target = {1, 1};
    for (size_t i = 0; i < dims.size(); ++i) target[i < at.front() ? 0 : 1] *= dims[i];
    reshape(target);
    return true;
  }
  if (op == "Reshape") {
    const OnnxAttribute* const old = attribute("shape");
    OnnxTensor shape;
    if (old != nullptr && !has_input(1)) {
      shape.values.assign(old->integers.begin(), old->integers.end());
    } else {
      shape = constant_input(1);
    }
    // A file made for batches of a fixed size says it here too.
    const std::vector<int64_t>& input = model_.inputs.front().dims;
    if (!shape.values.empty() && input.front() > 1 &&
        shape.values.front() == static_cast<double>(input.front())) {
      shape.values.front() = 1;
    }
    reshape(reshaped(map_input(0, true).dims(), shape, failing()));
    return true;
  }
  if (op != "Squeeze" && op != "Unsqueeze" && op != "Transpose") return false;
  OnnxValue input = map_input(0, true);
  if (op == "Transpose") {
    std::vector<Axis> axes;
    for (const size_t axis : permutation(input.axes.size())) axes.push_back(input.axes[axis]);
    if (!axes.front().empty()) fail("perm: allowed is the batch first");
    expect_no_padding(input);
    input.axes = std::move(axes);
    define(std::move(input));
    return true;
  }
  std::vector<int64_t> dims = input.dims();
  std::vector<int64_t> named = axes_argument();
  if (op == "Squeeze" && named.empty()) {
    for (size_t i = 1; i < dims.size(); ++i) {
      if (dims[i] == 1) named.push_back(static_cast<int64_t>(i));
    }
  }
  const bool adds = op == "Unsqueeze";
  std::vector<size_t> axes = axes_of(named, dims.size() + (adds ? named.size() : 0), failing());
  std::ranges::sort(axes);
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  if (!adds) std::ranges::reverse(axes);
  for (const size_t axis : axes) {
    const auto at = dims.begin() + static_cast<ptrdiff_t>(std::min(axis, dims.size()));
    if (adds) {
      dims.insert(at, 1);
    } else if (*at != 1) {
      fail(fmt::format("found axis {} of size {}, allowed is 1", axis, *at));
    } else {
      dims.erase(at);
    }
  }
  reshape(dims);
  return true;
}

void OnnxReader::read_node() {
  if (read_quantised_node() || read_constant_node() || read_layout_node() || read_layer_node()) {
    return;
  }
  const std::string& op = node_->op;
  std::string what =
      "the chip has no such operation; read are Conv, Gemm, MatMul, Add, Sub, Mul, Div, "
      "BatchNormalization, Relu, Clip, MaxPool, AveragePool, GlobalAveragePool, GlobalMaxPool, "
      "ReduceMean, "
      "Pad, Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Identity, Dropout, Softmax, "
      "QuantizeLinear, DequantizeLinear, Quant, QLinearConv, QLinearMatMul, QLinearAdd";
  if (op == "Selu" || op == "Elu" || op == "LeakyRelu" || op == "PRelu" || op == "Sigmoid" ||
      op == "Tanh" || op == "HardSwish" || op == "HardSigmoid" || op == "Gelu" || op == "Erf") {
    what = "the chip's only activation is Relu; train the network with that";
  } else if (op.starts_with("QLinear") || op.ends_with("Integer") || op == "BipolarQuant" ||
             op == "Trunc" || op == "DynamicQuantizeLinear") {
    what =
        "such a quantised operation is not read; export the network in floating point, or with "
        "QuantizeLinear and DequantizeLinear";
  } else if (op == "Concat") {
    what = "maps are not joined on the chip; sum them (Add), or keep one branch";
  }
  fail(what);
}

void OnnxReader::finish() {
  Network& layers = network_.layers;
  if (layers.layers.empty()) throw Error(fmt::format("{}: found no layer", model_.path));
  Layer& last = layers.layers.back();
  const auto fail_last = [&](const std::string& what) {
    throw Error(fmt::format("{}: layer '{}': {}", model_.path, last.name, what));
  };
  if (model_.outputs.size() != 1) {
    throw Error(fmt::format("{}: found {} outputs, allowed is one, the logits", model_.path,
                            model_.outputs.size()));
  }
  const auto output = values_.find(model_.outputs.front());
  if (output == values_.end() || output->second.constant ||
      output->second.layer + 1 != static_cast<int>(layers.layers.size())) {
    throw Error(fmt::format("{}: output '{}' is not what the last layer '{}' gives", model_.path,
                            model_.outputs.front(), last.name));
  }
  if (!output->second.scale.empty()) {
    fail_last("its output is scaled still, allowed are its logits");
  }
  if (last.type != LayerType::kFullyConnected) {
    fail_last("the last layer must be fully connected (Gemm, or MatMul)");
  }
  if (last.activation == Activation::kRelu) {
    fail_last("found Relu behind the last layer, allowed are its logits");
  }
  last.activation = Activation::kLogits;
  std::vector<uint8_t> read(layers.layers.size(), 0);
  read.back() = 1;
  for (const Layer& layer : layers.layers) {
    for (const int input : layer.inputs) {
      if (input != kImage) read[to_index(input)] = 1;
    }
  }
  for (size_t i = 0; i < read.size(); ++i) {
    if (read[i] == 0) {
      throw Error(fmt::format("{}: node '{}': nothing reads what it gives", model_.path,
                              layers.layers[i].name));
    }
  }
}

FloatNetwork OnnxReader::read() {
  begin_input();
  for (const OnnxNode& node : model_.nodes) {
    node_ = &node;
    read_node();
  }
  finish();
  return std::move(network_);
}

FloatNetwork import_onnx(const OnnxModel& model, const ImageShape& images) {
  const OnnxModel plain = without_quantised_operations(model);
  return OnnxReader(plain, images).read();
}

}  // namespace mcnn
