// SPDX-License-Identifier: Apache-2.0
// mcnn_sequencer: order of images and rows, names of the buffers, halts, waits for images and
// results, the check of a layer row, and the end of a run by abort or error at any time.
#include <algorithm>
#include <functional>

#include "VSequencerCorner.h"
#include "VSequencerMany.h"
#include "VSequencerWide.h"
#include "VSequencerYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

// A layer row; the members begin with what every configuration has.
struct Row {
  bool final = false, layer_end = false, vector = false;
  int kernels = 1, range = 0, shift = 0, group_rows = 1;
  int array_rows = 1, pairs = 1;
  int in_height = 1, in_width = 1, stride = 1, row_step = 1;
  int out_height = 1, out_width = 1;
  int pool_rows = 1, pool_columns = 1, pool_row_stride = 1, pool_column_stride = 1;
  int pooled_height = 1, pooled_width = 1, out_pitch = 0;
  int out_base = 0, bias_base = 0, first_record = 0;
  int input = 0, output = 1, add = 0;
  std::uint64_t segment_end = 0;
  std::vector<int> replica, row_offset;
};

template <class C>
class Sequencer : public testing::Test {
 protected:
  using Model = typename C::Model;
  static constexpr int kWords = 8 + (C::kNumPe + 3) / 4 + (C::kNumPe > 32 ? 1 : 0);  // of a row
  static constexpr int kGroupRows = std::min({C::kNumPe * C::kWindows, C::kRowBanks, 15});

  static Row Plain() {
    Row r;
    r.segment_end = std::uint64_t{1} << (C::kNumPe - 1);
    r.replica.assign(C::kNumPe, 0);
    r.row_offset.assign(C::kNumPe, 0);
    return r;
  }

  // Every field anything that is allowed.
  static Row Random(Rng& rng) {
    Row r = Plain();
    r.range = rng.Below(4);
    r.kernels = rng.Range(1, C::kNumAdc / 2);
    const int groups = (r.kernels + C::kLanes - 1) / C::kLanes;
    r.array_rows = rng.Range(1, std::min({C::kWindows, C::kNumGroups / groups, kGroupRows}));
    r.pairs = (r.array_rows - 1) * groups * C::kLanes + r.kernels;
    r.shift = rng.Below(C::kPsumBits);
    r.group_rows = rng.Range(r.array_rows, kGroupRows);
    r.in_height = rng.Range(1, C::kMaxDim);
    r.in_width = rng.Range(1, C::kMaxDim);
    r.stride = rng.Range(1, 7);
    r.row_step = rng.Range(1, 127);
    r.out_height = rng.Range(1, C::kMaxDim);
    r.out_width = rng.Range(1, C::kMaxDim);
    r.pool_rows = rng.Range(1, C::kMaxDim);
    r.pool_columns = rng.Range(1, C::kMaxDim);
    r.pool_row_stride = rng.Range(1, C::kMaxDim);
    r.pool_column_stride = rng.Range(1, C::kMaxDim);
    r.pooled_height = rng.Range(1, C::kMaxDim);
    r.pooled_width = rng.Range(1, C::kMaxDim);
    r.out_pitch = rng.Range(0, C::kBankDepth);
    r.out_base = rng.Below(2);
    r.bias_base = rng.Range(0, C::kNumBiasRows - groups);
    r.first_record = rng.Below(C::kNumRecords);
    do {
      r.segment_end = rng.Bits(C::kNumPe);
    } while (r.segment_end == 0);
    r.input = rng.Below(C::kNumBuffers - 1);
    r.output = (r.input + rng.Range(1, C::kNumBuffers - 2)) % (C::kNumBuffers - 1);
    if (C::kNumBuffers > 3 && rng.Chance(30)) {
      r.add = 1;
      r.pool_rows = r.pool_columns = r.pool_row_stride = r.pool_column_stride = 1;
    }
    for (int& replica : r.replica) replica = rng.Below(r.group_rows - r.array_rows + 1);
    for (int& offset : r.row_offset) offset = rng.Below(16);
    return r;
  }

  static void OneSegment(Row& r) {
    r.group_rows = 1;
    r.array_rows = 1;
    r.pairs = r.kernels;
    r.segment_end = std::uint64_t{1} << (C::kNumPe - 1);
    std::fill(r.replica.begin(), r.replica.end(), 0);
  }

  // The layout of REGISTERS.md.
  static std::vector<std::uint32_t> Words(const Row& r) {
    auto u = [](int value) { return static_cast<std::uint32_t>(value); };
    std::vector<std::uint32_t> w(kWords);
    w[0] = u(r.final) | u(r.layer_end) << 1 | u(r.vector) << 2 | u(r.kernels) << 4 |
           u(r.range) << 10 | u(r.shift) << 12 | u(r.group_rows) << 17 | u(r.array_rows - 1) << 21 |
           u(r.pairs) << 25;
    w[1] = u(r.in_height) | u(r.in_width) << 8 | u(r.stride) << 16 | u(r.row_step) << 24;
    w[2] = u(r.out_height) | u(r.out_width) << 8;
    w[3] = u(r.pool_rows) | u(r.pool_columns) << 7 | u(r.pool_row_stride) << 14 |
           u(r.pool_column_stride) << 21;
    w[4] = u(r.pooled_height) | u(r.pooled_width) << 8 | u(r.out_pitch) << 16;
    w[5] = u(r.out_base) | u(r.bias_base) << 16;
    w[6] = u(r.first_record) | u(r.input) << 16 | u(r.output) << 18 | u(r.add) << 20;
    w[7] = static_cast<std::uint32_t>(r.segment_end);
    if (C::kNumPe > 32) w.back() = static_cast<std::uint32_t>(r.segment_end >> 32);
    for (int p = 0; p < C::kNumPe; ++p)
      w[8 + p / 4] |= u(r.replica[p] | r.row_offset[p] << 4) << (8 * (p % 4));
    return w;
  }

  void Begin(Bench<Model>& dut) {
    dut->start_i = 0;
    dut->abort_i = 0;
    dut->resume_i = 0;
    dut->halt_i = 0;
    dut->fatal_i = 0;
    dut->image_ready_i = 0;
    dut->result_busy_i = 0;
    dut->pass_done_i = 0;
    table_.assign(C::kNumLayers, Words(Plain()));
    dut.Reset();
    input_ = 0;
    output_ = 1;
    image_second_ = false;
  }

  // One clock with the layer table behind the module.
  void Clock(Bench<Model>& dut) {
    dut.Eval();
    const bool read = dut->row_re_o != 0;
    const int row = dut->row_addr_o;
    dut.Edge();
    if (!read) return;
    ASSERT_LT(row, C::kNumLayers);
    for (int w = 0; w < kWords; ++w) SetBits(dut->row_i, 32 * w, 32, table_[row][w]);
  }

  void CheckFields(Bench<Model>& dut, const Row& r) {
    EXPECT_EQ(dut->final_o != 0, r.final);
    EXPECT_EQ(dut->vector_o != 0, r.vector);
    EXPECT_EQ(dut->add_o, r.add);
    EXPECT_EQ(dut->kernels_o, r.kernels);
    EXPECT_EQ(dut->pairs_o, r.pairs);
    EXPECT_EQ(dut->array_rows_o, r.array_rows - 1);
    EXPECT_EQ(dut->range_o, r.range);
    EXPECT_EQ(dut->shift_o, r.shift);
    EXPECT_EQ(dut->group_rows_o, r.group_rows);
    EXPECT_EQ(dut->in_height_o, r.in_height);
    EXPECT_EQ(dut->in_width_o, r.in_width);
    EXPECT_EQ(dut->stride_o, r.stride);
    EXPECT_EQ(dut->row_step_o, r.row_step);
    EXPECT_EQ(dut->out_height_o, r.out_height);
    EXPECT_EQ(dut->out_width_o, r.out_width);
    EXPECT_EQ(dut->pool_rows_o, r.pool_rows);
    EXPECT_EQ(dut->pool_columns_o, r.pool_columns);
    EXPECT_EQ(dut->pool_row_stride_o, r.pool_row_stride);
    EXPECT_EQ(dut->pool_column_stride_o, r.pool_column_stride);
    EXPECT_EQ(dut->pooled_height_o, r.pooled_height);
    EXPECT_EQ(dut->pooled_width_o, r.pooled_width);
    EXPECT_EQ(dut->out_pitch_o, r.out_pitch);
    EXPECT_EQ(dut->out_base_o, r.out_base);
    EXPECT_EQ(dut->bias_base_o, r.bias_base);
    EXPECT_EQ(dut->first_record_o, r.first_record);
    EXPECT_EQ(std::uint64_t{dut->segment_end_o}, r.segment_end);
    for (int p = 0; p < C::kNumPe; ++p) {
      EXPECT_EQ(static_cast<int>(GetBits(dut->replica_o, 4 * p, 4)), r.replica[p]);
      EXPECT_EQ(static_cast<int>(GetBits(dut->row_offset_o, 4 * p, 4)), r.row_offset[p]);
    }
  }

  void CheckBuffers(Bench<Model>& dut) {
    // By name: 0 the image's, which takes turns with the one that loads.
    const int buffers[3] = {image_second_ ? 2 : 0, 1, 3};
    EXPECT_EQ(dut->in_buffer_o, buffers[input_]);
    EXPECT_EQ(dut->out_buffer_o, buffers[output_]);
    EXPECT_EQ(dut->load_buffer_o, image_second_ ? 0 : 2);
  }

  // A network: the rows, the last of which makes logits.
  std::vector<Row> RandomNetwork(Rng& rng) {
    std::vector<Row> rows(rng.Range(1, C::kNumLayers));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = Random(rng);
      rows[i].layer_end = i + 1 < rows.size() && rng.Chance(60);
      rows[i].vector = rng.Chance(20);
      rows[i].final = i + 1 == rows.size() || rng.Chance(10);
      if (rows[i].vector || rows[i].final) {
        OneSegment(rows[i]);
        rows[i].add = 0;
      }
      if (rows[i].final) {
        rows[i].kernels = rng.Range(1, std::min(C::kNumAdc / 2, C::kNumLogits));
        rows[i].pairs = rows[i].kernels;
        rows[i].bias_base = 0;
        rows[i].out_base = rng.Below((C::kNumLogits - rows[i].kernels) / C::kLanes + 1);
        rows[i].bias_base = 0;
      }
      table_[i] = Words(rows[i]);
    }
    return rows;
  }

  // Runs images; `end_at` >= 0: something ends the run in that clock. Returns the clocks of the
  // run.
  void Run(Bench<Model>& dut, const std::vector<Row>& rows, Rng& rng, int end_at) {
    const int images = rng.Range(1, 4);
    const bool halt = rng.Chance(40);
    const int slow = rng.Below(3) * 40;  // images and results wait [percent]
    dut->halt_i = halt;
    dut->image_count_i = static_cast<IData>(images);
    dut->layer_count_i = static_cast<CData>(rows.size());
    dut->start_i = 1;
    ASSERT_EQ(dut->busy_o, 0);
    Clock(dut);
    dut->start_i = 0;
    dut->image_ready_i = 0;

    int taken = 0, row = -1;  // images; row of the pass, or of the next one
    int run_left = -1;        // clocks until the pass is done
    int result_left = 0, results = 0;
    bool frame_expected = false, late_expected = false, halted = false, halted_at_end = false;
    bool over = false;
    std::uint32_t layer_clocks = 0;
    for (int clock = 0; !over; ++clock) {
      ASSERT_LT(clock, 20'000) << "the run hangs";
      if (dut->image_ready_i == 0) dut->image_ready_i = !rng.Chance(slow);
      dut->result_busy_i = result_left > 0;
      dut->pass_done_i = run_left == 0;
      dut->resume_i = halted && rng.Chance(30);
      const int how = clock == end_at ? 1 + rng.Below(2) : 0;
      dut->abort_i = how == 1;
      dut->fatal_i = how == 2;
      dut.Eval();
      ASSERT_NE(dut->busy_o, 0) << "the run is over too early";
      CheckBuffers(dut);
      ASSERT_EQ(dut->frame_start_o != 0, frame_expected);
      ASSERT_EQ(dut->start_late_o != 0, late_expected);
      ASSERT_EQ(dut->halted_o != 0, halted);
      ASSERT_EQ(dut->flush_o != 0, how != 0);
      ASSERT_EQ(dut->layer_invalid_o, 0) << "a legal row was refused";
      if (late_expected || run_left >= 0) {
        CheckFields(dut, rows[row]);
        ASSERT_FALSE(HasFailure());
        ASSERT_EQ(dut->layer_o, row);
      }
      frame_expected = dut->image_take_o != 0;
      late_expected = dut->start_o != 0;
      const bool pass_done = dut->pass_done_i != 0;
      const bool last = row == static_cast<int>(rows.size()) - 1;
      ASSERT_EQ(dut->result_send_o != 0, pass_done && last && how == 0);
      if (dut->image_take_o != 0) {
        ASSERT_NE(dut->image_ready_i, 0);
        ASSERT_TRUE(row == -1 || (last && run_left < 0)) << "an image in the middle of another";
        ++taken;
        row = 0;
        ASSERT_LE(taken, images);
      }
      if (dut->start_o != 0) {
        ASSERT_LT(run_left, 0) << "a pass begins before the last one is done";
        ASSERT_FALSE(rows[row].final && result_left > 0)
            << "logits while the last result is being sent";
        ASSERT_EQ(dut->first_record_o, rows[row].first_record) << "with start_o";
      }
      ASSERT_FALSE(dut->stall_image_o != 0 && dut->image_ready_i != 0);
      layer_clocks += dut->layer_clock_o;
      // The pass begins in this clock: its end comes after some clocks, at the earliest behind the
      // check of the row.
      const bool begins = dut->start_o != 0;
      const bool sends = dut->result_send_o != 0;
      const bool halts = halt && pass_done && (rows[row].layer_end || last) && how == 0;
      ASSERT_EQ(dut->halted_event_o != 0, halts);
      const bool done = dut->done_event_o != 0;
      if (done) {
        ASSERT_EQ(taken, images);
        ASSERT_EQ(results, images);
        ASSERT_EQ(result_left, 0);
      }
      ASSERT_EQ(dut->clock_o != 0, !halted && !reload_) << "clocks of the run";
      // After the last row there is no other to read.
      reload_ = halted && dut->resume_i != 0 && !halted_at_end;
      if (halted && dut->resume_i != 0) halted = false;
      if (halts) {
        halted = true;
        halted_at_end = last;
      }
      const bool takes = dut->image_take_o != 0;
      Clock(dut);
      if (takes) image_second_ = !image_second_;
      if (begins) {
        input_ = rows[row].input;
        output_ = rows[row].output;
      }
      dut->pass_done_i = 0;
      if (frame_expected) dut->image_ready_i = 0;
      if (run_left >= 0) --run_left;
      if (begins) run_left = rng.Range(4, 12);
      if (pass_done && !last) ++row;
      if (result_left > 0) --result_left;
      if (sends) {
        ++results;
        result_left = rng.Range(1, 10 + slow);
      }
      over = done || how != 0;
      if (how != 0) {
        // The frame of an image that was taken is harmless.
        dut->abort_i = 0;
        dut->fatal_i = 0;
        Clock(dut);
      }
    }
    reload_ = false;
    dut->image_ready_i = 0;
    dut->resume_i = 0;
    dut->result_busy_i = 0;
    dut.Eval();
    ASSERT_EQ(dut->busy_o, 0) << "the run goes on";
    ASSERT_EQ(dut->flush_o, 0);
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(dut->start_o, 0);
      Clock(dut);
    }
    CheckBuffers(dut);
  }

  // Starts one image on a network of one row and tells whether the row was refused.
  bool Refused(Bench<Model>& dut, const Row& row, int layer_count = 1) {
    table_[0] = Words(row);
    dut->halt_i = 0;
    dut->image_count_i = 1;
    dut->layer_count_i = static_cast<CData>(layer_count);
    dut->image_ready_i = 1;
    dut->start_i = 1;
    Clock(dut);
    dut->start_i = 0;
    bool refused = false, flushed = false;
    for (int i = 0; i < 10; ++i) {
      dut.Eval();
      refused = refused || dut->layer_invalid_o != 0;
      flushed = flushed || dut->flush_o != 0;
      Clock(dut);
    }
    EXPECT_EQ(refused, flushed);
    EXPECT_EQ(dut->busy_o == 0, refused) << "a refused row ends the run";
    dut->abort_i = 1;
    Clock(dut);
    dut->abort_i = 0;
    return refused;
  }

  std::vector<std::vector<std::uint32_t>> table_;
  int input_ = 0, output_ = 1;  // names
  bool image_second_ = false;   // buffer 0 by name is buffer 2
  bool reload_ = false;
};

using Configurations = testing::Types<On<Yao2020, VSequencerYao2020>, On<Corner, VSequencerCorner>,
                                      On<Wide, VSequencerWide>, On<Many, VSequencerMany>>;
TYPED_TEST_SUITE(Sequencer, Configurations);

// Random networks, with and without HALT, slow images and slow results.
TYPED_TEST(Sequencer, RunsRowsAndImagesInOrder) {
  ForSeeds<typename TypeParam::Model>(4, [&](Rng& rng, auto& dut) {
    this->Begin(dut);
    ForRounds(25, [&](int) {
      const std::vector<Row> rows = this->RandomNetwork(rng);
      this->Run(dut, rows, rng, -1);
    });
  });
}

// An abort or an error in any clock of a run: the chip is idle after it, and the next run is whole.
TYPED_TEST(Sequencer, AbortAndErrorsEndARunAtAnyTime) {
  ForSeed<typename TypeParam::Model>(31, [&](Rng& rng, auto& dut) {
    this->Begin(dut);
    ForRounds(300, [&](int run) {
      const std::vector<Row> rows = this->RandomNetwork(rng);
      this->Run(dut, rows, rng, rng.Below(rng.Chance(50) ? 8 : 60));
      if (testing::Test::HasFailure()) return;
      if (run % 10 != 0) return;
      this->Run(dut, rows, rng, -1);
    });
  });
}

// Each limit of the layer table, the last allowed value and the first that is not.
TYPED_TEST(Sequencer, RefusesWhatARowMayNotAskFor) {
  using C = TypeParam;
  Bench<typename C::Model> dut(41);
  this->Begin(dut);
  struct Limit {
    const char* field;
    std::function<void(Row&, int)> set;
    int least, most;
    int above;  // a value above `most` that the field can hold, or -1
  };
  auto field = [](int Row::*member) { return [member](Row& r, int value) { r.*member = value; }; };
  const int dim = C::kMaxDim;
  const std::vector<Limit> limits = {
      {"KERNELS", [](Row& r, int value) { r.kernels = r.pairs = value; }, 1, C::kNumAdc / 2,
       C::kNumAdc / 2 + 1},
      {"SHIFT", field(&Row::shift), 0, C::kPsumBits - 1, C::kPsumBits},
      {"IN_HEIGHT", field(&Row::in_height), 1, dim, dim + 1},
      {"IN_WIDTH", field(&Row::in_width), 1, dim, dim + 1},
      {"STRIDE", field(&Row::stride), 1, 7, -1},
      {"ROW_STEP", field(&Row::row_step), 1, 127, -1},
      {"OUT_HEIGHT", field(&Row::out_height), 1, dim, dim + 1},
      {"OUT_WIDTH", field(&Row::out_width), 1, dim, dim + 1},
      {"POOL_ROWS", field(&Row::pool_rows), 1, dim, dim + 1},
      {"POOL_COLUMNS", field(&Row::pool_columns), 1, dim, dim + 1},
      {"POOL_ROW_STRIDE", field(&Row::pool_row_stride), 1, dim, dim + 1},
      {"POOL_COLUMN_STRIDE", field(&Row::pool_column_stride), 1, dim, dim + 1},
      {"POOLED_HEIGHT", field(&Row::pooled_height), 1, dim, dim + 1},
      {"POOLED_WIDTH", field(&Row::pooled_width), 1, dim, dim + 1},
      {"OUT_PITCH", field(&Row::out_pitch), 0, C::kBankDepth, C::kBankDepth + 1},
      {"BIAS_BASE", field(&Row::bias_base), 0, C::kNumBiasRows - 1, C::kNumBiasRows},
      {"FIRST_RECORD", field(&Row::first_record), 0, C::kNumRecords - 1, C::kNumRecords},
  };
  // The first of two rows: what is asked of the last one comes below.
  const Row good = this->Plain();
  ASSERT_FALSE(this->Refused(dut, good, 2));
  for (const Limit& limit : limits) {
    SCOPED_TRACE(limit.field);
    Row row = good;
    for (const int value : {limit.least, limit.most}) {
      limit.set(row, value);
      EXPECT_FALSE(this->Refused(dut, row, 2)) << value;
    }
    if (limit.least > 0) {
      limit.set(row, 0);
      EXPECT_TRUE(this->Refused(dut, row, 2)) << 0;
    }
    if (limit.above >= 0) {
      limit.set(row, limit.above);
      EXPECT_TRUE(this->Refused(dut, row, 2)) << limit.above;
    }
  }
  // A row that is not the last of two may have several segments.
  Row conv = this->Plain();
  for (const int group_rows : {0, 1, this->kGroupRows, this->kGroupRows + 1, 15}) {
    if (group_rows > 15) continue;
    conv.group_rows = group_rows;
    EXPECT_EQ(this->Refused(dut, conv, 2), group_rows < 1 || group_rows > this->kGroupRows)
        << "GROUP_ROWS " << group_rows;
  }
  // Output rows side by side in an array, of two groups of kernels each.
  const int most_rows = std::min({C::kWindows, C::kNumGroups / 2, this->kGroupRows});
  for (const int rows : {1, most_rows, C::kWindows, C::kWindows + 1}) {
    Row wide = this->Plain();
    wide.kernels = C::kLanes + 1;
    wide.group_rows = std::min(rows, this->kGroupRows);
    wide.array_rows = rows;
    wide.pairs = (rows - 1) * 2 * C::kLanes + wide.kernels;
    if (wide.pairs < 64) {
      EXPECT_EQ(this->Refused(dut, wide, 2), rows > most_rows) << "ARRAY_ROWS " << rows;
    }
    wide.pairs = wide.kernels + (rows == 1 ? 1 : 0);
    EXPECT_TRUE(this->Refused(dut, wide, 2)) << "PAIRS of ARRAY_ROWS " << rows;
    if (rows == 1) continue;
    wide.pairs = (rows - 1) * 2 * C::kLanes + wide.kernels;
    wide.group_rows = rows - 1;
    EXPECT_TRUE(this->Refused(dut, wide, 2)) << "more ARRAY_ROWS than GROUP_ROWS";
  }
  conv.group_rows = 2;
  for (int p = 0; p < C::kNumPe; ++p) {
    conv.replica.assign(C::kNumPe, 0);
    conv.replica[p] = 1;
    EXPECT_FALSE(this->Refused(dut, conv, 2)) << "REPLICA of PE " << p;
    conv.replica[p] = 2;
    EXPECT_TRUE(this->Refused(dut, conv, 2)) << "REPLICA of PE " << p;
  }
  conv.replica.assign(C::kNumPe, 0);
  conv.segment_end = 1;
  EXPECT_FALSE(this->Refused(dut, conv, 2));
  conv.segment_end = 0;
  EXPECT_TRUE(this->Refused(dut, conv, 2)) << "SEGMENT_END";
  for (const bool final : {false, true}) {
    Row row = this->Plain();
    row.final = final;
    row.vector = !final;
    EXPECT_FALSE(this->Refused(dut, row, 2));
    row.group_rows = 2;
    EXPECT_TRUE(this->Refused(dut, row, 2)) << "GROUP_ROWS of a FINAL or VECTOR row";
    row.group_rows = 1;
    row.segment_end |= 1;
    EXPECT_TRUE(this->Refused(dut, row, 2)) << "SEGMENT_END of a FINAL or VECTOR row";
    row.segment_end = 1;
    EXPECT_TRUE(this->Refused(dut, row, 2)) << "SEGMENT_END of a FINAL or VECTOR row";
  }
  // Buffers by name, and what adds to them.
  for (int input = 0; input < 4; ++input) {
    for (int output = 0; output < 4; ++output) {
      Row row = this->Plain();
      row.input = input;
      row.output = output;
      const bool there = std::max(input, output) <= C::kNumBuffers - 2;
      EXPECT_EQ(this->Refused(dut, row, 2), !there || input == output)
          << "INPUT " << input << ", OUTPUT " << output;
    }
  }
  Row adds = this->Plain();
  adds.add = 1;
  EXPECT_EQ(this->Refused(dut, adds, 2), C::kNumBuffers < 4) << "ADD";
  for (int Row::*pool :
       {&Row::pool_rows, &Row::pool_columns, &Row::pool_row_stride, &Row::pool_column_stride}) {
    Row pooled = adds;
    pooled.*pool = 2;
    EXPECT_TRUE(this->Refused(dut, pooled, 2)) << "ADD with pooling";
  }
  adds.vector = true;
  EXPECT_TRUE(this->Refused(dut, adds, 2)) << "ADD of a VECTOR row";
  // Kernels behind the last bias row.
  Row row = good;
  row.bias_base = C::kNumBiasRows - 1;
  row.kernels = row.pairs = C::kLanes;
  EXPECT_FALSE(this->Refused(dut, row, 2));
  row.kernels = row.pairs = C::kLanes + 1;
  EXPECT_TRUE(this->Refused(dut, row, 2)) << "BIAS_BASE";
  // Logits behind the last one.
  row = this->Plain();
  row.final = true;
  row.kernels = row.pairs = C::kLanes;
  row.out_base = C::kNumLogits / C::kLanes - 1;
  EXPECT_FALSE(this->Refused(dut, row));
  row.kernels = row.pairs = C::kLanes + 1;
  EXPECT_TRUE(this->Refused(dut, row)) << "KERNELS of a FINAL row";
  row.kernels = row.pairs = 1;
  row.out_base = C::kNumLogits / C::kLanes;
  EXPECT_TRUE(this->Refused(dut, row)) << "OUT_BASE of a FINAL row";
  row.out_base = 0x8000;
  EXPECT_TRUE(this->Refused(dut, row)) << "OUT_BASE of a FINAL row";
  // A network ends with logits.
  EXPECT_TRUE(this->Refused(dut, this->Plain(), 1));
}

}  // namespace
}  // namespace mcnn::rtl_test
