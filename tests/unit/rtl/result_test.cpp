// SPDX-License-Identifier: Apache-2.0
// mcnn_result: one packet an image, class first, then the logits; the largest logit, of equal ones
// the lowest.
#include "VResultCorner.h"
#include "VResultWide.h"
#include "VResultYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

MCNN_SUITE(Result, On<Yao2020, VResultYao2020>, On<Corner, VResultCorner>, On<Wide, VResultWide>);

// Images with all counts of logits, many ties and extremes, in one to three passes with gaps; the
// packet is taken at once or with stalls, is constant while it waits, and the next image's
// `frame_start_i` may come while it is being sent.
TYPED_TEST(Result, PacketHasTheFirstLargestAndAllLogits) {
  using C = TypeParam;
  ForSeeds<typename C::Model>(4, [&](Rng& rng, auto& dut) {
    dut->frame_start_i = 0;
    dut->valid_i = 0;
    dut->send_i = 0;
    dut->m_axis_tready_i = 0;
    dut.Reset();
    bool started = false;
    for (int image = 0; image < 150; ++image) {
      SCOPED_TRACE(testing::Message() << "image " << image);
      const int count = image < C::kNumLogits ? image + 1 : rng.Range(1, C::kNumLogits);
      std::vector<std::int64_t> logits;
      const int kind = rng.Below(4);
      const std::int64_t least = -(std::int64_t{1} << (C::kPsumBits - 1));
      for (int i = 0; i < count; ++i) {
        const std::int64_t any = SignExtend(rng.Bits(C::kPsumBits), C::kPsumBits);
        logits.push_back(kind == 0   ? any
                         : kind == 1 ? rng.Range(-2, 1)
                         : kind == 2 ? least + rng.Below(2)
                                     : -1 - (any & 3));
      }
      dut->count_i = static_cast<CData>(count);
      if (!started) {
        dut->frame_start_i = 1;
        dut.Edge();
        dut->frame_start_i = 0;
      }
      const int rows = (count + C::kLanes - 1) / C::kLanes;
      const int gaps = rng.Chance(50) ? 0 : 50;
      for (int row = 0; row < rows; ++row) {
        auto between = [&] {
          dut->valid_i = 0;
          dut->there_i = static_cast<CData>(rng.Bits(C::kLanes));
          dut->row_i = static_cast<CData>(rng.Below(C::kNumLogits / C::kLanes));
          Randomize(dut->logit_i, C::kLanes * C::kPsumBits, rng);
        };
        while (rng.Chance(gaps)) {
          between();
          dut.Edge();
        }
        const bool last = row == rows - 1;
        if (last) {  // the request comes in the clock before
          between();
          ASSERT_EQ(dut->busy_o, 0);
          dut->send_i = 1;
          dut.Edge();
          dut->send_i = 0;
        }
        dut->valid_i = 1;
        dut->row_i = static_cast<CData>(row);
        for (int lane = 0; lane < C::kLanes; ++lane) {
          const int index = C::kLanes * row + lane;
          SetBits(dut->there_i, lane, 1, index < count ? 1 : 0);
          // Behind the last one: something large that must not win.
          const std::int64_t value = index < count ? logits[index] : -least - 1;
          SetBits(dut->logit_i, lane * C::kPsumBits, C::kPsumBits,
                  static_cast<std::uint64_t>(value));
        }
        dut.Edge();
      }
      dut->valid_i = 0;

      int expected_class = 0;
      for (int i = 1; i < count; ++i) {
        if (logits[i] > logits[expected_class]) expected_class = i;
      }
      started = rng.Chance(30);
      const int start_in = rng.Below(6);
      const int stall = rng.Chance(50) ? 0 : 60;
      int done = 0;
      bool waiting = false;
      int clocks = 0;
      for (int word = 0; word <= count;) {
        ASSERT_LT(++clocks, 5000) << "no word";
        dut->frame_start_i = started && clocks == start_in + 5;
        dut->m_axis_tready_i = !rng.Chance(stall);
        dut.Eval();
        ASSERT_NE(dut->busy_o, 0);
        if (waiting) {
          ASSERT_NE(dut->m_axis_tvalid_o, 0) << "TVALID fell before TREADY";
        }
        if (dut->m_axis_tvalid_o != 0) {
          const std::int64_t expected = word == 0 ? expected_class : logits[word - 1];
          ASSERT_EQ(static_cast<std::int32_t>(dut->m_axis_tdata_o), expected)
              << "word " << word << " of " << count;
          ASSERT_EQ(dut->m_axis_tlast_o != 0, word == count);
        }
        const bool taken = dut->m_axis_tvalid_o != 0 && dut->m_axis_tready_i != 0;
        waiting = dut->m_axis_tvalid_o != 0 && !taken;
        ASSERT_EQ(dut->done_o != 0, taken && word == count);
        done += dut->done_o;
        word += taken ? 1 : 0;
        dut.Edge();
      }
      ASSERT_EQ(done, 1);
      // A short packet is over before the start.
      for (; started && clocks <= start_in + 5; ++clocks) {
        dut->frame_start_i = clocks == start_in + 5 - 1;
        dut.Edge();
      }
      dut->frame_start_i = 0;
      dut->m_axis_tready_i = 1;
      dut.Eval();
      ASSERT_EQ(dut->busy_o, 0);
      ASSERT_EQ(dut->m_axis_tvalid_o, 0);
    }
  });
}

}  // namespace
}  // namespace mcnn::rtl_test
