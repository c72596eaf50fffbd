// SPDX-License-Identifier: Apache-2.0
#include "tb/and_network.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "common/error.h"

namespace mcnn {

AndNetwork::AndNetwork(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::size_t number = 0;
  const auto refuse = [&](const std::string& allowed) {
    return Error(
        fmt::format("{}:{}: found '{}', allowed: {}", file.string(), number, line, allowed));
  };
  const auto next = [&] {
    ++number;
    line.clear();
    return static_cast<bool>(std::getline(in, line));
  };
  std::size_t inputs = 0;
  std::size_t latches = 0;
  std::size_t outputs = 0;
  std::size_t gates = 0;
  std::string word;
  next();
  if (!(std::istringstream(line) >> word >> variables_ >> inputs >> latches >> outputs >> gates) ||
      word != "aag" || latches != 0) {
    throw refuse("aag M I 0 O A (text AIGER without latches)");
  }
  const auto literals = [&](std::size_t count) {
    std::vector<std::uint32_t> found(count);
    next();
    std::istringstream numbers(line);
    for (std::uint32_t& literal : found) {
      if (!(numbers >> literal) || literal > 2 * variables_ + 1) {
        throw refuse(fmt::format("{} literals of at most {}", count, 2 * variables_ + 1));
      }
    }
    return found;
  };
  for (std::size_t i = 0; i < inputs; ++i) input_literals_.push_back(literals(1)[0]);
  for (std::size_t i = 0; i < outputs; ++i) output_literals_.push_back(literals(1)[0]);
  for (std::size_t i = 0; i < gates; ++i) {
    const std::vector<std::uint32_t> gate = literals(3);
    if (gate[0] % 2 != 0 || gate[1] >= gate[0] || gate[2] >= gate[0]) {
      throw refuse("a gate behind what it needs");
    }
    gates_.push_back({gate[0], gate[1], gate[2]});
  }
  inputs_.resize(inputs);
  outputs_.resize(outputs);
  while (next() && line != "c") {
    const std::size_t blank = line.find(' ');
    const bool input = line.starts_with('i');
    std::vector<std::string>& names = input ? inputs_ : outputs_;
    std::size_t index = 0;
    if (blank == std::string::npos || (!input && !line.starts_with('o')) ||
        !(std::istringstream(line.substr(1, blank - 1)) >> index) || index >= names.size()) {
      throw refuse("the name of an input or output");
    }
    names[index] = line.substr(blank + 1);
  }
  for (const std::vector<std::string>* const names : {&inputs_, &outputs_}) {
    for (const std::string& name : *names) {
      if (name.empty()) throw refuse("a name for every input and output");
    }
  }
}

std::vector<std::uint64_t> AndNetwork::evaluate(std::span<const std::uint64_t> inputs) const {
  std::vector<std::uint64_t> values(variables_ + 1, 0);
  const auto value = [&](std::uint32_t literal) {
    return literal % 2 == 0 ? values[literal / 2] : ~values[literal / 2];
  };
  for (std::size_t i = 0; i < input_literals_.size(); ++i) {
    values[input_literals_[i] / 2] = inputs[i];
  }
  for (const Gate& gate : gates_) values[gate.result / 2] = value(gate.left) & value(gate.right);
  std::vector<std::uint64_t> results;
  results.reserve(output_literals_.size());
  for (const std::uint32_t literal : output_literals_) results.push_back(value(literal));
  return results;
}

}  // namespace mcnn
