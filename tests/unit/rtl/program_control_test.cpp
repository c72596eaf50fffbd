// SPDX-License-Identifier: Apache-2.0
// mcnn_program_control: runs of engines that are played by the test, their counters, the amplitudes
// of first pulses, and the host's way to the lists.
#include <algorithm>
#include <array>

#include "VProgramControlCorner.h"
#include "VProgramControlTiny.h"
#include "VProgramControlYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

constexpr int kEvents = 7;  // {works, refused, failed, done, RESET, SET, read} of an engine
constexpr int kWorks = 6, kRefused = 5;

template <class C>
class ProgramControl : public testing::Test {
 protected:
  static constexpr int kEntryBits = std::bit_width(static_cast<unsigned>(C::kNumEntries - 1));

  explicit ProgramControl() : dut_(31), rng_(31) {
    dut_->start_i = 0;
    dut_->abort_i = 0;
    dut_->event_i = {};
    dut_->host_we_i = 0;
    dut_->host_re_i = 0;
    dut_.Reset();
  }

  // The counters in the order of the bits of event_i.
  std::array<std::uint32_t, 6> Counters() {
    return {dut_->reads_o, dut_->sets_o,   dut_->resets_o,
            dut_->done_o,  dut_->failed_o, dut_->refused_o};
  }

  // A run in which engine p works for lengths[p] clocks, from the second one on, with a random
  // event in some clocks. `abort`: clock of the ABORT, behind the start in clock 0; -1 none.
  void Run(const std::vector<int>& lengths, int abort) {
    std::array<std::uint32_t, 6> expected{};
    std::uint32_t clocks = 0;
    const int longest = *std::max_element(lengths.begin(), lengths.end());
    int done_events = 0, busy_until = -1;
    bool refused = false, refused_seen = false;
    const int set_start = rng_.Below(64), set_limit = rng_.Below(64);
    const int reset_start = rng_.Below(64), reset_limit = rng_.Below(64);
    dut_->set_start_i = static_cast<CData>(set_start);
    dut_->set_limit_i = static_cast<CData>(set_limit);
    dut_->reset_start_i = static_cast<CData>(reset_start);
    dut_->reset_limit_i = static_cast<CData>(reset_limit);
    for (int t = 0; t < longest + 12; ++t) {
      SCOPED_TRACE(testing::Message() << "clock " << t);
      dut_->start_i = t == 0;
      dut_->abort_i = t == abort;
      bool works = false;
      for (int p = 0; p < C::kNumPe; ++p) {
        // Start in clock 0, to the engines in clock 1, at work from clock 2 on.
        const bool busy = t >= 2 && t < 2 + lengths[p];
        std::uint32_t events = 0;
        if (busy) {
          works = true;
          events = 1U << kWorks;
          if (const int event = rng_.Below(12); event < 6) {
            events |= 1U << event;
            ++expected[event];
            refused = refused || event == kRefused;
          }
        }
        SetBits(dut_->event_i, p * kEvents, kEvents, events);
      }
      clocks += works;
      dut_.Eval();
      ASSERT_EQ(dut_->start_o != 0, t == 1);
      if (t >= 1 && t < 2 + longest) {
        ASSERT_EQ(dut_->busy_o, 1);
      }
      if (dut_->busy_o != 0) busy_until = t;
      // The engines hear of an abort one clock later and until the run is over.
      if (abort >= 1 && t > abort && t < 2 + longest) {
        ASSERT_EQ(dut_->abort_o, 1);
      }
      if (abort < 0 || t <= abort) {
        ASSERT_EQ(dut_->abort_o, 0);
      }
      if (t >= 1) {
        ASSERT_EQ(dut_->set_first_o, std::min(set_start, set_limit));
        ASSERT_EQ(dut_->reset_first_o, std::min(reset_start, reset_limit));
      }
      refused_seen = refused_seen || dut_->refused_event_o != 0;
      done_events += dut_->done_event_o;
      if (t > 2 + longest && dut_->busy_o == 0) {
        ASSERT_EQ(Counters(), expected) << "the counters are final when busy falls";
        ASSERT_EQ(dut_->clocks_o, clocks);
      }
      dut_.Edge();
    }
    EXPECT_LE(busy_until, 2 + longest + 3) << "busy falls soon behind the last engine";
    // In the clocks in which the counters still come to their last values an abort may be either.
    if (abort < 2 + longest) {
      EXPECT_EQ(done_events, abort >= 0 ? 0 : 1);
    } else {
      EXPECT_LE(done_events, 1);
    }
    EXPECT_EQ(refused_seen, refused);
    EXPECT_EQ(clocks, static_cast<std::uint32_t>(longest)) << "all begin together";
    EXPECT_EQ(dut_->busy_o, 0);
  }

  Bench<typename C::Model> dut_;
  Rng rng_;
};

using Configurations =
    testing::Types<On<Yao2020, VProgramControlYao2020>, On<Tiny, VProgramControlTiny>,
                   On<Corner, VProgramControlCorner>>;
TYPED_TEST_SUITE(ProgramControl, Configurations);

// Runs of engines of random lengths, one behind another.
TYPED_TEST(ProgramControl, CountsAndEndsWithTheLastEngine) {
  for (int run = 0; run < 60; ++run) {
    SCOPED_TRACE(testing::Message() << "run " << run);
    std::vector<int> lengths(TypeParam::kNumPe);
    for (int& length : lengths) length = this->rng_.Chance(30) ? 0 : this->rng_.Range(4, 60);
    if (run % 4 == 0) lengths.assign(TypeParam::kNumPe, 9);  // all of them end in one clock
    lengths[static_cast<std::size_t>(this->rng_.Below(TypeParam::kNumPe))] =
        run % 3 == 0 ? 4 : this->rng_.Range(4, 90);
    this->Run(lengths, -1);
    if (testing::Test::HasFailure()) return;
  }
}

// An aborted run counts what was done and is not "done"; the next one is.
TYPED_TEST(ProgramControl, AbortedRunsAreNotDone) {
  for (int abort = 1; abort < 20; ++abort) {
    SCOPED_TRACE(testing::Message() << "abort in clock " << abort);
    std::vector<int> lengths(TypeParam::kNumPe, 3);
    lengths.back() = 14;
    this->Run(lengths, abort);
    if (testing::Test::HasFailure()) return;
    this->Run(lengths, -1);
    if (testing::Test::HasFailure()) return;
  }
}

// Host accesses: each reaches one list, with its word; a word that is read comes two clocks later.
TYPED_TEST(ProgramControl, HostReachesOneListAtATime) {
  using C = TypeParam;
  auto& dut = this->dut_;
  Rng& rng = this->rng_;
  int taken = -1;  // the list whose row the test has to show in this clock
  std::uint64_t row = 0;
  int word = 0;
  bool data_waits = false;
  std::uint32_t data = 0;
  for (int t = 0; t < 6000; ++t) {
    SCOPED_TRACE(testing::Message() << "clock " << t);
    const bool write = rng.Chance(40), read = rng.Chance(40);
    const int write_pe = rng.Below(C::kNumPe), read_pe = rng.Below(C::kNumPe);
    const int write_word = rng.Below(2), read_word = rng.Below(2);
    dut->host_we_i = write;
    dut->host_re_i = read;
    dut->host_wr_row_i =
        static_cast<SData>(write_pe << this->kEntryBits | rng.Below(C::kNumEntries));
    dut->host_rd_row_i =
        static_cast<SData>(read_pe << this->kEntryBits | rng.Below(C::kNumEntries));
    dut->host_wr_word_i = static_cast<CData>(write_word);
    dut->host_rd_word_i = static_cast<CData>(read_word);
    row = rng.Bits(64);
    dut->list_row_i = row;
    dut.Eval();
    ASSERT_EQ(dut->list_access_o != 0, write || read);
    ASSERT_EQ(dut->list_we_o, write ? 1U << (2 * write_pe + write_word) : 0U);
    ASSERT_EQ(dut->list_re_o, read ? 1U << read_pe : 0U);
    ASSERT_EQ(dut->list_taken_o, taken >= 0 ? 1U << taken : 0U);
    if (data_waits) {
      ASSERT_EQ(dut->host_rdata_o, data);
    }
    data_waits = taken >= 0;
    data = static_cast<std::uint32_t>(word != 0 ? row >> 32 : row);
    dut.Edge();
    taken = read ? read_pe : -1;
    word = read_word;
  }
}

}  // namespace
}  // namespace mcnn::rtl_test
