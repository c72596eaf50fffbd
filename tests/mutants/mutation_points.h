// SPDX-License-Identifier: Apache-2.0
// Where a source of C++ or SystemVerilog can be changed in one place, and how: an operator, a
// number or a condition is another, an assignment or a call is gone. Comments, texts, declarations
// of ports and parameters, checks at elaboration and assertions are left alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcnn::mutants {

enum class Language { kCpp, kSystemVerilog };
Language language_of(std::string_view path);  // .sv, otherwise C++

struct Mutation {
  std::size_t at = 0;      // byte in the source
  std::size_t length = 0;  // of what is replaced
  std::string by;
};

// In the order of the source.
std::vector<Mutation> mutations(std::string_view source, Language language);

std::string mutated(std::string_view source, const Mutation& mutation);
std::size_t line_of(std::string_view source, const Mutation& mutation);  // from 1
// What is replaced by what, on one line.
std::string describe(std::string_view source, const Mutation& mutation);

}  // namespace mcnn::mutants
