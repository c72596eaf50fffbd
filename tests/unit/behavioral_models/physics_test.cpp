// SPDX-License-Identifier: Apache-2.0
// Non-idealities that are off unless a card sets them, each alone against its closed form or its
// statistics: slow noise, current and voltage, temperature, wear, correlated spread, drivers, noise
// of verify reads and of converters of another resolution.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <vector>

#include "behavioral_models/macro.h"
#include "tests/support/device_cards.h"
#include "tests/support/errors.h"
#include "tests/unit/behavioral_models/cells.h"
#include "tests/unit/behavioral_models/statistics.h"

namespace mcnn {
namespace {

// All cells at one conductance, by pulses that ended there.
Macro written(const DeviceCard& card, double g_uS, int pe = 0) {
  Macro macro({}, card, 41, pe);
  MacroState state = macro.save_state();
  for (CellState& cell : state.cells) cell.base = g_uS / card.level_step_uS();
  macro.restore(state);
  return macro;
}

// Half of the traps are full, at any time; those of a cell that is much faster than the wait are
// drawn anew, those that are much slower stay; nothing changes until time passes.
TEST(TelegraphNoise, StatesAndTimes) {
  DeviceCard card = window_card();
  card.rtn_fraction = 0.4;
  card.rtn_amplitude = 0.2;
  card.rtn_fastest_s = 1e-3;
  card.rtn_slowest_s = 1e3;
  Macro macro = written(card, 10.0);
  const auto trapped = [&] {
    std::vector<bool> of;
    for (const float g : macro.conductances()) {
      EXPECT_TRUE(std::abs(g - 10.0F) < 1e-5F || std::abs(g - 8.0F) < 1e-5F) << g;
      of.push_back(g < 9.0F);
    }
    return of;
  };
  const auto count = [](const std::vector<bool>& of) {
    return static_cast<double>(std::ranges::count(of, true));
  };
  const std::vector<bool> at_once = trapped();
  expect_hits(count(at_once), kCells, 0.4 * 0.5);
  macro.elapse(1.0, 0.0);
  const std::vector<bool> later = trapped();
  expect_hits(count(later), kCells, 0.4 * 0.5);
  // Of the traps, log-uniform over six decades: a draw between falls within 1 s with the
  // probability min(1, 1/tau), whose mean is (3 + (1 - 1e-3) / ln 10) / 6; half of the draws change
  // the state.
  double changed = 0.0;
  for (std::size_t i = 0; i < later.size(); ++i) changed += at_once[i] != later[i] ? 1.0 : 0.0;
  const double drawn = (3.0 + ((1.0 - 1e-3) / std::log(10.0))) / 6.0;
  expect_hits(changed, kCells, 0.4 * 0.5 * drawn);
  macro.begin_programming();
  EXPECT_EQ(trapped(), later) << "verify reads see the same";
}

// A pulse writes the cell, not its trap: what is written is what the cell would be without one.
TEST(TelegraphNoise, APulseDoesNotWriteTheTrap) {
  DeviceCard card = window_card();
  card.rtn_fraction = 1.0;
  card.rtn_amplitude = 0.5;
  Macro macro = written(card, 10.0);
  macro.elapse(1.0, 0.0);
  for (int cell = 0; cell < kCells; ++cell) pulse(macro, cell, true, 0);
  const double moved = 10.0 + (card.level_step_uS() / 4.0);
  for (const CellState& cell : macro.save_state().cells) {
    ASSERT_NEAR(cell.base * card.level_step_uS(), moved, 1e-9);
  }
}

// Every decade of time adds the same variance, independently: that is what 1/f is.
TEST(FlickerNoise, ADecadeAsTheOther) {
  DeviceCard card = window_card();
  card.flicker_noise = 0.02;
  card.flicker_onset_s = 1e-3;
  std::vector<Macro> macros = {written(card, 10.0, 0), written(card, 10.0, 1)};
  double age = 0.0;
  std::vector<double> before(2 * static_cast<std::size_t>(kCells), 0.0);
  double before_variance = 0.0;
  for (const double t : {1e-3, 1.0, 10.0, 1e5}) {
    SCOPED_TRACE(t);
    std::vector<double> now;
    for (Macro& macro : macros) {
      macro.elapse(t - age, 0.0);
      for (const float g : macro.conductances())
        now.push_back((static_cast<double>(g) / 10.0) - 1.0);
    }
    age = t;
    const double variance = 0.02 * 0.02 * std::log10(1.0 + (t / 1e-3));
    expect_gaussian(now, 0.0, std::sqrt(variance));
    std::vector<double> step;
    for (std::size_t i = 0; i < now.size(); ++i) step.push_back(now[i] - before[i]);
    expect_gaussian(step, 0.0, std::sqrt(variance - before_variance));
    if (before_variance > 0.0) expect_uncorrelated(step, before);
    before = now;
    before_variance = variance;
  }
}

TEST(CurrentAndVoltage, HyperbolicSine) {
  DeviceCard card = window_card();
  card.iv_nonlinearity_per_V = 6.0;
  card.iv_reference_V = 0.2;
  card.read_voltage_V = 0.4;
  for (const double g : {2.0, 5.0, 11.0, 20.0, 22.0}) {
    const double k = 6.0 * std::max(0.0, (20.0 - g) / 18.0);
    const double factor = k == 0.0 ? 1.0 : (std::sinh(k * 0.4) / 0.4) / (std::sinh(k * 0.2) / 0.2);
    EXPECT_NEAR(card.iv_factor(g), factor, 1e-9) << g;
    const Macro macro = written(card, g);
    for (const float held : macro.conductances()) ASSERT_NEAR(held, g * factor, 1e-4);
  }
  card.read_voltage_V = 0.2;  // where the window's conductances hold
  const Macro macro = written(card, 5.0);
  for (const float held : macro.conductances()) ASSERT_NEAR(held, 5.0, 1e-5);
}

TEST(Temperature, ArrheniusOfConductanceAndOfTime) {
  DeviceCard card = window_card();
  card.temperature_K = 358.0;
  card.activation_conductance_uS = {2.0, 20.0};
  card.activation_energy_eV = {0.06, 0.0};
  card.retention_energy_eV = 1.0;
  const double inverse = (1.0 / 300.0 - 1.0 / 358.0) / 8.617333262e-5;
  Macro macro = written(card, 11.0);
  for (const float held : macro.conductances()) ASSERT_NEAR(held, 11.0, 1e-5) << "written at 300 K";
  macro.elapse(2.0, 0.0);
  for (const float held : macro.conductances()) {
    ASSERT_NEAR(held, 11.0 * std::exp(0.03 * inverse), 1e-4);
  }
  EXPECT_NEAR(macro.save_state().cells[0].age_s, 2.0 * std::exp(inverse), 1e-6 * std::exp(inverse));
}

// The standard deviation of codes of one line, whose cells hold 10 uS, over many reads.
std::vector<double> codes_of(Macro& macro, int reads) {
  std::vector<double> codes;
  std::array<std::uint16_t, 32> code{};
  for (int i = 0; i < reads; ++i) {
    macro.read(0xFFFF, 0, 1, 0, code);
    codes.push_back(code[0]);
  }
  return codes;
}
double deviation(const std::vector<double>& of) {
  double mean = 0.0;
  double square = 0.0;
  for (const double x : of) mean += x / static_cast<double>(of.size());
  for (const double x : of) square += (x - mean) * (x - mean) / static_cast<double>(of.size());
  return std::sqrt(square);
}
// Of n reads, to 4.9 / sqrt(2 n) of the value; the rounding to codes adds 1/12.
void expect_deviation(const std::vector<double>& codes, double sigma) {
  const double with_rounding = std::sqrt((sigma * sigma) + (1.0 / 12.0));
  EXPECT_NEAR(deviation(codes), with_rounding,
              4.9 * with_rounding / std::sqrt(2.0 * static_cast<double>(codes.size())));
}

TEST(Temperature, VarianceOfReadNoiseIsProportional) {
  DeviceCard card = window_card();
  card.read_noise_uS = 2.0;
  for (const double temperature : {300.0, 400.0}) {
    card.temperature_K = temperature;
    Macro macro = written(card, 10.0);
    macro.begin_image(0);
    expect_deviation(codes_of(macro, 20000),
                     4.0 * 2.0 / card.level_step_uS() * std::sqrt(temperature / 300.0));
  }
}

TEST(VerifyNoise, OnlyInProgrammingRuns) {
  DeviceCard card = window_card();
  card.verify_sigma_codes = 3.0;
  card.adc_sigma_codes = 2.0;
  Macro macro = written(card, 10.0);
  macro.begin_programming();
  expect_deviation(codes_of(macro, 20000), std::sqrt(13.0));
  macro.begin_image(0);
  expect_deviation(codes_of(macro, 20000), 2.0);
}

// The same voltage at every resolution.
TEST(ConverterNoise, FollowsTheFullScale) {
  DeviceCard card = window_card();
  card.adc_sigma_full_scale = 0.02;
  for (const int bits : {8, 10}) {
    Macro macro({.adc_bits = bits}, card, 41, 0);
    MacroState state = macro.save_state();
    for (CellState& cell : state.cells) cell.base = 4.0;
    macro.restore(state);
    macro.begin_image(0);
    expect_deviation(codes_of(macro, 20000), 0.02 * std::ldexp(1.0, bits));
  }
}

TEST(Wear, ClosesTheWindowOfPulses) {
  DeviceCard card = window_card();
  card.set_step_uS = 4.0;
  card.reset_step_uS = 4.0;
  card.pulse_floor_uS = 1.0;
  card.pulse_ceiling_uS = 26.0;
  card.wear_onset_pulses = 100.0;
  card.wear_ceiling_uS_per_decade = 3.0;
  card.wear_floor_uS_per_decade = 1.0;
  EXPECT_EQ(card.worn_window(0.0).ceiling_uS, 26.0);
  EXPECT_NEAR(card.worn_window(9900.0).ceiling_uS, 26.0 - 6.0, 1e-9);
  EXPECT_NEAR(card.worn_window(9900.0).floor_uS, 1.0 + 2.0, 1e-9);
  const DeviceCard::Window closed = card.worn_window(1e12);
  EXPECT_EQ(closed.floor_uS, closed.ceiling_uS);
  EXPECT_NEAR(closed.floor_uS, 1.0 + (25.0 / 4.0), 1e-9);

  card.endurance_used_pulses = 9900.0;
  Macro macro = written(card, 10.0);
  for (int i = 0; i < 400; ++i) pulse(macro, 7, true, 63);
  EXPECT_NEAR(macro.conductances()[7], 20.0, 0.1);
  for (int i = 0; i < 400; ++i) pulse(macro, 7, false, 63);
  EXPECT_NEAR(macro.conductances()[7], 3.0, 0.1);
  card.pulse_ceiling_uS = 0.0;
  expect_parts(error_of([&] { check_device_card(card, "card"); }),
               {"wear_onset_pulses", "ceiling"});
}

// The logarithm of the spread of a pulse's step is a field over the array: correlation
// exp(-d^2 / (2 L^2)) between cells at a distance d, the same mean and standard deviation as
// without.
TEST(CorrelatedSpread, FallsWithTheDistance) {
  DeviceCard card = window_card();
  card.set_step_uS = 0.5;
  card.pulse_d2d = 0.2;
  card.pulse_d2d_length_cells = 4.0;
  const double s = std::sqrt(std::log(1.0 + 0.04));
  double squares = 0.0;
  double mean = 0.0;
  std::array<double, 3> products{};
  std::array<int, 3> pairs{};
  constexpr std::array kDistances = {1, 4, 12};
  constexpr int kMacros = 60;
  for (int pe = 0; pe < kMacros; ++pe) {
    Macro macro = written(card, 5.0, pe);
    std::vector<double> z;
    for (int cell = 0; cell < kCells; ++cell) {
      pulse(macro, cell, true, 0);
      const double step =
          static_cast<double>(macro.conductances()[static_cast<std::size_t>(cell)]) - 5.0;
      z.push_back((std::log(step / 0.5) + (s * s / 2.0)) / s);
      mean += z.back() / (kMacros * kCells);
      squares += z.back() * z.back() / (kMacros * kCells);
    }
    for (std::size_t d = 0; d < kDistances.size(); ++d) {
      for (std::size_t line = 0; line + kDistances[d] < 128; ++line) {
        for (std::size_t bit = 0; bit < 16; ++bit) {
          products[d] += z[(line * 16) + bit] * z[((line + kDistances[d]) * 16) + bit];
          ++pairs[d];
        }
      }
    }
  }
  // The array has some 128 * 16 / (4 pi L^2) = 10 independent patches, 600 in all.
  const double error = 4.9 / std::sqrt(600.0);
  EXPECT_NEAR(mean, 0.0, error);
  EXPECT_NEAR(squares, 1.0, std::sqrt(2.0) * error);
  for (std::size_t d = 0; d < kDistances.size(); ++d) {
    const double distance = kDistances[d];
    EXPECT_NEAR(products[d] / pairs[d], std::exp(-distance * distance / 32.0),
                std::sqrt(2.0) * error)
        << distance;
  }
}

// V = V0 / (1 + R sum of what it drives), of each bit line, or of all of them together.
TEST(Drivers, LowerTheVoltage) {
  DeviceCard card = window_card();
  const auto code = [](const DeviceCard& of, std::uint32_t pulses, int lines) {
    Macro macro = written(of, 15.0);
    std::array<std::uint16_t, 32> codes{};
    macro.read(pulses, 0, lines, 2, codes);
    return static_cast<double>(codes[0]);
  };
  const double one = 15.0 / card.level_step_uS();  // of a cell, at range 0
  const auto expected = [&](int bits, double ohm, int cells) {
    return std::floor((4.0 * bits * one / (1.0 + (ohm * cells * 15e-6))) + 0.5);
  };
  card.driver_resistance_ohm = 2000.0;
  EXPECT_EQ(code(card, 0x1, 1), expected(1, 2000.0, 1));
  EXPECT_EQ(code(card, 0x7, 24), expected(3, 2000.0, 24)) << "each bit line has its own";
  card.driver_resistance_ohm = 0.0;
  card.supply_resistance_ohm = 300.0;
  EXPECT_EQ(code(card, 0x1, 24), expected(1, 300.0, 24));
  EXPECT_EQ(code(card, 0x7, 24), expected(3, 300.0, 3 * 24)) << "the bit lines share it";
}

// Planes together are planes one by one, with noise and every register in between.
TEST(Drivers, PlanesTogetherAreSingleReads) {
  DeviceCard card = window_card();
  card.supply_resistance_ohm = 200.0;
  card.read_noise = 0.03;
  card.adc_sigma_codes = 0.5;
  Macro together = written(card, 9.0);
  Macro single = written(card, 9.0);
  const std::array<std::uint32_t, 4> planes = {0x31, 0x0, 0xFFFF, 0x7};
  together.begin_image(3);
  single.begin_image(3);
  std::array<std::int32_t, 12> pairs{};
  together.read_planes(planes, 8, 24, 1, pairs);
  std::array<std::int32_t, 12> sums{};
  for (std::size_t plane = 0; plane < planes.size(); ++plane) {
    if (planes[plane] == 0) continue;
    std::array<std::uint16_t, 24> codes{};
    single.read(planes[plane], 8, 24, 1, codes);
    for (std::size_t k = 0; k < 12; ++k) {
      sums[k] += (codes[2 * k] - codes[(2 * k) + 1]) << (3 - plane);
    }
  }
  EXPECT_EQ(pairs, sums);
  EXPECT_EQ(together.total(), single.total());
}

}  // namespace
}  // namespace mcnn
