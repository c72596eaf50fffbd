// SPDX-License-Identifier: Apache-2.0
// The programming suite: what a programmer must do whatever it is made of, and that it does what a
// second program model does with a second set of macros: results, counters, clocks and cells, bit
// for bit, with every non-ideality on.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "host/engine/chip_model.h"
#include "host/mapping/mapper.h"
#include "host/programming/calibration.h"
#include "host/programming/closed_loop.h"
#include "host/programming/fault_map.h"
#include "host/programming/program_model.h"
#include "tests/shared/programmer_under_test.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

ChipConfig config_of(const std::string& name) {
  return load_chip_config(std::string(MCNN_CONSTRAINTS_DIR) + "/" + name + ".params");
}

DeviceCard everything() { return load_device_card(MCNN_EVERYTHING_CARD); }

// A port that is a function.
class CallPort final : public ProgramPort {
 public:
  using Call = std::function<ProgramRun(std::span<const ProgramEntry>, const ProgramSettings&)>;
  explicit CallPort(Call call) : call_(std::move(call)) {}
  ProgramRun program(std::span<const ProgramEntry> entries,
                     const ProgramSettings& settings) override {
    return call_(entries, settings);
  }

 private:
  Call call_;
};

class Programming : public ::testing::TestWithParam<const char*> {
 protected:
  void build(const DeviceCard& card, const ProgrammerOptions& options = {}) {
    card_ = card;
    chip_ = make_programmer(config_, card, options);
    expected_macros_ = make_macros(config_, card, options.seed);
    expected_ = std::make_unique<ProgramModel>(config_, expected_macros_);
  }

  // Programs both and compares all that comes back and all cells.
  ProgramRun program(std::span<const ProgramEntry> entries, const ProgramSettings& settings) {
    ProgramRun found = chip_->port().program(entries, settings);
    const ProgramRun expected = expected_->program(entries, settings);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const ProgramEntry& entry = entries[i];
      EXPECT_EQ(found.results[i], expected.results[i])
          << "entry " << i << ": PE " << entry.pe << " line " << entry.source_line << " bit line "
          << entry.bit_line << ": code " << found.results[i].code << ", expected "
          << expected.results[i].code << ", pulses " << found.results[i].pulses << ", expected "
          << expected.results[i].pulses;
    }
    EXPECT_EQ(found.counters, expected.counters)
        << "clocks " << found.counters.clocks << ", expected " << expected.counters.clocks;
    expect_same_cells();
    return found;
  }
  void expect_same_cells() {
    for (std::size_t pe = 0; pe < expected_macros_.size(); ++pe) {
      EXPECT_EQ(chip_->macros()[pe].save_state(), expected_macros_[pe].save_state()) << "PE " << pe;
    }
  }
  void elapse(double seconds) {
    for (Macro& macro : chip_->macros()) macro.elapse(seconds, 100.0);
    for (Macro& macro : expected_macros_) macro.elapse(seconds, 100.0);
  }

  // Entries anywhere, one in eight outside the array, one in eight without drive.
  std::vector<ProgramEntry> random_entries(std::mt19937& random, int count) const {
    const auto below = [&random](int limit) {
      return static_cast<int>(random() % static_cast<unsigned>(limit));
    };
    std::vector<ProgramEntry> entries;
    for (int i = 0; i < count; ++i) {
      ProgramEntry entry = {.pe = below(config_.num_pe),
                            .source_line = below(config_.num_sl),
                            .bit_line = below(config_.num_bl()),
                            .target = below(1 << config_.adc_bits),
                            .tolerance = below(12),
                            .no_drive = below(8) == 0};
      switch (below(24)) {
        case 0:
          entry.bit_line = config_.num_bl() + below(256 - config_.num_bl());
          break;
        case 1:
          entry.source_line = config_.num_sl + below(4096 - config_.num_sl);
          break;
        case 2:
          entry.target = (1 << config_.adc_bits) + below(65536 - (1 << config_.adc_bits));
          break;
        default:
          break;
      }
      entries.push_back(entry);
    }
    return entries;
  }
  static ProgramSettings random_settings(std::mt19937& random) {
    const auto below = [&random](int limit) {
      return static_cast<int>(random() % static_cast<unsigned>(limit));
    };
    ProgramSettings settings;
    settings.set = {below(64), below(8), below(64)};
    settings.reset = {below(64), below(8), below(64)};
    settings.max_pulses = below(3) == 0 ? 0 : below(40);
    settings.pulse_clocks = 1 + (below(2) == 0 ? 0 : below(20));
    settings.range = below(8);
    return settings;
  }

  const ChipConfig config_ = config_of(GetParam());
  DeviceCard card_;
  std::unique_ptr<ProgrammerUnderTest> chip_;
  std::vector<Macro> expected_macros_;
  std::unique_ptr<ProgramModel> expected_;
};

// Worked out by hand: the ideal card moves (1 + amplitude) quarters of a level.
TEST_P(Programming, OneCellByHand) {
  build(DeviceCard{});
  const ProgramSettings settings = {
      .set = {0, 1, 63}, .reset = {0, 1, 63}, .max_pulses = 64, .pulse_clocks = 3, .range = 5};
  const int last = config_.num_sl - 1;
  const int bits = config_.num_bl();
  const std::vector<ProgramEntry> entries = {
      {.pe = 1, .source_line = last, .bit_line = bits - 1, .target = 160, .tolerance = 4},
      {.pe = 1, .source_line = last, .bit_line = bits - 1, .target = 0, .tolerance = 4},
      {.pe = 0, .source_line = 3, .bit_line = bits, .target = 0, .tolerance = 4},
      {.pe = 0, .source_line = 3, .bit_line = 0, .target = 32, .tolerance = 0, .no_drive = true}};
  const ProgramRun run = program(entries, settings);
  EXPECT_EQ(run.results[0], (EntryResult{EntryStatus::kDone, 160, 7}));
  EXPECT_EQ(run.results[1], (EntryResult{EntryStatus::kDone, 0, 6}));
  EXPECT_EQ(run.results[2], (EntryResult{EntryStatus::kRefused, 0, 0}));
  EXPECT_EQ(run.results[3], (EntryResult{EntryStatus::kFailed, 0, 0}));
  EXPECT_EQ(run.counters.reads, 8 + 7 + 1);
  EXPECT_EQ(run.counters.sets, 6);
  EXPECT_EQ(run.counters.resets, 7);
  EXPECT_EQ(run.counters.done, 2);
  EXPECT_EQ(run.counters.failed, 1);
  EXPECT_EQ(run.counters.refused, 1);
}

TEST_P(Programming, RandomEntriesWithEverythingOn) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    build(everything(), {.seed = seed, .stall_percent = seed == 3 ? 40 : 0, .bench_seed = seed});
    for (int run = 0; run < 4; ++run) {
      SCOPED_TRACE("run " + std::to_string(run));
      const int count = 1 + static_cast<int>(random() % 400);
      program(random_entries(random, count), random_settings(random));
      if (run == 1) elapse(3600.0);
    }
  }
}

TEST_P(Programming, ListsThatAreFullEmptyAndOneMore) {
  build(everything());
  const ProgramSettings settings = program_settings(card_, config_);
  for (const int count : {1, config_.num_entries, config_.num_entries + 1}) {
    std::vector<ProgramEntry> entries;
    for (int i = 0; i < count; ++i) {
      entries.push_back({.pe = config_.num_pe - 1,
                         .source_line = i % config_.num_sl,
                         .bit_line = i % config_.num_bl(),
                         .target = 100,
                         .tolerance = 5});
    }
    const ProgramRun run = program(entries, settings);
    EXPECT_EQ(run.counters.done + run.counters.failed, count);
  }
  EXPECT_TRUE(program({}, settings).results.empty());
}

// A whole network: programmed, calibrated, aged, programmed again.
TEST_P(Programming, ClosedLoopWithCalibrationAndSecondPass) {
  build(everything(), {.seed = 5});
  const bool is_tiny = config_.name.starts_with("tiny");
  Network network = random_yao2020(4);
  if (is_tiny) {
    for (SuiteCase& test : network_suite("tiny")) {
      if (test.name == "two_convolutions") network = std::move(test.network);
    }
  }
  const ChipProgram chip_program = map_network(network, config_).program;

  CallPort port([this](std::span<const ProgramEntry> entries, const ProgramSettings& settings) {
    return program(entries, settings);
  });
  ProgramSettings settings = program_settings(card_, config_);
  // The calibration of eight arrays is long; one of two shows the same.
  TargetCorrection correction;
  if (is_tiny) correction.offset = measure_lanes(port, config_, card_, settings).offset;
  LoopOptions options;
  options.second_pass_wait_s = 1000.0;
  options.elapse = [this](double seconds) { elapse(seconds); };
  settings.range = fitting_range(chip_program, config_, card_, settings.range, correction);
  const LoopResult loop =
      run_closed_loop(port, cell_entries(chip_program, config_, card_, settings.range, correction),
                      settings, config_, options);
  EXPECT_GT(loop.failed.size(), 0U) << "stuck cells";
  EXPECT_LT(loop.failed.size(), loop.entries.size() / 4);
  elapse(1e5);
  expect_same_cells();
  const auto conductances = [](const Macro& macro) {
    return std::vector<float>(macro.conductances().begin(), macro.conductances().end());
  };
  for (std::size_t pe = 0; pe < expected_macros_.size(); ++pe) {
    EXPECT_EQ(conductances(chip_->macros()[pe]), conductances(expected_macros_[pe])) << pe;
  }
}

// The search for faults is the same on both: what it finds, what it takes, the cells it leaves. And
// the chip that is programmed around them brings more of its cells to their targets.
TEST_P(Programming, FaultsAreFoundAndProgrammedAround) {
  const bool is_tiny = config_.name.starts_with("tiny");
  DeviceCard card = everything();
  card.endurance_pulses = 0.0;
  card.stuck_high_rate = 0.03;
  card.stuck_low_rate = 0.03;
  build(card, {.seed = 8, .stall_percent = is_tiny ? 30 : 0, .bench_seed = 8});
  Network network = random_yao2020(4);
  if (is_tiny) {
    for (SuiteCase& test : network_suite("tiny")) {
      if (test.name == "two_convolutions") network = std::move(test.network);
    }
  }
  CallPort port([this](std::span<const ProgramEntry> entries, const ProgramSettings& settings) {
    return program(entries, settings);
  });
  const ProgramSettings settings = program_settings(card_, config_);
  const FaultSearch search = find_faults(port, config_, card_, settings);
  std::size_t fixed = 0;
  std::size_t cells = 0;
  for (const Macro& macro : expected_macros_) {
    for (int line = 0; line < config_.num_sl; ++line) {
      for (int bit = 0; bit < config_.num_bl(); ++bit, ++cells) fixed += macro.is_fixed(line, bit);
    }
  }
  EXPECT_GE(search.map.faults.size(), fixed);
  EXPECT_LT(search.map.faults.size(), fixed + cells / 50) << "lanes with errors cannot tell all";
  const MappedNetwork moved = move_blocks(map_network(network, config_), config_, search.map);
  TargetCorrection correction;
  correction.change = pair_compensation(moved, config_, search.map);
  std::vector<ProgramEntry> entries =
      cell_entries(moved.program, config_, card_, settings.range, correction);
  leave_out_stuck(entries, search.map);
  const LoopResult loop = run_closed_loop(port, entries, settings, config_);
  EXPECT_LT(loop.failed.size(), loop.entries.size() / 50);
}

INSTANTIATE_TEST_SUITE_P(Configurations, Programming, ::testing::Values("tiny", "yao2020", "tiny4"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace mcnn::testing
