// SPDX-License-Identifier: Apache-2.0
// The program model against the rules of the programmer, worked out by hand: the ideal card moves a
// cell by (1 + amplitude) quarters of a level, so every read is exact.
#include "host/engine/program_port.h"

#include <algorithm>

#include "host/engine/chip_model.h"
#include "host/mapping/cycle_model.h"
#include "host/programming/program_model.h"
#include "host_test_util.h"

namespace mcnn::testing {
namespace {

class ProgramModelTest : public ::testing::Test {
 protected:
  EntryResult one(const ProgramEntry& entry) {
    const ProgramRun run = model_.program({&entry, 1}, settings_);
    counters_ = run.counters;
    return run.results.at(0);
  }
  float conductance(int pe, int line, int bit) {
    return macros_[static_cast<size_t>(pe)]
        .conductances()[static_cast<size_t>(line * config_.num_bl() + bit)];
  }

  const ChipConfig config_ = named_config("tiny");
  std::vector<Macro> macros_ = make_macros(config_, DeviceCard{}, 1);
  ProgramModel model_{config_, macros_};
  // One level is 32 codes at range 5.
  ProgramSettings settings_ = {
      .set = {0, 1, 63}, .reset = {0, 1, 63}, .max_pulses = 64, .range = 5};
  ProgramCounters counters_;
};

TEST_F(ProgramModelTest, AmplitudeRisesAndStartsAgainBehindAChangeOfPolarity) {
  // 1/4, 3/4, 6/4, 10/4, 15/4, 21/4 of a level: too much for 5, and one step back.
  const EntryResult result =
      one({.pe = 1, .source_line = 9, .bit_line = 4, .target = 160, .tolerance = 4});
  EXPECT_EQ(result, (EntryResult{EntryStatus::kDone, 160, 7}));
  EXPECT_EQ(conductance(1, 9, 4), 5.0F);
  EXPECT_EQ(counters_.reads, 8);
  EXPECT_EQ(counters_.sets, 6);
  EXPECT_EQ(counters_.resets, 1);
  EXPECT_EQ(counters_.done, 1);
  // Back to level 0: 1, 3, 6, 10, 15 quarters, and 21 that end at 0, which needs no more.
  EXPECT_EQ(one({.pe = 1, .source_line = 9, .bit_line = 4, .target = 0, .tolerance = 4}),
            (EntryResult{EntryStatus::kDone, 0, 6}));
}

// Every bit line of an array of several windows is a word of pulses and a bit in it.
TEST(ProgramModel, ReachesEveryBitLineOfAWideArray) {
  const ChipConfig config =
      chip_config_from_params("NumPe=1\nWindows=8\nNumSl=8\nNumAdc=8\n", "wide");
  std::vector<Macro> macros = make_macros(config, DeviceCard{}, 1);
  ProgramModel model(config, macros);
  std::vector<ProgramEntry> entries;
  for (int bit = 0; bit < 128; ++bit) {
    entries.push_back({.source_line = bit % 8, .bit_line = bit, .target = 32 * (bit % 7 + 1)});
  }
  const ProgramRun run = model.program(
      entries, {.set = {0, 1, 63}, .reset = {0, 1, 63}, .max_pulses = 64, .range = 5});
  EXPECT_EQ(run.counters.done + run.counters.failed, 128);
  for (int bit = 0; bit < 128; ++bit) {
    for (int line = 0; line < 8; ++line) {
      const float found = macros[0].conductances()[static_cast<size_t>(line * 128 + bit)];
      if (line != bit % 8) {
        EXPECT_EQ(found, 0.0F);
      } else if (run.results[static_cast<size_t>(bit)].status == EntryStatus::kDone) {
        EXPECT_EQ(found, static_cast<float>(bit % 7 + 1)) << bit;
      }
    }
  }
  EXPECT_GE(run.counters.done, 64);
}

TEST_F(ProgramModelTest, AmplitudeStopsAtTheLimit) {
  settings_.set = {1, 3, 2};
  // 2/4, then 3/4 each: 2, 5, 8, 11, 14 quarters.
  EXPECT_EQ(one({.target = 112, .tolerance = 0}), (EntryResult{EntryStatus::kDone, 112, 5}));
  settings_.set = {60, 0, 0};  // START above LIMIT: LIMIT
  EXPECT_EQ(one({.bit_line = 1, .target = 8, .tolerance = 0}),
            (EntryResult{EntryStatus::kDone, 8, 1}));
}

TEST_F(ProgramModelTest, InsideTheToleranceIsDoneAtItsEdge) {
  settings_.set = {3, 0, 3};  // one level
  EXPECT_EQ(one({.target = 36, .tolerance = 4}), (EntryResult{EntryStatus::kDone, 32, 1}));
  EXPECT_EQ(one({.target = 28, .tolerance = 4}), (EntryResult{EntryStatus::kDone, 32, 0}));
  settings_.max_pulses = 0;
  EXPECT_EQ(one({.target = 37, .tolerance = 4}), (EntryResult{EntryStatus::kFailed, 32, 0}));
  EXPECT_EQ(one({.target = 27, .tolerance = 4}), (EntryResult{EntryStatus::kFailed, 32, 0}));
}

TEST_F(ProgramModelTest, FailsWhenThePulsesAreUsedUp) {
  settings_.max_pulses = 3;
  EXPECT_EQ(one({.target = 160, .tolerance = 4}), (EntryResult{EntryStatus::kFailed, 48, 3}));
  EXPECT_EQ(counters_.reads, 4);
  EXPECT_EQ(counters_.failed, 1);
}

TEST_F(ProgramModelTest, WithoutDriveNothingIsReadAndNothingPulsed) {
  settings_.set = {3, 0, 3};
  one({.source_line = 5, .bit_line = 2, .target = 32, .tolerance = 0});
  EXPECT_EQ(one({.source_line = 5, .bit_line = 2, .target = 32, .tolerance = 0, .no_drive = true}),
            (EntryResult{EntryStatus::kFailed, 0, 0}));
  EXPECT_EQ(one({.source_line = 5, .bit_line = 2, .target = 3, .tolerance = 3, .no_drive = true}),
            (EntryResult{EntryStatus::kDone, 0, 0}));
  EXPECT_EQ(conductance(0, 5, 2), 1.0F);
}

TEST_F(ProgramModelTest, RefusesWhatIsOutsideTheArrayAndGoesOn) {
  const std::vector<ProgramEntry> entries = {
      {.bit_line = 16, .target = 8, .tolerance = 4},
      {.source_line = 32, .target = 8, .tolerance = 4},
      {.target = 256, .tolerance = 4},
      {.source_line = 31, .bit_line = 15, .target = 255, .tolerance = 255}};
  const ProgramRun run = model_.program(entries, settings_);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(run.results[i], (EntryResult{EntryStatus::kRefused, 0, 0})) << i;
    EXPECT_EQ(run.results[i].reads(), 0);
  }
  EXPECT_EQ(run.results[3], (EntryResult{EntryStatus::kDone, 0, 0}));
  EXPECT_EQ(run.counters.refused, 3);
  EXPECT_EQ(run.counters.done, 1);
  EXPECT_EQ(run.counters.reads, 1);
}

TEST_F(ProgramModelTest, ClocksAreThoseOfTheSlowestPe) {
  settings_.pulse_clocks = 9;
  settings_.set = {3, 0, 3};
  // PE 0: 2 pulses, 3 reads; PE 1: refused and one read.
  const std::vector<ProgramEntry> entries = {
      {.pe = 0, .target = 64}, {.pe = 1, .bit_line = 99}, {.pe = 1, .target = 0}};
  const int64_t pe0 = entry_clocks({.refused = false, .reads = 3, .pulses = 2}, config_, 9);
  const int64_t pe1 = entry_clocks({.refused = true}, config_, 9) +
                      entry_clocks({.refused = false, .reads = 1, .pulses = 0}, config_, 9);
  // rtl/README.md, "Programming": 4 an entry, 1 + 1 + 2 a read, 9 + 1 a pulse; 4 if refused.
  EXPECT_EQ(pe0, 4 + 3 * 4 + 2 * 10);
  EXPECT_EQ(pe1, 4 + (4 + 4));
  EXPECT_EQ(model_.program(entries, settings_).counters.clocks,
            program_clocks(std::vector{pe0, pe1}));
  // A pulse costs PULSE_CLOCKS, a read ReadClocks and ReadLatency.
  ChipConfig slow = config_;
  slow.read_clocks += 2;
  slow.read_latency += 3;
  EXPECT_EQ(entry_clocks({.refused = false, .reads = 3, .pulses = 2}, slow, 10), pe0 + 3 * 5 + 2);
}

TEST_F(ProgramModelTest, AsManyRunsAsTheLongestListNeeds) {
  std::vector<ProgramEntry> entries;
  for (int i = 0; i < 2 * config_.num_entries + 1; ++i) {
    entries.push_back({.pe = 1, .source_line = i % config_.num_sl, .tolerance = 255});
  }
  entries.push_back({.pe = 0, .tolerance = 255});
  const std::vector<ProgramBatch> batches = program_batches(entries, config_);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0][0], std::vector{entries.size() - 1});
  EXPECT_EQ(batches[0][1].size(), static_cast<size_t>(config_.num_entries));
  EXPECT_EQ(batches[2][1], std::vector{entries.size() - 2});
  EXPECT_TRUE(batches[1][0].empty());
  model_.program(entries, settings_);
  for (const Macro& macro : macros_) {
    EXPECT_EQ(macro.save_state().next_programming_run, 3u);
  }
  EXPECT_TRUE(model_.program({}, settings_).results.empty());
}

TEST_F(ProgramModelTest, SaysWhatNoRegisterHolds) {
  const auto error_with = [&](const ProgramSettings& settings) {
    return error_of([&] { model_.program({}, settings); });
  };
  ProgramSettings bad = settings_;
  bad.set.limit = 64;
  expect_parts(error_with(bad), "SET LIMIT", "64", "0..63");
  bad = settings_;
  bad.reset.start = -1;
  expect_parts(error_with(bad), "RESET START", "-1");
  bad = settings_;
  bad.max_pulses = 256;
  expect_parts(error_with(bad), "MAX_PULSES", "256", "0..255");
  bad = settings_;
  bad.pulse_clocks = 0;
  expect_parts(error_with(bad), "PULSE_CLOCKS", "0", "1..255");
  bad = settings_;
  bad.range = 8;
  expect_parts(error_with(bad), "RANGE", "8", "0..7");
  expect_parts(error_of([&] { one({.pe = 2}); }), "entry 0", "PE", "2", "0..1");
  expect_parts(error_of([&] { one({.source_line = -1}); }), "SOURCE_LINE", "-1");
  expect_parts(error_of([&] { one({.bit_line = 256}); }), "BIT_LINE", "256", "0..255");
  expect_parts(error_of([&] { one({.target = 65536}); }), "TARGET", "65536");
  expect_parts(error_of([&] { one({.tolerance = -2}); }), "TOLERANCE", "-2");
}

TEST(ProgramModel, RefusesMacrosOfAnotherChip) {
  const ChipConfig tiny = named_config("tiny");
  std::vector<Macro> macros = make_macros(tiny, DeviceCard{}, 1);
  expect_parts(error_of([&] { ProgramModel(tiny, std::span(macros).first(1)); }), "macros", "1",
               "2");
  macros = make_macros(named_config("yao2020"), DeviceCard{}, 1);
  expect_parts(error_of([&] { ProgramModel(tiny, std::span(macros).first(2)); }), "128");
}

}  // namespace
}  // namespace mcnn::testing
