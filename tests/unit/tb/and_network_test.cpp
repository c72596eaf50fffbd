// SPDX-License-Identifier: Apache-2.0
// Networks of AND gates that say when a clock gate is open: read from AIGER, evaluated for 64
// samples at a time.
#include "tb/and_network.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/error.h"
#include "tests/support/temporary_folder.h"

namespace mcnn {
namespace {

using testing::TemporaryFolder;

std::string refusal_of(const std::string& text) {
  const TemporaryFolder folder("aiger");
  testing::write_file(folder / "a.aag", text);
  try {
    const AndNetwork network(folder / "a.aag");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// a xor b as three gates, beside a constant and an input that goes through: each output is right
// for all samples, those of other bits of the words left alone.
TEST(AndNetwork, EvaluatesEveryBitOfTheWords) {
  const TemporaryFolder folder("aiger");
  testing::write_file(folder / "a.aag",
                      "aag 5 2 0 3 3\n2\n4\n11\n1\n5\n6 2 5\n8 3 4\n10 7 9\n"
                      "i0 a\ni1 b[3]\no0 gate_0.open\no1 one\no2 not_b\nc\nanything\n");
  const AndNetwork network(folder / "a.aag");
  EXPECT_EQ(network.inputs(), (std::vector<std::string>{"a", "b[3]"}));
  EXPECT_EQ(network.outputs(), (std::vector<std::string>{"gate_0.open", "one", "not_b"}));
  const std::uint64_t a = 0x0123'4567'89AB'CDEF;
  const std::uint64_t b = 0xF0F0'00FF'3C3C'5555;
  EXPECT_EQ(network.evaluate(std::vector<std::uint64_t>{a, b}),
            (std::vector<std::uint64_t>{a ^ b, ~std::uint64_t{0}, ~b}));
}

TEST(AndNetwork, RefusesWhatItCannotEvaluate) {
  EXPECT_NE(refusal_of("aig 1 1 0 1 0\n").find(":1: found 'aig 1 1 0 1 0'"), std::string::npos);
  EXPECT_NE(refusal_of("aag 2 1 1 0 0\n2\n4 2\n").find("without latches"), std::string::npos);
  EXPECT_NE(refusal_of("aag 1 1 0 1 0\n2\n4\n").find(":3: found '4'"), std::string::npos);
  EXPECT_NE(refusal_of("aag 3 1 0 1 1\n2\n4\n4 6 2\n").find("a gate behind what it needs"),
            std::string::npos);
  EXPECT_NE(refusal_of("aag 1 1 0 1 0\n2\n2\ni0 a\n").find("a name for every"), std::string::npos);
  EXPECT_NE(refusal_of("aag 1 1 0 1 0\n2\n2\ni1 a\n").find(":4: found 'i1 a'"), std::string::npos);
}

}  // namespace
}  // namespace mcnn
