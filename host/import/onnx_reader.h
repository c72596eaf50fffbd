// SPDX-License-Identifier: Apache-2.0
// Reads the nodes of an ONNX graph one by one into layers. onnx_import.cpp has what every node
// goes through, onnx_windows.cpp convolutions and poolings, onnx_layers.cpp the other nodes that
// make or change layers.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/import/onnx_import.h"
#include "host/import/onnx_values.h"
#include "host/network/network_rules.h"

namespace mcnn {

class OnnxReader {
 public:
  OnnxReader(const OnnxModel& model, const ImageShape& images);
  FloatNetwork read();

 private:
  // ---- onnx_import.cpp: names, constants, layouts
  void begin_input();
  void read_node();
  bool read_constant_node();
  bool read_layout_node();
  void finish();
  [[noreturn]] void fail(const std::string& what) const;
  OnnxFail failing() const;
  const OnnxValue& value(const std::string& name) const;
  OnnxValue map_input(size_t input) const;  // a map
  const OnnxTensor& constant_input(size_t input) const;
  bool has_input(size_t input) const;
  bool is_constant(size_t input) const;
  void define(OnnxValue value);  // the first output of the node
  void reshape(const std::vector<int64_t>& dims);
  // Axes of an attribute, or of an input as newer files have it.
  std::vector<int64_t> axes_argument() const;
  std::vector<size_t> permutation(size_t rank) const;  // of a Transpose
  const OnnxAttribute* attribute(const std::string& name) const;
  int64_t integer(const std::string& name, int64_t otherwise) const;
  double number(const std::string& name, double otherwise) const;

  // ---- onnx_layers.cpp: layers
  bool read_layer_node();
  // Two numbers of rows and columns of an attribute; one of a node on a list of columns.
  struct Window {
    std::vector<int> size, stride;
    Padding padding;
    bool turned = false;  // rows of the node are columns of the map
    bool line = false;    // columns only
  };
  Window window(const OnnxValue& input, const std::vector<int64_t>& size, bool ceil) const;
  std::vector<int> pair(const std::string& name, const Window& window, int otherwise) const;
  void convolution();
  void pooling();
  void global_pooling();
  void matrix();  // Gemm, MatMul
  void add_maps(const OnnxValue& first, const OnnxValue& second);
  void affine();  // Add, Sub, Mul, Div with a constant
  void normalisation();
  void relu();
  void pad();
  // A layer made of a node, connected and checked.
  OnnxValue add_layer(Layer layer, FloatParameters parameters, size_t rank);
  // value * scale + offset a channel, in the layer that gives it.
  void change_channels(OnnxValue input, const std::vector<double>& scale,
                       const std::vector<double>& offset);
  std::vector<double> per_channel(const OnnxTensor& tensor, const OnnxValue& value) const;
  void expect_no_padding(const OnnxValue& value) const;
  std::string layer_name() const;

  const OnnxModel& model_;
  const ImageShape& images_;
  FloatNetwork network_;
  network_rules::Unfinished unfinished_;
  std::map<std::string, OnnxValue> values_;
  std::map<std::string, int> readers_;
  const OnnxNode* node_ = nullptr;
};

}  // namespace mcnn
