// SPDX-License-Identifier: Apache-2.0
// mcnn_perf_counters: every counter against a sum in the test, cleared by the start of a run, kept
// without events.
#include "VPerfCountersCorner.h"
#include "VPerfCountersYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

MCNN_SUITE(PerfCounters, On<Yao2020, VPerfCountersYao2020>, On<Corner, VPerfCountersCorner>);

// Random events for a while, some quiet clocks, then every counter; several runs without a reset in
// between.
TYPED_TEST(PerfCounters, MatchSumsOfRandomEvents) {
  using C = TypeParam;
  ForSeeds<typename C::Model>(4, [&](Rng& rng, auto& dut) {
    auto quiet = [&] {
      dut->clear_i = 0;
      dut->clock_i = 0;
      dut->layer_clock_i = 0;
      dut->stall_image_i = 0;
      dut->stall_result_i = 0;
      dut->stall_beat_i = 0;
      dut->beat_i = 0;
      dut->beat_first_i = 0;
      dut->strobe_i = 0;
      dut->result_i = 0;
    };
    quiet();
    dut.Reset();
    for (int run = 0; run < 4; ++run) {
      std::uint32_t clocks = 0, beats = 0, reads = 0, planes = 0, conversions = 0;
      std::uint32_t stall_image = 0, stall_result = 0, stall_beat = 0, results = 0;
      std::vector<std::uint32_t> layer_clocks(C::kNumLayers);
      quiet();
      if (run > 0) {
        dut->clear_i = 1;
        dut.Edge();
        quiet();
      }
      int count = 2;
      for (int i = 0; i < 1500; ++i) {
        // The conversions of a read belong to the pass: they change only between passes.
        if (i % 100 == 96) count = rng.Chance(10) ? C::kNumAdc : 2 * rng.Range(1, C::kNumAdc / 2);
        const bool between = i % 100 >= 90;
        const int layer = rng.Below(C::kNumLayers);
        const auto active = rng.Bits(C::kNumPe);
        const auto strobe = !between && rng.Chance(70) ? rng.Bits(C::kNumPe) : 0;
        dut->clock_i = rng.Chance(80);
        dut->layer_clock_i = rng.Chance(80);
        dut->layer_i = static_cast<CData>(layer);
        dut->stall_image_i = rng.Chance(20);
        dut->stall_result_i = rng.Chance(20);
        dut->stall_beat_i = rng.Chance(20);
        dut->beat_i = rng.Chance(20);
        dut->beat_first_i = rng.Chance(20);
        dut->active_i = static_cast<CData>(active);
        dut->strobe_i = static_cast<CData>(strobe);
        dut->count_i = static_cast<CData>(count);
        dut->result_i = rng.Chance(20);
        clocks += dut->clock_i;
        layer_clocks[layer] += dut->layer_clock_i;
        stall_image += dut->stall_image_i;
        stall_result += dut->stall_result_i;
        stall_beat += dut->stall_beat_i;
        beats += dut->beat_i;
        results += dut->result_i;
        reads += static_cast<std::uint32_t>(std::popcount(strobe));
        conversions += static_cast<std::uint32_t>(std::popcount(strobe) * count);
        if (dut->beat_first_i != 0)
          planes += static_cast<std::uint32_t>(std::popcount(active) * C::kActBits);
        dut.Edge();
      }
      quiet();
      for (int i = 0; i < 5; ++i) dut.Edge();
      EXPECT_EQ(dut->clocks_o, clocks);
      EXPECT_EQ(dut->beats_o, beats);
      EXPECT_EQ(dut->reads_o, reads);
      EXPECT_EQ(dut->skipped_o, planes - reads);
      EXPECT_EQ(dut->conversions_o, conversions);
      EXPECT_EQ(dut->stall_image_o, stall_image);
      EXPECT_EQ(dut->stall_result_o, stall_result);
      EXPECT_EQ(dut->stall_beat_o, stall_beat);
      EXPECT_EQ(dut->results_o, results);
      for (int layer = 0; layer < C::kNumLayers; ++layer) {
        dut->layer_select_i = static_cast<CData>(layer);
        dut.Eval();
        EXPECT_EQ(dut->layer_clocks_o, layer_clocks[layer]) << "layer " << layer;
      }
      if (testing::Test::HasFailure()) return;
    }
  });
}

}  // namespace
}  // namespace mcnn::rtl_test
