// SPDX-License-Identifier: Apache-2.0
// What the chip does at its buses when the host or its surroundings misbehave: every error code of
// REGISTERS.md, stalls on every channel, tables full of nonsense. Whatever happens, the chip
// answers, comes back to idle, and then works.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "common/error.h"
#include "tests/shared/chip_bus_fixture.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/waves.h"

namespace mcnn::testing {
namespace {

TEST_F(ChipBusTest, StartWhileBusyIsAnErrorAndTheRunGoesOn) {
  chip().set_next_image(5);
  start(1);
  chip().write(reg::kControl, reg::kControlStart);
  EXPECT_EQ(error(), ChipError::kStartWhileBusy);
  chip().send(image(0));
  expect_result(5, 0);
  EXPECT_TRUE(becomes_idle(2000));
  clear_error();
  expect_good_image(1);
}

TEST_F(ChipBusTest, WriteWhileBusyAnswersSlverrAndChangesNothing) {
  const std::uint32_t before = chip().read(reg::kLayerCount);
  start(1);
  EXPECT_TRUE(chip().try_write(reg::kLayerCount, before + 1, 0xF).slave_error);
  EXPECT_EQ(error(), ChipError::kWriteWhileBusy);
  clear_error();
  EXPECT_TRUE(chip().try_write(reg::kLayerTable, 0xFFFF'FFFF, 0xF).slave_error);
  EXPECT_TRUE(chip().try_write(reg::kRecordTable, 0xFFFF'FFFF, 0xF).slave_error);
  EXPECT_TRUE(chip().try_write(reg::kBiasTable, 0xFFFF'FFFF, 0xF).slave_error);
  EXPECT_EQ(error(), ChipError::kWriteWhileBusy);
  chip().write(reg::kControl, reg::kControlAbort);
  EXPECT_TRUE(becomes_idle(2000));
  clear_error();
  EXPECT_EQ(chip().read(reg::kLayerCount), before);
  expect_good_image(0);
}

TEST_F(ChipBusTest, AddressesThatDoNotExistAnswerSlverr) {
  const std::uint32_t program_end = entry_address(config_.num_pe, 0);
  for (const std::uint32_t address :
       {0x0024U, 0x003CU, 0x020CU, 0x022CU, 0x0F00U, program_end, 0xFFFCU, 0x1FFFCU}) {
    EXPECT_TRUE(chip().try_read(address).slave_error) << std::hex << address;
    EXPECT_EQ(error(), ChipError::kBadAddress) << std::hex << address;
    clear_error();
    EXPECT_TRUE(chip().try_write(address, 0, 0xF).slave_error) << std::hex << address;
    EXPECT_EQ(error(), ChipError::kBadAddress) << std::hex << address;
    clear_error();
  }
  EXPECT_TRUE(chip().try_write(reg::kId, 0, 0xF).slave_error) << "read only";
  EXPECT_EQ(error(), ChipError::kBadAddress);
  clear_error();
  for (const unsigned strobe : {0x0U, 0x1U, 0x7U, 0xEU}) {
    EXPECT_TRUE(chip().try_write(reg::kImageCount, 99, strobe).slave_error) << strobe;
    EXPECT_EQ(error(), ChipError::kBadAddress);
    clear_error();
  }
  EXPECT_NE(chip().read(reg::kImageCount), 99U);
  expect_good_image(0);
}

TEST_F(ChipBusTest, ReadOfTablesWhileBusyAnswersSlverr) {
  start(1);
  for (const std::uint32_t address :
       {reg::kLayerTable, reg::kRecordTable, reg::kBiasTable, reg::kFeatureMaps}) {
    EXPECT_TRUE(chip().try_read(address).slave_error) << std::hex << address;
    EXPECT_EQ(error(), ChipError::kReadWhileBusy);
    clear_error();
  }
  chip().set_next_image(0);
  chip().send(image(0));
  expect_result(0, 0);
}

TEST_F(ChipBusTest, SetupOutsideTheParametersDoesNotStart) {
  struct Bad {
    std::uint32_t address;
    std::uint32_t value;
  };
  const auto too_large = [&](int limit) { return static_cast<std::uint32_t>(limit + 1); };
  const std::uint32_t shape = chip().read(reg::kImageShape);
  const std::vector<Bad> bad = {
      {reg::kImageCount, 0},
      {reg::kLayerCount, 0},
      {reg::kLayerCount, too_large(config_.num_layers)},
      {reg::kLogitCount, 0},
      {reg::kLogitCount, too_large(config_.num_logits)},
      {reg::kImageShape, shape & ~0xFFU},
      {reg::kImageShape, shape & ~0xFF00U},
      {reg::kImageShape, shape & 0xFFFFU},
      {reg::kImageShape, (shape & ~0xFFU) | too_large(config_.max_dim)},
      {reg::kImageShape, (shape & ~0xFF00U) | too_large(config_.max_dim) << 8},
  };
  for (const Bad& setting : bad) {
    SCOPED_TRACE(::testing::Message() << std::hex << setting.address << " = " << setting.value);
    const std::uint32_t good =
        setting.address == reg::kImageCount ? 1 : chip().read(setting.address);
    chip().write(reg::kImageCount, 1);
    chip().write(setting.address, setting.value);
    chip().write(reg::kControl, reg::kControlStart);
    EXPECT_EQ(error(), ChipError::kSetupInvalid);
    EXPECT_TRUE(becomes_idle(200));
    clear_error();
    chip().write(setting.address, good);
  }
  expect_good_image(0);
}

TEST_F(ChipBusTest, LayerRowsOutsideTheParametersEndTheRun) {
  struct Bad {
    int word;
    BitField field;
    std::uint32_t value;
  };
  const auto too_large = [&](int limit) { return static_cast<std::uint32_t>(limit + 1); };
  const std::vector<Bad> bad = {
      {0, {4, 6}, 0},                                                 // KERNELS
      {0, {4, 6}, too_large(config_.max_kernels())},                  //
      {0, {12, 5}, static_cast<std::uint32_t>(config_.psum_bits)},    // SHIFT
      {0, {17, 4}, 0},                                                // GROUP_ROWS
      {0, {17, 4}, too_large(config_.num_pe)},                        //
      {1, {0, 8}, 0},                                                 // IN_HEIGHT
      {1, {0, 8}, too_large(config_.max_dim)},                        //
      {1, {8, 8}, 0},                                                 // IN_WIDTH
      {1, {16, 3}, 0},                                                // STRIDE
      {2, {0, 8}, 0},                                                 // OUT_HEIGHT
      {2, {8, 8}, too_large(config_.max_dim)},                        // OUT_WIDTH
      {3, {0, 6}, 0},                                                 // POOL_ROWS
      {3, {12, 6}, 0},                                                // POOL_ROW_STRIDE
      {4, {0, 8}, 0},                                                 // POOLED_HEIGHT
      {6, {0, 16}, static_cast<std::uint32_t>(config_.num_records)},  // FIRST_RECORD
      {7, {0, config_.num_pe}, 0},                                    // SEGMENT_END
  };
  for (const Bad& setting : bad) {
    const std::uint32_t address = reg::kLayerTable + (4 * static_cast<std::uint32_t>(setting.word));
    SCOPED_TRACE(::testing::Message() << "word " << setting.word << " bit " << setting.field.low
                                      << " = " << setting.value);
    const std::uint32_t good = chip().read(address);
    const std::uint32_t changed =
        (good & ~setting.field.put(~0U)) | setting.field.put(setting.value);
    chip().write(address, changed);
    start(1);
    chip().send(image(0));
    EXPECT_TRUE(becomes_idle(50'000));
    EXPECT_EQ(error(), ChipError::kLayerInvalid);
    EXPECT_EQ(chip().results_waiting(), 0U);
    chip().reset();
    driver().load(program(), config_);
  }
  expect_good_image(0);
}

TEST_F(ChipBusTest, StepRecordsOutsideTheParametersEndTheRun) {
  // Windows of source lines that end beyond PE 0's array: by four lines, and by far.
  const std::uint32_t lines = reg::kRecordTable + 8;
  const int last = (config_.num_sl - (2 * program().layers[0].kernels)) / 4;
  for (const int line : {last + 1, 0x7F}) {
    const std::uint32_t good = chip().read(lines);
    chip().write(lines, (good & ~0xFFU) | 0x80U | static_cast<std::uint32_t>(line));
    start(1);
    chip().send(image(0));
    EXPECT_TRUE(becomes_idle(50'000)) << line;
    EXPECT_EQ(error(), ChipError::kRecordInvalid) << line;
    chip().reset();
    driver().load(program(), config_);
  }

  // No record of the table says LAST_PASS.
  for (int record = 0; record < config_.num_records; ++record) {
    const std::uint32_t address =
        reg::kRecordTable + (reg::kRecordStride * static_cast<std::uint32_t>(record));
    const std::uint32_t word = chip().read(address);
    chip().write(address, word & ~2U);
    if (record >= static_cast<int>(program().records.size())) {
      chip().write(address, 0);
      for (std::uint32_t i = 2; i < static_cast<std::uint32_t>(config_.record_words()); ++i) {
        chip().write(address + (4 * i), 0);
      }
    }
  }
  start(1);
  chip().send(image(0));
  EXPECT_TRUE(becomes_idle(200'000));
  EXPECT_EQ(error(), ChipError::kRecordInvalid);
  chip().reset();
  driver().load(program(), config_);
  expect_good_image(0);
}

TEST_F(ChipBusTest, TablesFullOfNonsenseNeverHangTheChip) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    chip().reset();
    driver().load(program(), config_);
    const std::vector<RegisterWrite> writes = register_writes(program(), config_);
    // Some words of the tables with some bits turned over.
    const auto changes = 1 + (random() % 6);
    for (std::uint64_t i = 0; i < changes; ++i) {
      const RegisterWrite& write = writes[random() % writes.size()];
      if (write.address < reg::kLayerTable) continue;
      const auto flips = static_cast<std::uint32_t>(random() & random());
      chip().write(write.address, write.value ^ flips);
    }
    start(1);
    chip().send(image(0));
    try {
      if (!becomes_idle(100'000)) chip().write(reg::kControl, reg::kControlAbort);
    } catch (const Error& failure) {
      FAIL() << failure.what();
    }
    EXPECT_TRUE(becomes_idle(5'000));
  }
  chip().reset();
  driver().load(program(), config_);
  expect_good_image(0);
}

TEST_F(ChipBusTest, StallsOnEveryChannelChangeNoResult) {
  for (const int percent : {10, 50, 85}) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      SCOPED_TRACE(::testing::Message() << percent << " % stalls, seed " << seed);
      build({.seed = seed, .stall_percent = percent, .trace_path = {}});
      for (int i = 0; i < 3; ++i) expect_good_image(i);
      chip().set_next_image(9);
      EXPECT_EQ(driver().run_halted(image(1)).result.logits, model_.run(9, image(1)).logits);
    }
  }
}

TEST_F(ChipBusTest, RegisterContentsBeforeResetChangeNoResult) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    build({.seed = seed, .trace_path = {}});
    expect_good_image(static_cast<int>(seed));
  }
}

TEST_F(ChipBusTest, InterruptPinFollowsStatusAndEnable) {
  EXPECT_FALSE(chip().interrupt());
  chip().write(reg::kIrqStatus, reg::kIrqDone | reg::kIrqError | reg::kIrqHalted);
  chip().write(reg::kIrqEnable, reg::kIrqDone);
  chip().set_next_image(0);
  start(1);
  EXPECT_FALSE(chip().interrupt());
  chip().send(image(0));
  expect_result(0, 0);
  EXPECT_TRUE(becomes_idle(2000));
  EXPECT_TRUE(chip().interrupt());
  chip().write(reg::kIrqEnable, 0);
  EXPECT_FALSE(chip().interrupt());
  chip().write(reg::kIrqEnable, reg::kIrqDone);
  EXPECT_TRUE(chip().interrupt());
  chip().write(reg::kIrqStatus, reg::kIrqDone);
  EXPECT_FALSE(chip().interrupt());
}

TEST_F(ChipBusTest, AResultThatNobodyTakesIsATimeOutNotAHang) {
  build({.timeout = 3'000, .trace_path = {}});
  start(1);
  try {
    chip().receive();  // no image was sent
    FAIL() << "a result of nothing";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("a result within 3000 clocks (time-out of the bench)"), std::string::npos)
        << text;
  }
}

TEST_F(ChipBusTest, AHangLeavesItsWaves) {
  const TemporaryFolder folder("chip_bus");
  const std::string file = (folder / "hang.fst").string();
  build({.timeout = 3'000, .trace_path = file});
  chip().set_next_image(0);
  chip().send(image(0));
  EXPECT_THROW(chip().receive(), Error);  // nobody started the chip
  bench_.reset();
  const Waves waves = read_waves(file);
  ASSERT_TRUE(waves.readable);
  const Wave& clock = waves.signals.at("TOP.mcnn_tb.clk_i");
  EXPECT_GE(clock.values.size(), 2U * 3'000);
}

}  // namespace
}  // namespace mcnn::testing
