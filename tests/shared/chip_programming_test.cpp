// SPDX-License-Identifier: Apache-2.0
// Programming at the chip's buses when the host misbehaves or stops it.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/shared/chip_bus_fixture.h"

namespace mcnn::testing {
namespace {

TEST_F(ChipBusTest, ProgramWhileImagesRunIsAnErrorAndTheRunGoesOn) {
  write_lists(many_entries(), kSettings);
  const std::uint64_t pulses = pulses_of_all_cells();
  chip().set_next_image(5);
  start(1);
  start_programming();
  EXPECT_EQ(error(), ChipError::kStartWhileBusy);
  EXPECT_EQ(status() & reg::kStatusProgramming, 0U);
  chip().send(image(0));
  expect_result(5, 0);
  EXPECT_TRUE(becomes_idle(2000));
  EXPECT_EQ(pulses_of_all_cells(), pulses);
  clear_error();
  expect_good_image(1);
}

TEST_F(ChipBusTest, StartWhileProgrammingIsAnErrorAndProgrammingGoesOn) {
  const std::vector<ProgramEntry> entries = many_entries();
  std::vector<Macro> copies(bench_->macros().begin(), bench_->macros().end());
  const ProgramRun expected = ProgramModel(config_, copies).program(entries, kSettings);
  write_lists(entries, kSettings);
  start_programming();
  for (const std::uint32_t command :
       {reg::kControlStart, reg::kControlProgram, reg::kControlStart | reg::kControlProgram}) {
    chip().write(reg::kControl, command);
    EXPECT_EQ(error(), ChipError::kStartWhileBusy);
    EXPECT_EQ(status() & (reg::kStatusBusy | reg::kStatusProgramming),
              reg::kStatusBusy | reg::kStatusProgramming);
    clear_error();
  }
  EXPECT_TRUE(becomes_idle(100'000));
  EXPECT_EQ(chip().read(reg::kProgramClocks), expected.counters.clocks);
  EXPECT_EQ(chip().read(reg::kProgramReads), expected.counters.reads);
  EXPECT_EQ(chip().read(reg::kProgramSets), expected.counters.sets);
  EXPECT_EQ(chip().read(reg::kProgramResets), expected.counters.resets);
  EXPECT_EQ(chip().read(reg::kProgramDone), expected.counters.done);
  EXPECT_EQ(chip().read(reg::kProgramFailed), expected.counters.failed);
  EXPECT_EQ(chip().read(reg::kProgramRefused), expected.counters.refused);
  EXPECT_GT(expected.counters.sets, 0);
  EXPECT_GT(expected.counters.resets, 0);
  model_takes_the_cells();
  expect_good_image(0);
}

TEST_F(ChipBusTest, StartAndProgramInOneWriteBeginsTheImages) {
  write_lists(many_entries(), kSettings);
  chip().set_next_image(2);
  chip().write(reg::kImageCount, 1);
  chip().write(reg::kControl, reg::kControlStart | reg::kControlProgram);
  EXPECT_EQ(error(), ChipError::kStartWhileBusy);
  EXPECT_EQ(status() & (reg::kStatusBusy | reg::kStatusProgramming), reg::kStatusBusy);
  chip().send(image(1));
  expect_result(2, 1);
  EXPECT_TRUE(becomes_idle(2000));
  clear_error();
  EXPECT_EQ(chip().read(reg::kProgramReads), 0U);
}

TEST_F(ChipBusTest, ListsAndSettingsAreLockedWhileProgramming) {
  const std::vector<ProgramEntry> entries = many_entries();
  ProgramSettings slow = kSettings;
  slow.pulse_clocks = 255;
  write_lists(entries, slow);
  start_programming();
  for (const std::uint32_t address :
       {reg::kProgramSet, reg::kProgramReset, reg::kProgramPulse, reg::kProgramCount,
        reg::kProgramCount + 4, reg::kProgramTable, reg::kProgramTable + 4, entry_address(1, 3),
        reg::kLayerTable, reg::kLayerCount, reg::kMode}) {
    SCOPED_TRACE(::testing::Message() << std::hex << address);
    EXPECT_TRUE(chip().try_write(address, 0, 0xF).slave_error);
    EXPECT_EQ(error(), ChipError::kWriteWhileBusy);
    clear_error();
    if (address < reg::kLayerTable) continue;
    EXPECT_TRUE(chip().try_read(address).slave_error);
    EXPECT_EQ(error(), ChipError::kReadWhileBusy);
    clear_error();
  }
  EXPECT_TRUE(chip().try_read(reg::kFeatureMaps).slave_error);
  clear_error();
  EXPECT_EQ(status() & reg::kStatusProgramming, reg::kStatusProgramming);
  EXPECT_TRUE(becomes_idle(1'000'000));
  for (int place = 0; place < 10; ++place) {
    const auto& entry = entries[static_cast<std::size_t>(place * config_.num_pe)];
    EXPECT_EQ(chip().read(entry_address(entry.pe, place)) & ~reg::kEntryStatus.put(~0U),
              cell_word(entry));
  }
}

TEST_F(ChipBusTest, ProgramSetupOutsideTheParametersDoesNotStart) {
  const std::vector<ProgramEntry> entries = many_entries();
  const auto expect_refused = [&](const char* what) {
    start_programming();
    EXPECT_EQ(error(), ChipError::kSetupInvalid) << what;
    EXPECT_EQ(status() & (reg::kStatusBusy | reg::kStatusProgramming), 0U) << what;
    clear_error();
  };
  write_lists({}, kSettings);
  expect_refused("empty lists");
  write_lists(entries, kSettings);
  chip().write(reg::kProgramCount + 4, static_cast<std::uint32_t>(config_.num_entries + 1));
  expect_refused("a list too long");
  ProgramSettings no_clocks = kSettings;
  no_clocks.pulse_clocks = 0;
  write_lists(entries, no_clocks);
  expect_refused("pulses of no clocks");
  expect_programs_like_the_model(entries, kSettings);
}

TEST_F(ChipBusTest, RefusedEntriesAreAnErrorAndTheOthersAreProgrammed) {
  std::vector<ProgramEntry> entries = many_entries();
  entries[3].bit_line = config_.num_bl();
  entries[4].source_line = config_.num_sl;
  entries[7].target = 1 << config_.adc_bits;
  write_lists(entries, kSettings);
  chip().write(reg::kIrqStatus, reg::kIrqDone | reg::kIrqError | reg::kIrqHalted);
  start_programming();
  EXPECT_TRUE(becomes_idle(100'000));
  EXPECT_EQ(error(), ChipError::kEntryInvalid);
  EXPECT_EQ(chip().read(reg::kIrqStatus), reg::kIrqDone | reg::kIrqError);
  EXPECT_EQ(chip().read(reg::kProgramRefused), 3U);
  EXPECT_EQ(chip().read(reg::kProgramDone) + chip().read(reg::kProgramFailed), entries.size() - 3);
  clear_error();
  expect_programs_like_the_model(entries, kSettings);
}

TEST_F(ChipBusTest, InterruptAtTheEndOfProgrammingAndNotAfterAbort) {
  chip().write(reg::kIrqStatus, reg::kIrqDone | reg::kIrqError | reg::kIrqHalted);
  chip().write(reg::kIrqEnable, reg::kIrqDone);
  write_lists(many_entries(), kSettings);
  start_programming();
  chip().idle(40);
  EXPECT_FALSE(chip().interrupt());
  chip().write(reg::kControl, reg::kControlAbort);
  EXPECT_TRUE(becomes_idle(2000));
  chip().idle(20);
  EXPECT_FALSE(chip().interrupt());
  EXPECT_EQ(chip().read(reg::kIrqStatus), 0U);
  write_lists(many_entries(), kSettings);
  start_programming();
  EXPECT_FALSE(chip().interrupt());
  EXPECT_TRUE(becomes_idle(100'000));
  EXPECT_TRUE(chip().interrupt());
  chip().write(reg::kIrqStatus, reg::kIrqDone);
  EXPECT_FALSE(chip().interrupt());
}

TEST_F(ChipBusTest, ImagesBeforeAndAfterProgramming) {
  expect_good_image(0);
  ProgramSettings only_read = kSettings;
  only_read.max_pulses = 0;
  expect_programs_like_the_model(many_entries(), only_read);
  expect_good_image(0);  // reading changes nothing
  expect_programs_like_the_model(many_entries(), kSettings);
  model_takes_the_cells();
  for (int i = 0; i < 3; ++i) {
    expect_good_image(i);
    expect_programs_like_the_model(many_entries(), kSettings);
    model_takes_the_cells();
  }
}

TEST_F(ChipBusTest, AbortEndsProgrammingAtAnyTimeAndTheNextRunIsWhole) {
  const std::vector<ProgramEntry> entries = many_entries();
  bool was_done = false, was_pending = false;
  for (std::uint64_t wait = 0; wait < 40; ++wait) {
    SCOPED_TRACE(::testing::Message() << "wait " << wait * 23);
    write_lists(entries, kSettings);
    const std::uint64_t before = pulses_of_all_cells();
    start_programming();
    chip().idle(wait * 23);
    chip().write(reg::kControl, reg::kControlAbort);
    EXPECT_TRUE(becomes_idle(2000));
    // The counters and the lists tell what happened to the cells.
    std::uint32_t done = 0, failed = 0, pulses = 0;
    std::vector<int> place(static_cast<std::size_t>(config_.num_pe));
    for (const ProgramEntry& entry : entries) {
      const std::uint32_t address =
          entry_address(entry.pe, place[static_cast<std::size_t>(entry.pe)]++);
      const std::uint32_t word0 = chip().read(address), word1 = chip().read(address + 4);
      const auto entry_status = static_cast<EntryStatus>(reg::kEntryStatus.get(word0));
      EXPECT_EQ(word0 & ~reg::kEntryStatus.put(~0U), cell_word(entry));
      if (entry_status == EntryStatus::kPending) {
        EXPECT_EQ(word1, target_word(entry));
        was_pending = true;
      } else {
        ++(entry_status == EntryStatus::kDone ? done : failed);
        pulses += reg::kEntryPulses.get(word1);
        was_done = true;
      }
    }
    EXPECT_EQ(chip().read(reg::kProgramDone), done);
    EXPECT_EQ(chip().read(reg::kProgramFailed), failed);
    const std::uint32_t counted = chip().read(reg::kProgramSets) + chip().read(reg::kProgramResets);
    EXPECT_EQ(pulses_of_all_cells() - before, counted);
    EXPECT_GE(counted, pulses);
    EXPECT_LE(counted, pulses + static_cast<std::uint32_t>(config_.num_pe * kSettings.max_pulses));
    if (wait % 8 == 0) expect_programs_like_the_model(entries, kSettings);
  }
  EXPECT_TRUE(was_done && was_pending);
  expect_programs_like_the_model(entries, kSettings);
  model_takes_the_cells();
  expect_good_image(0);
}

TEST_F(ChipBusTest, StallsOnEveryChannelChangeNoProgramming) {
  for (const int percent : {10, 50, 85}) {
    SCOPED_TRACE(::testing::Message() << percent << " % stalls");
    build({.seed = 7, .stall_percent = percent, .trace_path = {}});
    for (int i = 0; i < 2; ++i) {
      expect_programs_like_the_model(many_entries(), kSettings);
      model_takes_the_cells();
      expect_good_image(i);
    }
  }
}

}  // namespace
}  // namespace mcnn::testing
