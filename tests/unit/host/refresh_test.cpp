// SPDX-License-Identifier: Apache-2.0
// Time that passes with and without refreshes: what elapses when, what is rewritten, what it costs.
#include "host/programming/refresh.h"

#include <cmath>
#include <limits>
#include <vector>

#include "host/engine/chip_model.h"
#include "host/programming/closed_loop.h"
#include "host/programming/program_model.h"
#include "host_test_util.h"
#include "tests/support/device_cards.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

// A programmed chip whose cells relax by 1 uS in a second and 0.5 uS more in each decade.
struct Bench {
  Bench() : network(random_yao2020(5)), config(named_config("yao2020")) {
    card.relaxation_conductance_uS = {11.0};
    card.relaxation_sigma_uS = {1.0};
    card.relaxation_growth_uS_per_decade = {0.5};
    MappingOptions mapping;
    mapping.limits = device_limits(card);
    mapped = map_network(network, config, mapping);
    macros = make_macros(config, card, 1);
    ProgramModel port(config, macros);
    const ProgramSettings settings = program_settings(card, config);
    run_closed_loop(port, cell_entries(mapped.program, config, card, settings.range), settings,
                    config);
  }

  RefreshReport pass(const RefreshPolicy& policy, double seconds, double pulses = 0.0) {
    ProgramModel port(config, macros);
    CellWriter writer(port, config, card, program_settings(card, config), {});
    return pass_time(writer, network, mapped, card.level_step_uS(), policy, seconds, pulses,
                     [&](double time, double reads) {
                       elapsed.push_back(time);
                       read_pulses.push_back(reads);
                       for (Macro& macro : macros) macro.elapse(time, reads);
                     });
  }

  // Root mean square of what the differences of the pairs are off [uS].
  double error() const {
    double squares = 0.0;
    double count = 0.0;
    for (size_t layer = 0; layer < network.layers.size(); ++layer) {
      for (const CellPair& pair : layer_pairs(network, mapped, static_cast<int>(layer))) {
        const auto cells = macros[static_cast<size_t>(pair.pe)].conductances();
        const auto at = [&](int line) {
          return static_cast<double>(
              cells[static_cast<size_t>((line * config.num_bl()) + pair.bit_line)]);
        };
        const double off = at(pair.line) - at(pair.line + 1) - (pair.weight * card.level_step_uS());
        squares += off * off;
        count += 1.0;
      }
    }
    return std::sqrt(squares / count);
  }

  Network network;
  ChipConfig config;
  DeviceCard card = window_card("relaxing");
  MappedNetwork mapped;
  std::vector<Macro> macros;
  std::vector<double> elapsed;
  std::vector<double> read_pulses;
};

TEST(Refresh, WithoutAPolicyTheTimePassesAtOnceAndNothingIsRead) {
  Bench bench;
  EXPECT_EQ(bench.pass({}, 1000.0, 50.0), RefreshReport());
  EXPECT_EQ(bench.elapsed, std::vector<double>{1000.0});
  EXPECT_EQ(bench.read_pulses, std::vector<double>{50.0});
}

// Refreshes are at 300 and 600 s: none at 900 s, when the time is over.
TEST(Refresh, TimeAndReadPulsesAddUp) {
  Bench bench;
  const RefreshReport report = bench.pass({.every_s = 300.0}, 900.0, 90.0);
  EXPECT_EQ(report.rounds, 2);
  EXPECT_EQ(bench.elapsed, (std::vector<double>{300.0, 300.0, 300.0}));
  EXPECT_EQ(bench.read_pulses, (std::vector<double>{30.0, 30.0, 30.0}));
  EXPECT_EQ(RefreshPolicy{.every_s = 900.0}.rounds(900.0), 0);
  EXPECT_EQ(RefreshPolicy{.every_s = 400.0}.rounds(900.0), 2);
  EXPECT_EQ(RefreshPolicy{}.rounds(900.0), 0);
}

// A refreshed chip stays nearer to its weights than one that is left alone for as long.
TEST(Refresh, KeepsTheWeights) {
  Bench left_alone;
  left_alone.pass({}, 1e5);
  Bench refreshed;
  const double before = refreshed.error();
  const RefreshReport report = refreshed.pass({.every_s = 1e4}, 1e5);
  EXPECT_LT(before, 0.5);
  EXPECT_GT(left_alone.error(), 4.0);
  EXPECT_LT(refreshed.error(), 0.5 * left_alone.error());
  EXPECT_EQ(report.rounds, 9);
  EXPECT_GT(report.cells.cells, 1000);
  EXPECT_GT(report.programming.sets, 0);
  EXPECT_GT(report.programming.resets, 0);
  EXPECT_GT(report.programming.clocks, 0);
}

// What is kept is what the chip held when the time began, not the network's weight: a tuned chip
// has other differences than its network.
TEST(Refresh, KeepsWhatTheChipHeld) {
  Bench bench;
  const CellPair pair = layer_pairs(bench.network, bench.mapped, 0).front();
  const auto difference = [&] {
    const auto cells = bench.macros[static_cast<size_t>(pair.pe)].conductances();
    const auto at = [&](int line) {
      return static_cast<double>(
          cells[static_cast<size_t>((line * bench.config.num_bl()) + pair.bit_line)]);
    };
    return (at(pair.line) - at(pair.line + 1)) / bench.card.level_step_uS();
  };
  const double change = pair.weight > 0 ? -3.0 : 3.0;
  {
    ProgramModel port(bench.config, bench.macros);
    CellWriter writer(port, bench.config, bench.card, program_settings(bench.card, bench.config),
                      {});
    writer.change(std::vector{pair}, std::vector{change});
  }
  const double held = difference();
  ASSERT_NEAR(held, pair.weight + change, 0.4);
  // Every pair is rewritten in every round: nothing relaxes for longer than a second, by 1 uS.
  bench.pass({.every_s = 1.0, .threshold_uS = 0.0}, 3.0);
  EXPECT_NEAR(difference(), held, 1.5);
}

TEST(Refresh, NothingMovedFarEnoughCostsReadsOnly) {
  Bench bench;
  const RefreshReport report = bench.pass({.every_s = 10.0, .threshold_uS = 1000.0}, 25.0);
  EXPECT_EQ(report.rounds, 2);
  EXPECT_EQ(report.cells.cells, 0);
  EXPECT_EQ(report.programming.sets + report.programming.resets, 0);
  // Both cells of each pair when it began and in both rounds, and again those that clip.
  int64_t pairs = 0;
  for (size_t layer = 0; layer < bench.network.layers.size(); ++layer) {
    pairs += static_cast<int64_t>(
        layer_pairs(bench.network, bench.mapped, static_cast<int>(layer)).size());
  }
  EXPECT_GE(report.programming.reads, 3 * 2 * pairs);
}

TEST(Refresh, BadPoliciesAreRefused) {
  const auto check = [](double every_s, double threshold_uS) {
    return error_of([&] { RefreshPolicy{every_s, threshold_uS}.check(); });
  };
  expect_parts(check(0.0, 1.0), "--refresh-every", "0", "above 0");
  expect_parts(check(-2.0, 1.0), "--refresh-every", "-2");
  expect_parts(check(std::numeric_limits<double>::quiet_NaN(), 1.0), "--refresh-every");
  expect_parts(check(1.0, -0.5), "--refresh-threshold", "-0.5");
  // It would say nothing.
  expect_parts(error_of([] { RefreshPolicy{.every_s = {}, .threshold_uS = 0.5}.check(); }),
               "--refresh-threshold", "needs --refresh-every");
  RefreshPolicy{}.check();
  expect_parts(error_of([] { RefreshPolicy{.every_s = 1e-3}.rounds(1e5); }), "--refresh-every",
               "1000000");
}

}  // namespace
}  // namespace mcnn::testing
