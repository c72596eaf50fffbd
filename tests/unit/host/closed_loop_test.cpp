// SPDX-License-Identifier: Apache-2.0
// The closed loop: which cells it writes, to which codes, what it reports; on the program model.
#include "host/programming/closed_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/engine/chip_model.h"
#include "host/mapping/mapper.h"
#include "host/programming/cells_file.h"
#include "host/programming/program_model.h"
#include "host_test_util.h"
#include "tests/support/device_cards.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

class ClosedLoopTest : public ::testing::Test {
 protected:
  ClosedLoopTest() {
    for (SuiteCase& test : network_suite("tiny")) {
      if (test.name == "two_convolutions") {
        network_ = std::move(test.network);
      }
    }
    program_ = map_network(network_, config_).program;
  }

  LoopResult loop(std::vector<Macro>& macros, const DeviceCard& card,
                  const LoopOptions& options = {}) {
    ProgramModel port(config_, macros);
    const ProgramSettings settings = program_settings(card, config_);
    return run_closed_loop(port, cell_entries(program_, config_, card, settings.range), settings,
                           config_, options);
  }

  const ChipConfig config_ = named_config("tiny");
  Network network_;
  ChipProgram program_;
};

TEST_F(ClosedLoopTest, WritesEveryCellOfEveryLineThatIsReadAndNoOther) {
  const std::vector<ProgramEntry> entries = cell_entries(program_, config_, DeviceCard{}, 5);
  const std::vector<std::vector<uint8_t>> used = used_lines(program_, config_);
  size_t lines = 0;
  for (size_t pe = 0; pe < used.size(); ++pe) {
    for (size_t line = 0; line < used[pe].size(); ++line) {
      lines += used[pe][line];
      const bool has_weights =
          std::any_of(program_.cells[pe].begin() + static_cast<ptrdiff_t>(16 * line),
                      program_.cells[pe].begin() + static_cast<ptrdiff_t>(16 * line + 16),
                      [](uint8_t level) { return level != 0; });
      EXPECT_TRUE(used[pe][line] != 0 || !has_weights) << "PE " << pe << " line " << line;
    }
  }
  EXPECT_GT(lines, 0u);
  EXPECT_LT(lines, 64u) << "the network leaves lines free";
  ASSERT_EQ(entries.size(), 16 * lines);
  for (const ProgramEntry& entry : entries) {
    const size_t cell = static_cast<size_t>(entry.source_line * 16 + entry.bit_line);
    EXPECT_EQ(entry.target, 32 * program_.cells[static_cast<size_t>(entry.pe)][cell]);
    EXPECT_EQ(entry.tolerance, 4);  // an eighth of a level
    EXPECT_FALSE(entry.no_drive);
  }
}

TEST_F(ClosedLoopTest, TargetsAndToleranceInCodesOfTheRange) {
  const DeviceCard card = window_card();  // a level is 18/7 uS, level 0 is 7/9 of a level
  EXPECT_DOUBLE_EQ(level_code(7, card, 5), 32.0 * (7.0 + 7.0 / 9.0));
  DeviceCard wide = card;
  wide.programming_tolerance_uS = 1.0;
  EXPECT_EQ(tolerance_codes(wide, 5), 12);  // 12.44
  EXPECT_EQ(tolerance_codes(wide, 4), 6);
  wide.programming_tolerance_uS = 18.0 / 7.0 / 32.0 * 3.0;  // 3 codes, however it is rounded
  EXPECT_EQ(tolerance_codes(wide, 5), 3);

  const auto top = [&](const TargetCorrection& correction) {
    const std::vector<ProgramEntry> entries = cell_entries(program_, config_, card, 4, correction);
    return std::max_element(entries.begin(), entries.end(),
                            [](const auto& a, const auto& b) { return a.target < b.target; })
        ->target;
  };
  EXPECT_EQ(top({}), 124);  // 16 * 7.78 = 124.4
  TargetCorrection correction;
  correction.offset.assign(2, std::vector<double>(8, 3.2));
  EXPECT_EQ(top(correction), 128);
  correction.shift.assign(2, std::vector<double>(32, -0.5));
  EXPECT_EQ(top(correction), 120);  // 124.44 - 8 + 3.2
  correction.offset.assign(2, std::vector<double>(8, -300.0));
  EXPECT_EQ(top(correction), 0) << "a verify read gives no negative code";
}

TEST_F(ClosedLoopTest, SaysWhichRangeWouldDo) {
  const DeviceCard card = window_card();
  expect_parts(error_of([&] { cell_entries(program_, config_, card, 6); }), "PE 0", "level 4",
               "code 306 at converter range 6", "0..255", "range 5 would do", "window");
  TargetCorrection correction;
  correction.offset.assign(2, std::vector<double>(8, 300.0));
  expect_parts(error_of([&] { cell_entries(program_, config_, card, 5, correction); }),
               "no range would do");
  EXPECT_EQ(fitting_range(program_, config_, card, 7, {}), 5);
  EXPECT_EQ(fitting_range(program_, config_, card, 3, {}), 3);
}

TEST_F(ClosedLoopTest, IdealChipHoldsExactlyItsLevels) {
  std::vector<Macro> macros = make_macros(config_, DeviceCard{}, 1);
  const LoopResult result = loop(macros, DeviceCard{});
  EXPECT_TRUE(result.failed.empty());
  for (const ProgramEntry& entry : result.entries) {
    const size_t cell = static_cast<size_t>(entry.source_line * 16 + entry.bit_line);
    EXPECT_EQ(macros[static_cast<size_t>(entry.pe)].conductances()[cell],
              static_cast<float>(program_.cells[static_cast<size_t>(entry.pe)][cell]));
  }
  // So it computes what directly programmed cells compute.
  ChipModel looped(config_, program_, macros, {});
  ChipModel direct(config_, program_, DeviceCard{}, 1);
  for (int i = 0; i < 3; ++i) {
    const std::vector<uint8_t> image = suite_image(network_, 5, i);
    EXPECT_EQ(looped.run(0, image).logits, direct.run(0, image).logits);
  }
}

TEST_F(ClosedLoopTest, StuckCellsAreListedWithWhatTheyHold) {
  DeviceCard card = window_card();
  card.stuck_high_rate = 0.03;
  card.stuck_low_rate = 0.03;
  std::vector<Macro> macros = make_macros(config_, card, 3);
  const LoopResult result = loop(macros, card);
  ASSERT_GT(result.failed.size(), 4u);
  EXPECT_EQ(static_cast<int64_t>(result.failed.size()), result.counters().failed);
  for (const size_t i : result.failed) {
    const ProgramEntry& entry = result.entries[i];
    const EntryResult& end = result.results()[i];
    EXPECT_TRUE(end.code == 249 || end.code == 25) << "what stuck cells hold: " << end.code;
    EXPECT_GT(std::abs(end.code - entry.target), entry.tolerance);
    expect_parts(describe_failure(result, i), fmt::format("PE {}", entry.pe),
                 fmt::format("source line {}", entry.source_line),
                 fmt::format("bit line {}", entry.bit_line), fmt::format("target {}", entry.target),
                 fmt::format("reached {}", end.code),
                 fmt::format("{} pulses", card.programming_max_pulses));
  }
}

TEST_F(ClosedLoopTest, SecondPassRewritesWhatRelaxedOut) {
  DeviceCard card = window_card();
  card.relaxation_conductance_uS = {0.0};
  card.relaxation_sigma_uS = {0.4};
  std::vector<Macro> macros = make_macros(config_, card, 4);
  double waited = 0.0;
  std::vector<std::pair<size_t, size_t>> told;
  LoopOptions options;
  options.second_pass_wait_s = 60.0;
  options.elapse = [&](double seconds) {
    waited += seconds;
    for (Macro& macro : macros) {
      macro.elapse(seconds, 0.0);
    }
  };
  options.progress = [&](size_t done, size_t total) { told.emplace_back(done, total); };
  const LoopResult result = loop(macros, card, options);
  EXPECT_EQ(waited, 60.0);
  ASSERT_EQ(result.passes.size(), 2u);
  size_t moved = 0;
  for (size_t i = 0; i < result.entries.size(); ++i) {
    moved += result.passes[1].results[i].pulses > 0 ? 1 : 0;
    EXPECT_EQ(result.pulses(i),
              result.passes[0].results[i].pulses + result.passes[1].results[i].pulses);
  }
  // A tolerance of 0.32 uS and a sigma of 0.4: 42 % are outside.
  const double share = static_cast<double>(moved) / static_cast<double>(result.entries.size());
  EXPECT_GT(share, 0.3);
  EXPECT_LT(share, 0.55);
  EXPECT_TRUE(result.failed.empty());
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.back(), std::pair(2 * result.entries.size(), 2 * result.entries.size()));
}

TEST_F(ClosedLoopTest, SerialClocksAreThoseOfOnePeAtATime) {
  const DeviceCard card;
  std::vector<Macro> macros = make_macros(config_, card, 1);
  const LoopResult together = loop(macros, card);
  macros = make_macros(config_, card, 1);
  ProgramModel port(config_, macros);
  int64_t clocks = 0;
  for (int pe = 0; pe < config_.num_pe; ++pe) {
    std::vector<ProgramEntry> part;
    std::copy_if(together.entries.begin(), together.entries.end(), std::back_inserter(part),
                 [pe](const ProgramEntry& entry) { return entry.pe == pe; });
    clocks += run_closed_loop(port, part, together.settings, config_).counters().clocks;
  }
  EXPECT_EQ(together.serial_clocks(), clocks);
  EXPECT_LT(together.counters().clocks, clocks);
}

// Converters of any width program the chip: the verify range follows them.
TEST_F(ClosedLoopTest, VerifiesWithConvertersOfAnyWidth) {
  for (const int bits : {4, 6, 8, 12}) {
    SCOPED_TRACE(bits);
    ChipConfig config = config_;
    config.adc_bits = bits;
    const DeviceCard card = window_card();
    const ProgramSettings settings = program_settings(card, config);
    EXPECT_EQ(settings.range, card.verify_range(bits));
    std::vector<Macro> macros = make_macros(config, card, 1);
    ProgramModel port(config, macros);
    const LoopResult result = run_closed_loop(
        port, cell_entries(program_, config, card, settings.range), settings, config);
    EXPECT_TRUE(result.failed.empty());
    const int largest_code = (1 << bits) - 1;
    for (const ProgramEntry& entry : result.entries) {
      EXPECT_LT(entry.target + entry.tolerance, largest_code);
    }
  }
}

TEST_F(ClosedLoopTest, SettingsThatNoRegisterHoldsNameTheCard) {
  DeviceCard card = window_card();
  card.programming_set_limit = 64;
  expect_parts(error_of([&] { program_settings(card, config_); }), "window", "SET LIMIT", "64");
}

// ---- files

class CellsFileTest : public ClosedLoopTest {
 protected:
  CellsFileTest() {
    card_ = window_card();
    card_.programming_sigma_uS = 0.3;
    card_.pulse_c2c = 0.2;
    card_.age_s = 5.0;
    macros_ = make_macros(config_, card_, 77);
    loop(macros_, card_);
    for (Macro& macro : macros_) {
      macro.elapse(0.1, 3.0);
    }
    file_ = {.config = "tiny",
             .seed = 77,
             .shape = macros_[0].shape(),
             .card = cells_card_text(card_),
             .cells_digest = cells_digest(program_),
             .bias_changes = {},
             .states = {macros_[0].save_state(), macros_[1].save_state()}};
  }
  void check(const CellsFile& file) const {
    check_cells_file(file, "x.json", config_, card_, 77, program_);
  }
  // The error of the file with one text replaced by another.
  std::string error_with(const std::string& from, const std::string& to) const {
    std::string text = to_text(file_);
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return error_of([&] { check(parse_cells_file(text, "x.json")); });
  }

  DeviceCard card_;
  std::vector<Macro> macros_;
  CellsFile file_;
};

TEST_F(CellsFileTest, GivesTheSameBitsBack) {
  file_.bias_changes.assign(program_.biases.size(), {-2000000000, 3});
  file_.states[0].cells[3].base = 0.1 + 0.2;
  file_.states[0].cells[4].base = 4.9e-324;
  file_.states[1].cells[5].age_s = 1e300 / 3.0;
  file_.states[1].cells[5].pulses = 4294967295u;
  const CellsFile read = parse_cells_file(to_text(file_), "x.json");
  EXPECT_EQ(read.states, file_.states);
  EXPECT_EQ(read.bias_changes, file_.bias_changes);
  EXPECT_EQ(to_text(read), to_text(file_));
  check(read);
  // And a restored chip computes the same.
  const CellsFile plain =
      parse_cells_file(to_text({.config = "tiny",
                                .seed = 77,
                                .shape = file_.shape,
                                .card = file_.card,
                                .cells_digest = file_.cells_digest,
                                .bias_changes = {},
                                .states = {macros_[0].save_state(), macros_[1].save_state()}}),
                       "x.json");
  std::vector<Macro> restored = make_macros(config_, card_, 77);
  for (size_t pe = 0; pe < restored.size(); ++pe) {
    restored[pe].restore(plain.states[pe]);
  }
  ChipModel before(config_, program_, macros_, {});
  ChipModel after(config_, program_, restored, {});
  const std::vector<uint8_t> image = suite_image(network_, 5, 0);
  EXPECT_EQ(before.run(0, image).logits, after.run(0, image).logits);
}

TEST_F(CellsFileTest, BelongsToOneChipOnly) {
  EXPECT_NO_THROW(check(file_));
  DeviceCard later = card_;
  later.age_s = 1e6;  // what comes after programming is free
  EXPECT_NO_THROW(check_cells_file(file_, "x.json", config_, later, 77, program_));
  expect_parts(error_with("\"config\": \"tiny\"", "\"config\": \"yao2020\""), "x.json", "config",
               "yao2020", "tiny");
  expect_parts(error_with("\"seed\": 77", "\"seed\": 78"), "seed", "78", "77");
  expect_parts(error_with("\"source_lines\": 32", "\"source_lines\": 64"), "cells");
  expect_parts(error_with("\"adc_lanes\": 8", "\"adc_lanes\": 4"), "shape.adc_lanes", "4", "8");
  expect_parts(error_with(file_.cells_digest, "0123456789abcdef"), "cells_digest",
               "0123456789abcdef", file_.cells_digest);
  DeviceCard other = card_;
  other.programming_sigma_uS = 0.25;
  expect_parts(error_of([&] { check_cells_file(file_, "x.json", config_, other, 77, program_); }),
               "card", "programming_sigma_uS", "0.3", "0.25");
  file_.states.pop_back();
  expect_parts(error_of([&] { check(file_); }), "macros", "1", "2 PEs");
  file_.states.push_back(file_.states[0]);
  file_.bias_changes.assign(program_.biases.size(), {1});
  expect_parts(error_of([&] { check(file_); }), "bias_changes[0]", "1 kernels", "2 (Lanes)");
  file_.bias_changes.resize(1);
  expect_parts(error_of([&] { check(file_); }), "bias_changes", "1 rows");
}

TEST_F(CellsFileTest, BadFilesAreRefused) {
  const auto error = [](const std::string& text) {
    return error_of([&] { parse_cells_file(text, "x.json"); });
  };
  expect_parts(error(""), "x.json", "not a cells file");
  expect_parts(error("[]"), "x.json", "object");
  expect_parts(error("{}"), "x.json", "format");
  const std::string text = to_text(file_);
  expect_parts(error(text.substr(0, text.size() / 2)), "x.json");
  expect_parts(error_with("mcnn-cells-1", "mcnn-cells-2"), "format", "mcnn-cells-2");
  expect_parts(error_with("\"seed\"", "\"sead\""), "sead");
  expect_parts(error_with("\"seed\": 77", "\"seed\": -1"), "seed", "-1");
  expect_parts(error_with("\"bias_changes\": []", "\"bias_changes\": [[1.5, 2]]"), "bias_changes");
  expect_parts(error_with("\"next_programming_run\": ", "\"next_programming_run\": -"),
               "next_programming_run");
  expect_parts(error_with("[\n   [", "[\n   [1,"), "macros[0].cells[0]", "list of 6");
  expect_parts(error_with("[\n   [", "[\n   [1],["), "macros[0].cells");
}

// What the blocks were moved around comes back bit for bit; lists that no search gives are refused.
TEST_F(CellsFileTest, CarriesFaults) {
  EXPECT_FALSE(parse_cells_file(to_text(file_), "x.json").faults.has_value());
  file_.faults = FaultMap{{{{0, 3, 15}, {0.1 + 0.2, 0.5}}, {{1, 31, 0}, {7.125, 7.125}}}};
  EXPECT_EQ(parse_cells_file(to_text(file_), "x.json").faults, file_.faults);
  // The list as it stands in the file, and what is said about another one.
  const auto error = [&](const std::string& from, const std::string& to) {
    nlohmann::ordered_json file = nlohmann::ordered_json::parse(to_text(file_));
    std::string list = file["faults"].dump();
    const size_t at = list.find(from);
    EXPECT_NE(at, std::string::npos) << from << " in " << list;
    file["faults"] = nlohmann::ordered_json::parse(list.replace(at, from.size(), to));
    return error_of([&] { parse_cells_file(file.dump(), "x.json"); });
  };
  expect_parts(error("[1,31", "[2,31"), "x.json", "faults[1][0]", "2", "0..1");
  expect_parts(error("[1,31", "[1,32"), "faults[1][1]", "32", "0..31");
  expect_parts(error("[0,3,15", "[0,3,16"), "faults[0][2]", "16", "0..15");
  expect_parts(error("7.125,7.125", "7.125,7"), "faults[1][4]", "7", "7.125 or more");
  expect_parts(error("[1,31", "[0,2"), "faults[1]", "behind the one before");
  expect_parts(error("[0,3,15", "[0,3"), "faults[0]", "list of 5");
}

TEST_F(CellsFileTest, MissingFile) {
  expect_parts(error_of([] { load_cells_file("/nonexistent/cells.json"); }), "/nonexistent");
}

}  // namespace
}  // namespace mcnn::testing
