// SPDX-License-Identifier: Apache-2.0
// Relaxation as a process: the variance of the card at every age, independent increments, the
// frozen part, the onset, the mean and the floor, each alone.
#include "behavioral_models/relaxation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "behavioral_models/macro.h"
#include "tests/support/device_cards.h"
#include "tests/support/errors.h"
#include "tests/unit/behavioral_models/cells.h"
#include "tests/unit/behavioral_models/statistics.h"

namespace mcnn {
namespace {

constexpr double kWritten = 11.0;  // [uS], level 3.5: far from 0

DeviceCard relaxing(double frozen) {
  DeviceCard card = window_card();
  card.relaxation_conductance_uS = {11.0};
  card.relaxation_sigma_uS = {0.6};
  card.relaxation_growth_uS_per_decade = {0.1};
  card.relaxation_reference_s = 60.0;
  card.relaxation_frozen_fraction = frozen;
  return card;
}

// Two arrays of cells at 11 uS: 4,096 cells.
class Written {
 public:
  explicit Written(const DeviceCard& card) {
    for (int pe = 0; pe < 2; ++pe) {
      macros_.emplace_back(MacroShape{}, card, 31, pe);
      MacroState state = macros_.back().save_state();
      for (CellState& cell : state.cells) cell.base = kWritten / card.level_step_uS();
      macros_.back().restore(state);
    }
  }
  // What the cells have moved by at an age that is not below the last one [uS].
  std::vector<double> at(double age_s) {
    std::vector<double> moved;
    for (Macro& macro : macros_) {
      if (age_s > age_) macro.elapse(age_s - age_, 0.0);
      for (const float g : macro.conductances()) {
        moved.push_back(static_cast<double>(g) - kWritten);
      }
    }
    age_ = age_s;
    return moved;
  }

 private:
  std::vector<Macro> macros_;
  double age_ = 0.0;
};

std::vector<double> difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> of(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) of[i] = a[i] - b[i];
  return of;
}

double variance_at(const DeviceCard& card, double t) {
  const double sigma = card.relaxation_sigma_at(kWritten, t);
  return sigma * sigma;
}

// Ages on and off the places of the construction, near and far: each increment has the variance
// that the card's grew by, and is independent of what was before.
TEST(RelaxationProcess, IndependentIncrements) {
  const DeviceCard card = relaxing(0.0);
  Written cells(card);
  std::vector<double> before(4096, 0.0);
  double variance = 0.0;
  std::vector<double> last;
  for (const double t : {0.01, 1.0, 1.3, 60.0, 7200.0, 86400.0, 2592000.0}) {
    SCOPED_TRACE(t);
    const std::vector<double> now = cells.at(t);
    expect_gaussian(now, 0.0, card.relaxation_sigma_at(kWritten, t));
    const std::vector<double> step = difference(now, before);
    expect_gaussian(step, 0.0, std::sqrt(variance_at(card, t) - variance));
    if (variance > 0.0) expect_uncorrelated(step, before);
    if (!last.empty()) expect_uncorrelated(step, last);
    before = now;
    variance = variance_at(card, t);
    last = step;
  }
}

// The frozen part of the variance goes on in its direction: increments are correlated by what two
// frozen ones have in common.
TEST(RelaxationProcess, FrozenFraction) {
  for (const double frozen : {0.5, 1.0}) {
    SCOPED_TRACE(frozen);
    const DeviceCard card = relaxing(frozen);
    Written cells(card);
    const std::vector<double> early = cells.at(60.0);
    const std::vector<double> late = cells.at(2592000.0);
    const double s = card.relaxation_sigma_at(kWritten, 60.0);
    const double t = card.relaxation_sigma_at(kWritten, 2592000.0);
    expect_gaussian(late, 0.0, t);
    double product = 0.0;
    for (std::size_t i = 0; i < early.size(); ++i) product += early[i] * late[i] / 4096.0;
    // E[W(s) W(t)] = sigma(s)^2 of the process, sigma(s) sigma(t) of the frozen part. The standard
    // error of a mean product is at most sqrt(2) sigma(s) sigma(t) / 64.
    const double expected = ((1.0 - frozen) * s * s) + (frozen * s * t);
    EXPECT_NEAR(product, expected, 4.9 * std::sqrt(2.0) * s * t / 64.0);
  }
}

// What a cell is at an age does not depend on the ages that it was looked at before; a new write is
// another path.
TEST(RelaxationProcess, APathIsAFunctionOfItsAge) {
  const DeviceCard card = relaxing(0.3);
  Written once(card);
  Written often(card);
  for (const double t : {1.0, 2.0, 64.0, 1024.0}) often.at(t);
  EXPECT_EQ(often.at(4096.0), once.at(4096.0));

  Macro macro({}, card, 31, 0);
  const auto moved = [&](std::uint32_t generation) {
    MacroState state = macro.save_state();
    for (CellState& cell : state.cells) {
      cell = {.base = kWritten / card.level_step_uS(), .generation = generation};
    }
    macro.restore(state);
    macro.elapse(100.0, 0.0);
    std::vector<double> of;
    for (const float g : macro.conductances()) of.push_back(static_cast<double>(g) - kWritten);
    return of;
  };
  expect_uncorrelated(moved(0), moved(1));
}

// With an onset the variance grows with the logarithm of time from the first pulse on and meets the
// card's line at the reference time; without one it is 0 where that line is.
TEST(Relaxation, OnsetBeginsWithTheFirstPulse) {
  DeviceCard card = relaxing(0.0);
  card.relaxation_growth_uS_per_decade = {0.3};
  EXPECT_EQ(card.relaxation_sigma_at(kWritten, 0.1), 0.0);
  card.relaxation_onset_s = 5e-8;
  double last = 0.0;
  for (const double t : {1e-7, 1e-3, 0.1, 59.9, 60.0, 60.1, 1e4}) {
    const double sigma = card.relaxation_sigma_at(kWritten, t);
    const double expected = t < 60.0
                                ? 0.6 * std::sqrt(std::log1p(t / 5e-8) / std::log1p(60.0 / 5e-8))
                                : 0.6 + (0.3 * std::log10(t / 60.0));
    EXPECT_NEAR(sigma, expected, 1e-12) << t;
    EXPECT_GT(sigma, last);
    last = sigma;
  }
  Written cells(card);
  expect_gaussian(cells.at(1e-3), 0.0, card.relaxation_sigma_at(kWritten, 1e-3));
}

TEST(Relaxation, MeanMovesAllCells) {
  DeviceCard card = relaxing(1.0);
  card.relaxation_sigma_uS = {0.0};
  card.relaxation_growth_uS_per_decade = {};
  card.relaxation_mean_uS = {-0.4};
  Written cells(card);
  for (const double t : {6.0, 60.0, 6e5}) {
    const double mean = -0.4 * std::log2(1.0 + (t / 60.0));
    for (const double moved : cells.at(t)) ASSERT_NEAR(moved, mean, 1e-5);
  }
}

// No cell relaxes below the floor; one that was written below stays where it was at most.
TEST(Relaxation, FloorHolds) {
  DeviceCard card = relaxing(0.0);
  card.relaxation_sigma_uS = {6.0};
  card.relaxation_floor_uS = 8.0;
  Written cells(card);
  int at_floor = 0;
  for (const double moved : cells.at(60.0)) {
    ASSERT_GE(moved, 8.0 - kWritten - 1e-6);
    at_floor += moved < 8.0 - kWritten + 1e-6 ? 1 : 0;
  }
  expect_hits(at_floor, 4096.0, gaussian_cdf(-3.0 / 6.0));
}

TEST(Relaxation, AVarianceThatFallsIsNoProcess) {
  DeviceCard card = relaxing(0.5);
  card.relaxation_growth_uS_per_decade = {-0.1};
  expect_parts(error_of([&] { check_device_card(card, "card"); }),
               {"relaxation_growth_uS_per_decade", "-0.1", "relaxation_frozen_fraction"});
  card.relaxation_frozen_fraction = 1.0;
  check_device_card(card, "card");
}

}  // namespace
}  // namespace mcnn
