// SPDX-License-Identifier: Apache-2.0
// Reads the nodes of an ONNX graph one by one into layers. onnx_import.cpp has what every node
// goes through, onnx_windows.cpp convolutions and poolings, onnx_layers.cpp the other nodes that
// make or change layers, onnx_quantised.cpp what belongs to networks that are quantised already.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/import/onnx_import.h"
#include "host/import/onnx_values.h"
#include "host/network/network_rules.h"

namespace mcnn {

// The same with QLinearConv, QLinearMatMul, QGemm, QLinearAdd and poolings as operations on real
// numbers between QuantizeLinear and DequantizeLinear.
OnnxModel without_quantised_operations(const OnnxModel& model);

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
  // A map. `changed`: its channels may be scaled and moved still, what reads it sees to that.
  OnnxValue map_input(size_t input, bool changed = false) const;
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

  // ---- onnx_quantised.cpp: QuantizeLinear, DequantizeLinear, Quant
  struct Quantisation {
    OnnxTensor scale, zero;
    double low = 0.0, high = 0.0;  // the whole numbers that there are
    int bits = 8;
  };
  bool read_quantised_node();
  Quantisation quantisation() const;
  OnnxTensor quantised_constant() const;

  // ---- onnx_layers.cpp: layers
  bool read_layer_node();
  // Two numbers of rows and columns of an attribute; one of a node on a list of columns.
  struct Window {
    std::vector<int> size, stride;  // the size with what dilations put between
    std::vector<int> dilation;
    Padding padding;
    bool turned = false;  // rows of the node are columns of the map
    bool line = false;    // columns only
  };
  Window window(const OnnxValue& input, const std::vector<int64_t>& size, bool ceil) const;
  std::vector<int> pair(const std::string& name, const Window& window, int otherwise) const;
  static std::vector<float> spread(const OnnxTensor& weights, const Window& window);
  void convolution();
  void pooling();
  void global_pooling();
  void matrix();  // Gemm, MatMul
  void add_maps(const OnnxValue& first, const OnnxValue& second);
  void affine();  // Add, Sub, Mul, Div with a constant
  void normalisation();
  void relu(double upper);
  void clip();
  // The layer whose activation this map ends in, behind maxima; null where it has none.
  Layer* relu_layer(const OnnxValue& value);
  void pad();
  // A layer made of a node, connected and checked.
  OnnxValue add_layer(Layer layer, FloatParameters parameters, size_t rank);
  // value * scale + offset a channel, in the layer that gives it.
  void change_channels(OnnxValue input, const std::vector<double>& scale,
                       const std::vector<double>& offset);
  // Takes what is left to do to the channels of a map into the weights that read it.
  void take_channels(const OnnxValue& input, const Layer& layer, FloatParameters& parameters) const;
  // The mean or maximum of a map whose channels are changed still.
  void pass_channels(const OnnxValue& input, const Layer& layer, OnnxValue& result) const;
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
