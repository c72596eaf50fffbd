// SPDX-License-Identifier: Apache-2.0
// What is changed, and what is left alone.
#include "tests/mutants/mutation_points.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace mcnn::mutants {
namespace {

std::set<std::string> changes(std::string_view source, Language language) {
  std::set<std::string> texts;
  for (const Mutation& mutation : mutations(source, language)) {
    texts.insert(describe(source, mutation));
    EXPECT_NE(mutated(source, mutation), source);
  }
  return texts;
}

TEST(Mutants, Cpp) {
  EXPECT_EQ(changes("int f(int a) {\n"
                    "  // a + b\n"
                    "  if (a <= 3) throw Error(fmt::format(\"a + {}\", a + 1));\n"
                    "  total += a;\n"
                    "  const bool b = !x && true;\n"
                    "  push(a ? c : d);\n"
                    "  std::vector<int> v;\n"
                    "  return a;\n"
                    "}\n",
                    Language::kCpp),
            (std::set<std::string>{"'<=' -> '<'", "'a <= 3' -> '!(a <= 3)'", "'3' -> '2'",
                                   "'3' -> '4'", "'+=' -> '-='", "'total += a;' -> ';'",
                                   "'!' -> ''", "'&&' -> '||'", "'true' -> 'false'",
                                   "'c : d' -> 'd : c'", "'push(a ? c : d);' -> ';'"}));
}

// "<=" assigns or compares; ports, parameters and assertions are no part of what a chip does.
TEST(Mutants, SystemVerilog) {
  EXPECT_EQ(changes("module m #(\n"
                    "  parameter int unsigned N = 4\n"
                    ") (\n"
                    "  input logic [N-1:0] a_i\n"
                    ");\n"
                    "  if (N < 2) $error(\"N\");\n"
                    "  `MCNN_CHECK(small, a_i < 3)\n"
                    "  assign b = a_i <= limit;\n"
                    "  always_ff @(posedge clk_i)\n"
                    "    if (c) d <= e + 1'b1;\n"
                    "endmodule\n",
                    Language::kSystemVerilog),
            (std::set<std::string>{"'<=' -> '<'", "'c' -> '!(c)'", "'+' -> '-'", "'1' -> '0'"}));
  EXPECT_EQ(changes("    x_q <= '0;\n    y_q <= a ? b : c;\n", Language::kSystemVerilog),
            (std::set<std::string>{"'x_q <= '0;' -> ';'", "'0' -> '1'",
                                   "'y_q <= a ? b : c;' -> ';'", "'b : c' -> 'c : b'"}));
}

TEST(Mutants, LinesAndLanguages) {
  const std::string source = "a;\nb = c + d;\n";
  for (const Mutation& mutation : mutations(source, Language::kCpp)) {
    EXPECT_EQ(line_of(source, mutation), 2U);
  }
  EXPECT_EQ(language_of("rtl/mcnn_pe.sv"), Language::kSystemVerilog);
  EXPECT_EQ(language_of("host/mapping/mapper.cpp"), Language::kCpp);
}

}  // namespace
}  // namespace mcnn::mutants
