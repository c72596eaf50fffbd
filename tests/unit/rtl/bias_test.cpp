// SPDX-License-Identifier: Apache-2.0
// mcnn_bias: every group gets the row that the table has at the beginning of the pass, whatever the
// order and the gaps, one clock behind the request; a row is read once in a pass.
#include <set>

#include "VBiasCorner.h"
#include "VBiasWide.h"
#include "VBiasYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

template <class C>
class Bias : public testing::Test {};

using Configurations =
    testing::Types<On<Yao2020, VBiasYao2020>, On<Corner, VBiasCorner>, On<Wide, VBiasWide>>;
TYPED_TEST_SUITE(Bias, Configurations);

TYPED_TEST(Bias, GroupsGetTheirRowsWhichAreReadOnceInAPass) {
  using C = TypeParam;
  constexpr int kRowBits = C::kLanes * C::kPsumBits;
  using Row = std::vector<std::uint64_t>;  // [kernel]
  ForSeeds<typename C::Model>(5, [&](Rng& rng, auto& dut) {
    dut->get_i = 0;
    dut->start_i = 0;
    dut.Edge();
    ForRounds(40, [&](int) {
      // The host has written another table since the pass before.
      std::vector<Row> table(C::kNumBiasRows);
      for (Row& row : table) {
        for (int k = 0; k < C::kLanes; ++k) row.push_back(rng.Bits(C::kPsumBits));
      }
      const int groups = rng.Range(1, C::kNumGroups);
      const int base = rng.Below(C::kNumBiasRows - groups + 1);
      dut->base_i = static_cast<CData>(base);
      dut->get_i = 0;
      dut->start_i = 1;
      dut.Edge();
      dut->start_i = 0;
      std::set<int> read;
      for (int i = 0; i < 60; ++i) {
        const int group = rng.Below(groups);
        const bool get = rng.Chance(70);
        dut->get_i = get;
        dut->group_i = static_cast<CData>(group);
        dut.Eval();
        const bool reads = dut->re_o != 0;
        ASSERT_EQ(reads, get && !read.contains(group)) << "group " << group;
        const int row = dut->addr_o;
        if (reads) {
          ASSERT_EQ(row, base + group);
          read.insert(group);
        }
        dut.Edge();
        // The table's output keeps its value without a read.
        if (reads) {
          for (int k = 0; k < C::kLanes; ++k)
            SetBits(dut->row_i, k * C::kPsumBits, C::kPsumBits, table[row][k]);
        } else if (rng.Chance(50)) {
          Randomize(dut->row_i, kRowBits, rng);
        }
        if (!get) continue;
        dut.Eval();
        for (int k = 0; k < C::kLanes; ++k) {
          ASSERT_EQ(GetBits(dut->bias_o, k * C::kPsumBits, C::kPsumBits), table[base + group][k])
              << "group " << group << ", kernel " << k;
        }
      }
    });
  });
}

}  // namespace
}  // namespace mcnn::rtl_test
