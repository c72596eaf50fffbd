// SPDX-License-Identifier: Apache-2.0
// mcnn_pool_write: the words that a pass leaves in the output feature map are the maxima of the
// pooling windows, or sums with what was there, and no other word changes. The reference is a brute
// force over every pixel of every window.
#include <algorithm>
#include <set>
#include <utility>

#include "VPoolWriteCorner.h"
#include "VPoolWriteMany.h"
#include "VPoolWriteTiny.h"
#include "VPoolWriteWide.h"
#include "VPoolWriteYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

// A pass as the layer row describes it.
struct Pass {
  bool vector = false;
  bool add = false;  // to what the map holds
  int kernels = 1;
  int array_rows = 1;  // output rows of an array
  int group_rows = 1;
  std::uint64_t segments = 0;
  std::vector<int> replica;
  int out_height = 1, out_width = 1;
  int pool_rows = 1, pool_columns = 1, pool_row_stride = 1, pool_column_stride = 1;
  int pooled_height = 1, pooled_width = 1;
  int out_pitch = 0, out_base = 0;
};

// A token of the walk, as the chip sends it with the activations.
struct Token {
  bool emit = false;
  int row = 0;  // output row of the arrays
  int group = 0, column = 0;
  bool column_first = false, group_end = false;
  int x = 0, y0 = 0;  // for the model only
};

template <class C>
class PoolWrite : public testing::Test {
 protected:
  static constexpr int kAddrBits = std::countr_zero(static_cast<unsigned>(C::kBankDepth));

  static constexpr int kInBits = C::kActBits + C::kSigned;

  static std::size_t Index(int lane, int bank, int word) {
    return static_cast<std::size_t>((lane * C::kRowBanks + bank) * C::kBankDepth + word);
  }
  // Groups of Lanes kernels.
  static int Groups(const Pass& p) { return (p.kernels + C::kLanes - 1) / C::kLanes; }

  // At most RowBanks pooled rows may be touched by one row group.
  static bool Legal(const Pass& p) {
    for (int y0 = 0; y0 < p.out_height; y0 += p.group_rows) {
      const int end = std::min(y0 + p.group_rows, p.out_height);
      int touched = 0;
      for (int py = 0; py < p.pooled_height; ++py) {
        const int first = py * p.pool_row_stride;
        if (first < end && first + p.pool_rows > y0) ++touched;
      }
      if (touched > C::kRowBanks) return false;
    }
    const int octets = (p.pooled_height + C::kRowBanks - 1) / C::kRowBanks;
    return p.out_base + (Groups(p) - 1) * p.out_pitch + octets * p.pooled_width <= C::kBankDepth;
  }

  static Pass RandomPass(Rng& rng) {
    Pass p;
    do {
      p.kernels = rng.Range(1, rng.Chance(50) ? C::kNumAdc / 2 : C::kLanes);
      const int most_rows = std::min(C::kRowBanks, 15);
      p.array_rows = rng.Range(1, std::min({C::kWindows, C::kNumGroups / Groups(p), most_rows}));
      p.group_rows = p.array_rows * rng.Range(1, std::min(C::kNumPe, most_rows / p.array_rows));
      p.out_height = rng.Range(1, rng.Chance(50) ? C::kMaxDim : 8);
      p.out_width = rng.Range(1, rng.Chance(20) ? C::kMaxDim : 6);
      switch (rng.Below(4)) {
        case 0:  // no pooling
          p.pool_rows = p.pool_columns = p.pool_row_stride = p.pool_column_stride = 1;
          break;
        case 1:  // windows side by side
          p.pool_rows = p.pool_row_stride = rng.Range(2, 4);
          p.pool_columns = p.pool_column_stride = rng.Range(2, 4);
          break;
        default:  // overlapping, or with gaps
          p.pool_rows = rng.Range(1, rng.Chance(10) ? C::kMaxDim : 5);
          p.pool_columns = rng.Range(1, rng.Chance(10) ? C::kMaxDim : 5);
          p.pool_row_stride = rng.Range(1, rng.Chance(10) ? C::kMaxDim : 4);
          p.pool_column_stride = rng.Range(1, rng.Chance(10) ? C::kMaxDim : 4);
      }
      if (C::kSigned != 0 && rng.Chance(30)) {
        p.add = true;
        p.pool_rows = p.pool_columns = p.pool_row_stride = p.pool_column_stride = 1;
      } else {
        p.add = false;
      }
      // Floor (windows inside), ceil (the last ones reach beyond the edge), or fewer.
      const int most_height = (p.out_height - 1) / p.pool_row_stride + 1;
      const int most_width = (p.out_width - 1) / p.pool_column_stride + 1;
      const int floor_height = (p.out_height - p.pool_rows) / p.pool_row_stride + 1;
      const int floor_width = (p.out_width - p.pool_columns) / p.pool_column_stride + 1;
      p.pooled_height =
          rng.Chance(50) && p.out_height >= p.pool_rows ? floor_height : rng.Range(1, most_height);
      p.pooled_width =
          rng.Chance(50) && p.out_width >= p.pool_columns ? floor_width : rng.Range(1, most_width);
      const int octets = (p.pooled_height + C::kRowBanks - 1) / C::kRowBanks;
      p.out_pitch = octets * p.pooled_width + (rng.Chance(30) ? rng.Below(3) : 0);
      p.out_base = rng.Below(C::kBankDepth);
    } while (!Legal(p));
    // A segment end for every ARRAY_ROWS rows of the group, on PEs in any order.
    std::vector<int> pes(C::kNumPe);
    for (int i = 0; i < C::kNumPe; ++i) pes[i] = i;
    for (int i = C::kNumPe - 1; i > 0; --i) std::swap(pes[i], pes[rng.Below(i + 1)]);
    p.replica.resize(C::kNumPe);
    const int arrays = p.group_rows / p.array_rows;
    for (int i = 0; i < C::kNumPe; ++i) {
      if (i < arrays) p.segments |= std::uint64_t{1} << pes[i];
      p.replica[pes[i]] = p.array_rows * (i < arrays ? i : rng.Below(arrays));
    }
    return p;
  }

  static Pass RandomVector(Rng& rng) {
    Pass p;
    p.vector = true;
    p.kernels = rng.Range(1, C::kNumAdc / 2);
    p.segments = std::uint64_t{1} << (C::kNumPe - 1);
    p.replica.assign(C::kNumPe, 0);
    p.out_base = rng.Below(4 * C::kBankDepth - C::kNumAdc);
    p.out_pitch = rng.Below(C::kBankDepth);
    return p;
  }

  static std::vector<Token> Walk(const Pass& p, Rng& rng) {
    std::vector<Token> tokens;
    const int groups = Groups(p);
    const int quiet_steps = rng.Below(3);  // steps before the last one
    for (int y0 = 0; y0 < p.out_height; y0 += p.group_rows) {
      for (int x = 0; x < p.out_width; ++x) {
        for (int step = 0; step < quiet_steps; ++step) {
          for (int g = 0; g < p.array_rows * groups; ++g)
            tokens.push_back(
                {false, g / groups, g % groups, rng.Below(8), rng.Chance(50), false, x, y0});
        }
        std::vector<int> columns;
        for (int px = 0; px < p.pooled_width; ++px) {
          const int first = px * p.pool_column_stride;
          if (first <= x && x < first + p.pool_columns) columns.push_back(px);
        }
        const bool emit = !columns.empty();
        if (!emit) columns.push_back(0);
        for (const int px : columns) {
          for (int g = 0; g < p.array_rows * groups; ++g) {
            tokens.push_back(
                {emit, g / groups, g % groups, px, px * p.pool_column_stride == x, false, x, y0});
          }
        }
        if (x == p.out_width - 1) tokens.back().group_end = true;
      }
    }
    return tokens;
  }

  void SetPass(Bench<typename C::Model>& dut, const Pass& p) {
    dut->vector_i = p.vector;
    dut->add_i = p.add;
    dut->array_rows_i = static_cast<CData>(p.array_rows - 1);
    SetBits(dut->segment_end_i, 0, C::kNumPe, p.segments);
    for (int i = 0; i < C::kNumPe; ++i) SetBits(dut->replica_i, 4 * i, 4, p.replica[i]);
    dut->group_rows_i = static_cast<CData>(p.group_rows);
    dut->out_height_i = static_cast<CData>(p.out_height);
    dut->pool_rows_i = static_cast<CData>(p.pool_rows);
    dut->pool_row_stride_i = static_cast<CData>(p.pool_row_stride);
    dut->pooled_height_i = static_cast<CData>(p.pooled_height);
    dut->pooled_width_i = static_cast<CData>(p.pooled_width);
    dut->out_pitch_i = static_cast<SData>(p.out_pitch);
    dut->out_base_i = static_cast<SData>(p.out_base);
  }

  // One clock: the token of the last clock arrives with its activations, the next one is announced.
  void Clock(Bench<typename C::Model>& dut, Rng& rng) {
    dut.Eval();
    // The memory: a read gets what was there before the write of the same clock.
    std::vector<std::pair<int, int>> answers;  // place, value
    for (int bank = 0; bank < C::kRowBanks; ++bank) {
      const int raddr = static_cast<int>(GetBits(dut->read_addr_o, bank * kAddrBits, kAddrBits));
      for (int lane = 0; lane < C::kLanes; ++lane) {
        const bool read = (dut->read_o >> bank & 1) != 0;
        answers.emplace_back(
            bank * C::kLanes + lane,
            read ? memory_[Index(lane, bank, raddr)] : static_cast<int>(rng.Bits(C::kActBits)));
      }
    }
    for (int bank = 0; bank < C::kRowBanks; ++bank) {
      const int waddr = static_cast<int>(GetBits(dut->write_addr_o, bank * kAddrBits, kAddrBits));
      for (int lane = 0; lane < C::kLanes; ++lane) {
        const int at = bank * C::kLanes + lane;
        if (GetBits(dut->write_o, at, 1) != 0) {
          memory_[Index(lane, bank, waddr)] =
              static_cast<int>(GetBits(dut->write_data_o, at * C::kActBits, C::kActBits));
        }
      }
    }
    dut.Edge();
    errors_ += dut->error_o != 0 ? 1 : 0;
    for (const auto& [at, value] : answers)
      SetBits(dut->read_data_i, at * C::kActBits, C::kActBits, value);
  }

  // Runs a pass; `map` gets every activation: [kernel][row][column].
  void Run(Bench<typename C::Model>& dut, const Pass& p, Rng& rng, std::vector<int>& map) {
    map.assign(static_cast<std::size_t>(C::kLanes * C::kNumGroups * C::kMaxDim * C::kMaxDim), 0);
    SetPass(dut, p);
    const std::vector<Token> tokens = Walk(p, rng);
    const int gaps = rng.Chance(50) ? 0 : 40;
    dut->valid_i = 0;
    dut->early_valid_i = 0;
    dut->start_i = 1;
    Clock(dut, rng);
    dut->start_i = 0;
    const int count = static_cast<int>(tokens.size());
    int next = 0;
    int announced = -1;  // token whose activations follow in the next clock
    while (next < count || announced >= 0) {
      const int arrived = announced;
      announced = next < count && !rng.Chance(gaps) ? next++ : -1;
      // Between the tokens the fields are anything.
      Token early{rng.Chance(50),
                  rng.Below(C::kWindows),
                  rng.Below(C::kNumGroups),
                  rng.Below(8),
                  rng.Chance(50),
                  rng.Chance(50),
                  0,
                  0};
      Token now = early;
      if (announced >= 0) early = tokens[announced];
      if (arrived >= 0) now = tokens[arrived];
      dut->early_valid_i = announced >= 0;
      dut->early_group_i = static_cast<CData>(early.group);
      dut->early_column_i = static_cast<CData>(early.column);
      dut->valid_i = arrived >= 0;
      dut->emit_i = now.emit;
      dut->array_row_i = static_cast<CData>(now.row);
      for (int l = 0; l < C::kLanes; ++l)
        SetBits(dut->there_i, l, 1, C::kLanes * now.group + l < p.kernels ? 1 : 0);
      dut->column_first_i = now.column_first;
      dut->group_end_i = now.group_end;
      Randomize(dut->act_i, C::kNumPe * C::kLanes * kInBits, rng);
      if (arrived >= 0 && now.emit) {
        for (int pe = 0; pe < C::kNumPe; ++pe) {
          if ((p.segments >> pe & 1) == 0) continue;
          const int y = now.y0 + p.replica[pe] + now.row;
          if (y >= p.out_height) continue;
          for (int k = 0; k < C::kLanes; ++k) {
            // A column goes to several pooled columns with the same activations.
            const int at = (C::kLanes * pe + k) * kInBits;
            const auto value = static_cast<int>(GetBits(dut->act_i, at, kInBits));
            const int index = ((C::kLanes * now.group + k) * C::kMaxDim + y) * C::kMaxDim + now.x;
            int& pixel = map[index];
            if (written_.insert(index).second) pixel = value;
            SetBits(dut->act_i, at, kInBits, pixel);
          }
        }
      }
      Clock(dut, rng);
    }
    dut->valid_i = 0;
    written_.clear();
    for (int i = 0; i < 2; ++i) Clock(dut, rng);
  }

  std::vector<int> Expected(const Pass& p, const std::vector<int>& before,
                            const std::vector<int>& map) const {
    std::vector<int> memory = before;
    // Activations that have a sign come with an offset, and have none in a map.
    const int offset = C::kSigned << C::kActBits, most_pixel = (1 << C::kActBits) - 1;
    auto act = [&](int k, int y, int x) {
      return map[(k * C::kMaxDim + y) * C::kMaxDim + x] - offset;
    };
    auto pixel = [&](int k, int y, int x) { return std::max(act(k, y, x), 0); };
    if (p.vector) {
      for (int k = 0; k < p.kernels; ++k) {
        const int e = C::kLanes * p.out_base + k;
        memory[Index(e % C::kLanes, e / C::kLanes % 4, e / C::kLanes / 4)] = pixel(k, 0, 0);
      }
      return memory;
    }
    for (int k = 0; k < p.kernels; ++k) {
      for (int py = 0; py < p.pooled_height; ++py) {
        for (int px = 0; px < p.pooled_width; ++px) {
          int most = -1;
          for (int r = 0; r < p.pool_rows; ++r) {
            for (int c = 0; c < p.pool_columns; ++c) {
              const int y = py * p.pool_row_stride + r;
              const int x = px * p.pool_column_stride + c;
              if (y < p.out_height && x < p.out_width) most = std::max(most, pixel(k, y, x));
            }
          }
          if (most < 0) continue;
          const int lane = k % C::kLanes, bank = py % C::kRowBanks;
          const int word =
              p.out_base + k / C::kLanes * p.out_pitch + py / C::kRowBanks * p.pooled_width + px;
          if (p.add)
            most = std::clamp(before[Index(lane, bank, word)] + act(k, py, px), 0, most_pixel);
          memory[Index(lane, bank, word)] = most;
        }
      }
    }
    return memory;
  }

  void FillMemory(Rng& rng) {
    memory_.resize(Index(C::kLanes, 0, 0));
    for (int& word : memory_) word = static_cast<int>(rng.Bits(C::kActBits));
  }

  void Compare(const Pass& p, const std::vector<int>& before, const std::vector<int>& map) {
    const std::vector<int> expected = Expected(p, before, map);
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      ASSERT_EQ(memory_[i], expected[i])
          << "lane " << i / (C::kRowBanks * C::kBankDepth) << ", bank "
          << i / C::kBankDepth % C::kRowBanks << ", word " << i % C::kBankDepth << "; out "
          << p.out_height << "x" << p.out_width << ", group rows " << p.group_rows << ", pool "
          << p.pool_rows << "x" << p.pool_columns << " stride " << p.pool_row_stride << "x"
          << p.pool_column_stride << ", pooled " << p.pooled_height << "x" << p.pooled_width
          << ", kernels " << p.kernels;
    }
  }

  void Begin(Bench<typename C::Model>& dut, Rng& rng) {
    dut->start_i = 0;
    dut->valid_i = 0;
    dut->early_valid_i = 0;
    dut.Reset();
    FillMemory(rng);
  }

  void RunAndCompare(Bench<typename C::Model>& dut, const Pass& p, Rng& rng) {
    const std::vector<int> before = memory_;
    std::vector<int> map;
    Run(dut, p, rng, map);
    Compare(p, before, map);
  }

  std::vector<int> memory_;
  std::set<int> written_;
  int errors_ = 0;
};

using Configurations = testing::Types<On<Yao2020, VPoolWriteYao2020>, On<Tiny, VPoolWriteTiny>,
                                      On<Corner, VPoolWriteCorner>, On<Wide, VPoolWriteWide>,
                                      On<Many, VPoolWriteMany>>;
TYPED_TEST_SUITE(PoolWrite, Configurations);

// Any legal map, pooling window, stride, edge, grouping of rows and number of kernels; groups back
// to back or with gaps; passes one after another in the same module.
TYPED_TEST(PoolWrite, MatchesBruteForceMaximum) {
  ForSeeds<typename TypeParam::Model>(6, [&](Rng& rng, auto& dut) {
    this->Begin(dut, rng);
    ForRounds(40, [&](int) {
      const Pass p = this->RandomPass(rng);
      this->RunAndCompare(dut, p, rng);
      if (testing::Test::HasFatalFailure()) return;
      ASSERT_EQ(this->errors_, 0);
    });
  });
}

// One kernel, overlapping windows, no gaps: the same word is read in the clock in which it is
// written.
TYPED_TEST(PoolWrite, ReadAfterWriteBackToBack) {
  using C = TypeParam;
  ForSeeds<typename C::Model>(20, [&](Rng& rng, auto& dut) {
    this->Begin(dut, rng);
    Pass p = this->RandomPass(rng);
    p.kernels = rng.Range(1, this->Groups(p) * C::kLanes);
    p.out_height = 4;
    p.out_width = 8;
    p.pool_rows = rng.Range(2, 3);
    p.pool_columns = rng.Range(2, 8);
    p.pool_row_stride = 1;
    p.pool_column_stride = rng.Range(1, 8);
    p.pooled_height = 2;
    p.pooled_width = (8 - 1) / p.pool_column_stride + 1;
    p.out_pitch = p.pooled_width;
    p.out_base = 0;
    p.add = false;
    ASSERT_TRUE(this->Legal(p));
    this->RunAndCompare(dut, p, rng);
    if (testing::Test::HasFatalFailure()) return;
  });
}

// A vector goes to the tiles of four rows by four columns that the next layer reads.
TYPED_TEST(PoolWrite, VectorGoesToTiles) {
  ForSeed<typename TypeParam::Model>(7, [&](Rng& rng, auto& dut) {
    this->Begin(dut, rng);
    ForRounds(60, [&](int) {
      const Pass p = rng.Chance(80) ? this->RandomVector(rng) : this->RandomPass(rng);
      this->RunAndCompare(dut, p, rng);
      if (testing::Test::HasFatalFailure()) return;
      ASSERT_EQ(this->errors_, 0);
    });
  });
}

// A map that does not fit the banks is reported; the same map one word lower is not.
TYPED_TEST(PoolWrite, ReportsAddressBeyondTheMemory) {
  using C = TypeParam;
  Rng rng(8);
  Bench<typename C::Model> dut(8);
  this->Begin(dut, rng);
  for (int i = 0; i < 30; ++i) {
    Pass p = this->RandomPass(rng);
    const int octets = (p.pooled_height + C::kRowBanks - 1) / C::kRowBanks;
    const int words = (this->Groups(p) - 1) * p.out_pitch + octets * p.pooled_width;
    std::vector<int> map;
    this->errors_ = 0;
    p.out_base = C::kBankDepth - words;
    this->Run(dut, p, rng, map);
    EXPECT_EQ(this->errors_, 0) << "seed 8, pass " << i;
    // The last word of the last octet is written unless no pixel of the map is in its window.
    const bool last_used = (p.pooled_height - 1) * p.pool_row_stride < p.out_height &&
                           (p.pooled_width - 1) * p.pool_column_stride < p.out_width;
    if (!last_used) continue;
    p.out_base += 1;
    this->Run(dut, p, rng, map);
    EXPECT_GT(this->errors_, 0) << "seed 8, pass " << i;
  }
  Pass p = this->RandomVector(rng);
  std::vector<int> map;
  this->errors_ = 0;
  p.out_base = 4 * C::kBankDepth - 1;
  p.kernels = C::kLanes;
  this->Run(dut, p, rng, map);
  EXPECT_EQ(this->errors_, 0);
  p.kernels = C::kLanes + 1;
  this->Run(dut, p, rng, map);
  EXPECT_GT(this->errors_, 0);
}

}  // namespace
}  // namespace mcnn::rtl_test
