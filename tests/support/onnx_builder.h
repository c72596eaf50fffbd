// SPDX-License-Identifier: Apache-2.0
// Makes ONNX files for tests; nothing of protobuf is in its header.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mcnn::testing {

class OnnxBuilder {
 public:
  using Integers = std::vector<int64_t>;
  struct Attribute {
    std::string name;
    Integers integers{};
    std::string text{};
    bool list = true;     // of integers; otherwise one
    double number = 0.0;  // where there is nothing else
  };

  OnnxBuilder();
  ~OnnxBuilder();
  OnnxBuilder(const OnnxBuilder&) = delete;
  OnnxBuilder& operator=(const OnnxBuilder&) = delete;

  void input(const std::string& name, const Integers& dims);  // -1: any
  void output(const std::string& name);
  // Numbers in the field of their type, or as raw bytes.
  void constant(const std::string& name, const Integers& dims, const std::vector<double>& values,
                bool raw = false);
  // Whole numbers of 8 or 32 bits: -128..127, 0..255, or any.
  enum class Whole : uint8_t { kSigned8, kUnsigned8, k32 };
  void whole(const std::string& name, const Integers& dims, const std::vector<int>& values,
             Whole type);
  void shape(const std::string& name, const Integers& values);
  // Gives `name`, which is the node's own name too.
  void node(const std::string& op, const std::vector<std::string>& inputs, const std::string& name,
            const std::vector<Attribute>& attributes = {});
  std::string bytes() const;

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

}  // namespace mcnn::testing
