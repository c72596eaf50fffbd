// SPDX-License-Identifier: Apache-2.0
// An ONNX file as plain data: nodes, constants, inputs. The only source that knows protobuf is
// onnx_file.cpp; a build without libonnx-dev has onnx_file_missing.cpp in its place.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mcnn {

// Numbers of any type of the file, all of which a double holds.
struct OnnxTensor {
  std::vector<int64_t> dims;  // none: a scalar
  std::vector<double> values;
  bool has_sign = true;  // false: of bytes 0..255
};

struct OnnxAttribute {
  std::vector<int64_t> integers;  // one, or a list
  std::vector<double> numbers;    // the same
  std::string text;
  std::optional<OnnxTensor> tensor;
};

struct OnnxNode {
  std::string op;
  std::string name;                 // that of the first output where the file gives none
  std::vector<std::string> inputs;  // an empty name: left out
  std::vector<std::string> outputs;
  std::map<std::string, OnnxAttribute> attributes;
};

struct OnnxInput {
  std::string name;
  std::vector<int64_t> dims;  // -1: any
};

struct OnnxModel {
  std::string path;
  std::string name;
  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxTensor> constants;
  std::vector<OnnxInput> inputs;  // those that are not constants
  std::vector<std::string> outputs;
};

// Throws Error: cannot be read, not ONNX, a tensor that does not hold what its shape says or has
// numbers that are not finite, weights in another file; a build without ONNX.
OnnxModel load_onnx(const std::string& path);

}  // namespace mcnn
