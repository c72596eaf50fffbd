// SPDX-License-Identifier: Apache-2.0
// mcnn_reduce: sums over the PEs of a segment and over the steps of a pass, given out as often as
// asked.
#include <deque>

#include "VReduceCorner.h"
#include "VReduceMany.h"
#include "VReduceTiny.h"
#include "VReduceWide.h"
#include "VReduceYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

template <class C>
class Reduce : public testing::Test {
 protected:
  struct Expected {
    bool valid = false;
    std::vector<std::int64_t> psum;  // [PE][pair]
  };

  Reduce() : psum_(static_cast<std::size_t>(C::kNumGroups * C::kNumPe * C::kLanes)) {}

  // One clock with a group, or without one.
  void Clock(Bench<typename C::Model>& dut, Rng& rng, std::uint64_t segments, bool valid, int group,
             bool first, bool add, bool emit) {
    Expected expected;
    dut->valid_i = valid;
    dut->group_i = static_cast<CData>(group);
    dut->first_i = valid ? first : rng.Chance(50);
    dut->add_i = valid ? add : rng.Chance(50);
    dut->emit_i = valid ? emit : rng.Chance(50);
    std::vector<std::int64_t> sums(static_cast<std::size_t>(C::kLanes * C::kNumPe));
    const bool extreme = rng.Chance(20);
    for (int i = 0; i < C::kLanes * C::kNumPe; ++i) {
      sums[i] = SignExtend(rng.Bits(C::kSumBits), C::kSumBits);
      if (extreme)
        sums[i] = (rng.Chance(80) ? -1 : 0) + (std::int64_t{1} << (C::kSumBits - 1)) * -1 + 1;
      SetBits(dut->sums_i, i * C::kSumBits, C::kSumBits, static_cast<std::uint64_t>(sums[i]));
    }
    if (valid) {
      for (int k = 0; k < C::kLanes; ++k) {
        std::int64_t segment = 0;
        for (int p = 0; p < C::kNumPe; ++p) {
          segment += sums[C::kLanes * p + k];
          if ((segments >> p & 1) == 0) continue;
          std::int64_t& psum = psum_[(group * C::kNumPe + p) * C::kLanes + k];
          if (add)
            psum =
                SignExtend(static_cast<std::uint64_t>((first ? 0 : psum) + segment), C::kPsumBits);
          segment = 0;
        }
      }
      expected.valid = emit;
      for (int i = 0; i < C::kLanes * C::kNumPe; ++i)
        expected.psum.push_back(psum_[group * C::kNumPe * C::kLanes + i]);
    }
    pipe_.push_back(expected);
    dut.Edge();
    const Expected now = pipe_.front();
    pipe_.pop_front();
    ASSERT_EQ(dut->valid_o != 0, now.valid);
    if (!now.valid) return;
    for (int p = 0; p < C::kNumPe; ++p) {
      for (int k = 0; k < C::kLanes && (segments >> p & 1) != 0; ++k) {
        const int low = (C::kLanes * p + k) * C::kPsumBits;
        ASSERT_EQ(SignExtend(GetBits(dut->psum_o, low, C::kPsumBits), C::kPsumBits),
                  now.psum[C::kLanes * p + k])
            << "PE " << p << ", pair " << k;
      }
    }
  }

  std::vector<std::int64_t> psum_;
  std::deque<Expected> pipe_ = std::deque<Expected>(1);
};

using Configurations =
    testing::Types<On<Yao2020, VReduceYao2020>, On<Tiny, VReduceTiny>, On<Corner, VReduceCorner>,
                   On<Wide, VReduceWide>, On<Many, VReduceMany>>;
TYPED_TEST_SUITE(Reduce, Configurations);

// Every segmentation of few PEs, random ones of many; passes of one to four steps, one to four
// emissions, random gaps between the groups.
TYPED_TEST(Reduce, MatchesSumsOfEverySegmentation) {
  using C = TypeParam;
  Bench<typename C::Model> dut(1);
  dut->valid_i = 0;
  dut.Reset();
  constexpr bool kFew = C::kNumPe <= 8;
  const std::uint64_t runs = kFew ? Mask(C::kNumPe) : 100;
  Rng drawn(1);
  for (std::uint64_t run = 1; run <= runs; ++run) {
    const std::uint64_t segments = kFew ? run : drawn.Bits(C::kNumPe) | 1;
    SCOPED_TRACE(testing::Message() << "segment ends and seed: " << segments);
    Rng rng(segments);
    SetBits(dut->segment_end_i, 0, C::kNumPe, segments);
    for (int pass = 0; pass < 6; ++pass) {
      const int steps = rng.Range(1, 4);
      const int groups = rng.Range(1, C::kNumGroups);
      const int gaps = rng.Chance(50) ? 0 : 40;
      const int emissions = rng.Range(0, 4);  // 0: a column that no pooled pixel wants
      for (int step = 0; step < steps; ++step) {
        const bool last = step == steps - 1;
        for (int walk = 0; walk < (last && emissions > 0 ? emissions : 1); ++walk) {
          for (int group = 0; group < groups; ++group) {
            while (rng.Chance(gaps)) {
              this->Clock(dut, rng, segments, false, rng.Below(C::kNumGroups), false, false, false);
              if (testing::Test::HasFatalFailure()) return;
            }
            this->Clock(dut, rng, segments, true, group, step == 0, walk == 0,
                        last && emissions > 0);
            if (testing::Test::HasFatalFailure()) return;
          }
        }
      }
      // The fields of a pass are constant until its last group is out.
      for (int i = 0; i < 3; ++i) this->Clock(dut, rng, segments, false, 0, false, false, false);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace mcnn::rtl_test
