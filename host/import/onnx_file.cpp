// SPDX-License-Identifier: Apache-2.0
#include "host/import/onnx_file.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

#include "common/error.h"
#include "common/text_file.h"

namespace mcnn {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 27;

template <typename T>
void append_raw(const std::string& raw, std::vector<double>& values) {
  for (size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
    T value{};
    std::memcpy(&value, raw.data() + at, sizeof(T));
    values.push_back(static_cast<double>(value));
  }
}

template <typename List>
void append_list(const List& list, std::vector<double>& values) {
  for (const auto value : list) values.push_back(static_cast<double>(value));
}

// False: a type that no network here has.
bool append_values(const onnx::TensorProto& proto, std::vector<double>& values) {
  const bool raw = proto.has_raw_data();
  const std::string& bytes = proto.raw_data();
  switch (proto.data_type()) {
    case onnx::TensorProto::FLOAT:
      raw ? append_raw<float>(bytes, values) : append_list(proto.float_data(), values);
      return true;
    case onnx::TensorProto::DOUBLE:
      raw ? append_raw<double>(bytes, values) : append_list(proto.double_data(), values);
      return true;
    case onnx::TensorProto::INT64:
      raw ? append_raw<int64_t>(bytes, values) : append_list(proto.int64_data(), values);
      return true;
    case onnx::TensorProto::INT32:
      raw ? append_raw<int32_t>(bytes, values) : append_list(proto.int32_data(), values);
      return true;
    case onnx::TensorProto::INT8:
      raw ? append_raw<int8_t>(bytes, values) : append_list(proto.int32_data(), values);
      return true;
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::BOOL:
      raw ? append_raw<uint8_t>(bytes, values) : append_list(proto.int32_data(), values);
      return true;
    default:
      return false;
  }
}

OnnxTensor read_tensor(const onnx::TensorProto& proto, std::string_view path,
                       std::string_view what) {
  const auto fail = [&](const std::string& text) {
    throw Error(fmt::format("{}: {}: {}", path, what, text));
  };
  if (proto.data_location() == onnx::TensorProto::EXTERNAL) {
    fail("its numbers are in another file; save the model in one file");
  }
  OnnxTensor tensor;
  int64_t count = 1;
  for (const int64_t dim : proto.dims()) {
    if (dim < 0 || dim > kMaxElements || count * dim > kMaxElements) {
      fail(fmt::format("found a dimension of {}, allowed are {} elements in all", dim,
                       kMaxElements));
    }
    count *= dim;
    tensor.dims.push_back(dim);
  }
  if (!append_values(proto, tensor.values)) {
    fail(
        fmt::format("found data type {}, allowed are float, double, int64, int32, int8, uint8 "
                    "and bool",
                    proto.data_type()));
  }
  if (static_cast<int64_t>(tensor.values.size()) != count) {
    fail(fmt::format("found {} numbers, its shape has {}", tensor.values.size(), count));
  }
  tensor.has_sign = proto.data_type() != onnx::TensorProto::UINT8;
  for (const double value : tensor.values) {
    if (!std::isfinite(value)) fail(fmt::format("found the number {}", value));
  }
  return tensor;
}

OnnxNode read_node(const onnx::NodeProto& proto, const std::string& path) {
  OnnxNode node;
  node.op = proto.op_type();
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  node.name = proto.name();
  if (node.name.empty() && !node.outputs.empty()) node.name = node.outputs.front();
  for (const onnx::AttributeProto& from : proto.attribute()) {
    OnnxAttribute& attribute = node.attributes[from.name()];
    if (from.type() == onnx::AttributeProto::INT) attribute.integers = {from.i()};
    if (from.type() == onnx::AttributeProto::FLOAT) attribute.numbers = {double{from.f()}};
    attribute.integers.insert(attribute.integers.end(), from.ints().begin(), from.ints().end());
    attribute.numbers.insert(attribute.numbers.end(), from.floats().begin(), from.floats().end());
    attribute.text = from.s();
    if (from.has_t()) {
      attribute.tensor =
          read_tensor(from.t(), path,
                      fmt::format("node '{}' ({}): attribute {}", node.name, node.op, from.name()));
    }
  }
  return node;
}

OnnxInput read_input(const onnx::ValueInfoProto& proto) {
  OnnxInput input;
  input.name = proto.name();
  for (const auto& dim : proto.type().tensor_type().shape().dim()) {
    input.dims.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  }
  return input;
}

}  // namespace

OnnxModel load_onnx(const std::string& path) {
  const std::string bytes = read_text(path, path);
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    throw Error(fmt::format("{}: found {} bytes, allowed are 2 GiB", path, bytes.size()));
  }
  onnx::ModelProto proto;
  // Text fields may hold any bytes; nothing is printed by the library.
  google::protobuf::SetLogHandler(nullptr);
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t*>(bytes.data()),  // NOLINT: what protobuf takes
      static_cast<int>(bytes.size()));
  if (!proto.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage() ||
      proto.graph().node().empty()) {
    throw Error(fmt::format("{}: found no ONNX model with nodes in it", path));
  }
  OnnxModel model;
  model.path = path;
  model.name = proto.graph().name();
  for (const onnx::TensorProto& tensor : proto.graph().initializer()) {
    model.constants[tensor.name()] =
        read_tensor(tensor, path, fmt::format("constant '{}'", tensor.name()));
  }
  for (const onnx::ValueInfoProto& input : proto.graph().input()) {
    if (!model.constants.contains(input.name())) model.inputs.push_back(read_input(input));
  }
  for (const onnx::NodeProto& node : proto.graph().node()) {
    model.nodes.push_back(read_node(node, path));
  }
  for (const onnx::ValueInfoProto& output : proto.graph().output()) {
    model.outputs.push_back(output.name());
  }
  return model;
}

}  // namespace mcnn
