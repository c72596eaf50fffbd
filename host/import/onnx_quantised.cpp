// SPDX-License-Identifier: Apache-2.0
// Networks that are quantised already. Their numbers stand for real ones, so that QuantizeLinear
// and DequantizeLinear around a map change only where its values end; weights become real numbers
// at once.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "common/index.h"
#include "host/import/onnx_reader.h"

namespace mcnn {
namespace {

constexpr int kFewestBits = 4;  // of an activation that pixels of 8 bits may stand for
constexpr int kMostBits = 24;

// The nodes that an operation on quantised maps is made of, one after the other.
class Expansion {
 public:
  Expansion(const OnnxNode& node, std::vector<OnnxNode>& nodes) : node_(node), nodes_(nodes) {}

  std::string input(size_t index) const {
    return index < node_.inputs.size() ? node_.inputs[index] : std::string();
  }
  bool has(size_t index) const { return !input(index).empty(); }

  // Adds a node that gives `what`, with the attributes of the whole when it is the main one.
  std::string add(const std::string& op, std::vector<std::string> inputs, const std::string& what,
                  bool main = false) {
    OnnxNode node;
    node.op = op;
    node.name = main ? node_.name : fmt::format("{}/{}", node_.name, what);
    node.inputs = std::move(inputs);
    node.outputs = {fmt::format("{}/{}", node_.outputs.front(), what)};
    if (main) node.attributes = node_.attributes;
    nodes_.push_back(std::move(node));
    return nodes_.back().outputs.front();
  }
  // The real numbers of constant `index`, whose scale and zero point follow it.
  std::string real(size_t index, const std::string& what) {
    return add("DequantizeLinear", {input(index), input(index + 1), input(index + 2)}, what);
  }
  // A bias, whole numbers of the scales of both factors.
  std::string bias(size_t index, size_t scale, size_t other_scale) {
    if (!has(index)) return {};
    const std::string product = add("Mul", {input(scale), input(other_scale)}, "bias_scale");
    return add("DequantizeLinear", {input(index), product}, "bias");
  }
  void finish(std::string map, size_t scale) {
    const bool quantised = has(scale);
    add(quantised ? "QuantizeLinear" : "Identity",
        quantised ? std::vector<std::string>{std::move(map), input(scale), input(scale + 1)}
                  : std::vector<std::string>{std::move(map)},
        "end");
    nodes_.back().outputs = node_.outputs;
  }

 private:
  const OnnxNode& node_;
  std::vector<OnnxNode>& nodes_;
};

// False: it is no such operation.
bool expand(const OnnxNode& node, std::vector<OnnxNode>& nodes) {
  if (node.outputs.empty()) return false;
  Expansion made(node, nodes);
  const std::string& op = node.op;
  if (op == "QLinearConv") {
    std::vector<std::string> inputs = {made.input(0), made.real(3, "weights")};
    inputs.push_back(made.bias(8, 1, 4));
    made.finish(made.add("Conv", std::move(inputs), "sums", true), 6);
  } else if (op == "QLinearMatMul") {
    const std::string weights = made.real(3, "weights");
    made.finish(made.add("MatMul", {made.input(0), weights}, "sums", true), 6);
  } else if (op == "QGemm") {
    std::vector<std::string> inputs = {made.input(0), made.real(3, "weights")};
    inputs.push_back(made.bias(6, 1, 4));
    made.finish(made.add("Gemm", std::move(inputs), "sums", true), 7);
  } else if (op == "QLinearAdd") {
    made.finish(made.add("Add", {made.input(0), made.input(3)}, "sums", true), 6);
  } else if (op == "QLinearAveragePool" || op == "QLinearGlobalAveragePool") {
    made.finish(made.add(op.substr(std::string("QLinear").size()), {made.input(0)}, "mean", true),
                3);
  } else {
    return false;
  }
  return true;
}

// Number i of a tensor of these dims in a scale that is one number, or one an index of `axis`.
double along(const OnnxTensor& scale, const std::vector<int64_t>& dims, size_t axis, size_t i) {
  if (scale.values.size() == 1) return scale.values.front();
  int64_t behind = 1;
  for (size_t d = axis + 1; d < dims.size(); ++d) behind *= dims[d];
  return scale.values[i / to_index(behind) % scale.values.size()];
}

}  // namespace

OnnxModel without_quantised_operations(const OnnxModel& model) {
  OnnxModel plain = model;
  plain.nodes.clear();
  for (const OnnxNode& node : model.nodes) {
    if (!expand(node, plain.nodes)) plain.nodes.push_back(node);
  }
  return plain;
}

OnnxReader::Quantisation OnnxReader::quantisation() const {
  Quantisation q;
  q.scale = constant_input(1);
  const bool brevitas = node_->op == "Quant";
  double low = 0.0;
  double high = 255.0;
  if (has_input(2)) {
    q.zero = constant_input(2);
    if (q.zero.has_sign) std::tie(low, high) = std::pair{-128.0, 127.0};
  } else {
    q.zero.values = {0.0};
  }
  if (brevitas) {
    const double bits = constant_input(3).values.empty() ? 0.0 : constant_input(3).values.front();
    if (!(bits >= 1.0 && bits <= kMostBits) || bits != std::floor(bits)) {
      fail(fmt::format("bit width: found {}, allowed are 1..{}", bits, kMostBits));
    }
    q.bits = static_cast<int>(bits);
    const bool has_sign = integer("signed", 1) != 0;
    low = has_sign ? -std::ldexp(1.0, q.bits - 1) : 0.0;
    high = std::ldexp(1.0, has_sign ? q.bits - 1 : q.bits) - 1.0;
    if (integer("narrow", 0) != 0) (has_sign ? low : high) += has_sign ? 1.0 : -1.0;
  }
  q.low = low;
  q.high = high;
  const auto bad = [](double scale) { return !(scale > 0.0); };
  if (q.scale.values.empty() || std::ranges::any_of(q.scale.values, bad)) {
    fail(fmt::format("scale: found {}, allowed are numbers above 0",
                     fmt::join(q.scale.values, ", ")));
  }
  if (q.zero.values.size() != 1 && q.zero.values.size() != q.scale.values.size()) {
    fail(fmt::format("found {} zero points for {} scales", q.zero.values.size(),
                     q.scale.values.size()));
  }
  return q;
}

// QuantizeLinear, DequantizeLinear and Quant of a constant.
OnnxTensor OnnxReader::quantised_constant() const {
  const OnnxTensor& from = constant_input(0);
  const Quantisation q = quantisation();
  const size_t rank = from.dims.size();
  size_t axis = 0;
  if (q.scale.values.size() > 1) {
    // Quant has scales of the tensor's rank, the others name their axis.
    if (node_->op == "Quant") {
      while (axis < q.scale.dims.size() && q.scale.dims[axis] == 1) ++axis;
      axis += rank - std::min(rank, q.scale.dims.size());
    } else {
      axis = axes_of({integer("axis", 1)}, rank, failing()).front();
    }
    if (axis >= rank || to_index(from.dims[axis]) != q.scale.values.size()) {
      fail(fmt::format("found {} scales for a tensor of {}", q.scale.values.size(),
                       fmt::join(from.dims, " x ")));
    }
  }
  OnnxTensor to = from;
  for (size_t i = 0; i < to.values.size(); ++i) {
    const double scale = along(q.scale, from.dims, axis, i);
    const double zero = along(q.zero, from.dims, axis, i);
    double& value = to.values[i];
    if (node_->op != "DequantizeLinear") {
      value = std::clamp(std::nearbyint(value / scale + zero), q.low, q.high);
    }
    if (node_->op != "QuantizeLinear") value = (value - zero) * scale;
  }
  to.has_sign = q.low < 0.0;
  return to;
}

bool OnnxReader::read_quantised_node() {
  const std::string& op = node_->op;
  if (op != "QuantizeLinear" && op != "DequantizeLinear" && op != "Quant") return false;
  if (is_constant(0)) {
    OnnxValue result;
    result.constant = true;
    result.tensor = quantised_constant();
    define(std::move(result));
    return true;
  }
  if (op == "DequantizeLinear") {
    define(map_input(0));
    return true;
  }
  const Quantisation q = quantisation();
  const OnnxValue input = map_input(0);
  if (q.scale.values.size() != 1) {
    fail(fmt::format("found {} scales of a map, allowed is one", q.scale.values.size()));
  }
  const double scale = q.scale.values.front();
  const double low = (q.low - q.zero.values.front()) * scale;
  const double high = (q.high - q.zero.values.front()) * scale;
  if (q.bits < (low < 0.0 ? 8 : kFewestBits)) {
    fail(
        fmt::format("found activations of {} bits{}, allowed are {} or more: the chip's pixels "
                    "have 8",
                    q.bits, low < 0.0 ? " with a sign" : "", low < 0.0 ? 8 : kFewestBits));
  }
  const bool can_end = input.layer != kImage && relu_layer(input) != nullptr;
  if (can_end && (low >= 0.0 || relu_layer(input)->activation == Activation::kRelu)) {
    relu(high);
  } else {
    define(input);
  }
  return true;
}

}  // namespace mcnn
