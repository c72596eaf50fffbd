// SPDX-License-Identifier: Apache-2.0
// What a macro counts for energy: pulses of every window and bit line, the conductances that they
// drive, programming pulses and verify reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "behavioral_models/kernels.h"
#include "behavioral_models/macro.h"
#include "tests/support/device_cards.h"

namespace mcnn {
namespace {

constexpr CardNoise kNoise{.programming_sigma_uS = 0.3, .read_noise = 0.01, .adc_sigma_codes = 0.4};

std::vector<std::uint8_t> some_levels(const MacroShape& shape) {
  std::vector<std::uint8_t> levels;
  for (int i = 0; i < shape.source_lines * shape.bit_lines; ++i) {
    levels.push_back(static_cast<std::uint8_t>(i * 7 % 8));
  }
  return levels;
}

// Random windows, and the pulses of each bit line counted one by one.
TEST(MacroCounts, PulsesOfEveryWindowAreExactForEveryShapeAndKernel) {
  for (const Kernels& kernels : supported_kernels()) {
    for (const int bit_lines : {1, 9, 16, 32, 33, 128}) {
      SCOPED_TRACE(::testing::Message() << kernels.name << ", " << bit_lines << " bit lines");
      const MacroShape shape{.bit_lines = bit_lines, .source_lines = 64, .adc_lanes = 32};
      Macro macro(shape, noisy_card(kNoise), 1, 0, kernels);
      macro.program(some_levels(shape));
      macro.begin_image(0);
      std::mt19937 random(17);
      std::vector<WindowReads> expected;
      double conductance = 0.0;
      for (const int first : {0, 20, 32}) {
        expected.push_back({.first_line = first, .count = 16, .range = 1});
        expected.back().pulses.resize(static_cast<std::size_t>(bit_lines));
      }
      for (int i = 0; i < 700; ++i) {
        WindowReads& window = expected[static_cast<std::size_t>(i) % expected.size()];
        // 1 to 16 planes, some empty, the last ones full.
        const std::size_t words = macro.pulse_words();
        std::vector<std::uint32_t> planes((1 + random() % 16) * words);
        for (std::size_t word = 0; word < planes.size(); ++word) {
          const int lines = std::min(32, bit_lines - 32 * static_cast<int>(word % words));
          const std::uint32_t all = 0xFFFF'FFFFU >> (32 - lines);
          planes[word] = i > 500 ? all : random() & random() & random() & all;
        }
        const std::vector<double> driven = macro.window_conductances(window.first_line, 16);
        for (auto plane = planes.begin(); plane != planes.end();
             plane += static_cast<std::ptrdiff_t>(words)) {
          window.reads += std::any_of(plane, plane + static_cast<std::ptrdiff_t>(words),
                                      [](std::uint32_t word) { return word != 0; })
                              ? 1
                              : 0;
          for (int b = 0; b < bit_lines; ++b) {
            if ((plane[b / 32] >> (b % 32) & 1U) == 0) continue;
            ++window.pulses[static_cast<std::size_t>(b)];
            for (int line = window.first_line; line < window.first_line + 16; ++line) {
              conductance += macro.conductances()[static_cast<std::size_t>((line * bit_lines) + b)];
            }
          }
        }
        std::vector<std::int32_t> sums(8);
        macro.read_planes(planes, window.first_line, 16, 1, sums);
      }
      EXPECT_EQ(macro.window_reads(0), expected);
      EXPECT_EQ(macro.window_reads(3), std::vector<WindowReads>{});
      EXPECT_NEAR(macro.driven_conductance(0), conductance, 1e-6 * conductance);
      macro.clear_counts();
      EXPECT_EQ(macro.window_reads(0), std::vector<WindowReads>{});
      EXPECT_EQ(macro.driven_conductance(0), 0.0);
    }
  }
}

TEST(MacroCounts, SingleReadsCountAsPlanesDo) {
  const MacroShape shape;
  Macro by_plane(shape, noisy_card(kNoise), 1, 0);
  by_plane.program(some_levels(shape));
  Macro at_once = by_plane;
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    std::array<std::uint32_t, 8> planes{};
    for (std::uint32_t& plane : planes) plane = random() & random() & 0xFFFF;
    std::vector<std::int32_t> sums(8);
    at_once.read_planes(planes, 4, 16, 2, sums);
    std::array<std::uint16_t, 16> codes{};
    for (const std::uint32_t plane : planes) {
      if (plane != 0) by_plane.read(plane, 4, 16, 2, codes);
    }
  }
  EXPECT_EQ(by_plane.window_reads(0), at_once.window_reads(0));
  EXPECT_EQ(by_plane.driven_conductance(0), at_once.driven_conductance(0));
}

TEST(MacroCounts, EveryReadCountsTheCellsAsTheyWere) {
  const MacroShape shape;
  Macro macro(shape, noisy_card(kNoise), 1, 0);
  macro.program(some_levels(shape));
  macro.begin_image(0);
  std::array<std::uint16_t, 1> code{};
  const double before = macro.window_conductances(5, 1)[3];
  macro.read(1U << 3, 5, 1, 0, code);
  for (int i = 0; i < 4; ++i) macro.pulse(5, 3, true, 10);
  const double after = macro.window_conductances(5, 1)[3];
  ASSERT_GT(after, before + 0.1);
  macro.read(1U << 3, 5, 1, 0, code);
  EXPECT_NEAR(macro.driven_conductance(0), before + after, 1e-9);
}

TEST(MacroCounts, ProgrammingIsCountedApart) {
  const MacroShape shape;
  Macro macro(shape, noisy_card(kNoise), 1, 0);
  macro.begin_programming();
  std::array<std::uint16_t, 1> code{};
  const double g = macro.window_conductances(9, 1)[2];
  macro.read(1U << 2, 9, 1, 5, code);
  macro.pulse(9, 2, true, 12);
  macro.pulse(9, 2, true, 12);
  macro.pulse(9, 2, false, 7);
  macro.read(0, 9, 1, 5, code);
  const ProgrammingCounts& counts = macro.programming_counts();
  EXPECT_EQ(counts.set[12].count, 2U);
  EXPECT_EQ(counts.reset[7].count, 1U);
  EXPECT_EQ(counts.set[11].count, 0U);
  EXPECT_GT(counts.set[12].conductance_uS, 2.0 * g);  // the second pulse meets a better cell
  EXPECT_EQ(counts.reads, 2U);
  EXPECT_EQ(counts.conversions, 2U);
  EXPECT_EQ(counts.read_pulses, 1U);
  EXPECT_NEAR(counts.read_conductance_uS, g, 1e-9);
  EXPECT_EQ(macro.window_reads(0), std::vector<WindowReads>{});
  // Inference afterwards leaves it alone, and so does clearing.
  macro.begin_image(0);
  macro.read(1U << 2, 9, 1, 5, code);
  macro.clear_counts();
  EXPECT_EQ(macro.programming_counts().reads, 2U);
  EXPECT_EQ(macro.programming_counts().set[12].count, 2U);
}

// With wires a cell drives what the solved network gives it: less than without.
TEST(MacroCounts, WiresLowerTheConductanceThatIsDriven) {
  const MacroShape shape;
  DeviceCard card = noisy_card(kNoise);
  Macro plain(shape, card, 1, 0);
  plain.program(some_levels(shape));
  card.wire_resistance_ohm = 50.0;
  Macro wired(shape, card, 1, 0);
  wired.program(some_levels(shape));
  std::array<std::uint16_t, 16> codes{};
  plain.read(0xFF, 64, 16, 0, codes);
  wired.read(0xFF, 64, 16, 0, codes);
  EXPECT_LT(wired.driven_conductance(0), 0.99 * plain.driven_conductance(0));
  EXPECT_GT(wired.driven_conductance(0), 0.2 * plain.driven_conductance(0));
}

}  // namespace
}  // namespace mcnn
