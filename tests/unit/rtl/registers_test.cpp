// SPDX-License-Identifier: Apache-2.0
// The register map: rtl/REGISTERS.md is read, and the chip is held to it through its AXI4-Lite
// port: addresses, access kinds, reset values, fields and table sizes.
#include "registers_fixture.h"

namespace mcnn::rtl_test {
namespace {

TYPED_TEST_SUITE(Registers, ChipConfigurations);

// The parser has found what the other tests rely on.
TYPED_TEST(Registers, DocumentIsReadAsAWhole) {
  EXPECT_GE(this->document_.registers.size(), 40U);
  EXPECT_EQ(this->document_.errors.size(), 11U);
  EXPECT_EQ(this->document_.tables.size(), 5U);
  EXPECT_EQ(this->document_.entry.size(), 6U);
  EXPECT_GE(this->document_.layer.size(), 26U);
  EXPECT_GE(this->document_.record.size(), 9U);
}

TYPED_TEST(Registers, ResetValues) {
  using C = TypeParam;
  for (const auto& [name, r] : this->document_.registers) {
    SCOPED_TRACE(name);
    std::uint32_t expected = 0;
    if (r.reset == "parameter") {
      const std::regex part(R"(\[([0-9]+):([0-9]+)\] (\w+))");
      int parts = 0;
      for (std::sregex_iterator it(r.bits.begin(), r.bits.end(), part), end; it != end;
           ++it, ++parts) {
        const int high = std::stoi((*it)[1]), low = std::stoi((*it)[2]);
        const auto value = static_cast<std::uint32_t>(Parameter<C>((*it)[3]));
        ASSERT_LE(value, Mask(high - low + 1));
        expected |= value << low;
      }
      ASSERT_GT(parts, 0);
    } else {
      expected = static_cast<std::uint32_t>(std::stoul(r.reset, nullptr, 0));
    }
    for (int w = 0; w < WordsOf<C>(r); ++w) {
      const Answer answer = this->Read(r.address + 4 * static_cast<std::uint32_t>(w));
      EXPECT_TRUE(answer.ok);
      EXPECT_EQ(answer.data, expected);
    }
  }
  this->ExpectNoError();
}

// RO refuses writes; RW keeps exactly the bits that are described; W1 and W1C take a write of 0 and
// read as 0.
TYPED_TEST(Registers, AccessKinds) {
  for (const auto& [name, r] : this->document_.registers) {
    for (int word = 0; word < WordsOf<TypeParam>(r); ++word) {
      const std::uint32_t address = r.address + 4 * static_cast<std::uint32_t>(word);
      SCOPED_TRACE(testing::Message() << name << " word " << word);
      const std::uint32_t before = this->Read(address).data;
      if (r.access == "RO") {
        EXPECT_FALSE(this->Write(address, ~before));
        this->ExpectError("BAD_ADDRESS");
        EXPECT_EQ(this->Read(address).data, before);
      } else if (r.access == "RW") {
        for (int i = 0; i < 6; ++i) {
          const auto value = i == 0 ? 0xFFFF'FFFF : static_cast<std::uint32_t>(this->rng_.Bits(32));
          EXPECT_TRUE(this->Write(address, value));
          EXPECT_EQ(this->Read(address).data, value & NamedBits(r.bits));
          // Part of a word cannot be written.
          EXPECT_FALSE(this->Write(address, ~value, this->rng_.Below(15)));
          EXPECT_EQ(this->Read(address).data, value & NamedBits(r.bits));
          this->ExpectError("BAD_ADDRESS");
        }
        EXPECT_TRUE(this->Write(address, 0));
      } else {
        ASSERT_TRUE(r.access == "W1" || r.access == "W1C") << r.access;
        EXPECT_TRUE(this->Write(address, 0));
        EXPECT_EQ(this->Read(address).data, 0U);
        EXPECT_FALSE(this->Write(address, 0, 7));
        this->ExpectError("BAD_ADDRESS");
      }
    }
  }
  this->ExpectNoError();
}

// Every address of the first page, the borders of the tables, and random ones: those of the
// document answer, others are refused and change nothing.
TYPED_TEST(Registers, AddressesThatDoNotExistAreRefused) {
  std::vector<std::uint32_t> addresses;
  for (std::uint32_t a = 0; a < 0x1000; a += 4) addresses.push_back(a);
  for (const auto& [name, table] : this->document_.tables) {
    for (std::uint32_t row = 0; row < 2; ++row) {
      for (std::uint32_t w = 0; w < 16; ++w)
        addresses.push_back(table.base + row * table.stride + 4 * w);
    }
    if (name == "FMAP") continue;
    const std::uint32_t end =
        table.base + static_cast<std::uint32_t>(this->Rows(table)) * table.stride;
    for (std::uint32_t a = end - 64; a < end + 64; a += 4) addresses.push_back(a);
  }
  const std::uint32_t map = this->document_.tables.at("FMAP").base;
  const std::uint32_t map_end = map + 4 * this->MapWords();
  for (std::uint32_t a = map_end - 16; a < map_end + 16; a += 4) addresses.push_back(a);
  for (int i = 0; i < 3000; ++i)
    addresses.push_back(static_cast<std::uint32_t>(this->rng_.Bits(20)));
  for (const std::uint32_t address : addresses) {
    SCOPED_TRACE(testing::Message() << "address 0x" << std::hex << address);
    EXPECT_EQ(this->Read(address).ok, this->Known(address));
    if (!this->Known(address)) {
      this->ExpectError("BAD_ADDRESS");
      EXPECT_FALSE(this->Write(address, 0xFFFF'FFFF));
      this->ExpectError("BAD_ADDRESS");
    }
    if (testing::Test::HasFailure()) return;
  }
  this->ExpectNoError();
  // Feature maps are read only.
  EXPECT_FALSE(this->Write(map, 1));
  this->ExpectError("BAD_ADDRESS");
}

// Every described bit of every word of every row is kept; biases are sign-extended.
TYPED_TEST(Registers, TablesKeepTheirFields) {
  using C = TypeParam;
  std::map<std::uint32_t, std::uint32_t> expected;
  for (const auto& [name, table] : this->document_.tables) {
    if (name == "FMAP") continue;
    for (int row = 0; row < this->Rows(table); ++row) {
      for (int word = 0; word < this->Words(table); ++word) {
        const std::uint32_t address = this->TableAddress(name, row, word);
        const auto value =
            static_cast<std::uint32_t>(this->rng_.Bits(32)) & this->WordMask(name, word);
        ASSERT_NE(this->WordMask(name, word), 0U)
            << name << " word " << word << " is not described";
        ASSERT_TRUE(this->Write(address, value)) << name << " row " << row << " word " << word;
        expected[address] =
            name == "BIAS" ? static_cast<std::uint32_t>(SignExtend(value, C::kPsumBits)) : value;
      }
    }
  }
  for (const auto& [address, value] : expected) {
    const Answer answer = this->Read(address);
    ASSERT_TRUE(answer.ok);
    ASSERT_EQ(answer.data, value) << "address 0x" << std::hex << address;
  }
  this->ExpectNoError();
}

}  // namespace
}  // namespace mcnn::rtl_test
