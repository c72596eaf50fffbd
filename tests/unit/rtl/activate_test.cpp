// SPDX-License-Identifier: Apache-2.0
// mcnn_activate: (psum + bias) >>> shift in PsumBits bits, clamped to an activation (one with a
// sign and an offset where rows can add), for every PE; the last PE's as logits.
#include <algorithm>
#include <deque>

#include "VActivateCorner.h"
#include "VActivateWide.h"
#include "VActivateYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

MCNN_SUITE(Activate, On<Yao2020, VActivateYao2020>, On<Corner, VActivateCorner>,
           On<Wide, VActivateWide>);

// A number that is at a corner of the arithmetic more often than not.
template <class C>
std::int64_t Value(Rng& rng, int shift) {
  const std::int64_t most = (std::int64_t{1} << (C::kPsumBits - 1)) - 1;
  const std::int64_t full = (std::int64_t{1} << C::kActBits) << shift;
  switch (rng.Below(6)) {
    case 0:
      return SignExtend(rng.Bits(64), C::kPsumBits);
    case 1:
      return rng.Chance(50) ? most : -most - 1;
    case 2:
      return rng.Range(-3, 3);
    case 3:
      return SignExtend(static_cast<std::uint64_t>(full + rng.Range(-2, 2)), C::kPsumBits);
    case 4:
      return SignExtend(static_cast<std::uint64_t>((std::int64_t{1} << shift) + rng.Range(-2, 2)),
                        C::kPsumBits);
    default:
      return SignExtend(rng.Bits(C::kActBits + 2 + shift), C::kPsumBits);
  }
}

// Every shift, random segments, random gaps; results exactly two clocks behind their group.
TYPED_TEST(Activate, MatchesTheFormulaForEveryShift) {
  using C = TypeParam;
  constexpr int kOutBits = C::kActBits + C::kSigned;
  struct Expected {
    bool valid = false;
    std::vector<std::int64_t> act;
    std::vector<std::int64_t> logit = std::vector<std::int64_t>(C::kLanes);
  };
  for (int shift = 0; shift < C::kPsumBits; ++shift) {
    const auto seed = static_cast<std::uint64_t>(shift + 1);
    SCOPED_TRACE(testing::Message() << "shift and seed - 1: " << shift);
    Rng rng(seed);
    Bench<typename C::Model> dut(seed);
    dut->valid_i = 0;
    dut.Reset();
    for (int pass = 0; pass < 4; ++pass) {
      const auto segments = pass == 0 ? Mask(C::kNumPe) : rng.Bits(C::kNumPe);
      dut->segment_end_i = static_cast<CData>(segments);
      dut->shift_i = static_cast<CData>(shift);
      std::deque<Expected> pipe(1);
      for (int i = 0; i < 120; ++i) {
        Expected expected;
        const bool drain = i >= 116;  // no group of this pass may meet the fields of the next
        expected.valid = !drain && rng.Chance(70);
        dut->valid_i = expected.valid;
        for (int k = 0; k < C::kLanes; ++k) {
          const std::int64_t bias = Value<C>(rng, shift);
          SetBits(dut->bias_i, k * C::kPsumBits, C::kPsumBits, static_cast<std::uint64_t>(bias));
        }
        for (int p = 0; p < C::kNumPe; ++p) {
          for (int k = 0; k < C::kLanes; ++k) {
            const std::int64_t bias =
                SignExtend(GetBits(dut->bias_i, k * C::kPsumBits, C::kPsumBits), C::kPsumBits);
            // Half of the time the biased sum is at a corner instead of the partial sum.
            const std::int64_t wanted = Value<C>(rng, shift);
            const std::int64_t psum =
                rng.Chance(50)
                    ? wanted
                    : SignExtend(static_cast<std::uint64_t>(wanted - bias), C::kPsumBits);
            SetBits(dut->psum_i, (C::kLanes * p + k) * C::kPsumBits, C::kPsumBits,
                    static_cast<std::uint64_t>(psum));
            const std::int64_t a =
                SignExtend(static_cast<std::uint64_t>(psum + bias), C::kPsumBits) >> shift;
            const std::int64_t most = (1 << C::kActBits) - 1;
            const std::int64_t least = C::kSigned != 0 ? -most - 1 : 0;
            const bool carries = (segments >> p & 1) != 0;
            expected.act.push_back(!carries ? 0 : std::clamp(a, least, most) - least);
            if (p == C::kNumPe - 1) expected.logit[k] = a;
          }
        }
        pipe.push_back(expected);
        dut.Edge();
        const Expected now = pipe.front();
        pipe.pop_front();
        ASSERT_EQ(dut->valid_o != 0, now.valid) << "clock " << i;
        if (!now.valid) continue;
        for (int index = 0; index < C::kLanes * C::kNumPe; ++index) {
          ASSERT_EQ(GetBits(dut->act_o, index * kOutBits, kOutBits), now.act[index])
              << "clock " << i << ", PE " << index / C::kLanes << ", kernel " << index % C::kLanes;
        }
        for (int k = 0; k < C::kLanes && (segments >> (C::kNumPe - 1) & 1) != 0; ++k) {
          ASSERT_EQ(SignExtend(GetBits(dut->logit_o, k * C::kPsumBits, C::kPsumBits), C::kPsumBits),
                    now.logit[k])
              << "clock " << i << ", logit " << k;
        }
      }
    }
  }
}

}  // namespace
}  // namespace mcnn::rtl_test
