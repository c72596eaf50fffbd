// SPDX-License-Identifier: Apache-2.0
// mcnn_pe: windows on the bit lines plane by plane, codes to pair sums, groups in the order of the
// source lines; between images the reads and pulses of the programmer. The macro answers with
// random codes at the one clock at which it should be listened to, and with other ones at all
// others.
#include <algorithm>
#include <deque>
#include <map>

#include "VPeCorner.h"
#include "VPeTiny.h"
#include "VPeWide.h"
#include "VPeYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

constexpr int kKernelMax = 4;

template <class C>
class Pe : public testing::Test {
 protected:
  static constexpr int kLines = C::kNumSl / 4;
  static constexpr int kBankBits = std::countr_zero(static_cast<unsigned>(C::kRowBanks));

  // A column on its way into the windows that load.
  struct Column {
    bool mine = false, step_begin = false, first = false;
    bool slides = false;
    int column = 0, rows = 1, first_bank = 0, line = 0, lane = 0, windows = 1;
    bool by_row = false;
    std::vector<int> row_shift;  // [window]
    std::vector<int> pixels;     // [lane][bank]
  };

  struct Step {
    bool active = false;
    int line = 0;
    int width = 0;  // columns of the window
    int windows = 1;
    int pixel[C::kWindows][kKernelMax][kKernelMax] = {};  // [window][column][row]
    std::vector<Column> columns;
  };

  // A step of one or two records of which at most one is for this PE. Its window may slide: it
  // keeps columns of the one before. Its windows are channels, or the rows of one channel.
  static Step RandomStep(Rng& rng, const Step& before) {
    Step step;
    const bool by_row = rng.Chance(50);
    std::vector<int> row_shift(C::kWindows);
    for (int w = 1; by_row && w < C::kWindows; ++w) row_shift[w] = rng.Below(C::kRowBanks);
    const int records = rng.Range(1, 2);
    const int mine = rng.Below(records + 1);  // none when it equals `records`
    const int sparse = rng.Below(C::kActBits + 1);
    for (int record = 0; record < records; ++record) {
      const bool slides = record == mine && before.active && before.width > 1 && rng.Chance(40);
      const int columns = slides ? before.width : rng.Range(1, kKernelMax);
      const int rows = rng.Range(1, kKernelMax);
      const int first_bank = rng.Below(C::kRowBanks), line = rng.Below(kLines);
      const int first = slides ? columns - 1 : 0;
      const int windows =
          slides ? before.windows
                 : rng.Range(1, by_row ? C::kWindows : std::min(C::kWindows, C::kLanes));
      const int lane = by_row        ? rng.Below(C::kLanes)
                       : windows > 1 ? rng.Below(C::kLanes / C::kWindows) * C::kWindows
                                     : rng.Below(C::kLanes);
      for (int w = 0; slides && w < windows; ++w) {
        for (int c = 0; c < first; ++c)
          std::copy_n(before.pixel[w][c + 1], kKernelMax, step.pixel[w][c]);
      }
      for (int c = first; c < columns; ++c) {
        Column column;
        column.mine = record == mine;
        column.step_begin = record == 0 && c == first;
        column.first = c == first;
        column.slides = slides;
        column.column = c;
        column.rows = rows;
        column.first_bank = first_bank;
        column.line = line;
        column.lane = lane;
        column.windows = windows;
        column.by_row = by_row;
        column.row_shift = row_shift;
        for (int i = 0; i < C::kLanes * C::kRowBanks; ++i) {
          // Zero planes in between, so that some are not read.
          int pixel = rng.Chance(20) ? 0 : static_cast<int>(rng.Bits(C::kActBits));
          if (rng.Chance(50)) pixel &= static_cast<int>(rng.Bits(C::kActBits)) >> sparse;
          column.pixels.push_back(pixel);
        }
        if (column.mine) {
          step.active = true;
          step.line = line;
          step.width = columns;
          step.windows = windows;
          for (int w = 0; w < windows; ++w) {
            for (int r = 0; r < rows; ++r) {
              const int channel = by_row ? lane : lane + w;
              step.pixel[w][c][r] = column.pixels[channel * C::kRowBanks +
                                                  (first_bank + row_shift[w] + r) % C::kRowBanks];
            }
          }
        }
        step.columns.push_back(column);
      }
    }
    return step;
  }

  // The programmer asks for nothing; its line is whatever it was.
  static void NoProgrammer(Bench<typename C::Model>& dut) {
    dut->program_read_i = 0;
    dut->program_pulse_i = 0;
    Clear(dut->program_bit_line_i, C::kNumBl);
    dut->program_line_i = C::kNumSl - 1;
  }

  // The planes of the window that have a pulse, and the pulses of one.
  static int Used(const Step& step) {
    int used = 0;
    for (const auto& window : step.pixel) {
      for (const auto& column : window) {
        for (const int pixel : column) used |= pixel;
      }
    }
    return step.active ? used : 0;
  }
  static std::vector<int> Pulses(const Step& step, int plane) {
    std::vector<int> pulses;  // [window]
    for (const auto& window : step.pixel) {
      int bits = 0;
      for (int c = 0; c < kKernelMax; ++c) {
        for (int r = 0; r < kKernelMax; ++r) bits |= (window[c][r] >> plane & 1) << (4 * c + r);
      }
      pulses.push_back(bits);
    }
    return pulses;
  }

  static void Begin(Bench<typename C::Model>& dut) {
    dut->load_i = 0;
    dut->windows_i = 0;
    dut->step_begin_i = 0;
    dut->advance_i = 0;
    dut->tick_i = 0;
    dut->code_tick_i = 0;
    dut->hold_i = 0;
    dut->group_valid_i = 0;
    dut->survey_i = 0;
    dut->pairs_i = C::kNumAdc / 2;
    NoProgrammer(dut);
    dut.Reset();
  }
};

using Configurations = testing::Types<On<Yao2020, VPeYao2020>, On<Tiny, VPeTiny>,
                                      On<Corner, VPeCorner>, On<Wide, VPeWide>>;
TYPED_TEST_SUITE(Pe, Configurations);

// Steps as the beat control paces them: while one is driven the next one loads, and the one before
// is walked.
TYPED_TEST(Pe, PulsesAndSumsMatchTheModel) {
  using C = TypeParam;
  using Fixture = Pe<C>;
  using Column = typename Fixture::Column;
  using Step = typename Fixture::Step;
  constexpr int kSumsDelay = 2 + C::kReadLatency;  // from the end of a beat to hold
  ForSeeds<typename C::Model>(5, [&](Rng& rng, auto& dut) {
    Fixture::Begin(dut);
    // Of the pass: the codes of all other lanes mean nothing.
    const int pairs = rng.Chance(30) ? C::kNumAdc / 2 : rng.Range(1, C::kNumAdc / 2);
    dut->pairs_i = static_cast<CData>(pairs);

    // What happens in clocks to come.
    std::map<int, std::vector<int>> codes;  // macro answers: [lane]
    std::map<int, bool> code_ticks;         // first plane?
    std::map<int, bool> holds;
    std::map<int, int> walks;                                 // group
    std::map<int, std::vector<std::int64_t>> sums;            // [pair]
    std::map<int, std::pair<std::vector<int>, int>> strobes;  // pulses of each window, line

    int clock = 0;
    auto one_clock = [&](const Column* column, bool advance, int tick_plane, bool first,
                         const Step* driven) {
      const bool load = column != nullptr && column->mine;
      dut->load_i = load;
      dut->step_begin_i = column != nullptr && column->step_begin;
      dut->first_i = column != nullptr ? column->first : rng.Chance(50);
      dut->slide_i = column != nullptr ? column->slides : rng.Chance(50);
      dut->column_i = static_cast<CData>(column != nullptr ? column->column : rng.Below(4));
      dut->rows_i = static_cast<CData>(column != nullptr ? column->rows - 1 : rng.Below(4));
      dut->line_i = static_cast<CData>(column != nullptr ? column->line : rng.Below(this->kLines));
      dut->first_bank_i =
          static_cast<CData>(column != nullptr ? column->first_bank : rng.Below(C::kRowBanks));
      dut->lane_i = static_cast<CData>(column != nullptr ? column->lane : rng.Below(C::kLanes));
      dut->windows_i = static_cast<CData>(load ? column->windows - 1 : rng.Below(16));
      dut->by_row_i = load ? column->by_row : rng.Chance(50);
      for (int w = 0; w < C::kWindows; ++w) {
        const int shift = column != nullptr ? column->row_shift[w] : rng.Below(C::kRowBanks);
        SetBits(dut->row_shift_i, w * this->kBankBits, this->kBankBits, shift);
      }
      for (int i = 0; i < C::kLanes * C::kRowBanks; ++i) {
        const int lane = i / C::kRowBanks, bank = i % C::kRowBanks;
        const int pixel =
            column != nullptr ? column->pixels[i] : static_cast<int>(rng.Bits(C::kActBits));
        for (int b = 0; b < C::kActBits; ++b) {
          SetBits(dut->planes_i, (lane * C::kActBits + b) * C::kRowBanks + bank, 1,
                  static_cast<std::uint64_t>(pixel >> b & 1));
        }
      }
      dut->advance_i = advance;
      dut->tick_i = tick_plane >= 0;
      dut->plane_i = static_cast<CData>(tick_plane >= 0 ? tick_plane : rng.Below(C::kActBits));
      dut->survey_i = first;
      const auto code_tick = code_ticks.find(clock);
      dut->code_tick_i = code_tick != code_ticks.end();
      dut->code_first_i = code_tick != code_ticks.end() ? code_tick->second : rng.Chance(50);
      const auto answer = codes.find(clock);
      for (int lane = 0; lane < C::kNumAdc; ++lane) {
        const int code =
            answer != codes.end() ? answer->second[lane] : static_cast<int>(rng.Bits(C::kAdcBits));
        SetBits(dut->macro_code_i, lane * C::kAdcBits, C::kAdcBits, code);
      }
      dut->hold_i = holds.count(clock) != 0;
      const auto walk = walks.find(clock);
      dut->group_valid_i = walk != walks.end();
      dut->group_i =
          static_cast<CData>(walk != walks.end() ? walk->second : rng.Below(C::kNumGroups));
      dut.Eval();
      if (driven != nullptr) {
        ASSERT_EQ(dut->active_o != 0, driven->active);
        const int used = Fixture::Used(*driven);
        ASSERT_EQ(dut->strobe_o != 0, tick_plane >= 0 && (used >> tick_plane & 1) != 0);
        if (first) {
          ASSERT_EQ(dut->plane_used_o, used);
        }
      } else {
        ASSERT_EQ(dut->strobe_o, 0);
      }
      // The macro port.
      const auto strobe = strobes.find(clock);
      ASSERT_EQ(dut->macro_read_o != 0, strobe != strobes.end()) << "clock " << clock;
      ASSERT_EQ(dut->macro_program_o, 0) << "clock " << clock;
      if (strobe != strobes.end()) {
        for (int w = 0; w < C::kWindows; ++w) {
          ASSERT_EQ(GetBits(dut->macro_pulse_o, 16 * w, 16), strobe->second.first[w])
              << "window " << w << ", clock " << clock;
        }
        ASSERT_EQ(dut->macro_line_o, strobe->second.second) << "clock " << clock;
      }
      // The sums of the group that was asked for one clock ago.
      const auto sum = sums.find(clock);
      if (sum != sums.end()) {
        for (size_t i = 0; i < sum->second.size(); ++i) {
          ASSERT_EQ(SignExtend(GetBits(dut->sums_o, i * C::kSumBits, C::kSumBits), C::kSumBits),
                    sum->second[i])
              << "pair " << i << " of the group, clock " << clock;
        }
      }
      dut.Edge();
      ++clock;
    };

    Step next = Fixture::RandomStep(rng, Step{});
    for (const Column& column : next.columns) {
      one_clock(&column, false, -1, false, nullptr);
      if (testing::Test::HasFatalFailure()) return;
    }
    one_clock(nullptr, true, -1, false, nullptr);
    int walk_end = 0;
    for (int beat = 0; beat < 150; ++beat) {
      SCOPED_TRACE(testing::Message() << "beat " << beat);
      if (testing::Test::HasFatalFailure()) return;
      const Step driven = next;
      next = Fixture::RandomStep(rng, driven);
      const int planes = rng.Chance(50)
                             ? C::kActBits
                             : std::max(2, static_cast<int>(std::bit_width(
                                               static_cast<unsigned>(Fixture::Used(driven)))));
      std::size_t loaded = 0;
      int plane = planes - 1;
      int wait = 0;
      // Sums of the beat, pair by pair from its first source line.
      std::vector<std::int64_t> sum(C::kNumAdc / 2);
      const bool extreme = rng.Chance(15);
      const int read_clocks = rng.Range(1, 2);
      // A beat lasts until the planes are driven, the next step is loaded and the walk of the one
      // before is over.
      for (bool advance = false; !advance;) {
        const bool tick = plane >= 0 && wait == 0;
        const bool first = plane == planes - 1 && wait == 0;
        const int driven_plane = tick ? plane : -1;
        if (tick) {
          code_ticks[clock + 1 + C::kReadLatency] = first;
          if ((Fixture::Used(driven) >> plane & 1) != 0) {
            strobes[clock + 1] = {Fixture::Pulses(driven, plane), 4 * driven.line};
            std::vector<int> answer(C::kNumAdc);
            for (int lane = 0; lane < C::kNumAdc; ++lane) {
              answer[lane] = static_cast<int>(rng.Bits(C::kAdcBits));
              if (extreme) answer[lane] = lane % 2 == 0 ? (1 << C::kAdcBits) - 1 : 0;
            }
            for (int pair = 0; pair < C::kNumAdc / 2; ++pair) {
              const int positive = (4 * driven.line + 2 * pair) % C::kNumAdc;
              const int negative = (4 * driven.line + 2 * pair + 1) % C::kNumAdc;
              sum[pair] += static_cast<std::int64_t>(answer[positive] - answer[negative]) << plane;
            }
            codes[clock + 1 + C::kReadLatency] = answer;
          }
        }
        const Column* column = nullptr;
        if (loaded < next.columns.size() && rng.Chance(60)) column = &next.columns[loaded++];
        const int drive_left = plane * read_clocks + (read_clocks - 1 - wait);
        const bool drive_done = plane < 0 || drive_left == 0;
        advance = drive_done && loaded == next.columns.size() && clock + kSumsDelay >= walk_end;
        if (plane >= 0 && ++wait == read_clocks) {
          wait = 0;
          --plane;
        }
        if (advance) {
          const int hold = clock + kSumsDelay;
          holds[hold] = true;
          walk_end = hold;
          for (int group = 0; group * C::kLanes < pairs; ++group) {
            walk_end += rng.Chance(80) ? 1 : 2;
            walks[walk_end] = group;
            auto& expected = sums[walk_end + 1];
            expected.assign(std::min(C::kLanes, pairs - C::kLanes * group), 0);
            for (size_t i = 0; driven.active && i < expected.size(); ++i)
              expected[i] = sum[C::kLanes * group + static_cast<int>(i)];
          }
        }
        one_clock(column, advance, driven_plane, first, &driven);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

// Verify reads and pulses are at the macro's ports one clock later and stay there until the next
// one, while windows load or nothing happens.
TYPED_TEST(Pe, ProgrammerReachesTheMacro) {
  using C = TypeParam;
  Rng rng(9);
  Bench<typename C::Model> dut(9);
  Pe<C>::Begin(dut);
  int bit = -1, line = 0;  // of the last read or pulse; NumBl: no bit line
  for (int i = 0; i < 4000; ++i) {
    const int what = rng.Below(4);  // 0 and 1: nothing, 2: read, 3: pulse
    const int next_bit = what == 2 && rng.Chance(20) ? C::kNumBl : rng.Below(C::kNumBl);
    const int next_line = rng.Below(C::kNumSl);
    dut->program_read_i = what == 2;
    dut->program_pulse_i = what == 3;
    Clear(dut->program_bit_line_i, C::kNumBl);
    if (what >= 2 && next_bit < C::kNumBl) SetBits(dut->program_bit_line_i, next_bit, 1, 1);
    dut->program_line_i = static_cast<CData>(next_line);
    dut->load_i = rng.Chance(30);
    Randomize(dut->planes_i, C::kLanes * C::kActBits * C::kRowBanks, rng);
    Randomize(dut->macro_code_i, C::kNumAdc * C::kAdcBits, rng);
    dut.Eval();
    ASSERT_EQ(dut->strobe_o, 0) << "the counters count no plane";
    dut.Edge();
    ASSERT_EQ(dut->macro_read_o != 0, what == 2);
    ASSERT_EQ(dut->macro_program_o != 0, what == 3);
    if (what >= 2) {
      bit = next_bit;
      line = next_line;
    }
    if (bit >= 0) {
      for (int b = 0; b < C::kNumBl; ++b) {
        ASSERT_EQ(GetBits(dut->macro_pulse_o, b, 1), b == bit ? 1 : 0) << "bit line " << b;
      }
      ASSERT_EQ(dut->macro_line_o, line);
    }
  }
}

}  // namespace
}  // namespace mcnn::rtl_test
