// SPDX-License-Identifier: Apache-2.0
// Combinational network of AND gates and inverters with named inputs and outputs, from an AIGER
// file in its text form, evaluated for 64 samples at a time: what opens the clock gates of a
// netlist (constraints/clock_gates.tcl), by the waves of the RTL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mcnn {

class AndNetwork {
 public:
  // Throws Error that names the file, on latches and on inputs or outputs without a name too.
  explicit AndNetwork(const std::filesystem::path& file);

  const std::vector<std::string>& inputs() const { return inputs_; }
  const std::vector<std::string>& outputs() const { return outputs_; }

  // Bit s of each word belongs to sample s; `inputs` in the order of inputs(). Returns the words of
  // outputs().
  std::vector<std::uint64_t> evaluate(std::span<const std::uint64_t> inputs) const;

 private:
  // Literals of AIGER: 2 * variable, and 1 more for its inverse; variable 0 is the constant 0.
  struct Gate {
    std::uint32_t result = 0;
    std::uint32_t left = 0;
    std::uint32_t right = 0;
  };

  std::uint32_t variables_ = 0;  // the largest one
  std::vector<std::uint32_t> input_literals_;
  std::vector<std::uint32_t> output_literals_;
  std::vector<Gate> gates_;  // each behind what it needs
  std::vector<std::string> inputs_;
  std::vector<std::string> outputs_;
};

}  // namespace mcnn
