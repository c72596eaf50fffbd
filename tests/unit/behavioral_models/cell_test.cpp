// SPDX-License-Identifier: Apache-2.0
// The cell: every mechanism alone, against its closed form or its statistics.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "behavioral_models/macro.h"
#include "tests/support/device_cards.h"
#include "tests/support/errors.h"
#include "tests/unit/behavioral_models/cells.h"
#include "tests/unit/behavioral_models/statistics.h"

namespace mcnn {
namespace {

double held(const Macro& macro, int cell) {
  return static_cast<double>(macro.conductances()[static_cast<std::size_t>(cell)]);
}

// A state in which every cell was written to g_uS by pulses and time has not passed.
MacroState written(const Macro& macro, double g_uS) {
  MacroState state = macro.save_state();
  for (CellState& cell : state.cells) {
    cell = {.base = g_uS / macro.card().level_step_uS(), .pulses = cell.pulses};
  }
  return state;
}

// ---- off by default

TEST(Cell, TimeReadsAndRepetitionChangeNothingUnlessTheCardSaysSo) {
  Macro macro({}, window_card(), 1, 0);
  std::vector<std::uint8_t> levels(kCells);
  for (std::size_t i = 0; i < levels.size(); ++i) levels[i] = static_cast<std::uint8_t>(i % 8);
  macro.program(levels);
  const auto before = conductances(macro);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    ASSERT_EQ(before[i], static_cast<float>(macro.card().level_uS(levels[i])));
  }
  macro.elapse(1e9, 1e12);
  EXPECT_EQ(conductances(macro), before);
  for (int i = 0; i < kCells; ++i) {
    pulse(macro, i, true, i % 30);
    pulse(macro, i, false, i % 30);
    ASSERT_NEAR(held(macro, i), before[static_cast<std::size_t>(i)], 1e-5);
  }
}

// ---- pulses

// Without a step of its own a card moves a cell by (a + 1) quarters of a level: on the ideal card,
// exact numbers.
TEST(Pulses, DefaultStepsAreQuartersOfALevel) {
  DeviceCard card;
  card.name = "ideal";
  Macro macro({}, card, 1, 0);
  for (int amplitude = 0; amplitude < 28; ++amplitude) {
    pulse(macro, amplitude, true, amplitude);
    EXPECT_EQ(held(macro, amplitude), 0.25 * (amplitude + 1));
    pulse(macro, amplitude, false, amplitude / 2);
    const int down = amplitude / 2;
    EXPECT_EQ(held(macro, amplitude), 0.25 * (amplitude - down));
  }
  // Only the cell that was pulsed moved; the ends are 0 and twice g_max.
  EXPECT_EQ(held(macro, 28), 0.0);
  pulse(macro, 28, false, 0);
  EXPECT_EQ(held(macro, 28), 0.0);
  pulse(macro, 28, true, 63);
  EXPECT_EQ(held(macro, 28), 14.0);
  pulse(macro, 28, true, 63);
  EXPECT_EQ(held(macro, 28), 14.0);
  pulse(macro, 28, false, 63);
  EXPECT_EQ(held(macro, 28), 0.0);
}

TEST(Pulses, StepAndSlopeArePolaritysOwn) {
  DeviceCard card = window_card();
  card.set_step_uS = 0.3;
  card.set_slope_per_code = 0.5;
  card.reset_step_uS = 0.2;
  card.reset_slope_per_code = 0.1;
  Macro macro({}, card, 1, 0);
  for (int amplitude = 0; amplitude < 64; ++amplitude) {
    pulse(macro, amplitude, true, amplitude);
    const double up = 2.0 + (0.3 * (1 + (0.5 * amplitude)));
    EXPECT_NEAR(held(macro, amplitude), up, 1e-5);
    pulse(macro, amplitude, false, amplitude);
    EXPECT_NEAR(held(macro, amplitude), std::max(0.0, up - (0.2 * (1 + (0.1 * amplitude)))), 1e-5);
  }
}

// With saturation the distance to the end shrinks by a factor: after n equal pulses
//   SET:    ceiling - G = (ceiling - G0) (1 - A / (ceiling - floor))^n,   RESET alike.
TEST(Pulses, SaturateAtBothEnds) {
  DeviceCard card = window_card();
  card.set_step_uS = 1.0;
  card.set_slope_per_code = 0.25;
  card.reset_step_uS = 2.0;
  card.reset_slope_per_code = 0.5;
  card.pulse_floor_uS = 1.5;
  card.pulse_ceiling_uS = 26.5;
  for (int amplitude = 0; amplitude < 64; amplitude += 9) {
    Macro macro({}, card, 1, 0);
    const double up = 1.0 - ((1.0 + (0.25 * amplitude)) / 25.0);
    const double down = 1.0 - (2.0 * (1.0 + (0.5 * amplitude)) / 25.0);
    double g = 2.0;
    for (int n = 0; n < 200; ++n) {
      pulse(macro, 3, true, amplitude);
      g = 26.5 - ((26.5 - g) * up);
      ASSERT_NEAR(held(macro, 3), g, 1e-5);
    }
    for (int n = 0; n < 200; ++n) {
      pulse(macro, 3, false, amplitude);
      g = std::max(1.5, 1.5 + ((g - 1.5) * down));  // a pulse stronger than the range ends on it
      ASSERT_NEAR(held(macro, 3), g, 1e-5);
      ASSERT_GE(held(macro, 3), 1.5F - 1e-6F);
    }
  }
  // Beyond an end (a card may begin there) a pulse towards it does nothing.
  card.pulse_floor_uS = 5.0;
  Macro macro({}, card, 1, 0);
  pulse(macro, 0, false, 0);
  EXPECT_EQ(held(macro, 0), 2.0);
  pulse(macro, 0, true, 0);
  EXPECT_GT(held(macro, 0), 2.0);
}

TEST(Pulses, CycleToCycleSpreadIsGaussianAndIndependent) {
  DeviceCard card = window_card();
  card.set_step_uS = 0.5;
  card.reset_step_uS = 0.5;
  card.pulse_c2c = 0.15;  // 0 is 6.7 sigma away, and further than any Gaussian of the generator
  Macro macro({}, card, 7, 2);
  std::vector<std::vector<double>> moves(4);
  std::vector<double> all;
  for (int n = 0; n < 4; ++n) {
    for (int cell = 0; cell < kCells; ++cell) {
      const double before = held(macro, cell);
      pulse(macro, cell, n % 2 == 0, 0);
      moves[static_cast<std::size_t>(n)].push_back(std::abs(held(macro, cell) - before) / 0.5);
      all.push_back(moves[static_cast<std::size_t>(n)].back());
    }
  }
  expect_gaussian(all, 1.0, 0.15);
  expect_uncorrelated(moves[0], moves[1]);
  expect_uncorrelated(moves[0], moves[2]);
  expect_uncorrelated({all.begin(), all.end() - 1}, {all.begin() + 1, all.end()});
}

// Log-normal with mean 1: ln is Gaussian with the variance ln(1 + d2d^2) and minus half of it as
// mean. Frozen: every pulse of a cell has the same factor, and SET and RESET their own.
TEST(Pulses, DeviceToDeviceSpreadIsFrozenInTheCell) {
  DeviceCard card = window_card();
  card.set_step_uS = 0.05;
  card.reset_step_uS = 0.05;
  card.pulse_d2d = 1.0;
  Macro macro({}, card, 8, 1);
  const double variance = std::log(2.0);
  std::vector<double> up;
  std::vector<double> down;
  for (int cell = 0; cell < kCells; ++cell) {
    std::array<double, 6> g{};
    g[0] = held(macro, cell);
    for (std::size_t n = 1; n < 6; ++n) {
      pulse(macro, cell, n <= 3, 0);
      g[n] = held(macro, cell);
    }
    ASSERT_NEAR(g[2] - g[1], g[1] - g[0], 1e-5);
    ASSERT_NEAR(g[3] - g[2], g[1] - g[0], 1e-5);
    up.push_back(std::log((g[1] - g[0]) / 0.05));
    if (g[4] > 0.0) down.push_back(std::log((g[3] - g[4]) / 0.05));
  }
  EXPECT_EQ(down.size(), up.size());
  expect_gaussian(up, -variance / 2, std::sqrt(variance));
  expect_gaussian(down, -variance / 2, std::sqrt(variance));
  expect_uncorrelated(up, down);
}

TEST(Pulses, AreRefusedOutsideTheArrayAndTheAmplitudes) {
  Macro macro({}, window_card(), 1, 0);
  const MacroState before = macro.save_state();
  expect_error({"source line 128", "0 to 127"}, [&] { macro.pulse(128, 0, true, 0); });
  expect_error({"source line -1"}, [&] { macro.pulse(-1, 0, true, 0); });
  expect_error({"bit line 16", "0 to 15"}, [&] { macro.pulse(0, 16, true, 0); });
  expect_error({"bit line -1"}, [&] { macro.pulse(0, -1, true, 0); });
  expect_error({"amplitude", "64", "0 to 63"}, [&] { macro.pulse(0, 0, true, 64); });
  expect_error({"amplitude", "-1"}, [&] { macro.pulse(0, 0, true, -1); });
  expect_error({"-1 s"}, [&] { macro.elapse(-1.0, 0.0); });
  expect_error({"nan"}, [&] { macro.elapse(0.0, std::nan("")); });
  EXPECT_EQ(macro.save_state(), before);
}

// ---- write error

TEST(WriteError, AppearsWhenTimeFirstPasses) {
  DeviceCard card = window_card();
  card.programming_sigma_uS = 0.2;
  card.programming_sigma_slope = 0.03;
  Macro macro({}, card, 9, 0);
  for (const double g : {5.0, 12.0, 19.0}) {
    macro.restore(written(macro, g));
    for (int cell = 0; cell < kCells; ++cell) ASSERT_NEAR(held(macro, cell), g, 1e-5);
    macro.elapse(1e-3, 0.0);
    std::vector<double> sample;
    for (int cell = 0; cell < kCells; ++cell) sample.push_back(held(macro, cell));
    expect_gaussian(sample, g, 0.2 + (0.03 * g));
    macro.elapse(1e6, 0.0);  // and stays
    for (int cell = 0; cell < kCells; ++cell) {
      ASSERT_EQ(held(macro, cell), sample[static_cast<std::size_t>(cell)]);
    }
  }
}

// Direct programming is the short cut of pulses that end exactly on the level: the same bits.
TEST(WriteError, OfDirectProgrammingIsThatOfPulses) {
  DeviceCard card;
  card.name = "error";
  card.programming_sigma_uS = 0.3;
  Macro direct({}, card, 10, 4);
  Macro pulsed({}, card, 10, 4);
  std::vector<std::uint8_t> levels(kCells);
  for (int cell = 0; cell < kCells; ++cell) {
    levels[static_cast<std::size_t>(cell)] = static_cast<std::uint8_t>(cell / 16 % 8);
    for (int i = 0; i < cell / 16 % 8; ++i) pulse(pulsed, cell, true, 3);
  }
  direct.program(levels);
  EXPECT_NE(conductances(direct), conductances(pulsed));
  pulsed.elapse(1.0, 0.0);
  EXPECT_EQ(conductances(direct), conductances(pulsed));
}

// A cell that is pulsed again starts from what it holds and gets a new, independent error.
TEST(WriteError, IsDrawnAnewForEveryWrite) {
  DeviceCard card = window_card();
  card.programming_sigma_uS = 0.5;
  Macro macro({}, card, 11, 0);
  macro.restore(written(macro, 10.0));
  macro.elapse(1.0, 0.0);
  std::vector<double> first;
  std::vector<double> second;
  for (int cell = 0; cell < kCells; ++cell) {
    const double before = held(macro, cell);
    first.push_back(before - 10.0);
    pulse(macro, cell, true, 0);
    ASSERT_NEAR(held(macro, cell), before + (0.25 * 18 / 7), 1e-5);
    const CellState state = macro.save_state().cells[static_cast<std::size_t>(cell)];
    ASSERT_EQ(state.generation, 1U);
    ASSERT_EQ(state.age_s, 0.0);
    ASSERT_FALSE(state.settled);
  }
  std::vector<double> base;
  for (int cell = 0; cell < kCells; ++cell) base.push_back(held(macro, cell));
  macro.elapse(1.0, 0.0);
  for (int cell = 0; cell < kCells; ++cell) {
    second.push_back(held(macro, cell) - base[static_cast<std::size_t>(cell)]);
  }
  expect_gaussian(second, 0.0, 0.5);
  expect_uncorrelated(first, second);
}

// Chi-square over the rows of the nearest target: 3 degrees of freedom are above 30.7 with a
// probability of 1e-6.
TEST(WriteError, OfMeasuredStatesIsThatOfARowOfTheNearestTarget) {
  DeviceCard card = window_card();
  card.measured = {{2.0, 1.5},   {10.0, 9.0},  {10.0, 10.25},
                   {10.0, 10.5}, {10.0, 12.0}, {16.0, 16.125}};
  Macro macro({}, card, 12, 0);
  const auto errors = [&](double g) {
    macro.restore(written(macro, g));
    macro.elapse(1.0, 0.0);
    std::vector<double> sample;
    for (int cell = 0; cell < kCells; ++cell) sample.push_back(held(macro, cell) - g);
    return sample;
  };
  for (const double error : errors(5.9)) ASSERT_NEAR(error, -0.5, 1e-5);
  for (const double error : errors(6.0)) ASSERT_NEAR(error, -0.5, 1e-5) << "between: the lower";
  for (const double error : errors(13.1)) ASSERT_NEAR(error, 0.125, 1e-5);
  for (const double error : errors(40.0)) ASSERT_NEAR(error, 0.125, 1e-5);
  std::array<double, 4> hits{};
  for (const double error : errors(12.5)) {
    const std::array<double, 4> rows = {-1.0, 0.25, 0.5, 2.0};
    const auto* row =
        std::ranges::find_if(rows, [&](double value) { return std::abs(value - error) < 1e-5; });
    ASSERT_NE(row, rows.end()) << error;
    hits[static_cast<std::size_t>(row - rows.begin())] += 1;
  }
  double chi_square = 0.0;
  for (const double hit : hits) chi_square += (hit - 512) * (hit - 512) / 512;
  EXPECT_LT(chi_square, 30.7);
}

// ---- relaxation

TEST(Relaxation, SigmaGrowsWithTheLogarithmOfTime) {
  DeviceCard card = window_card();
  card.relaxation_conductance_uS = {2.0, 10.0, 20.0};
  card.relaxation_sigma_uS = {0.2, 0.8, 0.4};
  card.relaxation_growth_uS_per_decade = {0.05, 0.15, -0.1};
  card.relaxation_reference_s = 10.0;
  const auto sigma = [&](double g, double t) {
    const double part =
        g <= 10.0 ? std::clamp((g - 2.0) / 8.0, 0.0, 1.0) : std::clamp((g - 10.0) / 10.0, 0.0, 1.0);
    const double at = g <= 10.0 ? 0.2 + (0.6 * part) : 0.8 - (0.4 * part);
    const double growth = g <= 10.0 ? 0.05 + (0.1 * part) : 0.15 - (0.25 * part);
    return std::max(0.0, at + (growth * std::log10(t / 10.0)));
  };
  Macro macro({}, card, 13, 0);
  for (const double g : {6.0, 8.0, 10.0, 13.0, 20.0, 22.0}) {
    SCOPED_TRACE(g);
    macro.restore(written(macro, g));
    double age = 0.0;
    std::vector<double> first;
    for (const double t : {1.0, 10.0, 86400.0, 1e7}) {
      SCOPED_TRACE(t);
      EXPECT_NEAR(card.relaxation_sigma_at(g, t), sigma(g, t), 1e-12);
      macro.elapse(t - age, 0.0);
      age = t;
      std::vector<double> sample;
      for (int cell = 0; cell < kCells; ++cell) sample.push_back(held(macro, cell) - g);
      if (sigma(g, t) > 0.0) {
        // No cell reaches 0: 6.66 sigma is the most that the generator gives.
        ASSERT_GT(g, 6.67 * sigma(g, t) * (g == 6.0 ? 0.9 : 1.0) * (t > 1e6 ? 0.5 : 1.0));
        expect_gaussian(sample, 0.0, sigma(g, t));
      } else {
        for (const double deviation : sample) ASSERT_NEAR(deviation, 0.0, 1e-5);
      }
      if (first.empty()) first = sample;
      // A cell goes on in its direction: its Gaussian is frozen.
      for (std::size_t cell = 0; cell < sample.size() && sigma(g, t) > 0.0; ++cell) {
        ASSERT_NEAR(sample[cell] / sigma(g, t), first[cell] / sigma(g, 1.0), 1e-3);
      }
    }
  }
  EXPECT_EQ(card.relaxation_sigma_at(10.0, 0.0), 0.0);
  EXPECT_EQ(card.relaxation_sigma_at(1.0, 10.0), 0.2);
  EXPECT_EQ(card.relaxation_sigma_at(99.0, 10.0), 0.4);
}

TEST(Relaxation, WithoutGrowthIsTheSameAtEveryAge) {
  DeviceCard card = window_card();
  card.relaxation_conductance_uS = {10.0};
  card.relaxation_sigma_uS = {0.7};
  Macro macro({}, card, 14, 0);
  macro.restore(written(macro, 10.0));
  macro.elapse(1e-6, 0.0);
  const auto early = conductances(macro);
  macro.elapse(1e8, 0.0);
  EXPECT_EQ(conductances(macro), early);
  std::vector<double> sample;
  for (int cell = 0; cell < kCells; ++cell) sample.push_back(held(macro, cell));
  expect_gaussian(sample, 10.0, 0.7);
}

// Its Gaussians are its own: with the write error the variances add, which they would not if one
// were the other.
TEST(Relaxation, IsIndependentOfTheWriteError) {
  DeviceCard card = window_card();
  card.programming_sigma_uS = 0.6;
  card.relaxation_conductance_uS = {10.0};
  card.relaxation_sigma_uS = {0.8};
  Macro macro({}, card, 26, 0);
  macro.restore(written(macro, 12.0));
  macro.elapse(1.0, 0.0);
  std::vector<double> sample;
  for (int cell = 0; cell < kCells; ++cell) sample.push_back(held(macro, cell));
  expect_gaussian(sample, 12.0, 1.0);
}

// ---- drift and read disturb

TEST(Drift, IsAPowerLaw) {
  DeviceCard card = window_card();
  card.drift_exponent = 0.05;
  card.drift_onset_s = 3.0;
  Macro macro({}, card, 15, 0);
  macro.restore(written(macro, 16.0));
  double age = 0.0;
  for (const double t : {0.1, 1.0, 3.0, 100.0, 1e5, 1e8}) {
    macro.elapse(t - age, 0.0);
    age = t;
    for (int cell = 0; cell < kCells; cell += 97) {
      ASSERT_NEAR(held(macro, cell), 16.0 * std::pow(1.0 + (t / 3.0), -0.05), 1e-5);
    }
  }
}

TEST(Drift, ExponentsAreTheCells) {
  DeviceCard card = window_card();
  card.drift_exponent = 0.05;
  card.drift_exponent_sigma = 0.02;
  Macro macro({}, card, 16, 0);
  const auto exponents = [&](double g, double t) {
    macro.restore(written(macro, g));
    macro.elapse(t, 0.0);
    std::vector<double> sample;
    for (int cell = 0; cell < kCells; ++cell) {
      sample.push_back(-std::log(held(macro, cell) / g) / std::log(1.0 + t));
    }
    return sample;
  };
  const auto late = exponents(16.0, 1e6);
  expect_gaussian(late, 0.05, 0.02);
  const auto other = exponents(8.0, 1e3);
  for (std::size_t cell = 0; cell < late.size(); ++cell) ASSERT_NEAR(late[cell], other[cell], 1e-6);
}

TEST(ReadDisturb, MovesACellTowardsTheCeiling) {
  DeviceCard card = window_card();
  card.read_disturb_per_pulse = 1e-7;
  for (const double ceiling : {0.0, 24.0}) {
    card.pulse_ceiling_uS = ceiling;
    const double end = ceiling > 0.0 ? ceiling : 20.0;
    Macro macro({}, card, 17, 0);
    macro.restore(written(macro, 4.0));
    double pulses = 0.0;
    for (const double n : {1e3, 1e6, 1e7, 1e9}) {
      macro.elapse(0.0, n - pulses);
      pulses = n;
      ASSERT_NEAR(held(macro, 5), end - ((end - 4.0) * std::exp(n * std::log1p(-1e-7))), 1e-5);
    }
    EXPECT_FALSE(macro.save_state().cells[5].settled) << "no time has passed";
    macro.restore(written(macro, 30.0));
    macro.elapse(0.0, 1e9);
    EXPECT_NEAR(held(macro, 5), 30.0, 1e-5) << "above the ceiling reads do nothing";
  }
}

// A cell that reads have moved is pulsed from where it is.
TEST(ReadDisturb, IsWhereTheNextPulseStarts) {
  DeviceCard card = window_card();
  card.read_disturb_per_pulse = 1e-3;
  card.set_step_uS = 0.5;
  Macro macro({}, card, 27, 0);
  macro.elapse(0.0, 1000.0);
  const double disturbed = held(macro, 3);
  EXPECT_GT(disturbed, 10.0);
  pulse(macro, 3, true, 0);
  EXPECT_NEAR(held(macro, 3), disturbed + 0.5, 1e-5);
  EXPECT_EQ(macro.save_state().cells[3].read_pulses, 0.0);
}

// ---- stuck and worn cells

TEST(Stuck, CellsAreAsManyAsTheCardSaysAndNeverMove) {
  DeviceCard card = window_card();
  card.stuck_high_rate = 0.05;
  card.stuck_low_rate = 0.02;
  card.programming_sigma_uS = 0.1;
  double high = 0;
  double low = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    card.stuck_high_uS = seed % 2 == 0 ? -1.0 : 33.0;
    card.stuck_low_uS = seed % 2 == 0 ? -1.0 : 0.0;
    const double top = seed % 2 == 0 ? 20.0 : 33.0;
    const double bottom = seed % 2 == 0 ? 2.0 : 0.0;
    Macro macro({}, card, seed, 0);
    macro.program(std::vector<std::uint8_t>(kCells, 4));
    std::vector<int> stuck;
    for (int cell = 0; cell < kCells; ++cell) {
      const double g = held(macro, cell);
      if (std::abs(g - macro.card().level_uS(4)) < 2.0) continue;
      ASSERT_TRUE(std::abs(g - top) < 1e-5 || std::abs(g - bottom) < 1e-5) << g;
      (g > 10.0 ? high : low) += 1;
      stuck.push_back(cell);
    }
    const auto before = conductances(macro);
    for (const int cell : stuck) {
      pulse(macro, cell, true, 20);
      pulse(macro, cell, false, 40);
    }
    macro.elapse(1e5, 1e5);
    for (const int cell : stuck) {
      ASSERT_EQ(held(macro, cell), before[static_cast<std::size_t>(cell)]);
      ASSERT_EQ(macro.save_state().cells[static_cast<std::size_t>(cell)].pulses, 2U);
    }
  }
  expect_hits(high, 20.0 * kCells, 0.05);
  expect_hits(low, 20.0 * kCells, 0.02);
}

TEST(Endurance, ACellStopsAfterItsPulsesForEver) {
  DeviceCard card = window_card();
  card.endurance_pulses = 50.0;
  card.endurance_used_pulses = 20.0;
  card.drift_exponent = 0.1;
  Macro macro({}, card, 18, 0);
  double g = 0.0;
  for (int n = 0; n < 40; ++n) {
    const double before = held(macro, 7);
    pulse(macro, 7, n % 2 == 0, 2);
    EXPECT_EQ(held(macro, 7) != before, n < 30) << "pulse " << n;
    g = held(macro, 7);
  }
  EXPECT_EQ(macro.save_state().cells[7].pulses, 40U);
  pulse(macro, 8, true, 2);
  const double other = held(macro, 8);
  macro.elapse(1e4, 0.0);
  EXPECT_EQ(held(macro, 7), g) << "a worn cell keeps its conductance";
  EXPECT_LT(held(macro, 8), other);
  macro.program(std::vector<std::uint8_t>(kCells, 7));
  EXPECT_EQ(held(macro, 7), g);
  EXPECT_EQ(held(macro, 8), 20.0);
}

TEST(Endurance, LimitsAreLogNormal) {
  DeviceCard card = window_card();
  card.endurance_pulses = 1000.0;
  card.endurance_sigma_decades = 0.25;
  Macro macro({}, card, 19, 0);
  std::vector<double> decades;
  for (int cell = 0; cell < kCells; ++cell) {
    int pulses = 0;
    for (double before = -1.0; before != held(macro, cell); ++pulses) {
      before = held(macro, cell);
      pulse(macro, cell, pulses % 2 == 0, 0);
    }
    // The pulse after the last that moved it; half a pulse of 1000 is nothing here.
    decades.push_back(std::log10(pulses - 1.5));
  }
  expect_gaussian(decades, 3.0, 0.25);
}

}  // namespace
}  // namespace mcnn
