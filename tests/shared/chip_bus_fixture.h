// SPDX-License-Identifier: Apache-2.0
// A chip with real buses, driven as a host does it, well or badly.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/engine/chip_model.h"
#include "host/mapping/image_stream.h"
#include "host/mapping/mapper.h"
#include "host/mapping/registers.h"
#include "host/programming/program_model.h"
#include "tests/shared/rtl_bench.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {

// A loaded chip, of the smallest configuration if no other is named, with verbs for what a host
// does.
class ChipBusTest : public ::testing::Test {
 protected:
  explicit ChipBusTest(const std::string& configuration = "tiny")
      : config_(load_chip_config(MCNN_CONSTRAINTS_DIR "/" + configuration + ".params")),
        case_(network_suite(configuration).front()) {}
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
  // As the stream takes it, LoadRows bytes a beat.
  std::vector<std::uint8_t> stream(int index) const {
    return image_stream(image(index), program().image, config_);
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
    chip().write(
        reg::kProgramPulse,
        reg::kProgramMaxPulses.put(static_cast<std::uint32_t>(settings.max_pulses)) |
            reg::kProgramPulseClocks.put(static_cast<std::uint32_t>(settings.pulse_clocks)) |
            reg::kProgramRange.put(static_cast<std::uint32_t>(settings.range)));
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

  const ChipConfig config_;
  const DeviceCard card_ = load_device_card(MCNN_DATA_DIR "/devices/typical.toml");
  const SuiteCase case_;
  const MappedNetwork mapped_ = map_network(case_.network, config_, case_.options);
  ChipModel model_{config_, mapped_.program, card_, 1};
  std::unique_ptr<RtlBench> bench_;
};

}  // namespace mcnn::testing
