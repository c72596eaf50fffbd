// SPDX-License-Identifier: Apache-2.0
// Pairs of cells: where the weights lie, which cell takes a wanted change, and what the programmer
// makes of it.
#include "host/programming/cell_writer.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <utility>

#include "host/programming/fault_map.h"
#include "host_test_util.h"
#include "suite_configs.h"
#include "tests/support/network_suite.h"
#include "writable_chip.h"

namespace mcnn::testing {
namespace {

struct SplitCase {
  const char* what;
  double positive, negative, change;
  bool positive_fixed, negative_fixed;
  double new_positive, new_negative;
  bool saturated;
};

TEST(CellWriter, AChangeGoesToTheCellThatCanTakeIt) {
  const std::vector<SplitCase> cases = {
      {"up, the negative cell has nothing to give", 3, 1, 2, false, false, 5, 1, false},
      {"up, the negative cell goes down", 3, 4, 2, false, false, 3, 2, false},
      {"down, the positive cell goes down", 5, 4, -2, false, false, 3, 4, false},
      {"down, the positive cell has nothing to give", 1, 4, -2, false, false, 1, 6, false},
      {"up, neither alone", 7, 2, 2, false, false, 8, 1, false},
      {"down, neither alone", 2, 7, -2, false, false, 1, 8, false},
      {"up, more than there is", 7, 2, 4, false, false, 8, 1, true},
      {"up, negative cell fixed", 3, 4, 2, false, true, 5, 4, false},
      {"down, positive cell fixed", 5, 4, -2, true, false, 5, 6, false},
      {"up, positive cell fixed and nothing else to give", 3, 1, 2, true, false, 3, 1, true},
      {"both fixed", 3, 4, 2, true, true, 3, 4, true},
      {"a relaxed cell above the window comes back", 9, 1, -1, false, false, 8, 1, false},
  };
  for (const SplitCase& test : cases) {
    SCOPED_TRACE(test.what);
    const PairSplit split = split_change(test.positive, test.negative, test.change, 1.0, 8.0,
                                         test.positive_fixed, test.negative_fixed);
    EXPECT_DOUBLE_EQ(split.positive, test.new_positive);
    EXPECT_DOUBLE_EQ(split.negative, test.new_negative);
    EXPECT_EQ(split.write_positive, test.new_positive != test.positive);
    EXPECT_EQ(split.write_negative, test.new_negative != test.negative);
    EXPECT_EQ(split.saturated, test.saturated);
  }
}

TEST(CellWriter, SplitsGiveTheWholeChangeAndStayInTheWindow) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> cell(0.0, 10.0);
  std::uniform_real_distribution<double> change(-8.0, 8.0);
  for (int n = 0; n < 10000; ++n) {
    const double positive = cell(random);
    const double negative = cell(random);
    const double wanted = change(random);
    const PairSplit split = split_change(positive, negative, wanted, 1.0, 8.0);
    const double given = split.positive - split.negative - (positive - negative);
    if (!split.saturated) {
      EXPECT_NEAR(given, wanted, 1e-9);
    }
    for (const auto& [written, value] : {std::pair{split.write_positive, split.positive},
                                         std::pair{split.write_negative, split.negative}}) {
      if (written) {
        EXPECT_GE(value, 1.0);
        EXPECT_LE(value, 8.0);
      }
    }
  }
}

TEST(CellPairs, PairsAreTheCellsOfTheirWeights) {
  for (const char* name : {"yao2020", "tiny", "lanes4", "windows8"}) {
    const ChipConfig config = suite_config(name);
    for (const SuiteCase& suite : network_suite(name)) {
      SCOPED_TRACE(suite.name);
      const MappedNetwork mapped = map_network(suite.network, config, suite.options);
      std::set<CellAddress> seen;
      for (size_t layer = 0; layer < suite.network.layers.size(); ++layer) {
        const auto pairs = layer_pairs(suite.network, mapped, static_cast<int>(layer));
        EXPECT_EQ(pairs.size(), suite.network.layers[layer].weights.size() *
                                    to_index(mapped.layers[layer].replicas));
        for (const CellPair& pair : pairs) {
          EXPECT_TRUE(seen.insert({pair.pe, pair.line, pair.bit_line}).second);
          const auto& cells = mapped.program.cells[to_index(pair.pe)];
          const auto level = [&](int line) {
            return cells[to_index(line * config.num_bl() + pair.bit_line)];
          };
          EXPECT_EQ(level(pair.line), std::max(0, pair.weight));
          EXPECT_EQ(level(pair.line + 1), std::max(0, -pair.weight));
        }
      }
    }
  }
}

TEST(CellWriter, CellsAreReadEvenAboveTheLargestCode) {
  WritableChip chip(window_card());
  const CellPair& pair = chip.layer.pair(3, 17);
  // 12 levels above the largest code of the verify range.
  while (chip.cell(pair, true) < 15.0) {
    chip.macros[to_index(pair.pe)].pulse(pair.line, pair.bit_line, true, 10);
  }
  const auto values = chip.writer.read(std::span(&pair, 1));
  EXPECT_NEAR(values[0].first, chip.cell(pair, true), 0.04);
  EXPECT_NEAR(values[0].second, chip.cell(pair, false), 0.02);
}

TEST(CellWriter, ChangesEndUpInTheDifference) {
  WritableChip chip(window_card());
  std::vector<CellPair> pairs;
  std::vector<double> changes;
  std::vector<double> before;
  for (int j = 0; j < 100; ++j) {
    pairs.push_back(chip.layer.pair(j % 10, j));
    before.push_back(chip.difference(pairs.back()));
    const double room = before.back() > 0 ? -1.0 : 1.0;
    changes.push_back(room * (0.6 + 0.01 * j));
  }
  const std::vector<double> left = chip.writer.change(pairs, changes);
  // Read to a code, written to the tolerance, read again.
  const double exact = (tolerance_codes(chip.card, 5) + 1.5) / 32.0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_NEAR(chip.difference(pairs[i]), before[i] + changes[i], exact) << i;
    EXPECT_NEAR(left[i], before[i] + changes[i] - chip.difference(pairs[i]), 2.0 / 32.0) << i;
  }
  EXPECT_EQ(chip.writer.counters().pairs, 100);
  EXPECT_EQ(chip.writer.counters().failed, 0);
}

TEST(CellWriter, PassesBringPairsBackThatTheirErrorsMoved) {
  DeviceCard card = window_card();
  card.programming_sigma_uS = 1.2;
  WritableChip chip(card);
  std::vector<double> wanted;
  for (const CellPair& pair : chip.layer.pairs) wanted.push_back(pair.weight);
  const double threshold = 0.8 / card.level_step_uS();
  const auto outside = [&] {
    int64_t count = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      count += std::abs(chip.difference(chip.layer.pairs[i]) - wanted[i]) > threshold ? 1 : 0;
    }
    return count;
  };
  const int64_t before = outside();
  EXPECT_GT(before, 1000);  // of 1920: the errors of two cells
  int64_t last = before;
  for (int pass = 0; pass < 4; ++pass) {
    // The verify read rounds to a code.
    EXPECT_NEAR(static_cast<double>(chip.writer.bring(chip.layer.pairs, wanted, threshold)),
                static_cast<double>(last), 0.05 * static_cast<double>(before));
    for (Macro& macro : chip.macros) macro.elapse(1.0, 0.0);
    const int64_t now = outside();
    EXPECT_LT(now, last);
    last = now;
  }
  EXPECT_LT(last, before / 3);
}

// A cell that is known not to move is not tried: the other one takes all from the first pass on.
TEST(CellWriter, KnownStuckCellsAreNotWritten) {
  DeviceCard card = window_card();
  card.stuck_high_rate = 0.02;
  card.stuck_low_rate = 0.02;
  WritableChip chip(card);
  const ProgramSettings settings = program_settings(card, chip.config);
  std::vector<Macro> searched = make_macros(chip.config, card, 1);
  ProgramModel search_port(chip.config, searched);
  const FaultMap faults = find_faults(search_port, chip.config, card, settings).map;
  const std::vector<CellAddress> stuck = faults.stuck_cells();
  CellWriter writer(chip.port, chip.config, card, settings, {}, stuck);
  std::vector<double> wanted;
  int out_of_reach = 0;
  for (const CellPair& pair : chip.layer.pairs) {
    const Reach reach = faults.pair_reach({pair.pe, pair.line, pair.bit_line});
    wanted.push_back(reach.nearest(pair.weight));
    out_of_reach += wanted.back() != pair.weight ? 1 : 0;
  }
  EXPECT_GT(out_of_reach, 5);
  writer.bring(chip.layer.pairs, wanted, 0.5 / card.level_step_uS());
  EXPECT_EQ(writer.counters().failed, 0);
  EXPECT_EQ(writer.bad_cells(), std::set<CellAddress>(stuck.begin(), stuck.end()));
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(chip.difference(chip.layer.pairs[i]), wanted[i], 0.5) << i;
  }
}

// A cell that does not move is found out, and the other cell of the pair makes up for it.
TEST(CellWriter, TheOtherCellMakesUpForAStuckOne) {
  DeviceCard card = window_card();
  card.stuck_high_rate = 0.01;
  card.stuck_low_rate = 0.01;
  WritableChip chip(card);
  std::vector<double> wanted;
  for (const CellPair& pair : chip.layer.pairs) wanted.push_back(pair.weight);
  const double threshold = 0.5 / card.level_step_uS();
  for (int pass = 0; pass < 3; ++pass) {
    chip.writer.bring(chip.layer.pairs, wanted, threshold);
  }
  EXPECT_GT(chip.writer.bad_cells().size(), 5U);
  int64_t made_up = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const CellPair& pair = chip.layer.pairs[i];
    const bool positive_bad = chip.writer.bad_cells().contains({pair.pe, pair.line, pair.bit_line});
    const bool negative_bad =
        chip.writer.bad_cells().contains({pair.pe, pair.line + 1, pair.bit_line});
    if (positive_bad == negative_bad) continue;
    // What the good cell would have to hold.
    const double low = card.g_min_uS / card.level_step_uS();
    const double good =
        positive_bad ? chip.cell(pair, true) - wanted[i] : chip.cell(pair, false) + wanted[i];
    if (good >= low && good <= low + 7.0) {
      ++made_up;
      EXPECT_NEAR(chip.difference(pair), wanted[i], threshold + 1.0 / 32.0) << i;
    }
  }
  EXPECT_GT(made_up, 5);
}

}  // namespace
}  // namespace mcnn::testing
