// SPDX-License-Identifier: Apache-2.0
// mcnn_beat_control: the length of every beat, the planes of the drive, and the walk of the reduce
// with the pooled columns it gives out to, against the formulas of the specification.
#include <algorithm>
#include <deque>

#include "VBeatControlCorner.h"
#include "VBeatControlMany.h"
#include "VBeatControlTiny.h"
#include "VBeatControlWide.h"
#include "VBeatControlYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

struct Token {
  int pairs, row, group, column;
  bool first, add, emit, column_first, group_end, end;
};

template <class C>
class BeatControl : public testing::Test {
 protected:
  struct Pass {
    int kernels, array_rows, out_width, row_groups, steps;
    int pool_columns, pool_stride, pooled_width;
    bool skip;
  };

  // Groups of Lanes kernels.
  static int Groups(const Pass& p) { return (p.kernels + C::kLanes - 1) / C::kLanes; }

  static Pass RandomPass(Rng& rng) {
    Pass p;
    p.kernels = rng.Range(1, rng.Chance(50) ? C::kNumAdc / 2 : C::kLanes);
    p.array_rows = rng.Range(1, std::min(C::kWindows, C::kNumGroups / Groups(p)));
    p.out_width = rng.Range(1, rng.Chance(20) ? C::kMaxDim : 8);
    p.row_groups = rng.Range(1, 3);
    p.steps = rng.Range(1, 4);
    p.pool_columns = rng.Chance(40) ? 1 : rng.Range(1, rng.Chance(20) ? C::kMaxDim : 5);
    p.pool_stride = rng.Chance(40) ? p.pool_columns : rng.Range(1, rng.Chance(20) ? C::kMaxDim : 5);
    p.pooled_width = rng.Range(1, (p.out_width - 1) / p.pool_stride + 1);
    p.skip = rng.Chance(50);
    return p;
  }

  // The walk of one step, from the definition of a pooling window.
  static std::vector<Token> Walk(const Pass& p, int row_group, int x, int step) {
    const int groups = Groups(p) * p.array_rows;
    const bool last = step == p.steps - 1;
    std::vector<int> columns;
    for (int px = 0; last && px < p.pooled_width; ++px) {
      if (px * p.pool_stride <= x && x < px * p.pool_stride + p.pool_columns) columns.push_back(px);
    }
    std::vector<Token> tokens;
    const int walks = std::max<int>(1, static_cast<int>(columns.size()));
    for (int walk = 0; walk < walks; ++walk) {
      for (int g = 0; g < groups; ++g) {
        const bool emit = !columns.empty();
        const int px = emit ? columns[walk] : -1;
        const bool end = last && walk == walks - 1 && g == groups - 1;
        tokens.push_back({g, g / Groups(p), g % Groups(p), px, step == 0, walk == 0, emit,
                          emit && px * p.pool_stride == x, end && x == p.out_width - 1,
                          end && x == p.out_width - 1 && row_group == p.row_groups - 1});
      }
    }
    return tokens;
  }

  void Begin(Bench<typename C::Model>& dut) {
    dut->start_i = 0;
    dut->flush_i = 0;
    dut->load_end_i = 0;
    dut.Reset();
  }

  void Run(Bench<typename C::Model>& dut, const Pass& p, int gaps, Rng& rng) {
    struct Step {
      bool first, last, end;
      int fetch;           // clocks, gaps included
      std::uint32_t used;  // planes of its windows
      int drive;           // clocks
      std::vector<Token> walk;
    };
    std::vector<Step> steps;
    for (int y = 0; y < p.row_groups; ++y) {
      for (int x = 0; x < p.out_width; ++x) {
        for (int s = 0; s < p.steps; ++s) {
          Step step;
          step.first = s == 0;
          step.last = s == p.steps - 1;
          step.end = step.last && x == p.out_width - 1 && y == p.row_groups - 1;
          step.fetch = rng.Range(1, rng.Chance(gaps) ? 20 : 5);
          step.used =
              rng.Chance(30) ? 0 : static_cast<std::uint32_t>(rng.Bits(rng.Range(0, C::kActBits)));
          const int planes = std::bit_width(step.used);
          step.drive = (p.skip ? std::max(2, planes) : C::kActBits) * C::kReadClocks;
          step.walk = Walk(p, y, x, s);
          steps.push_back(step);
        }
      }
    }
    const int beats = static_cast<int>(steps.size());

    dut->kernels_i = static_cast<CData>(p.kernels);
    dut->pairs_i = static_cast<CData>((p.array_rows - 1) * Groups(p) * C::kLanes + p.kernels);
    dut->out_width_i = static_cast<CData>(p.out_width);
    dut->pool_columns_i = static_cast<CData>(p.pool_columns);
    dut->pool_column_stride_i = static_cast<CData>(p.pool_stride);
    dut->pooled_width_i = static_cast<CData>(p.pooled_width);
    dut->skip_i = p.skip;
    dut->load_end_i = 0;
    dut->start_i = 1;
    dut.Edge();
    dut->start_i = 0;

    // Schedules in clocks from the first one in which a column may be loaded: advance[i] begins
    // beat i in the next clock.
    std::vector<int> advance(beats + 1);
    advance[0] = steps[0].fetch - 1;
    for (int i = 0; i < beats; ++i) {
      int length = steps[i].drive;
      if (i + 1 < beats) length = std::max(length, steps[i + 1].fetch);
      if (i > 0) length = std::max(length, static_cast<int>(steps[i - 1].walk.size()));
      advance[i + 1] = advance[i] + length;
    }
    const int last_token = advance[beats] + static_cast<int>(steps.back().walk.size());

    int fetched = 0, fetch_clock = 0;  // steps loaded; clocks spent on the next one
    for (int clock = 0; clock <= last_token + C::kWalkDelay + 5; ++clock) {
      SCOPED_TRACE(testing::Message()
                   << "clock " << clock << ", kernels " << p.kernels << ", rows of an array "
                   << p.array_rows << ", width " << p.out_width << ", pool " << p.pool_columns
                   << "/" << p.pool_stride << "/" << p.pooled_width << ", steps " << p.steps);
      // The beat that is driven in this clock.
      int beat = -1;
      for (int i = 0; i < beats && advance[i] < clock; ++i) beat = i;
      if (clock > advance[beats]) beat = -1;
      const int in_beat = beat >= 0 ? clock - advance[beat] - 1 : 0;

      dut->load_end_i = 0;
      dut->pass_first_i = rng.Chance(50);
      dut->pass_last_i = rng.Chance(50);
      dut->walk_last_i = rng.Chance(50);
      // The planes of the windows, spread over the PEs.
      for (int pe = 0; pe < C::kNumPe; ++pe) {
        const std::uint32_t used =
            beat >= 0 ? steps[beat].used : static_cast<std::uint32_t>(rng.Bits(C::kActBits));
        const std::uint32_t part =
            beat >= 0 && pe > 0 ? used & static_cast<std::uint32_t>(rng.Bits(C::kActBits)) : used;
        const int lane = beat >= 0 ? (pe + beat) % C::kNumPe : pe;
        SetBits(dut->plane_used_i, lane * C::kActBits, C::kActBits, part);
      }
      dut.Eval();
      if (dut->load_ready_o != 0 && fetched < beats && ++fetch_clock == steps[fetched].fetch) {
        dut->load_end_i = 1;
        dut->pass_first_i = steps[fetched].first;
        dut->pass_last_i = steps[fetched].last;
        dut->walk_last_i = steps[fetched].end;
        ++fetched;
        fetch_clock = 0;
      }
      dut.Eval();

      const bool advances = std::find(advance.begin(), advance.end(), clock) != advance.end();
      ASSERT_EQ(dut->advance_o != 0, advances);
      ASSERT_EQ(dut->beat_o != 0, advances && clock != advance[beats]);
      // Drive: one tick a plane, most significant first, then the wait for the other stages.
      const bool driving = beat >= 0 && in_beat < steps[beat].drive;
      ASSERT_EQ(dut->tick_o != 0, driving && in_beat % C::kReadClocks == 0);
      if (dut->tick_o != 0) {
        ASSERT_EQ(dut->plane_o, (steps[beat].drive - 1 - in_beat) / C::kReadClocks);
        ASSERT_EQ(dut->first_o != 0, in_beat == 0);
      }
      ASSERT_EQ(dut->stall_o != 0, beat >= 0 && !driving);
      // Hold: when the codes of the last plane of a beat are added up.
      bool hold = false;
      for (int i = 1; i <= beats; ++i) hold = hold || advance[i] + C::kWalkDelay == clock;
      ASSERT_EQ(dut->hold_o != 0, hold);
      // Walk: begins in the clock after the beat, WalkDelay later at the outputs.
      int walked = -1, token = 0;
      for (int i = 0; i < beats; ++i) {
        token = clock - C::kWalkDelay - advance[i + 1] - 1;
        if (token >= 0 && token < static_cast<int>(steps[i].walk.size())) {
          walked = i;
          break;
        }
      }
      ASSERT_EQ(dut->walk_valid_o != 0, walked >= 0);
      if (walked >= 0) {
        const Token& t = steps[walked].walk[token];
        ASSERT_EQ(dut->walk_pairs_o, t.pairs);
        ASSERT_EQ(dut->walk_row_o, t.row);
        ASSERT_EQ(dut->walk_group_o, t.group);
        ASSERT_EQ(dut->walk_first_o != 0, t.first);
        ASSERT_EQ(dut->walk_add_o != 0, t.add);
        ASSERT_EQ(dut->walk_emit_o != 0, t.emit);
        if (t.emit) {
          ASSERT_EQ(dut->walk_column_o, t.column);
          ASSERT_EQ(dut->walk_column_first_o != 0, t.column_first);
        }
        ASSERT_EQ(dut->walk_group_end_o != 0, t.group_end);
        ASSERT_EQ(dut->walk_end_o != 0, t.end);
      }
      dut.Edge();
    }
    ASSERT_EQ(fetched, beats);
  }
};

// Corner: ReadClocks 2, WalkDelay 5, four planes.
using Configurations = testing::Types<On<Yao2020, VBeatControlYao2020>, On<Tiny, VBeatControlTiny>,
                                      On<Corner, VBeatControlCorner>, On<Wide, VBeatControlWide>,
                                      On<Many, VBeatControlMany>>;
TYPED_TEST_SUITE(BeatControl, Configurations);

// Random passes with short and long fetches, with and without SKIP: every output in every clock.
TYPED_TEST(BeatControl, EveryClockMatchesTheFormulas) {
  ForSeeds<typename TypeParam::Model>(8, [&](Rng& rng, auto& dut) {
    this->Begin(dut);
    ForRounds(12,
              [&](int) { this->Run(dut, this->RandomPass(rng), rng.Chance(50) ? 0 : 50, rng); });
  });
}

// A flush at any time: nothing comes out any more, and the next pass is as good as the first.
TYPED_TEST(BeatControl, FlushForgetsThePass) {
  using C = TypeParam;
  Rng rng(21);
  Bench<typename C::Model> dut(21);
  this->Begin(dut);
  dut->kernels_i = 1;
  dut->pairs_i = 1;
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(testing::Message() << "seed 21, round " << round);
    dut->start_i = 1;
    dut.Edge();
    dut->start_i = 0;
    for (int n = rng.Below(40); n > 0; --n) {
      dut->load_end_i = 0;
      dut.Eval();
      if (dut->survey_o == 0) Randomize(dut->plane_used_i, C::kNumPe * C::kActBits, rng);
      dut->load_end_i = dut->load_ready_o != 0 && rng.Chance(40);
      dut->pass_first_i = 1;
      dut->pass_last_i = rng.Chance(50);
      dut->walk_last_i = 0;
      dut.Edge();
    }
    dut->load_end_i = 0;
    dut->flush_i = 1;
    dut.Edge();
    dut->flush_i = 0;
    for (int n = rng.Below(10); n > 0; --n) {
      dut.Eval();
      ASSERT_EQ(dut->tick_o, 0);
      ASSERT_EQ(dut->advance_o, 0);
      ASSERT_EQ(dut->hold_o, 0);
      ASSERT_EQ(dut->walk_valid_o, 0);
      ASSERT_EQ(dut->load_ready_o, 1);
      dut.Edge();
    }
    this->Run(dut, this->RandomPass(rng), 30, rng);
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace mcnn::rtl_test
