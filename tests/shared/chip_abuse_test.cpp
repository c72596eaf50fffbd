// SPDX-License-Identifier: Apache-2.0
// The chip comes back from whatever is done to it: stopped and reset at every clock of a run, a
// halt and a programming run, with any word in CONTROL, any access, any table, and all of it at
// random. Without a reset unless the test is of one; the image behind it is computed as if nothing
// had been.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "common/error.h"
#include "tests/shared/chip_bus_fixture.h"

namespace mcnn::testing {
namespace {

class ChipAbuseTest : public ChipBusTest {
 protected:
  // As a host does it that does not know what the chip and its source of images are doing. A pixel
  // that is offered cannot be taken back: a run takes it before the stream begins anew.
  void recover() {
    chip().drop_queue();
    driver().abort(Driver::Source::kStopped);
    EXPECT_TRUE(becomes_idle(100'000));
    driver().load(program(), config_);
    start(1);
    chip().idle(200);
    driver().abort(Driver::Source::kStopped);
    EXPECT_EQ(status() & (reg::kStatusBusy | reg::kStatusHalted | reg::kStatusProgramming |
                          reg::kStatusDropping),
              0U);
    while (chip().results_waiting() > 0) chip().receive();
  }
  // Clocks from a start until the chip is idle again, the image sent with it.
  std::uint64_t clocks_of_a_run() {
    const std::uint64_t begin = chip().clocks();
    start(1);
    chip().send(image(0));
    chip().receive();
    return chip().clocks() - begin;
  }
};

TEST_F(ChipAbuseTest, AbortAtEveryClockOfARun) {
  const std::uint64_t clocks = clocks_of_a_run() + 20;
  for (std::uint64_t wait = image(0).size(); wait < clocks; ++wait) {
    SCOPED_TRACE(::testing::Message() << "after " << wait << " clocks");
    start(2);
    chip().send(image(0));
    chip().idle(wait);
    chip().write(reg::kControl, reg::kControlAbort);
    EXPECT_TRUE(becomes_idle(100));
    EXPECT_EQ(error(), ChipError::kNone);
    while (chip().results_waiting() > 0) chip().receive();
    expect_good_image(static_cast<int>(wait % 3));
    if (HasFailure()) break;
  }
}

// Every halt of an image, and every clock around it and behind its RESUME.
TEST_F(ChipAbuseTest, AbortAroundEveryHalt) {
  const std::size_t halts = program().maps.size() + 1;
  for (std::size_t halt = 0; halt < halts; ++halt) {
    for (std::uint64_t wait = 0; wait < 60; ++wait) {
      SCOPED_TRACE(::testing::Message() << "halt " << halt << ", " << wait << " clocks behind it");
      chip().write(reg::kMode, reg::kModeHalt);
      start(1);
      chip().send(image(0));
      for (std::size_t i = 0; i <= halt; ++i) {
        for (int poll = 0; (status() & reg::kStatusHalted) == 0; ++poll) ASSERT_LT(poll, 10'000);
        if (i < halt) chip().write(reg::kControl, reg::kControlResume);
      }
      const bool resumes = wait % 2 == 0;
      if (resumes) chip().write(reg::kControl, reg::kControlResume);
      chip().idle(wait);
      chip().write(reg::kControl, reg::kControlAbort | (wait % 3 == 0 ? reg::kControlResume : 0));
      EXPECT_TRUE(becomes_idle(100));
      EXPECT_EQ(status() & reg::kStatusHalted, 0U);
      while (chip().results_waiting() > 0) chip().receive();
      chip().write(reg::kMode, 0);
      expect_good_image(static_cast<int>(wait % 3));
      if (HasFailure()) return;
    }
  }
}

TEST_F(ChipAbuseTest, ResetInsideEverything) {
  const std::uint64_t clocks = clocks_of_a_run() + 20;
  for (std::uint64_t wait = 0; wait < clocks; wait += 3) {
    SCOPED_TRACE(::testing::Message() << "after " << wait << " clocks");
    const bool programs = wait % 2 == 1;
    if (programs) {
      write_lists(many_entries(), kSettings);
      start_programming();
    } else {
      start(2);
      chip().send(image(0));
    }
    chip().idle(wait);
    chip().reset();
    EXPECT_EQ(status(), 0U);
    EXPECT_EQ(chip().results_waiting(), 0U);
    driver().load(program(), config_);
    if (programs) model_takes_the_cells();
    expect_good_image(static_cast<int>(wait % 3));
    if (HasFailure()) break;
  }
}

// Whatever is in CONTROL, at any time.
TEST_F(ChipAbuseTest, RandomWordsInControl) {
  std::mt19937_64 random(3);
  write_lists(many_entries(), kSettings);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(::testing::Message() << "seed 3, round " << round);
    chip().write(reg::kImageCount, 3);
    for (int i = 0; i < 20; ++i) {
      const auto word = static_cast<std::uint32_t>(random());
      // What ends everything comes less often, so that something is going on.
      const bool mild = random() % 4 != 0;
      chip().write(reg::kControl,
                   mild ? word & ~(reg::kControlAbort | reg::kControlStreamReset) : word);
      if (random() % 3 == 0) chip().send(image(static_cast<int>(random() % 3)));
      chip().idle(random() % 400);
    }
    recover();
    model_takes_the_cells();
    expect_good_image(round % 3);
    if (HasFailure()) break;
  }
}

// Addresses inside a word and strobes of a part: an error, and nothing is changed.
TEST_F(ChipAbuseTest, PartsOfWordsAreRefused) {
  std::mt19937_64 random(4);
  const std::vector<RegisterWrite> writes = register_writes(program(), config_);
  for (int i = 0; i < 600; ++i) {
    const RegisterWrite& write = writes[random() % writes.size()];
    const auto offset = static_cast<std::uint32_t>(random() % 4);
    const auto strobe = static_cast<unsigned>(random() % 16);
    if (offset == 0 && strobe == 15) continue;
    SCOPED_TRACE(::testing::Message()
                 << std::hex << write.address + offset << ", strobe " << strobe);
    const std::uint32_t before = chip().read(write.address);
    EXPECT_TRUE(chip().try_write(write.address + offset, ~before, strobe).slave_error);
    EXPECT_EQ(error(), ChipError::kBadAddress);
    clear_error();
    if (offset != 0) {
      EXPECT_TRUE(chip().try_read(write.address + offset).slave_error);
      EXPECT_EQ(error(), ChipError::kBadAddress);
      clear_error();
    }
    EXPECT_EQ(chip().read(write.address), before);
  }
  expect_good_image(0);
}

// Words of a layer row that say how pooled rows lie: at most RowBanks of them may be touched by a
// row group, which the chip does not check and an assertion of the RTL does.
bool lays_out_pooled_rows(std::uint32_t address) {
  return address >= reg::kLayerTable && address < reg::kRecordTable &&
         (address - reg::kLayerTable) % reg::kLayerStride < 20;
}

// Legal and illegal traffic without a plan, on buses that hold back at random. MCNN_SOAK_CLOCKS
// says how long (make soak).
TEST_F(ChipAbuseTest, Soak) {
  const char* const wanted = std::getenv("MCNN_SOAK_CLOCKS");
  const std::uint64_t total = wanted != nullptr ? std::stoull(wanted) : 1'000'000;
  const char* const wanted_seed = std::getenv("MCNN_SOAK_SEED");
  const std::uint64_t seed = wanted_seed != nullptr ? std::stoull(wanted_seed) : 5;
  std::mt19937_64 random(seed);
  const std::vector<RegisterWrite> writes = register_writes(program(), config_);
  std::uint64_t clocks = 0;
  std::uint64_t rounds = 0;
  std::uint64_t errors[16] = {};
  for (; clocks < total; ++rounds) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed << ", round " << rounds);
    build({.seed = random() % 1000,
           .stall_percent = static_cast<int>(random() % 3 * 25),
           .trace_path = {}});
    for (int i = 0; i < 120; ++i) {
      const RegisterWrite& write = writes[random() % writes.size()];
      const auto anywhere = static_cast<std::uint32_t>(random() % 0x100000);
      const std::vector<std::uint8_t> pixels = image(static_cast<int>(random() % 3));
      switch (random() % 14) {
        case 0:
        case 1:
          if (chip().results_waiting() < 8) chip().send(pixels);
          break;
        case 2:
          chip().send_packet(std::span(pixels).first(1 + random() % pixels.size()),
                             random() % 2 == 0);
          break;
        case 3:
          chip().write(reg::kControl, static_cast<std::uint32_t>(random() & random()));
          break;
        case 4:
        case 5:
          chip().write(reg::kControl, reg::kControlStart | reg::kControlResume);
          break;
        case 6:
          chip().try_write(reg::kImageCount, static_cast<std::uint32_t>(random() % 4), 15);
          chip().try_write(reg::kMode, static_cast<std::uint32_t>(random() % 4), 15);
          break;
        case 7:
          if (lays_out_pooled_rows(write.address)) break;
          chip().try_write(write.address,
                           write.value ^ static_cast<std::uint32_t>(random() & random() & random()),
                           15);
          break;
        case 8:
          chip().try_write(write.address, write.value, 15);
          break;
        case 9:
          if (lays_out_pooled_rows(anywhere)) break;
          chip().try_write(anywhere, static_cast<std::uint32_t>(random()),
                           static_cast<unsigned>(random() % 16));
          break;
        case 10:
          chip().try_read(random() % 2 == 0 ? write.address : anywhere);
          break;
        case 11:
          if ((status() & reg::kStatusBusy) == 0) write_lists(many_entries(), kSettings);
          if (random() % 4 == 0) {
            chip().try_write(entry_address(0, 2), static_cast<std::uint32_t>(random()), 15);
          }
          chip().write(reg::kControl, reg::kControlProgram);
          break;
        case 12:
          ++errors[static_cast<std::size_t>(error()) % 16];
          chip().write(reg::kIrqStatus, static_cast<std::uint32_t>(random() % 8));
          break;
        default:
          if (random() % 20 == 0) chip().reset();
      }
      chip().idle(random() % 300);
      while (chip().results_waiting() > 0) chip().receive();
    }
    recover();
    model_takes_the_cells();
    expect_good_image(static_cast<int>(rounds % 3));
    clocks += chip().clocks();
    if (HasFailure()) break;
  }
  std::printf("soak: %llu clocks in %llu rounds, seed %llu; errors by code:",
              static_cast<unsigned long long>(clocks), static_cast<unsigned long long>(rounds),
              static_cast<unsigned long long>(seed));
  for (int code = 0; code <= 10; ++code) {
    std::printf(" %llu", static_cast<unsigned long long>(errors[code]));
  }
  std::printf("\n");
}

}  // namespace
}  // namespace mcnn::testing
