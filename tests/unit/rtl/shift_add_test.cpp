// SPDX-License-Identifier: Apache-2.0
// mcnn_shift_add: pair differences of four lanes, shifted and added most significant plane first.
#include "VShiftAddCorner.h"
#include "VShiftAddYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

MCNN_SUITE(ShiftAdd, On<Yao2020, VShiftAddYao2020>, On<Corner, VShiftAddCorner>);

// Beats of random length and random or extreme codes, with planes that were not read and clocks
// without a plane or without a part for these lanes: after every clock the sum of what has come.
TYPED_TEST(ShiftAdd, MatchesTheSumOverThePlanes) {
  using C = TypeParam;
  ForSeeds<typename C::Model>(3, [&](Rng& rng, auto& dut) {
    for (int beat = 0; beat < 400; ++beat) {
      const int planes = rng.Chance(50) ? C::kActBits : rng.Range(1, C::kActBits);
      const bool extreme = rng.Chance(20);
      const bool sign = rng.Chance(50);
      std::int64_t sum[2] = {0, 0};
      for (int b = planes - 1; b >= 0;) {
        const bool driven = rng.Chance(90);
        const bool used = rng.Chance(90);
        const bool plane = driven && used;
        const bool valid = extreme || rng.Chance(70);
        int code[4];
        for (int l = 0; l < 4; ++l) {
          code[l] = static_cast<int>(rng.Bits(C::kAdcBits));
          if (extreme) code[l] = (l % 2 == 0) == sign ? (1 << C::kAdcBits) - 1 : 0;
          SetBits(dut->code_i, l * C::kAdcBits, C::kAdcBits, code[l]);
        }
        dut->plane_i = driven;
        dut->used_i = used;
        dut->first_i = plane ? b == planes - 1 : rng.Chance(50);
        dut->valid_i = valid;
        dut.Edge();
        for (int k = 0; k < 2 && plane; ++k) {
          sum[k] = 2 * sum[k] + (valid ? code[2 * k] - code[2 * k + 1] : 0);
        }
        if (plane) --b;
        for (int k = 0; k < 2 && b < planes - 1; ++k) {
          ASSERT_EQ(SignExtend(GetBits(dut->sum_o, k * C::kSumBits, C::kSumBits), C::kSumBits),
                    sum[k])
              << "beat " << beat << ", kernel " << k << ", " << b + 1 << " planes to go";
        }
      }
    }
  });
}

}  // namespace
}  // namespace mcnn::rtl_test
