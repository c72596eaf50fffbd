// SPDX-License-Identifier: Apache-2.0
// The converters' errors, and the wires between macro and converters.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "behavioral_models/macro.h"
#include "behavioral_models/wire_network.h"
#include "tests/support/device_cards.h"
#include "tests/unit/behavioral_models/statistics.h"

namespace mcnn {
namespace {

constexpr MacroShape kFine{16, 128, 32, 12};

DeviceCard ideal() {
  DeviceCard card;
  card.name = "converter";
  return card;
}

std::vector<std::uint16_t> read(Macro& macro, std::uint32_t pulses, int first, int count,
                                int range) {
  std::vector<std::uint16_t> codes(static_cast<std::size_t>(count));
  macro.read(pulses, first, count, range, codes);
  return codes;
}

// A macro whose cells all hold level 7: n driven bit lines give 7 n 2^range codes.
Macro full(const DeviceCard& card, std::uint64_t seed, const MacroShape& shape = kFine) {
  Macro macro(shape, card, seed, 0);
  macro.program(
      std::vector<std::uint8_t>(static_cast<std::size_t>(shape.bit_lines * shape.source_lines), 7));
  return macro;
}

TEST(Converter, GainsAreGaussianFromLaneToLane) {
  DeviceCard card = ideal();
  card.adc_gain_sigma = 0.02;
  std::vector<double> gains;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    Macro macro = full(card, seed);
    const auto codes = read(macro, 0xFFFF, 0, 32, 5);  // 3584 codes, 7 sigma below the end
    for (const auto code : codes) gains.push_back(code / 3584.0);
    // In proportion to the input.
    const auto quarter = read(macro, 0xF, 0, 32, 5);
    for (std::size_t k = 0; k < codes.size(); ++k) ASSERT_NEAR(quarter[k], codes[k] / 4.0, 0.7);
    for (const auto code : read(macro, 0, 0, 32, 5)) ASSERT_EQ(code, 0);
  }
  expect_gaussian(gains, 1.0, 0.02);
}

TEST(Converter, OffsetsAreGaussianFromLaneToLaneAndTheSameAtEveryInput) {
  DeviceCard card = ideal();
  card.adc_offset_sigma_codes = 30.0;
  std::vector<double> offsets;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    Macro macro = full(card, seed);
    const auto codes = read(macro, 0xFF, 0, 32, 5);
    const auto lower = read(macro, 0xF, 0, 32, 4);
    for (std::size_t k = 0; k < codes.size(); ++k) {
      offsets.push_back(codes[k] - 1792.0);
      ASSERT_EQ(lower[k] - 448, codes[k] - 1792);
    }
  }
  expect_gaussian(offsets, 0.0, 30.0);
}

// The bow is 0 at both ends and has its peak in the middle: 4 u (1 - u).
TEST(Converter, NonLinearityIsABow) {
  DeviceCard card = ideal();
  card.adc_inl_codes = 20.0;
  card.g_max_uS = 7.0;
  std::vector<double> peaks;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    Macro macro = full(card, seed);
    std::vector<double> bow(32);
    const auto codes = read(macro, 0x1FF, 0, 32, 5);  // 2016, u = 0.492
    for (std::size_t k = 0; k < codes.size(); ++k) {
      const double u = 2016.0 / 4095.0;
      bow[k] = (codes[k] - 2016.0) / (4.0 * u * (1.0 - u));
      peaks.push_back(bow[k]);
    }
    for (int driven = 0; driven <= 16; ++driven) {
      const double x = 224.0 * driven;
      const double u = x / 4095.0;
      const auto at = read(macro, (1U << driven) - 1, 0, 32, 5);
      for (std::size_t k = 0; k < at.size(); ++k) {
        ASSERT_NEAR(at[k], std::clamp(x + (bow[k] * 4.0 * u * (1.0 - u)), 0.0, 4095.0), 1.1);
      }
    }
    // Beyond the end the bow stays 0: clipped, whatever its sign.
    for (const auto code : read(macro, 0xFFFF, 0, 32, 6)) ASSERT_EQ(code, 4095);
  }
  expect_gaussian(peaks, 0.0, 20.0);
}

// Lane = source line mod lanes, wherever the window begins; the cells are all alike.
TEST(Converter, ErrorsBelongToLanes) {
  DeviceCard card = ideal();
  card.adc_gain_sigma = 0.05;
  card.adc_offset_sigma_codes = 20.0;
  card.adc_inl_codes = 10.0;
  const MacroShape shape{16, 128, 24, 12};
  Macro macro = full(card, 3, shape);
  const auto lanes = read(macro, 0xFFF, 0, 24, 4);
  EXPECT_GT(*std::ranges::max_element(lanes) - *std::ranges::min_element(lanes), 50);
  for (int first = 0; first < 128; ++first) {
    for (const int count : {1, 2, 17, 24}) {
      if (first + count > 128) continue;
      const auto codes = read(macro, 0xFFF, first, count, 4);
      for (int k = 0; k < count; ++k) {
        ASSERT_EQ(codes[static_cast<std::size_t>(k)],
                  lanes[static_cast<std::size_t>((first + k) % 24)]);
      }
    }
  }
  // Another PE has other converters.
  Macro other(shape, card, 3, 1);
  other.program(std::vector<std::uint8_t>(2048, 7));
  EXPECT_NE(read(other, 0xFFF, 0, 24, 4), lanes);
}

TEST(Converter, EveryVariantOfTheKernelsGivesTheSameCodesAndPeaks) {
  const auto variants = supported_kernels();
  for (const bool noise : {false, true}) {
    DeviceCard card = ideal();
    card.g_min_uS = 0.7;
    card.adc_gain_sigma = 0.02;
    card.adc_offset_sigma_codes = 2.0;
    card.adc_inl_codes = 3.0;
    card.read_noise = noise ? 0.03 : 0.0;
    card.adc_sigma_codes = noise ? 0.7 : 0.0;
    const MacroShape shape{16, 128, 48, 8};
    std::vector<Macro> macros;
    std::mt19937 words(6);
    std::vector<std::uint8_t> levels(2048);
    for (auto& level : levels) level = static_cast<std::uint8_t>(words() % 8);
    for (const Kernels& kernels : variants) {
      macros.emplace_back(shape, card, 5, 1, kernels).program(levels);
    }
    for (int repetition = 0; repetition < 4000; ++repetition) {
      const int count = 1 + static_cast<int>(words() % 48);
      const int first = static_cast<int>(words() % static_cast<unsigned>(129 - count));
      const std::uint32_t pulses = words() & words() & 0xFFFFU;
      const int range = static_cast<int>(words() % 4);
      const auto expected = read(macros.back(), pulses, first, count, range);
      for (std::size_t v = 0; v + 1 < macros.size(); ++v) {
        ASSERT_EQ(read(macros[v], pulses, first, count, range), expected) << variants[v].name;
      }
    }
    for (const Macro& macro : macros) {
      EXPECT_EQ(macro.total(), macros.back().total());
      EXPECT_GT(macro.total().clipped_low, 0U);
      EXPECT_GT(macro.total().clipped_high, 0U);
      EXPECT_GT(macro.total().peak, 255.0);
    }
  }
}

// The peak is the largest input that a converter saw, of the lines that were read and of the layer.
TEST(Converter, PeakIsTheLargestInputBeforeClipping) {
  Macro macro({}, ideal(), 1, 0);
  std::vector<std::uint8_t> levels(2048, 1);
  for (std::size_t b = 0; b < 16; ++b) levels[std::size_t{40} * 16 + b] = 7;
  macro.program(levels);
  read(macro, 0xFFFF, 0, 32, 1);
  EXPECT_EQ(macro.counts(0).peak, 32.0);
  read(macro, 0xFFFF, 20, 20, 1);  // lines up to 39: what lies beyond the window does not count
  EXPECT_EQ(macro.counts(0).peak, 32.0);
  macro.set_layer(2);
  read(macro, 0xFFFF, 20, 21, 2);
  EXPECT_EQ(macro.counts(2).peak, 448.0);
  EXPECT_EQ(macro.counts(2).clipped_high, 1U);
  EXPECT_EQ(macro.counts(0).peak, 32.0);
  EXPECT_EQ(macro.counts(1).peak, 0.0);
  EXPECT_EQ(macro.total().peak, 448.0);
  EXPECT_EQ((macro.counts(0) + macro.counts(2)).peak, 448.0);
  macro.clear_counts();
  EXPECT_EQ(macro.total().peak, 0.0);
}

// ---- wires

WireMatrix conductance_matrix(const Macro& macro) {
  const MacroShape& shape = macro.shape();
  WireMatrix g(shape.bit_lines, shape.source_lines);
  for (int line = 0; line < shape.source_lines; ++line) {
    for (int bit = 0; bit < shape.bit_lines; ++bit) {
      g(bit, line) =
          1e-6 * static_cast<double>(
                     macro.conductances()[static_cast<std::size_t>(line * shape.bit_lines + bit)]);
    }
  }
  return g;
}

// Codes of a macro with wires against the currents of the sparse solver for the same bits, at every
// kind of window; the one-line window is the macro's own tridiagonal solution. At 16 bits and range
// 7 a code is 2e-5 of the largest; single precision and its rounding may turn one.
TEST(Wires, CodesAreTheCurrentsOfTheNetwork) {
  DeviceCard card = window_card("wires");
  card.programming_sigma_uS = 1.0;
  std::mt19937 words(8);
  for (const double ohm : {0.5, 20.0, 300.0}) {
    card.wire_resistance_ohm = ohm;
    const MacroShape shape{16, 128, 32, 16};
    Macro macro(shape, card, 8, 0);
    std::vector<std::uint8_t> levels(2048);
    for (auto& level : levels) level = static_cast<std::uint8_t>(words() % 8);
    macro.program(levels);
    const WireMatrix g = conductance_matrix(macro);
    for (const LineWindow window : {LineWindow{0, 1}, LineWindow{127, 1}, LineWindow{64, 1},
                                    LineWindow{0, 16}, LineWindow{96, 32}, LineWindow{37, 24}}) {
      for (int repetition = 0; repetition < 4; ++repetition) {
        const std::uint32_t pulses = repetition == 0 ? 0xFFFFU : words() & 0xFFFFU;
        WireMatrix inputs(16, 1);
        for (int bit = 0; bit < 16; ++bit) inputs(bit, 0) = (pulses >> bit & 1U) != 0 ? 1.0 : 0.0;
        const WireMatrix currents = wire_currents(g, inputs, ohm, WireTopology::kChip, window);
        const auto codes = read(macro, pulses, window.first, window.count, 7);
        for (int k = 0; k < window.count; ++k) {
          const double expected = currents(k, 0) * 1e6 / card.level_step_uS() * 128.0;
          ASSERT_NEAR(codes[static_cast<std::size_t>(k)], expected, 0.52) << ohm << " " << k;
        }
      }
    }
  }
}

// A window is solved again when a cell of one of its lines changed, and only then has new values:
// what is read after any change is what a new macro with the same cells reads.
TEST(Wires, WindowsFollowEveryChange) {
  DeviceCard card;
  card.name = "wires";
  card.wire_resistance_ohm = 50.0;
  card.relaxation_conductance_uS = {0.0};
  card.relaxation_sigma_uS = {0.3};
  card.read_noise = 0.02;
  const MacroShape shape{16, 64, 32, 16};
  Macro macro(shape, card, 9, 0);
  std::mt19937 words(9);
  const std::array<LineWindow, 5> windows = {{{0, 1}, {5, 1}, {0, 16}, {4, 24}, {40, 20}}};
  for (int step = 0; step < 40; ++step) {
    const unsigned kind = words() % 8;
    if (kind < 5) {
      macro.pulse(static_cast<int>(words() % 64), static_cast<int>(words() % 16), true,
                  static_cast<int>(words() % 8));
    } else if (kind == 5) {
      macro.elapse(1.0, 0.0);
    } else if (kind == 6) {
      macro.program(std::vector<std::uint8_t>(1024, static_cast<std::uint8_t>(words() % 8)));
    }
    Macro fresh(shape, card, 9, 0);
    fresh.restore(macro.save_state());
    for (const LineWindow& window : windows) {
      macro.begin_image(static_cast<std::uint32_t>(step));
      fresh.begin_image(static_cast<std::uint32_t>(step));
      const std::uint32_t pulses = words() & 0xFFFFU;
      ASSERT_EQ(read(macro, pulses, window.first, window.count, 5),
                read(fresh, pulses, window.first, window.count, 5))
          << "step " << step << ", window " << window.first;
    }
  }
}

// No wires, no change: a resistance of 0 leaves the bits alone, and a small one tends to them.
TEST(Wires, VanishWithTheirResistance) {
  DeviceCard card;
  card.name = "wires";
  const MacroShape shape{16, 64, 32, 12};
  Macro none(shape, card, 10, 0);
  card.wire_resistance_ohm = 1e-9;
  Macro few(shape, card, 10, 0);
  std::vector<std::uint8_t> levels(1024);
  std::mt19937 words(10);
  for (auto& level : levels) level = static_cast<std::uint8_t>(words() % 8);
  none.program(levels);
  few.program(levels);
  for (int first = 0; first < 32; ++first) {
    EXPECT_EQ(read(none, 0xFFFF, first, 32, 3), read(few, 0xFFFF, first, 32, 3));
    EXPECT_EQ(read(none, 0xFFFF, first, 1, 5), read(few, 0xFFFF, first, 1, 5));
  }
}

}  // namespace
}  // namespace mcnn
