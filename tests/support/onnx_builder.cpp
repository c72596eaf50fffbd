// SPDX-License-Identifier: Apache-2.0
#include "tests/support/onnx_builder.h"

#include <onnx/onnx_pb.h>

namespace mcnn::testing {

struct OnnxBuilder::Model {
  onnx::ModelProto proto;
};

OnnxBuilder::OnnxBuilder() : model_(std::make_unique<Model>()) {
  model_->proto.set_ir_version(7);
  model_->proto.add_opset_import()->set_version(13);
  model_->proto.mutable_graph()->set_name("test");
}

OnnxBuilder::~OnnxBuilder() = default;

void OnnxBuilder::input(const std::string& name, const Integers& dims) {
  onnx::ValueInfoProto& value = *model_->proto.mutable_graph()->add_input();
  value.set_name(name);
  auto& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (const int64_t dim : dims) {
    auto& to = *type.mutable_shape()->add_dim();
    if (dim < 0) {
      to.set_dim_param("N");
    } else {
      to.set_dim_value(dim);
    }
  }
}

void OnnxBuilder::output(const std::string& name) {
  model_->proto.mutable_graph()->add_output()->set_name(name);
}

void OnnxBuilder::constant(const std::string& name, const Integers& dims,
                           const std::vector<double>& values, bool raw) {
  onnx::TensorProto& tensor = *model_->proto.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  const std::vector<float> numbers(values.begin(), values.end());
  if (raw) {
    tensor.set_raw_data(numbers.data(), numbers.size() * sizeof(float));
  } else {
    for (const float number : numbers) tensor.add_float_data(number);
  }
}

void OnnxBuilder::whole(const std::string& name, const Integers& dims,
                        const std::vector<int>& values, Whole type) {
  onnx::TensorProto& tensor = *model_->proto.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type == Whole::kSigned8     ? onnx::TensorProto::INT8
                       : type == Whole::kUnsigned8 ? onnx::TensorProto::UINT8
                                                   : onnx::TensorProto::INT32);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  for (const int value : values) tensor.add_int32_data(value);
}

void OnnxBuilder::shape(const std::string& name, const Integers& values) {
  onnx::TensorProto& tensor = *model_->proto.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  for (const int64_t value : values) tensor.add_int64_data(value);
}

void OnnxBuilder::node(const std::string& op, const std::vector<std::string>& inputs,
                       const std::string& name, const std::vector<Attribute>& attributes) {
  onnx::NodeProto& node = *model_->proto.mutable_graph()->add_node();
  node.set_op_type(op);
  node.set_name(name);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(name);
  for (const Attribute& from : attributes) {
    onnx::AttributeProto& to = *node.add_attribute();
    to.set_name(from.name);
    if (!from.text.empty()) {
      to.set_type(onnx::AttributeProto::STRING);
      to.set_s(from.text);
    } else if (from.integers.empty()) {
      to.set_type(onnx::AttributeProto::FLOAT);
      to.set_f(static_cast<float>(from.number));
    } else if (from.list) {
      to.set_type(onnx::AttributeProto::INTS);
      for (const int64_t value : from.integers) to.add_ints(value);
    } else {
      to.set_type(onnx::AttributeProto::INT);
      to.set_i(from.integers.front());
    }
  }
}

std::string OnnxBuilder::bytes() const { return model_->proto.SerializeAsString(); }

}  // namespace mcnn::testing
