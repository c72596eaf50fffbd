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
#include "host/engine/chip_model.h"
#include "host/mapping/mapper.h"
#include "host/mapping/registers.h"
#include "host/programming/program_model.h"
#include "tests/shared/rtl_bench.h"
#include "tests/support/network_suite.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/waves.h"

namespace mcnn::testing {
namespace {

// A loaded chip of the smallest configuration, with verbs for what a host does.
class ChipBusTest : public ::testing::Test {
 protected:
  void SetUp() override { build({}); }

  void build(const tb::RtlOptions& options) {
    bench_ = std::make_unique<RtlBench>(config_, program(), card_, 1, options);
    bench_->driver().load(program(), config_);
  }

  const ChipProgram& program() const { return mapped_.program; }
  tb::RtlChip& chip() { return bench_->chip(); }
  Driver& driver() { return bench_->driver(); }
  std::vector<std::uint8_t> image(int index) const {
    return suite_image(case_.network, case_.seed, index);
  }

  void start(std::uint32_t images) {
    chip().write(reg::kImageCount, images);
    chip().write(reg::kControl, reg::kControlStart);
  }
  std::uint32_t status() { return chip().read(reg::kStatus); }
  ChipError error() { return static_cast<ChipError>(reg::kStatusError.get(status())); }
  void clear_error() {
    chip().write(reg::kIrqStatus, reg::kIrqError);
    EXPECT_EQ(error(), ChipError::kNone);
  }
  // True if the chip is idle before `clocks` have passed.
  bool becomes_idle(std::uint64_t clocks) {
    for (const std::uint64_t end = chip().clocks() + clocks; chip().clocks() < end;) {
      if ((status() & reg::kStatusBusy) == 0) return true;
      chip().idle(50);
    }
    return false;
  }

  // What a good image must give: as the model, after whatever was before.
  void expect_good_image(int index) {
    const std::vector<std::uint8_t> pixels = image(index);
    const auto number = static_cast<std::uint32_t>(index);
    chip().set_next_image(number);
    const std::span<const std::uint8_t> views[] = {pixels};
    const std::vector<ChipResult> results = driver().run(views);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].logits, model_.run(number, pixels).logits);
  }
  // The result of a run that the test started by hand.
  void expect_result(std::uint32_t number, int index) {
    const std::vector<std::uint32_t> packet = chip().receive();
    const ImageResult& expected = model_.run(number, image(index));
    ASSERT_EQ(packet.size(), expected.logits.size() + 1);
    EXPECT_EQ(packet[0], static_cast<std::uint32_t>(expected.digit));
    for (std::size_t i = 0; i < expected.logits.size(); ++i) {
      EXPECT_EQ(static_cast<std::int32_t>(packet[i + 1]), expected.logits[i]) << "logit " << i;
    }
  }

  // Programming by hand.
  std::uint32_t entry_address(int pe, int place) const {
    return reg::kProgramTable +
           (reg::kProgramStride * static_cast<std::uint32_t>((pe * config_.num_entries) + place));
  }
  static std::uint32_t cell_word(const ProgramEntry& entry) {
    return reg::kEntryBitLine.put(static_cast<std::uint32_t>(entry.bit_line)) |
           reg::kEntrySourceLine.put(static_cast<std::uint32_t>(entry.source_line)) |
           (entry.no_drive ? reg::kEntryNoDrive : 0);
  }
  static std::uint32_t target_word(const ProgramEntry& entry) {
    return reg::kEntryTarget.put(static_cast<std::uint32_t>(entry.target)) |
           reg::kEntryTolerance.put(static_cast<std::uint32_t>(entry.tolerance));
  }
  // Lists and settings; entries of a PE in their order.
  void write_lists(std::span<const ProgramEntry> entries, const ProgramSettings& settings) {
    const auto amplitudes = [](const PulseAmplitudes& pulses) {
      return reg::kAmplitudeStart.put(static_cast<std::uint32_t>(pulses.start)) |
             reg::kAmplitudeStep.put(static_cast<std::uint32_t>(pulses.step)) |
             reg::kAmplitudeLimit.put(static_cast<std::uint32_t>(pulses.limit));
    };
    chip().write(reg::kProgramSet, amplitudes(settings.set));
    chip().write(reg::kProgramReset, amplitudes(settings.reset));
    chip().write(reg::kProgramPulse,
                 reg::kMaxPulses.put(static_cast<std::uint32_t>(settings.max_pulses)) |
                     reg::kPulseClocks.put(static_cast<std::uint32_t>(settings.pulse_clocks)) |
                     reg::kVerifyRange.put(static_cast<std::uint32_t>(settings.range)));
    for (int pe = 0; pe < config_.num_pe; ++pe) {
      int place = 0;
      for (const ProgramEntry& entry : entries) {
        if (entry.pe != pe) continue;
        chip().write(entry_address(pe, place), cell_word(entry));
        chip().write(entry_address(pe, place) + 4, target_word(entry));
        ++place;
      }
      chip().write(reg::kProgramCount + (4 * static_cast<std::uint32_t>(pe)),
                   static_cast<std::uint32_t>(place));
    }
  }
  void start_programming() { chip().write(reg::kControl, reg::kControlProgram); }
  // Entries that take many reads and pulses, on the last source lines.
  std::vector<ProgramEntry> many_entries() const {
    std::vector<ProgramEntry> entries;
    for (int i = 0; i < 2 * config_.num_pe * 5; ++i) {
      entries.push_back({.pe = i % config_.num_pe,
                         .source_line = config_.num_sl - 1 - (i / config_.num_pe % 3),
                         .bit_line = i * 7 % config_.num_bl(),
                         .target = 40 + (i * 13 % 120),
                         .tolerance = 2});
    }
    return entries;
  }
  static constexpr ProgramSettings kSettings = {
      .set = {4, 2, 40}, .reset = {6, 3, 50}, .max_pulses = 12, .pulse_clocks = 3, .range = 5};
  // The driver programs the entries as a program model does on copies of the macros.
  void expect_programs_like_the_model(std::span<const ProgramEntry> entries,
                                      const ProgramSettings& settings) {
    std::vector<Macro> copies(bench_->macros().begin(), bench_->macros().end());
    ProgramModel model(config_, copies);
    const ProgramRun expected = model.program(entries, settings);
    const ProgramRun found = driver().program(entries, settings);
    EXPECT_EQ(found.results, expected.results);
    EXPECT_EQ(found.counters, expected.counters);
    for (std::size_t pe = 0; pe < copies.size(); ++pe) {
      EXPECT_EQ(bench_->macros()[pe].save_state(), copies[pe].save_state()) << "PE " << pe;
    }
  }
  // What the chip model computes from here on is computed by the cells as they are now.
  void model_takes_the_cells() {
    for (int pe = 0; pe < config_.num_pe; ++pe) {
      model_.macro(pe) = bench_->macros()[static_cast<std::size_t>(pe)];
    }
  }
  std::uint64_t pulses_of_all_cells() {
    std::uint64_t pulses = 0;
    for (const Macro& macro : bench_->macros()) {
      for (const CellState& cell : macro.save_state().cells) pulses += cell.pulses;
    }
    return pulses;
  }

  const ChipConfig config_ = load_chip_config(MCNN_CONSTRAINTS_DIR "/tiny.params");
  const DeviceCard card_ = load_device_card(MCNN_DATA_DIR "/devices/typical.toml");
  const SuiteCase case_ = network_suite("tiny").front();
  const MappedNetwork mapped_ = map_network(case_.network, config_, case_.options);
  ChipModel model_{config_, mapped_.program, card_, 1};
  std::unique_ptr<RtlBench> bench_;
};

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

TEST_F(ChipBusTest, ShortImageIsDroppedAndTheRunWaitsForAnother) {
  const std::vector<std::uint8_t> pixels = image(0);
  for (const std::size_t length : {std::size_t{1}, pixels.size() / 2, pixels.size() - 1}) {
    chip().set_next_image(3);
    start(1);
    chip().send_packet(std::span(pixels).first(length), true);
    chip().idle(3 * pixels.size());
    EXPECT_EQ(error(), ChipError::kImageShort) << length;
    EXPECT_NE(status() & reg::kStatusBusy, 0U);
    EXPECT_EQ(chip().results_waiting(), 0U);
    clear_error();
    chip().send(pixels);
    expect_result(3, 0);
    EXPECT_TRUE(becomes_idle(2000));
  }
}

TEST_F(ChipBusTest, LongImageIsDroppedAndTheRunWaitsForAnother) {
  const std::vector<std::uint8_t> pixels = image(0);
  for (const std::size_t extra : {std::size_t{1}, std::size_t{100}, 3 * pixels.size()}) {
    chip().set_next_image(3);
    start(1);
    std::vector<std::uint8_t> longer = pixels;
    longer.resize(pixels.size() + extra, 0x55);
    chip().send(longer);
    chip().idle(2 * longer.size());
    EXPECT_EQ(error(), ChipError::kImageLong) << extra;
    EXPECT_EQ(chip().results_waiting(), 0U);
    clear_error();
    chip().send(pixels);
    expect_result(3, 0);
    EXPECT_TRUE(becomes_idle(2000));
  }
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

TEST_F(ChipBusTest, AbortEndsARunAtAnyTime) {
  const std::vector<std::uint8_t> pixels = image(0);
  for (std::uint64_t wait = 0; wait < 40; ++wait) {
    start(2);
    chip().send(pixels);
    chip().idle(wait * 37);
    chip().write(reg::kControl, reg::kControlAbort);
    EXPECT_TRUE(becomes_idle(2000)) << "after " << wait * 37 << " clocks";
    chip().reset();
    driver().load(program(), config_);
  }
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
  EXPECT_THROW(chip().receive(), Error);  // no image was sent
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
