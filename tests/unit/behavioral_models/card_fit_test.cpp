// SPDX-License-Identifier: Apache-2.0
// Fields of a card from measurements: cells of the models themselves, whose card is known, are
// measured and fitted; the intervals hold what made them as often as they say.
#include "behavioral_models/card_fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "behavioral_models/macro.h"
#include "tests/support/device_cards.h"
#include "tests/support/errors.h"
#include "tests/unit/behavioral_models/cells.h"
#include "tests/unit/behavioral_models/statistics.h"

namespace mcnn {
namespace {

NumberTable table_of(std::vector<std::string> names, std::vector<double> values) {
  NumberTable table;
  table.columns = static_cast<int>(names.size());
  table.rows = static_cast<int>(values.size() / names.size());
  table.names = std::move(names);
  table.values = std::move(values);
  return table;
}

const Estimate& find(const std::vector<Estimate>& estimates, const std::string& field) {
  const auto found = std::ranges::find(estimates, field, &Estimate::field);
  if (found == estimates.end()) throw std::out_of_range(field);
  return *found;
}
bool holds(const std::vector<Estimate>& estimates, const std::string& field, double value) {
  const Estimate& e = find(estimates, field);
  return e.low <= value && value <= e.high;
}

DeviceCard device() {
  DeviceCard card = window_card();
  card.set_step_uS = 1.5;
  card.reset_step_uS = 1.1;
  card.pulse_floor_uS = 1.0;
  card.pulse_ceiling_uS = 26.0;
  card.pulse_c2c = 0.3;
  return card;
}

NumberTable pulses_of(const DeviceCard& card, std::uint64_t seed) {
  Macro macro({}, card, seed, 0);
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  std::vector<double> rows;
  for (int i = 0; i < 600; ++i) {
    const auto cell = static_cast<std::size_t>(i % 60);
    const bool set = random() % 2 == 0;
    const auto before = static_cast<double>(macro.conductances()[cell]);
    pulse(macro, static_cast<int>(cell), set, 0);
    rows.insert(rows.end(),
                {set ? 1.0 : 0.0, before, static_cast<double>(macro.conductances()[cell])});
  }
  return table_of({"set", "before_uS", "after_uS"}, rows);
}

// Of 60 devices the intervals hold the value in 95 %: at least 45 with a probability of 1 - 1e-7.
TEST(CardFit, PulsesOfAKnownCard) {
  const DeviceCard card = device();
  std::map<std::string, int> held;
  const std::map<std::string, double> truth = {{"set_step_uS", 1.5},
                                               {"reset_step_uS", 1.1},
                                               {"pulse_floor_uS", 1.0},
                                               {"pulse_ceiling_uS", 26.0},
                                               {"pulse_c2c", 0.3}};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    DeviceCard fitted;
    const PulseFit fit = fit_pulses(pulses_of(card, seed), "pulses", fitted);
    for (const auto& [field, value] : truth)
      held[field] += holds(fit.estimates, field, value) ? 1 : 0;
    EXPECT_NEAR(fitted.set_step_uS, 1.5, 0.3);
    EXPECT_NEAR(fitted.pulse_c2c, 0.3, 0.06);
  }
  for (const auto& [field, times] : held) EXPECT_GE(times, 45) << field;
}

TEST(CardFit, RetentionOfAKnownCard) {
  DeviceCard card = window_card();
  card.relaxation_conductance_uS = {4.0, 16.0};
  card.relaxation_sigma_uS = {0.4, 0.9};
  card.relaxation_growth_uS_per_decade = {0.05, 0.15};
  card.relaxation_mean_uS = {0.0, -0.2};
  card.relaxation_frozen_fraction = 0.0;
  card.relaxation_reference_s = 10.0;
  int held = 0;
  int all = 0;
  DeviceCard fitted;
  for (int chip = 0; chip < 10; ++chip) {
    std::vector<double> rows;
    for (const double written : {4.0, 16.0}) {
      Macro macro({}, card, 71, chip);
      MacroState state = macro.save_state();
      for (CellState& cell : state.cells) cell.base = written / card.level_step_uS();
      macro.restore(state);
      double age = 0.0;
      for (const double t : {10.0, 1e3, 1e5}) {
        macro.elapse(t - age, 0.0);
        age = t;
        for (std::size_t cell = 0; cell < 500; ++cell) {
          rows.insert(rows.end(), {t, written, static_cast<double>(macro.conductances()[cell])});
        }
      }
    }
    const RetentionFit fit =
        fit_retention(table_of({"time_s", "written_uS", "measured_uS"}, rows), "retention", fitted);
    held += holds(fit.estimates, "relaxation_sigma_uS at 4 uS", 0.4) ? 1 : 0;
    held += holds(fit.estimates, "relaxation_sigma_uS at 16 uS", 0.9) ? 1 : 0;
    held += holds(fit.estimates, "relaxation_growth_uS_per_decade at 16 uS", 0.15) ? 1 : 0;
    all += 3;
  }
  EXPECT_GE(held, all - 9);
  EXPECT_EQ(fitted.relaxation_reference_s, 10.0);
  EXPECT_EQ(fitted.relaxation_conductance_uS, (std::vector<double>{4.0, 16.0}));
  ASSERT_EQ(fitted.relaxation_mean_uS.size(), 2U);
  EXPECT_NEAR(fitted.relaxation_mean_uS[1], -0.2, 0.1);
}

// The published standard deviations of two times give back the figures of the card made from them.
TEST(CardFit, PublishedRelaxation) {
  const NumberTable table = read_number_table(MCNN_DEVICES_DIR "/measured/neurram-relaxation.csv",
                                              {.what = "a number", .skips_blank = true});
  DeviceCard fitted;
  const RetentionFit fit = fit_retention(table, "retention", fitted);
  const DeviceCard card = load_device_card(MCNN_DEVICES_DIR "/neurram-1s.toml");
  EXPECT_EQ(fitted.relaxation_conductance_uS, card.relaxation_conductance_uS);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(fitted.relaxation_sigma_uS[i], card.relaxation_sigma_uS[i], 1e-9);
    EXPECT_NEAR(fitted.relaxation_growth_uS_per_decade[i], card.relaxation_growth_uS_per_decade[i],
                1e-5);
  }
  EXPECT_TRUE(fitted.relaxation_mean_uS.empty()) << "no mean was published";
  EXPECT_GT(find(fit.estimates, "relaxation_sigma_uS at 12 uS").high, 2.30);
}

TEST(CardFit, ReadNoise) {
  std::mt19937 random(5);
  std::normal_distribution<double> gaussian;
  for (const auto& [relative, absolute] :
       {std::pair(0.02, 0.1), std::pair(0.02, 0.0), std::pair(0.0, 0.1)}) {
    std::vector<double> rows;
    for (int cell = 0; cell < 40; ++cell) {
      const double g = 2.0 + (cell * 0.5);
      const double sigma = std::sqrt((relative * g * relative * g) + (absolute * absolute));
      for (int read = 0; read < 200; ++read) {
        rows.insert(rows.end(), {static_cast<double>(cell), g + (sigma * gaussian(random))});
      }
    }
    DeviceCard fitted;
    fit_reads(table_of({"cell", "measured_uS"}, rows), "reads", fitted);
    EXPECT_NEAR(fitted.read_noise, relative, relative > 0.0 ? 0.0015 : 0.003);
    EXPECT_NEAR(fitted.read_noise_uS, absolute, absolute > 0.0 ? 0.012 : 0.04);
  }
}

TEST(CardFit, RefusesWhatCannotBeFitted) {
  DeviceCard card;
  const auto pulses = [&](const NumberTable& t) {
    return error_of([&] { fit_pulses(t, "p.csv", card); });
  };
  expect_parts(pulses(table_of({"a", "b", "c"}, {1, 2, 3})),
               {"p.csv", "a,b,c", "set,before_uS,after_uS"});
  expect_parts(pulses(table_of({"set", "before_uS", "after_uS"}, {2, 2, 3})), {"row 1", "found 2"});
  expect_parts(pulses(table_of({"set", "before_uS", "after_uS"}, {1, 2, 3})),
               {"SET pulses", "found 1"});
  std::vector<double> linear;
  for (int i = 0; i < 40; ++i) {
    linear.insert(linear.end(), {i % 2 == 0 ? 1.0 : 0.0, i * 0.5,
                                 (i * 0.5) + (i % 2 == 0 ? 0.5 + (0.001 * i) : -0.5)});
  }
  expect_parts(pulses(table_of({"set", "before_uS", "after_uS"}, linear)), {"ceiling"});
  expect_parts(
      error_of([&] {
        fit_retention(table_of({"time_s", "written_uS", "measured_uS"}, {0, 2, 3}), "r.csv", card);
      }),
      {"r.csv", "time_s", "above 0"});
  expect_parts(
      error_of([&] {
        fit_retention(table_of({"time_s", "written_uS", "measured_uS"}, {1, 2, 3}), "r.csv", card);
      }),
      {"r.csv", "2 uS after 1 s", "2 or more"});
  expect_parts(error_of([&] {
                 fit_reads(table_of({"cell", "measured_uS"}, {1, 2}), "n.csv", card);
               }),
               {"n.csv", "cell 1", "2 or more"});
}

}  // namespace
}  // namespace mcnn
