// SPDX-License-Identifier: Apache-2.0
// The cell with every mechanism at once: what cannot arise, what a saved state holds, what is the
// same whichever way it comes about.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "behavioral_models/kernels.h"
#include "behavioral_models/macro.h"
#include "tests/support/device_cards.h"
#include "tests/support/errors.h"
#include "tests/unit/behavioral_models/cells.h"

namespace mcnn {
namespace {

// Everything on, with measured states, and on a device that is half used up.
DeviceCard everything() {
  DeviceCard card = load_device_card(MCNN_EVERYTHING_CARD);
  card.measured = {{2.0, 1.7}, {2.0, 2.2}, {11.0, 11.5}, {20.0, 18.0}};
  card.endurance_pulses = 60.0;
  card.endurance_used_pulses = 20.0;
  card.relaxation_frozen_fraction = 0.4;
  card.relaxation_onset_s = 1e-6;
  card.relaxation_mean_uS = {0.1, -0.2, -0.3};
  card.relaxation_floor_uS = 0.5;
  card.pulse_d2d_length_cells = 3.0;
  card.rtn_fraction = 0.3;
  card.rtn_amplitude = 0.1;
  card.flicker_noise = 0.01;
  card.iv_nonlinearity_per_V = 2.0;
  card.read_voltage_V = 0.3;
  card.temperature_K = 330.0;
  card.activation_conductance_uS = {2.0, 20.0};
  card.activation_energy_eV = {0.03, 0.0};
  card.wear_onset_pulses = 50.0;
  card.wear_ceiling_uS_per_decade = 2.0;
  card.wear_floor_uS_per_decade = 0.5;
  card.driver_resistance_ohm = 200.0;
  card.supply_resistance_ohm = 20.0;
  card.adc_sigma_full_scale = 0.002;
  card.verify_sigma_codes = 0.5;
  return card;
}

// Random pulses, writes, waits and reads on 4,096 cells with every mechanism far stronger than a
// real one: no conductance is negative, not a number or infinite, and no code's line is, with
// wires.
TEST(Cell, NegativeConductancesCannotArise) {
  DeviceCard card = everything();
  card.set_step_uS = 1.5;
  card.set_slope_per_code = 0.3;
  card.reset_step_uS = 1.2;
  card.reset_slope_per_code = 0.2;
  card.pulse_floor_uS = 1.0;
  card.drift_exponent = 0.02;
  card.wire_resistance_ohm = 2.0;
  card.programming_sigma_uS = 6.0;
  card.relaxation_sigma_uS = {5.0, 8.0, 9.0};
  card.measured = {{2.0, 0.0}, {20.0, 0.0}};
  card.pulse_c2c = 2.0;
  card.pulse_d2d = 2.0;
  card.drift_exponent_sigma = 0.18;
  card.stuck_low_uS = 0.0;
  card.relaxation_floor_uS = 0.0;
  card.adc_sigma_full_scale = 0.0;
  card.verify_sigma_codes = 0.0;
  card.adc_sigma_codes = 0.0;
  card.read_noise = 0.0;
  card.read_noise_uS = 0.0;
  card.adc_offset_sigma_codes = 0.0;
  card.adc_inl_codes = 0.0;
  card.adc_gain_sigma = 0.0;
  std::mt19937 engine(20);
  bool zero = false;
  for (const bool saturation : {false, true}) {
    card.pulse_ceiling_uS = saturation ? 25.0 : 0.0;
    card.endurance_pulses = saturation ? 0.0 : 300.0;
    card.wear_onset_pulses = saturation ? 50.0 : 0.0;
    Macro macro({}, card, 20, 0);
    for (int step = 0; step < 60; ++step) {
      for (int i = 0; i < 4000; ++i) {
        pulse(macro, static_cast<int>(engine() % kCells), engine() % 2 == 0,
              static_cast<int>(engine() % 64));
      }
      if (step % 3 == 0) macro.elapse(std::ldexp(1.0, static_cast<int>(engine() % 30)), 1e3);
      if (step % 20 == 19) macro.program(std::vector<std::uint8_t>(kCells, 0));
      for (const float g : macro.conductances()) {
        ASSERT_TRUE(std::isfinite(g) && g >= 0.0F) << g;
        zero = zero || g == 0.0F;
      }
      std::array<std::uint16_t, 32> codes{};
      macro.read(0xFFFF, 96, 1, 7, codes);
    }
    std::array<std::uint16_t, 32> codes{};
    macro.read(0xFFFF, 96, 32, 0, codes);
    EXPECT_EQ(macro.total().clipped_low, 0U);
  }
  EXPECT_TRUE(zero) << "the test must reach the clamp";
}

// What is saved is all there is: a new macro that restores it holds the same bits, and goes on like
// the original in pulses, time and verify reads. So does a copy.
TEST(Cell, SavedRestoredAndCopiedMacrosGoOnAlike) {
  const DeviceCard card = everything();
  std::mt19937 engine(21);
  Macro original({}, card, 21, 3);
  const auto act = [](Macro& macro, std::uint32_t seed) {
    std::mt19937 words(seed);
    macro.begin_programming();
    std::vector<std::uint16_t> codes;
    for (int i = 0; i < 3000; ++i) {
      const int line = static_cast<int>(words() % 128);
      const int bit = static_cast<int>(words() % 16);
      macro.pulse(line, bit, words() % 2 == 0, static_cast<int>(words() % 64));
      codes.push_back(0);
      macro.read(1U << bit, line, 1, 5, std::span(codes).last(1));
    }
    macro.elapse(100.0, 10.0);
    codes.resize(codes.size() + 24);
    macro.read(0x3F7, 20, 24, 1, std::span(codes).last(24));
    return codes;
  };
  for (int round = 0; round < 5; ++round) {
    act(original, engine());
    Macro restored({}, card, 21, 3);
    restored.restore(original.save_state());
    Macro copied = original;
    ASSERT_EQ(conductances(restored), conductances(original));
    ASSERT_EQ(restored.save_state(), original.save_state());
    const std::uint32_t seed = engine();
    const auto codes = act(original, seed);
    EXPECT_EQ(act(restored, seed), codes);
    EXPECT_EQ(act(copied, seed), codes);
    EXPECT_EQ(restored.save_state(), original.save_state());
    EXPECT_EQ(copied.save_state(), original.save_state());
    EXPECT_EQ(conductances(restored), conductances(original));
  }
  // A chip with another seed is another chip.
  Macro other({}, card, 22, 3);
  other.restore(original.save_state());
  EXPECT_NE(conductances(other), conductances(original));
}

TEST(Cell, RestoreRefusesWhatCannotBe) {
  Macro macro({}, window_card(), 1, 0);
  const MacroState good = macro.save_state();
  MacroState bad = good;
  bad.cells.pop_back();
  expect_error({"2047", "2048"}, [&] { macro.restore(bad); });
  bad = good;
  bad.cells[9].base = -1.0;
  expect_error({"cell 9", "-1"}, [&] { macro.restore(bad); });
  bad = good;
  bad.cells[10].age_s = std::nan("");
  expect_error({"cell 10", "nan"}, [&] { macro.restore(bad); });
  EXPECT_EQ(macro.save_state(), good);
}

// Time adds up: many waits are one.
TEST(Cell, WaitsAddUp) {
  const DeviceCard card = everything();
  Macro once({}, card, 23, 0);
  Macro often({}, card, 23, 0);
  const std::vector<std::uint8_t> levels(kCells, 5);
  once.program(levels);
  often.program(levels);
  once.elapse(1024.0, 4096.0);
  for (int i = 0; i < 16; ++i) often.elapse(64.0, 256.0);
  EXPECT_EQ(once.save_state(), often.save_state());
  EXPECT_EQ(conductances(once), conductances(often));
}

TEST(Cell, EveryVariantOfTheKernelsProgramsAlike) {
  std::vector<std::vector<float>> held_by;
  std::vector<std::vector<std::uint16_t>> codes_of;
  for (const Kernels& kernels : supported_kernels()) {
    Macro macro({}, everything(), 24, 2, kernels);
    std::mt19937 words(24);
    std::vector<std::uint16_t> codes;
    for (int run = 0; run < 3; ++run) {
      macro.begin_programming();
      for (int i = 0; i < 4000; ++i) {
        const int line = static_cast<int>(words() % 128);
        codes.push_back(0);
        macro.read(words() & 0xFFFFU, line, 1, static_cast<int>(words() % 8),
                   std::span(codes).last(1));
        macro.pulse(line, static_cast<int>(words() % 16), codes.back() < 100,
                    static_cast<int>(words() % 64));
      }
      macro.elapse(10.0, 1e3);
    }
    held_by.push_back(conductances(macro));
    codes_of.push_back(codes);
  }
  for (std::size_t v = 1; v < held_by.size(); ++v) {
    EXPECT_EQ(held_by[v], held_by[0]) << supported_kernels()[v].name;
    EXPECT_EQ(codes_of[v], codes_of[0]) << supported_kernels()[v].name;
  }
}

// Verify reads of a run have their own numbers: the same whatever was read before, others in the
// next run, and images keep theirs.
TEST(Cell, NoiseOfVerifyReadsIsNumberedByRun) {
  DeviceCard card = window_card();
  card.read_noise_uS = 1.0;
  const auto reads = [](Macro& macro) {
    std::vector<std::uint16_t> codes(500);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      macro.read(0x3, static_cast<int>(i % 128), 1, 5, std::span(codes).subspan(i, 1));
    }
    return codes;
  };
  Macro macro({}, card, 25, 0);
  const auto image_0 = reads(macro);
  macro.begin_programming();
  const auto run_0 = reads(macro);
  macro.begin_programming();
  const auto run_1 = reads(macro);
  macro.begin_image(0);
  EXPECT_EQ(reads(macro), image_0);
  EXPECT_NE(run_0, image_0);
  EXPECT_NE(run_0, run_1);
  EXPECT_EQ(macro.save_state().next_programming_run, 2U);

  Macro again({}, card, 25, 0);
  again.begin_programming();
  EXPECT_EQ(reads(again), run_0);
  Macro later({}, card, 25, 0);
  MacroState state = later.save_state();
  state.next_programming_run = 1;
  later.restore(state);
  later.begin_programming();
  EXPECT_EQ(reads(later), run_1);
}

}  // namespace
}  // namespace mcnn
