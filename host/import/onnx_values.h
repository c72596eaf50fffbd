// SPDX-License-Identifier: Apache-2.0
// What the names of an ONNX graph stand for while its nodes are read: constants, which are worked
// out at once, and maps, whose axes remember which of channel, row, column they are.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/import/onnx_file.h"
#include "host/network/network.h"

namespace mcnn {

enum class Dimension : uint8_t { kChannel, kRow, kColumn };
// Dimensions that one axis of a tensor runs over, the last one fastest; those of size 1 are left
// out, as is the batch.
using Axis = std::vector<Dimension>;

struct OnnxValue {
  bool constant = false;
  OnnxTensor tensor;  // of a constant

  int layer = kImage;  // otherwise: whose output it is
  MapShape map;
  std::vector<Axis> axes;  // the first one is the batch
  Padding padding;         // zeros around it that a Pad node added
  // What the node that reads it must take into its weights: x * scale + offset, a number of each a
  // channel; none where there is nothing to do.
  std::vector<double> scale, offset;
  bool only = true;          // nothing but the node that reads it needs it
  bool probability = false;  // behind a softmax

  int size_of(Dimension dimension) const;
  int64_t size_of(const Axis& axis) const;
  std::vector<int64_t> dims() const;
  // Axes channel, row, column (or channel, column) behind the batch.
  void set_axes(size_t rank);
};

// A number of a shape or a list of axes, as far as one can be meant.
int64_t whole(double number);

using OnnxFail = std::function<void(const std::string&)>;  // throws

// The shape that a Reshape asks for, with 0 and -1 worked out for a tensor of these dims.
std::vector<int64_t> reshaped(const std::vector<int64_t>& dims, const OnnxTensor& shape,
                              const OnnxFail& fail);
// The axes of a map in another shape; none where that divides a dimension.
std::vector<Axis> regrouped(const OnnxValue& value, const std::vector<int64_t>& dims);
// 0, 1, ... with negative ones counted from the end. Each 0..rank-1.
std::vector<size_t> axes_of(const std::vector<int64_t>& axes, size_t rank, const OnnxFail& fail);

// An order of axes, each of them once.
std::vector<size_t> order_of(const std::vector<int64_t>& order, size_t rank, const OnnxFail& fail);
OnnxTensor transposed(const OnnxTensor& tensor, const std::vector<size_t>& axes);

// Works out a node whose inputs are all constants; false for an operation that is none of those.
bool fold_constants(const OnnxNode& node, const std::vector<const OnnxTensor*>& inputs,
                    OnnxTensor& result, const OnnxFail& fail);

}  // namespace mcnn
