// SPDX-License-Identifier: Apache-2.0
// The closed loop on the device cards of the project: how many cells end where they should, and in
// how many pulses.
#include "tests/unit/behavioral_models/closed_loop.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace mcnn {
namespace {

DeviceCard card(const std::string& name) {
  return load_device_card(std::filesystem::path(MCNN_DEVICES_DIR) / (name + ".toml"));
}

std::vector<std::uint8_t> random_levels(std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<std::uint8_t> levels(2048);
  for (auto& level : levels) level = static_cast<std::uint8_t>(engine() % 8);
  return levels;
}

// The contract of the ideal card holds for pulses too: every cell ends exactly on its level, also
// when it comes from another one.
TEST(ClosedLoop, IdealCellsEndExactlyOnTheirLevels) {
  Macro macro({}, card("ideal"), 1, 0);
  for (std::uint32_t seed = 1; seed < 6; ++seed) {
    const auto levels = random_levels(seed);
    const LoopResult result = program_closed_loop(macro, levels);
    EXPECT_EQ(result.failed, 0);
    EXPECT_GT(result.pulses, 0);
    macro.elapse(macro.card().age_s, macro.card().read_disturb_pulses);
    for (std::size_t cell = 0; cell < levels.size(); ++cell) {
      ASSERT_EQ(macro.conductances()[cell], static_cast<float>(levels[cell])) << "cell " << cell;
    }
  }
}

// The figure of the yao2020 card: at least 99.9 % of the cells within 1 uS at the end of the loop,
// in fewer than 10 pulses. 40,960 cells of 20 chips with fixed seeds.
TEST(ClosedLoop, Yao2020CellsEndWithinOneMicrosiemens) {
  const DeviceCard yao = card("yao2020");
  int cells = 0;
  int inside = 0;
  int pulses = 0;
  int reads = 0;
  int failed = 0;
  int most = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    Macro macro({}, yao, 100 + seed, 0);
    const auto levels = random_levels(seed);
    const LoopResult result = program_closed_loop(macro, levels);
    cells += result.cells;
    pulses += result.pulses;
    reads += result.reads;
    failed += result.failed;
    most = std::max(most, result.most_pulses);
    for (std::size_t cell = 0; cell < levels.size(); ++cell) {
      const double error =
          static_cast<double>(macro.conductances()[cell]) - yao.level_uS(levels[cell]);
      inside += std::abs(error) <= 1.0 ? 1 : 0;
    }
  }
  const double per_cell = static_cast<double>(pulses) / cells;
  std::printf(
      "yao2020: %d of %d cells within 1 uS, %d failed, %.2f pulses (at most %d) and %.2f "
      "reads a cell\n",
      inside, cells, failed, per_cell, most, static_cast<double>(reads) / cells);
  EXPECT_GE(inside, cells * 999 / 1000);
  EXPECT_LT(failed, cells / 1000);
  EXPECT_LT(per_cell, 10.0);
}

// Every card of the project has a loop that ends, whose verify codes do not clip.
TEST(ClosedLoop, EveryCardProgramsItsCells) {
  for (const auto& entry : std::filesystem::directory_iterator(MCNN_DEVICES_DIR)) {
    if (entry.path().extension() != ".toml") continue;
    const DeviceCard device = load_device_card(entry.path());
    SCOPED_TRACE(device.name);
    const int range = device.verify_range(8);
    EXPECT_EQ(range, 5);
    const double codes_per_uS = std::ldexp(1.0, range) / device.level_step_uS();
    EXPECT_LT((device.g_max_uS + device.loop_tolerance_uS()) * codes_per_uS, 254.5);
    EXPECT_GE(device.loop_tolerance_uS() * codes_per_uS, 1.0);
    Macro macro({}, device, 5, 1);
    const LoopResult result = program_closed_loop(macro, random_levels(5));
    EXPECT_LE(result.failed, 2);
    EXPECT_LT(result.pulses, 10 * result.cells);
  }
}

}  // namespace
}  // namespace mcnn
