// SPDX-License-Identifier: Apache-2.0
// Faults: found as they are, blocks moved around them without a change of the network, pairs
// that make up for them.
#include "host/programming/fault_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "common/index.h"
#include "host/engine/chip_model.h"
#include "host/mapping/cycle_model.h"
#include "host/network/integer_network.h"
#include "host/programming/program_model.h"
#include "host_test_util.h"
#include "suite_configs.h"
#include "tests/support/device_cards.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

DeviceCard faulty_card(double rate) {
  DeviceCard card = noisy_card({.read_noise = 0.01, .adc_sigma_codes = 0.4}, "faulty");
  card.pulse_c2c = 0.2;
  card.stuck_high_rate = rate;
  card.stuck_low_rate = rate;
  return card;
}

// Stuck at either end, and some that move part of the way.
FaultMap random_faults(const ChipConfig& config, double rate, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  FaultMap map;
  for (int pe = 0; pe < config.num_pe; ++pe) {
    for (int line = 0; line < config.num_sl; ++line) {
      for (int bit = 0; bit < config.num_bl(); ++bit) {
        if (unit(random) >= rate) continue;
        const double kind = unit(random);
        const double low = 7.0 * unit(random);
        const Reach reach = kind < 0.4   ? Reach{0.0, 0.0}
                            : kind < 0.8 ? Reach{7.0, 7.0}
                                         : Reach{low, low + (7.0 - low) * unit(random)};
        map.faults.push_back({{pe, line, bit}, reach});
      }
    }
  }
  return map;
}

FaultSearch search(std::vector<Macro>& macros, const ChipConfig& config, const DeviceCard& card,
                   const LaneOffsets& offsets = {}) {
  ProgramModel port(config, macros);
  return find_faults(port, config, card, program_settings(card, config), offsets);
}

// The model knows which cells are stuck; the search must say the same, at every rate, on lines
// that no network uses as well, and must leave the good cells at level 0.
TEST(FaultSearch, FindsTheStuckCellsAndNoOthers) {
  for (const char* name : {"tiny", "yao2020"}) {
    const ChipConfig config = named_config(name);
    for (const auto& [rate, seed] : {std::pair{0.0, 1}, {0.0025, 2}, {0.025, 3}, {0.5, 4}}) {
      SCOPED_TRACE(fmt::format("{}, rate {}, seed {}", name, rate, seed));
      const DeviceCard card = faulty_card(rate);
      std::vector<Macro> macros = make_macros(config, card, to_index(seed));
      const FaultSearch found = search(macros, config, card);
      std::set<CellAddress> stuck;
      for (const CellFault& fault : found.map.faults) {
        EXPECT_TRUE(fault.is_stuck());
        EXPECT_TRUE(stuck.insert(fault.cell).second);
        const double true_level = (macros[to_index(fault.cell.pe)].conductances()[to_index(
                                       fault.cell.line * config.num_bl() + fault.cell.bit_line)] -
                                   card.g_min_uS) /
                                  card.level_step_uS();
        EXPECT_NEAR(fault.reach.low, true_level, 0.15);
        EXPECT_NEAR(fault.reach.high, true_level, 0.15);
        EXPECT_LE(fault.reach.low, fault.reach.high);
      }
      for (int pe = 0; pe < config.num_pe; ++pe) {
        for (int line = 0; line < config.num_sl; ++line) {
          for (int bit = 0; bit < config.num_bl(); ++bit) {
            const Macro& macro = macros[to_index(pe)];
            EXPECT_EQ(macro.is_fixed(line, bit), stuck.contains({pe, line, bit}))
                << "PE " << pe << " line " << line << " bit line " << bit;
            if (!macro.is_fixed(line, bit)) {
              EXPECT_NEAR(macro.conductances()[to_index(line * config.num_bl() + bit)],
                          card.g_min_uS, 0.2 * card.level_step_uS());
            }
          }
        }
      }
      EXPECT_TRUE(
          std::is_sorted(found.map.faults.begin(), found.map.faults.end(),
                         [](const CellFault& a, const CellFault& b) { return a.cell < b.cell; }));
      EXPECT_GT(found.counters.clocks, 0);
    }
  }
}

// What a stuck cell holds may lie beyond the window, even beyond the largest code of a verify read.
TEST(FaultSearch, SaysWhatCellsOutsideTheWindowHold) {
  const ChipConfig config = named_config("tiny");
  DeviceCard card = faulty_card(0.05);
  card.read_noise = 0.0;
  card.stuck_high_uS = 50.0;
  card.stuck_low_uS = 0.0;
  std::vector<Macro> macros = make_macros(config, card, 5);
  int high = 0;
  int low = 0;
  for (const CellFault& fault : search(macros, config, card).map.faults) {
    const double held = fault.reach.low > 3.0 ? 48.0 / 18.0 * 7.0 : -2.0 / 18.0 * 7.0;
    EXPECT_NEAR(fault.reach.low, held, 0.15);
    EXPECT_NEAR(fault.reach.high, held, 0.15);
    ++(held > 0.0 ? high : low);
  }
  EXPECT_GT(high, 5);
  EXPECT_GT(low, 5);
}

// Cells that move, but not far enough with the pulses that the card allows.
TEST(FaultSearch, CellsThatGetPartOfTheWayAreNotStuck) {
  const ChipConfig config = named_config("tiny");
  DeviceCard card = faulty_card(0.0);
  card.pulse_c2c = 0.0;
  card.programming_max_pulses = 3;  // 1/4 + 2/4 + 3/4 of a level, as codes of amplitude 0, 1, 2
  std::vector<Macro> macros = make_macros(config, card, 6);
  const FaultMap map = search(macros, config, card).map;
  ASSERT_EQ(map.faults.size(), 2U * 32U * 16U);
  for (const CellFault& fault : map.faults) {
    EXPECT_FALSE(fault.is_stuck());
    EXPECT_EQ(fault.reach.low, 0.0);
    EXPECT_NEAR(fault.reach.high, 1.5, 0.05);
  }
  EXPECT_TRUE(map.stuck_cells().empty());
}

// With converter offsets a cell reads something else than it holds; known ones are taken out.
TEST(FaultSearch, TakesKnownOffsetsOut) {
  const ChipConfig config = named_config("tiny");
  DeviceCard card = faulty_card(0.05);
  card.programming_range = 4;
  card.adc_offset_sigma_codes = 4.0;
  std::vector<Macro> macros = make_macros(config, card, 7);
  // Offsets as the mean code of reads of level 0 has them.
  LaneOffsets offsets(to_index(config.num_pe), std::vector<double>(to_index(config.num_adc)));
  const double base = 16.0 * card.g_min_uS / card.level_step_uS();
  for (int pe = 0; pe < config.num_pe; ++pe) {
    for (int lane = 0; lane < config.num_adc; ++lane) {
      constexpr int kReads = 200;
      double sum = 0.0;
      for (int n = 0; n < kReads; ++n) {
        uint16_t code = 0;
        int bit = 0;
        while (macros[to_index(pe)].is_fixed(lane, bit)) ++bit;
        macros[to_index(pe)].read(1U << bit, lane, 1, 4, {&code, 1});
        sum += code;
      }
      offsets[to_index(pe)][to_index(lane)] = sum / kReads - base;
    }
  }
  double blind = 0.0;
  double corrected = 0.0;
  std::vector<Macro> others = macros;
  const auto worst = [&](const FaultMap& map) {
    double largest = 0.0;
    for (const CellFault& fault : map.faults) {
      const double held = fault.reach.high > 3.5 ? 7.0 : 0.0;
      largest =
          std::max({largest, std::abs(fault.reach.low - held), std::abs(fault.reach.high - held)});
    }
    return largest;
  };
  blind = worst(search(macros, config, card).map);
  corrected = worst(search(others, config, card, offsets).map);
  EXPECT_GT(blind, 0.3);
  EXPECT_LT(corrected, 0.2);
}

// Placements do not overlap, lie in their array, and the records read them.
void expect_sound(const MappedNetwork& mapped, const ChipConfig& config) {
  std::vector<std::vector<int>> owner(to_index(config.num_pe),
                                      std::vector<int>(to_index(config.num_sl), -1));
  for (size_t block = 0; block < mapped.placements.size(); ++block) {
    const Placement& place = mapped.placements[block];
    ASSERT_EQ(place.first_line % 4, 0);
    ASSERT_LE(place.first_line + place.lines, config.num_sl);
    for (int line = place.first_line; line < place.first_line + place.lines; ++line) {
      int& other = owner[to_index(place.pe)][to_index(line)];
      ASSERT_EQ(other, -1) << "PE " << place.pe << " line " << line;
      other = static_cast<int>(block);
    }
  }
}

// Whatever the faults are, the moved network is the same network: tables valid, as many clocks,
// the feature maps and logits of the integer network on the ideal chip; and never worse than
// before.
TEST(MoveBlocks, TheIdealChipGivesTheIntegerNetworkWhereverBlocksLie) {
  int moved_networks = 0;
  int moved_pes = 0;
  for (const char* name : {"tiny", "yao2020", "windows8"}) {
    const ChipConfig config = suite_config(name);
    std::vector<SuiteCase> cases = network_suite(name);
    SuiteCase paper{
        .name = "paper_mapping", .seed = 3, .network = random_yao2020(3), .options = {}};
    paper.options.kind = MappingKind::kPaper;
    if (config.name == "yao2020") cases.push_back(paper);
    for (const SuiteCase& test : cases) {
      for (const unsigned seed : {1U, 2U}) {
        SCOPED_TRACE(fmt::format("{}, {}, seed {}", name, test.name, seed));
        const MappedNetwork mapped = map_network(test.network, config, test.options);
        const FaultMap faults = random_faults(config, seed == 1 ? 0.01 : 0.1, seed);
        const MappedNetwork moved = move_blocks(mapped, config, faults);
        EXPECT_NO_THROW(validate(moved.program, config));
        expect_sound(moved, config);
        EXPECT_EQ(image_cycles(moved.program, config).clocks,
                  image_cycles(mapped.program, config).clocks);
        const FaultFigures before = fault_figures(mapped, config, faults);
        const FaultFigures after = fault_figures(moved, config, faults);
        EXPECT_LE(after.squared_error, before.squared_error);
        EXPECT_EQ(after.used_cells, before.used_cells);
        EXPECT_EQ(after.pairs, before.pairs);
        moved_networks += moved.program.cells != mapped.program.cells ? 1 : 0;
        for (size_t block = 0; block < mapped.placements.size(); ++block) {
          moved_pes += mapped.placements[block].pe != moved.placements[block].pe ? 1 : 0;
        }
        const IntegerNetwork integer(test.network);
        ChipModel chip(config, moved.program, DeviceCard{}, 1, {.skip = false, .maps = true});
        for (int i = 0; i < 3; ++i) {
          const std::vector<uint8_t> image = suite_image(test.network, seed, i);
          const IntegerResult expected = integer.run(image);
          const ImageResult& found = chip.run(static_cast<uint32_t>(i), image);
          EXPECT_EQ(found.maps, expected.maps);
          EXPECT_EQ(found.logits, expected.logits);
        }
      }
    }
  }
  EXPECT_GT(moved_networks, 10);
  EXPECT_GT(moved_pes, 10);
}

TEST(MoveBlocks, NothingMovesWithoutNeed) {
  const ChipConfig config = named_config("yao2020");
  const MappedNetwork mapped = map_network(random_yao2020(4), config);
  const auto same = [&](const FaultMap& faults) {
    return move_blocks(mapped, config, faults).program == mapped.program;
  };
  EXPECT_TRUE(same({}));
  // A fault on a line that is free, and one whose pair can be what it should be.
  EXPECT_TRUE(same({{{{0, 127, 3}, {7.0, 7.0}}}}));
  const Placement& place = mapped.placements.front();
  const size_t cell = to_index(place.first_line * config.num_bl());
  const int weight = mapped.program.cells[to_index(place.pe)][cell] -
                     mapped.program.cells[to_index(place.pe)][cell + to_index(config.num_bl())];
  ASSERT_NE(weight, 0);
  const double kept = weight > 0 ? 7.0 : 0.0;
  EXPECT_TRUE(same({{{{place.pe, place.first_line, 0}, {kept, kept}}}}));
  EXPECT_FALSE(same({{{{place.pe, place.first_line, 0}, {7.0 - kept, 7.0 - kept}}}}));
}

// Least squared error of the blocks of a PE over all orders and all free lines between them.
double best_by_hand(const MappedNetwork& mapped, const ChipConfig& config, const FaultMap& faults,
                    std::vector<size_t> blocks, int unit) {
  if (blocks.empty()) return 0.0;
  double best = std::numeric_limits<double>::infinity();
  int lines = 0;
  for (const size_t block : blocks) lines += mapped.placements[block].lines;
  for (int at = unit; 4 * at + lines <= config.num_sl; ++at) {
    for (size_t i = 0; i < blocks.size(); ++i) {
      const Placement& place = mapped.placements[blocks[i]];
      double error = 0.0;
      for (int k = 0; k < place.kernels; ++k) {
        for (int column = 0; column < place.window_columns; ++column) {
          for (int row = 0; row < place.window_rows; ++row) {
            const int bit = config.kernel_max * column + row;
            const size_t cell = to_index((place.first_line + 2 * k) * config.num_bl() + bit);
            const std::vector<uint8_t>& cells = mapped.program.cells[to_index(place.pe)];
            const int weight = cells[cell] - cells[cell + to_index(config.num_bl())];
            const Reach up = faults.reach({place.pe, 4 * at + 2 * k, bit});
            const Reach down = faults.reach({place.pe, 4 * at + 2 * k + 1, bit});
            const double off =
                std::max({0.0, up.low - down.high - weight, weight - (up.high - down.low)});
            error += off * off;
          }
        }
      }
      std::vector<size_t> rest = blocks;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
      best =
          std::min(best, error + best_by_hand(mapped, config, faults, rest, at + place.lines / 4));
    }
  }
  return best;
}

// In every PE at least as good as the best of all arrangements of the blocks that the mapper put
// there; exactly as good where no PE has a partner to change blocks with.
TEST(MoveBlocks, FindsTheBestArrangement) {
  int compared = 0;
  for (const char* name : {"tiny", "yao2020"}) {
    const ChipConfig config = named_config(name);
    for (const SuiteCase& test : network_suite(name)) {
      const MappedNetwork mapped = map_network(test.network, config, test.options);
      std::vector<std::vector<size_t>> blocks(to_index(config.num_pe));
      for (size_t block = 0; block < mapped.placements.size(); ++block) {
        blocks[to_index(mapped.placements[block].pe)].push_back(block);
      }
      const bool small = std::all_of(blocks.begin(), blocks.end(),
                                     [](const auto& list) { return list.size() <= 3; });
      if (!small) continue;
      const bool alone = std::all_of(mapped.layers.begin(), mapped.layers.end(),
                                     [](const auto& layer) { return layer.segment_pes == 1; });
      for (const unsigned seed : {11U, 12U}) {
        SCOPED_TRACE(fmt::format("{}, {}, seed {}", name, test.name, seed));
        const FaultMap faults = random_faults(config, 0.05, seed);
        double by_hand = 0.0;
        for (const std::vector<size_t>& list : blocks) {
          by_hand += best_by_hand(mapped, config, faults, list, 0);
        }
        const MappedNetwork moved = move_blocks(mapped, config, faults);
        const double found = fault_figures(moved, config, faults).squared_error;
        EXPECT_LE(found, by_hand + 1e-3);
        if (alone) {
          EXPECT_NEAR(found, by_hand, 1e-3);
        }
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 10);
}

// The targets of a pair are inside the window and in reach, and their difference is as close to the
// weight as any; good pairs and stuck cells keep their levels.
TEST(PairCompensation, IsTheClosestDifferenceInReach) {
  const ChipConfig config = named_config("yao2020");
  const MappedNetwork mapped = map_network(random_yao2020(5), config);
  for (const unsigned seed : {21U, 22U, 23U}) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const FaultMap faults = random_faults(config, 0.2, seed);
    const auto change = pair_compensation(mapped, config, faults);
    const std::vector<CellAddress> stuck = faults.stuck_cells();
    const std::set<CellAddress> is_stuck(stuck.begin(), stuck.end());
    int changed = 0;
    double error = 0.0;
    for (const Placement& place : mapped.placements) {
      for (int k = 0; k < place.kernels; ++k) {
        for (int column = 0; column < place.window_columns; ++column) {
          for (int row = 0; row < place.window_rows; ++row) {
            const int bit = config.kernel_max * column + row;
            const CellAddress up = {place.pe, place.first_line + 2 * k, bit};
            const CellAddress down = {place.pe, up.line + 1, bit};
            const auto at = [&](const CellAddress& cell) {
              return to_index(cell.line * config.num_bl() + cell.bit_line);
            };
            const auto& cells = mapped.program.cells[to_index(place.pe)];
            const int weight = cells[at(up)] - cells[at(down)];
            const auto target = [&](const CellAddress& cell) {
              const double more = change[to_index(cell.pe)][at(cell)];
              const Reach reach = faults.reach(cell);
              if (is_stuck.contains(cell)) {
                EXPECT_EQ(more, 0.0);
                return 0.5 * (reach.low + reach.high);
              }
              changed += more != 0.0 ? 1 : 0;
              const double level = cells[at(cell)] + more;
              EXPECT_GE(level, reach.low - 1e-12);
              EXPECT_LE(level, reach.high + 1e-12);
              return level;
            };
            const double off = target(up) - target(down) - weight;
            error += off * off;
            if (faults.reach(up) == Reach{} && faults.reach(down) == Reach{}) {
              EXPECT_EQ(off, 0.0);
            }
          }
        }
      }
    }
    EXPECT_GT(changed, 100);
    EXPECT_NEAR(error, fault_figures(mapped, config, faults).squared_error, 0.3 * error);
  }
}

// The whole chain, from the search to the logits: where every weight can be reached, a chip with
// stuck cells computes exactly the integer network, and without moving and making up it does not.
TEST(AroundFaults, AChipWithStuckCellsGivesTheIntegerNetwork) {
  const ChipConfig config = named_config("yao2020");
  const Network network = random_yao2020(6);
  DeviceCard card;
  card.name = "stuck";
  card.stuck_high_rate = 0.001;
  card.stuck_low_rate = 0.001;
  int reached = 0;
  int spoilt = 0;
  for (const uint64_t seed : {31U, 32U, 33U, 34U, 35U}) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    // A coarse range, so that cells at level 7 clip no code.
    MappingOptions options;
    options.range = 0;
    const MappedNetwork mapped = map_network(network, config, options);
    std::vector<Macro> macros = make_macros(config, card, seed);
    ProgramModel port(config, macros);
    const ProgramSettings settings = program_settings(card, config);
    const FaultMap faults = find_faults(port, config, card, settings).map;
    EXPECT_GT(faults.faults.size(), 10U);
    const MappedNetwork moved = move_blocks(mapped, config, faults);
    if (fault_figures(moved, config, faults).squared_error > 0.0) continue;
    ++reached;
    TargetCorrection correction;
    correction.change = pair_compensation(moved, config, faults);
    std::vector<ProgramEntry> entries =
        cell_entries(moved.program, config, card, settings.range, correction);
    const size_t all = entries.size();
    leave_out_stuck(entries, faults);
    EXPECT_LT(entries.size(), all);
    EXPECT_TRUE(run_closed_loop(port, entries, settings, config).failed.empty());
    ChipModel chip(config, moved.program, macros, {});
    std::vector<Macro> plain_macros = make_macros(config, card, seed);
    program_direct(plain_macros, mapped.program);
    ChipModel plain(config, mapped.program, plain_macros, {});
    const IntegerNetwork integer(network);
    bool differs = false;
    for (int i = 0; i < 5; ++i) {
      const std::vector<uint8_t> image = suite_image(network, seed, i);
      const std::vector<int32_t> expected = integer.run(image).logits;
      EXPECT_EQ(chip.run(static_cast<uint32_t>(i), image).logits, expected);
      differs = differs || plain.run(static_cast<uint32_t>(i), image).logits != expected;
    }
    spoilt += differs ? 1 : 0;
  }
  EXPECT_GE(reached, 3);
  EXPECT_EQ(spoilt, reached);
}

TEST(FaultFigures, CountCellsLinesAndPairs) {
  const ChipConfig config = named_config("yao2020");
  const MappedNetwork mapped = map_network(random_yao2020(7), config);
  const Placement& place = mapped.placements.front();
  const auto& cells = mapped.program.cells[to_index(place.pe)];
  const size_t cell = to_index(place.first_line * config.num_bl());
  const int weight = cells[cell] - cells[cell + to_index(config.num_bl())];
  ASSERT_NE(weight, 0);
  const double stuck = weight > 0 ? 0.0 : 7.0;
  const FaultMap faults = {
      {{{place.pe, place.first_line, 0}, {stuck, stuck}}, {{7, 127, 0}, {0.0, 0.0}}}};
  const FaultFigures figures = fault_figures(mapped, config, faults);
  EXPECT_EQ(figures.cells, 16384);
  EXPECT_EQ(figures.used_cells, 14592);
  EXPECT_EQ(figures.faults, 2);
  EXPECT_EQ(figures.used_faults, 1);
  // 6 replicas of 8 x 9 weights, 3 of 12 x 72, 10 x 192.
  EXPECT_EQ(figures.pairs, 6 * 72 + 3 * 864 + 1920);
  EXPECT_EQ(figures.unreachable, 1);
  EXPECT_EQ(figures.squared_error, weight * weight);
}

}  // namespace
}  // namespace mcnn::testing
