// SPDX-License-Identifier: Apache-2.0
// mcnn_window_fetch: every PE sees, at every output position and for every record, the window that
// the specification names, pixels outside the map being 0; and records that the chip cannot serve
// are reported.
#include <algorithm>
#include <optional>
#include <set>

#include "VWindowFetchCorner.h"
#include "VWindowFetchMany.h"
#include "VWindowFetchTiny.h"
#include "VWindowFetchWide.h"
#include "VWindowFetchYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

struct Record {
  bool last_step = true, last_pass = true;
  int columns = 1, rows = 1;
  int column_offset = 0, row_offset = 0;
  int base = 0;
  int windows = 1;
  std::vector<int> line;     // divided by 4
  std::vector<int> lane;     // channel of window 0
  std::uint64_t active = 0;  // PEs
};

struct Pass {
  int pairs = 1, array_rows = 1;
  int in_height = 1, in_width = 1, stride = 1, row_step = 1;
  int group_rows = 1, out_height = 1, out_width = 1;
  std::vector<int> replica;
  int first_record = 0;
  std::vector<Record> records;
};

template <class C>
class WindowFetch : public testing::Test {
 protected:
  using Model = typename C::Model;
  static constexpr int kAddrBits = std::countr_zero(static_cast<unsigned>(C::kBankDepth));
  static constexpr int kBankBits = std::countr_zero(static_cast<unsigned>(C::kRowBanks));
  static constexpr int kLineBits = std::countr_zero(static_cast<unsigned>(C::kNumSl / 4));
  static constexpr int kLaneBits = std::countr_zero(static_cast<unsigned>(C::kLanes));
  static constexpr int kRecordWords = 2 + (C::kNumPe + 1) / 2;

  static std::size_t Index(int lane, int bank, int word) {
    return static_cast<std::size_t>((lane * C::kRowBanks + bank) * C::kBankDepth + word);
  }

  void Fill(Rng& rng) {
    memory_.resize(Index(C::kLanes, 0, 0));
    for (int& word : memory_) word = static_cast<int>(rng.Bits(C::kActBits));
    table_.assign(C::kNumRecords, {});
  }

  static Pass RandomPass(Rng& rng, bool large) {
    Pass p;
    p.pairs = rng.Range(1, C::kNumAdc / 2);
    int octets = 0;
    do {
      p.in_height = rng.Range(1, large ? C::kMaxDim : 12);
      p.in_width = rng.Range(1, large ? C::kMaxDim : 12);
      octets = (p.in_height + C::kRowBanks - 1) / C::kRowBanks;
    } while (octets * p.in_width > C::kBankDepth);
    p.array_rows = rng.Chance(50) ? 1 : rng.Range(1, std::min(C::kWindows, C::kRowBanks / 2));
    p.group_rows = rng.Range(p.array_rows, std::min({C::kNumPe * C::kWindows, C::kRowBanks, 15}));
    // REPLICA * STRIDE is the row of the column at which a PE begins.
    p.stride =
        rng.Range(1, p.group_rows > 1 ? std::min(7, (C::kRowBanks - 1) / (p.group_rows - 1)) : 7);
    p.row_step = p.group_rows * p.stride;
    p.out_height = rng.Range(1, large && rng.Chance(30) ? C::kMaxDim : 6);
    p.out_width = rng.Range(1, large && rng.Chance(30) ? C::kMaxDim : 6);
    p.replica.resize(C::kNumPe);
    for (int& replica : p.replica) replica = rng.Below(p.group_rows - p.array_rows + 1);
    const int count = rng.Range(1, 6);
    p.first_record = rng.Range(0, C::kNumRecords - count);
    std::uint64_t taken = 0;
    for (int i = 0; i < count; ++i) {
      Record r;
      r.last_pass = i == count - 1;
      r.last_step = r.last_pass || rng.Chance(50);
      r.columns = rng.Range(1, 4);
      r.rows = rng.Range(1, 4);
      r.column_offset = rng.Chance(10) ? rng.Range(-128, 127) : rng.Range(-5, 8);
      r.row_offset = rng.Chance(10) ? rng.Range(-128, 127) : rng.Range(-5, 8);
      r.base = rng.Below(C::kBankDepth - octets * p.in_width + 1);
      r.line.resize(C::kNumPe);
      r.lane.resize(C::kNumPe);
      r.windows = p.array_rows > 1 ? p.array_rows : rng.Range(1, std::min(C::kWindows, C::kLanes));
      const bool channels = p.array_rows == 1 && r.windows > 1;
      for (int pe = 0; pe < C::kNumPe; ++pe) {
        r.line[pe] = rng.Below((C::kNumSl - 2 * p.pairs) / 4 + 1);
        r.lane[pe] =
            channels ? rng.Below(C::kLanes / C::kWindows) * C::kWindows : rng.Below(C::kLanes);
        const bool fits = (p.replica[pe] + p.array_rows - 1) * p.stride + r.rows <= C::kRowBanks;
        if (fits && (taken >> pe & 1) == 0 && rng.Chance(60)) r.active |= std::uint64_t{1} << pe;
      }
      taken = r.last_step ? 0 : taken | r.active;
      p.records.push_back(r);
    }
    return p;
  }

  void SetPass(Bench<Model>& dut, const Pass& p) {
    dut->first_record_i = static_cast<CData>(p.first_record);
    dut->pairs_i = static_cast<CData>(p.pairs);
    dut->array_rows_i = static_cast<CData>(p.array_rows - 1);
    dut->in_height_i = static_cast<CData>(p.in_height);
    dut->in_width_i = static_cast<CData>(p.in_width);
    dut->stride_i = static_cast<CData>(p.stride);
    dut->row_step_i = static_cast<CData>(p.row_step);
    dut->group_rows_i = static_cast<CData>(p.group_rows);
    dut->out_height_i = static_cast<CData>(p.out_height);
    dut->out_width_i = static_cast<CData>(p.out_width);
    for (int pe = 0; pe < C::kNumPe; ++pe)
      SetBits(dut->row_offset_i, pe * 4, 4, p.replica[pe] * p.stride);
    for (std::size_t i = 0; i < p.records.size(); ++i) {
      const Record& r = p.records[i];
      // The layout of REGISTERS.md, reserved bits 0.
      std::vector<std::uint32_t> words(kRecordWords);
      words[0] = static_cast<std::uint32_t>(r.last_step) |
                 static_cast<std::uint32_t>(r.last_pass) << 1 |
                 static_cast<std::uint32_t>(r.columns - 1) << 4 |
                 static_cast<std::uint32_t>(r.rows - 1) << 6 |
                 (static_cast<std::uint32_t>(r.column_offset) & 0xFF) << 8 |
                 (static_cast<std::uint32_t>(r.row_offset) & 0xFF) << 16 |
                 static_cast<std::uint32_t>(r.windows - 1) << 24;
      words[1] = static_cast<std::uint32_t>(r.base);
      for (int pe = 0; pe < C::kNumPe; ++pe) {
        const std::uint32_t half = static_cast<std::uint32_t>(r.line[pe]) |
                                   static_cast<std::uint32_t>(r.lane[pe]) << 8 |
                                   (r.active >> pe & 1 ? 0x8000U : 0U);
        words[2 + pe / 2] |= half << (16 * (pe % 2));
      }
      table_[(p.first_record + i) % C::kNumRecords] = words;
    }
  }

  // One clock of the module with its two memories.
  void Clock(Bench<Model>& dut, Rng& rng) {
    dut.Eval();
    const bool record = dut->record_re_o != 0;
    const int number = dut->record_addr_o;
    std::vector<std::optional<int>> column;  // pixels that are read
    for (int bank = 0; bank < C::kRowBanks; ++bank) {
      const int word = static_cast<int>(GetBits(dut->fetch_addr_o, bank * kAddrBits, kAddrBits));
      for (int lane = 0; lane < C::kLanes; ++lane) {
        const bool read = GetBits(dut->fetch_re_o, bank * C::kLanes + lane, 1) != 0;
        column.push_back(read ? std::optional(memory_[Index(lane, bank, word)]) : std::nullopt);
        pixel_reads_ += read ? 1 : 0;
      }
    }
    dut.Edge();
    errors_ += dut->error_o != 0 ? 1 : 0;
    record_reads_ += record ? 1 : 0;
    if (record) {
      // A record that was never written, or a word behind the table, is anything.
      std::vector<std::uint32_t> words;
      if (number < C::kNumRecords) words = table_[number];
      if (words.empty()) {
        words.resize(kRecordWords);
        for (auto& word : words) word = static_cast<std::uint32_t>(rng.Bits(32));
      }
      for (std::size_t w = 0; w < words.size(); ++w) {
        SetBits(dut->record_i, static_cast<int>(w) * 32, 32, words[w]);
      }
    }
    // What is not read keeps its value.
    for (int at = 0; at < C::kRowBanks * C::kLanes; ++at) {
      if (column[at].has_value())
        SetBits(dut->fetch_data_i, at * C::kActBits, C::kActBits, *column[at]);
    }
  }

  // The pixel of a map that begins at `base`.
  int Pixel(const Pass& p, const Record& r, int lane, int y, int x) const {
    if (y < 0 || y >= p.in_height || x < 0 || x >= p.in_width) return 0;
    return memory_[Index(lane, y % C::kRowBanks, r.base + y / C::kRowBanks * p.in_width + x)];
  }

  // Pixels of a column that are read: the rows in the map down to the last that the lowest window
  // of the pass may take, in the channels that PEs of the record take.
  int PixelReads(const Pass& p, const Record& r, int y0, int x) const {
    if (x < 0 || x >= p.in_width) return 0;
    int reach = 0;
    for (const int replica : p.replica)
      reach = std::max(reach, p.stride * (replica + p.array_rows - 1));
    const int top = p.stride * y0 + r.row_offset;
    int rows = 0;
    for (int row = 0; row < std::min(reach + r.rows, C::kRowBanks); ++row)
      rows += top + row >= 0 && top + row < p.in_height ? 1 : 0;
    std::set<int> lanes;
    for (int pe = 0; pe < C::kNumPe; ++pe) {
      for (int w = 0; (r.active >> pe & 1) != 0 && w < (p.array_rows > 1 ? 1 : r.windows); ++w)
        lanes.insert(r.lane[pe] + w);
    }
    return rows * static_cast<int>(lanes.size());
  }

  // Compares a whole pass, column by column; `stall`: how often ready_i is low [percent].
  void Run(Bench<Model>& dut, const Pass& p, int stall, Rng& rng) {
    SetPass(dut, p);
    record_reads_ = 0;
    pixel_reads_ = 0;
    int pixel_reads = 0;
    dut->ready_i = 1;
    dut->start_i = 1;
    const int start = dut.clocks();
    Clock(dut, rng);
    dut->start_i = 0;
    bool first = true;
    const bool single = std::ranges::count(p.records, true, &Record::last_step) == 1;
    for (int y0 = 0; y0 < p.out_height; y0 += p.group_rows) {
      for (int x = 0; x < p.out_width; ++x) {
        bool step_begin = true, pass_first = true;
        for (const Record& r : p.records) {
          // The windows of a pass of one step and stride 1 slide.
          const bool slides = single && x > 0 && p.stride == 1;
          const int first_column = slides ? r.columns - 1 : 0;
          for (int c = first_column; c < r.columns; ++c) {
            pixel_reads += PixelReads(p, r, y0, p.stride * x + r.column_offset + c);
            int waited = 0;
            do {
              ASSERT_LT(++waited, 2000) << "no column";
              dut->ready_i = !rng.Chance(stall);
              dut.Eval();
              if (dut->valid_o == 0) Clock(dut, rng);
            } while (dut->valid_o == 0);
            SCOPED_TRACE(testing::Message() << "row group " << y0 << ", x " << x << ", record "
                                            << &r - p.records.data() << ", window column " << c);
            ASSERT_TRUE(dut->ready_i != 0);
            if (stall == 0) {
              if (first) {
                ASSERT_EQ(dut.clocks() - start, 4) << "clocks to the first column";
              } else {
                ASSERT_EQ(waited, 1) << "a column a clock";
              }
            }
            first = false;
            ASSERT_EQ(dut->column_o, c);
            ASSERT_EQ(dut->first_o != 0, c == first_column);
            if (c == first_column) {
              ASSERT_EQ(dut->slide_o != 0, slides);
            }
            ASSERT_EQ(dut->rows_o, r.rows - 1);
            ASSERT_EQ(dut->windows_o, r.windows - 1);
            ASSERT_EQ(static_cast<std::uint64_t>(dut->active_o), r.active);
            ASSERT_EQ(dut->step_begin_o != 0, step_begin);
            const bool step_end = c == r.columns - 1 && r.last_step;
            ASSERT_EQ(dut->step_end_o != 0, step_end);
            if (step_end) {
              ASSERT_EQ(dut->pass_first_o != 0, pass_first);
              ASSERT_EQ(dut->pass_last_o != 0, r.last_pass);
              ASSERT_EQ(dut->walk_last_o != 0,
                        r.last_pass && x == p.out_width - 1 && y0 + p.group_rows >= p.out_height);
            }
            for (int pe = 0; pe < C::kNumPe; ++pe) {
              if ((r.active >> pe & 1) == 0) continue;
              ASSERT_EQ(static_cast<int>(GetBits(dut->line_o, pe * kLineBits, kLineBits)),
                        r.line[pe]);
              const int bank0 =
                  static_cast<int>(GetBits(dut->first_bank_o, pe * kBankBits, kBankBits));
              const int lane0 = static_cast<int>(GetBits(dut->lane_o, pe * kLaneBits, kLaneBits));
              ASSERT_EQ(lane0, r.lane[pe]);
              for (int w = 0; w < r.windows; ++w) {
                // Windows are channels, or output rows below each other.
                const bool by_row = p.array_rows > 1;
                const int lane = by_row ? lane0 : lane0 + w;
                const int down =
                    static_cast<int>(GetBits(dut->row_shift_o, w * kBankBits, kBankBits));
                for (int row = 0; row < r.rows; ++row) {
                  int seen = 0;
                  for (int b = 0; b < C::kActBits; ++b) {
                    const int bank = (bank0 + down + row) % C::kRowBanks;
                    const int at = (lane * C::kActBits + b) * C::kRowBanks + bank;
                    seen |= static_cast<int>(GetBits(dut->planes_o, at, 1)) << b;
                  }
                  const int y = y0 + p.replica[pe] + (by_row ? w : 0);
                  ASSERT_EQ(seen, Pixel(p, r, lane, p.stride * y + r.row_offset + row,
                                        p.stride * x + r.column_offset + c))
                      << "PE " << pe << ", window " << w << ", window row " << row << "; map "
                      << p.in_height << "x" << p.in_width;
                }
              }
            }
            step_begin = step_end;
            if (step_end) pass_first = r.last_pass;
            Clock(dut, rng);
          }
        }
      }
    }
    // A record that follows itself is read once.
    const int positions = (p.out_height + p.group_rows - 1) / p.group_rows * p.out_width;
    const int records = static_cast<int>(p.records.size());
    EXPECT_EQ(record_reads_, records == 1 ? 1 : positions * records);
    EXPECT_EQ(pixel_reads_, pixel_reads) << "nothing is read that no PE may take";
    // Nothing behind the end.
    for (int i = 0; i < 10; ++i) {
      dut->ready_i = 1;
      dut.Eval();
      ASSERT_EQ(dut->valid_o, 0) << "a column behind the last one";
      Clock(dut, rng);
    }
  }

  // Runs without looking at the columns, and counts the error pulses.
  int Errors(Bench<Model>& dut, const Pass& p, Rng& rng) {
    SetPass(dut, p);
    errors_ = 0;
    dut->ready_i = 1;
    dut->start_i = 1;
    Clock(dut, rng);
    dut->start_i = 0;
    for (int i = 0; i < 300; ++i) Clock(dut, rng);
    dut->flush_i = 1;
    Clock(dut, rng);
    dut->flush_i = 0;
    Clock(dut, rng);
    return errors_;
  }

  void Begin(Bench<Model>& dut) {
    dut->start_i = 0;
    dut->flush_i = 0;
    dut->ready_i = 0;
    dut.Reset();
  }

  std::vector<int> memory_;
  std::vector<std::vector<std::uint32_t>> table_;
  int errors_ = 0;
  int record_reads_ = 0;
  int pixel_reads_ = 0;
};

using Configurations = testing::Types<On<Yao2020, VWindowFetchYao2020>, On<Tiny, VWindowFetchTiny>,
                                      On<Corner, VWindowFetchCorner>, On<Wide, VWindowFetchWide>,
                                      On<Many, VWindowFetchMany>>;
TYPED_TEST_SUITE(WindowFetch, Configurations);

// Random layers (stride, offsets of either sign, maps up to MaxDim, several records and steps,
// replicas), with the consumer always ready or not; latency and throughput are checked when it is.
TYPED_TEST(WindowFetch, EveryPeSeesItsWindow) {
  ForSeeds<typename TypeParam::Model>(6, [&](Rng& rng, auto& dut) {
    this->Fill(rng);
    this->Begin(dut);
    ForRounds(25, [&](int pass) {
      const Pass p = this->RandomPass(rng, rng.Chance(40));
      this->Run(dut, p, pass % 2 == 0 ? 0 : rng.Range(10, 80), rng);
      if (testing::Test::HasFatalFailure()) return;
      ASSERT_EQ(this->errors_, 0) << "a legal record was reported";
    });
  });
}

// A flush in the middle of a pass leaves nothing behind.
TYPED_TEST(WindowFetch, FlushForgetsThePass) {
  using C = TypeParam;
  Rng rng(11);
  Bench<typename C::Model> dut(11);
  this->Fill(rng);
  this->Begin(dut);
  for (int i = 0; i < 40; ++i) {
    SCOPED_TRACE(testing::Message() << "seed 11, round " << i);
    const Pass p = this->RandomPass(rng, false);
    this->SetPass(dut, p);
    dut->ready_i = 1;
    dut->start_i = 1;
    this->Clock(dut, rng);
    dut->start_i = 0;
    for (int n = rng.Below(12); n > 0; --n) {
      dut->ready_i = rng.Chance(70);
      this->Clock(dut, rng);
    }
    dut->flush_i = 1;
    dut->ready_i = rng.Chance(50);
    this->Clock(dut, rng);
    dut->flush_i = 0;
    for (int n = rng.Below(4); n > 0; --n) {
      dut->ready_i = 1;
      dut.Eval();
      ASSERT_EQ(dut->valid_o, 0);
      this->Clock(dut, rng);
    }
    this->Run(dut, this->RandomPass(rng, false), 20, rng);
    if (testing::Test::HasFatalFailure()) return;
  }
}

// Each limit of a record, one step inside and one outside.
TYPED_TEST(WindowFetch, ReportsWhatARecordMayNotAskFor) {
  using C = TypeParam;
  Rng rng(12);
  Bench<typename C::Model> dut(12);
  this->Fill(rng);
  this->Begin(dut);
  for (int i = 0; i < 20; ++i) {
    SCOPED_TRACE(testing::Message() << "seed 12, round " << i);
    Pass p;
    p.pairs = rng.Range(1, C::kNumAdc / 2);
    p.in_height = C::kRowBanks;
    p.in_width = 4;
    p.row_step = 1;
    p.out_width = 2;
    p.replica.assign(C::kNumPe, 0);
    Record r;
    r.line.assign(C::kNumPe, 0);
    r.lane.assign(C::kNumPe, 0);
    r.columns = 2;
    const int pe = rng.Below(C::kNumPe);
    r.active = std::uint64_t{1} << pe;
    p.records = {r};
    ASSERT_EQ(this->Errors(dut, p, rng), 0);

    Pass bad = p;
    bad.records[0].last_step = false;
    EXPECT_GT(this->Errors(dut, bad, rng), 0) << "LAST_PASS without LAST_STEP";

    bad = p;
    bad.records[0].line[pe] = (C::kNumSl - 2 * p.pairs) / 4;
    EXPECT_EQ(this->Errors(dut, bad, rng), 0) << "the last lines";
    bad.records[0].line[pe] += 1;
    EXPECT_GT(this->Errors(dut, bad, rng), 0) << "lines beyond the array";
    bad.records[0].active = 0;
    EXPECT_EQ(this->Errors(dut, bad, rng), 0) << "a line of a PE that is not active";

    bad = p;
    bad.records[0].base = C::kBankDepth - 4;
    EXPECT_EQ(this->Errors(dut, bad, rng), 0) << "the last words";
    bad.records[0].base = C::kBankDepth - 1;
    EXPECT_GT(this->Errors(dut, bad, rng), 0) << "words beyond the memory";
    bad.records[0].base = C::kBankDepth;
    bad.records[0].column_offset = -100;
    EXPECT_GT(this->Errors(dut, bad, rng), 0) << "CHANNEL_BASE beyond the memory";

    bad = p;
    bad.group_rows = 2;
    bad.stride = std::min(7, C::kRowBanks - 2);
    bad.replica[pe] = (C::kRowBanks - 2) / bad.stride;
    bad.group_rows = bad.replica[pe] + 1;
    bad.row_step = bad.group_rows * bad.stride;
    bad.records[0].rows = C::kRowBanks - bad.replica[pe] * bad.stride;
    ASSERT_LE(bad.records[0].rows, 3);
    EXPECT_EQ(this->Errors(dut, bad, rng), 0) << "rows that just fit the column";
    bad.records[0].rows += 1;
    EXPECT_GT(this->Errors(dut, bad, rng), 0) << "rows beyond the column";

    // Windows: what the array has, and the channels of a word.
    bad = p;
    bad.records[0].lane[pe] = C::kLanes;
    EXPECT_GT(this->Errors(dut, bad, rng), 0) << "LANE beyond the word";
    bad.records[0].lane[pe] = 0;
    bad.records[0].windows = C::kWindows + 1;
    EXPECT_GT(this->Errors(dut, bad, rng), 0) << "WINDOWS beyond the array";
    if (C::kWindows > 1) {
      bad.records[0].windows = C::kWindows;
      EXPECT_EQ(this->Errors(dut, bad, rng), 0) << "all windows";
      bad.records[0].lane[pe] = 1;
      EXPECT_GT(this->Errors(dut, bad, rng), 0) << "LANE between the multiples of Windows";
      bad.records[0].lane[pe] = 0;
      bad.array_rows = 2;
      bad.group_rows = 2;
      bad.row_step = 2;
      bad.records[0].rows = 2;
      bad.records[0].windows = 2;
      EXPECT_EQ(this->Errors(dut, bad, rng), 0) << "two output rows of an array";
      bad.records[0].windows = 1;
      EXPECT_GT(this->Errors(dut, bad, rng), 0) << "a window for one of two output rows";
      bad.records[0].windows = 2;
      bad.stride = C::kRowBanks - 1;
      bad.row_step = 127;
      if (bad.stride <= 7) {
        EXPECT_GT(this->Errors(dut, bad, rng), 0) << "rows of window 1 beyond the column";
      }
    }

    bad = p;
    bad.first_record = C::kNumRecords - 1;
    EXPECT_EQ(this->Errors(dut, bad, rng), 0) << "the last record ends the pass";
    bad.records[0].last_pass = false;
    EXPECT_GT(this->Errors(dut, bad, rng), 0) << "the table ends before LAST_PASS";
  }
}

}  // namespace
}  // namespace mcnn::rtl_test
