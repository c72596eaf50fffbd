// SPDX-License-Identifier: Apache-2.0
// Tuning gives the same bits on the RTL, over its AXI ports, and on the chip model with any number
// of threads: state, learning curve, counters, cells and biases.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/run/tuning_chip.h"
#include "host/engine/chip_model.h"
#include "host/tuning/tuner.h"
#include "tests/support/device_cards.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

// Every kind of error that a read can have, and wires: what a rewritten cell changes must reach
// every later read.
DeviceCard harsh_card(bool wires) {
  DeviceCard card = noisy_card(
      {.programming_sigma_uS = 1.2, .read_noise = 0.02, .adc_sigma_codes = 0.4}, "harsh");
  card.pulse_c2c = 0.2;
  card.adc_gain_sigma = 0.01;
  card.adc_offset_sigma_codes = 0.3;
  card.drift_exponent = 0.01;
  if (wires) card.wire_resistance_ohm = 1.0;
  return card;
}

Dataset images_of(const Network& network, std::uint64_t seed, int count) {
  Dataset data;
  data.images.count = count;
  data.images.height = network.input.height;
  data.images.width = network.input.width;
  for (int i = 0; i < count; ++i) {
    const std::vector<std::uint8_t> pixels = suite_image(network, seed, i);
    data.images.pixels.insert(data.images.pixels.end(), pixels.begin(), pixels.end());
    data.labels.push_back(static_cast<std::uint8_t>(i % network.num_logits()));
  }
  return data;
}

struct Outcome {
  TunerState state;
  std::vector<MacroState> macros;
  ChipProgram program;
};

class TuningChips : public ::testing::Test {
 protected:
  void expect_equal(const std::string& configuration, const Network& network, std::uint64_t seed,
                    const MappingOptions& mapping, TuningFlow flow, bool wires,
                    Sharing sharing = Sharing::kRows) {
    const ChipConfig config =
        load_chip_config(std::string(MCNN_CONSTRAINTS_DIR) + "/" + configuration + ".params");
    const DeviceCard card = harsh_card(wires);
    const MappedNetwork mapped = map_network(network, config, mapping);
    const Dataset training = images_of(network, seed, 26);
    TuningSettings settings;
    settings.flow = flow;
    settings.sharing = sharing;
    settings.validation = 6;
    settings.batch = 8;
    settings.max_epochs = 1;
    settings.hybrid.learning_rate = 20.0;
    settings.passes = 2;
    settings.refit_epochs = 2;
    std::vector<Macro> macros = make_macros(config, card, 5);
    program_direct(macros, mapped.program);

    const auto run = [&](TuningChip& chip) {
      Tuner tuner(chip, network, mapped, config, card, training, &training, settings);
      while (tuner.step()) {
      }
      return Outcome{tuner.state(), chip.states(), tuner.mapped().program};
    };
    cli::RtlTuningChip rtl(config, mapped.program, macros, 1);
    const Outcome found = run(rtl);
    EXPECT_GT(found.state.counters.cells, 0);
    for (const unsigned jobs : {1U, 3U}) {
      SCOPED_TRACE(std::to_string(jobs) + " threads");
      cli::ModelTuningChip model(config, mapped.program, macros, jobs);
      const Outcome expected = run(model);
      EXPECT_EQ(found.state, expected.state);
      EXPECT_EQ(found.macros, expected.macros);
      EXPECT_EQ(found.program, expected.program);
    }
  }
};

TEST_F(TuningChips, RtlAndModelGiveTheSameBitsOnTheFiveLayerNetwork) {
  const Network network = random_yao2020(9);
  for (const TuningFlow flow : {TuningFlow::kPaper, TuningFlow::kBest}) {
    for (const bool wires : {false, true}) {
      SCOPED_TRACE(std::string(flow_name(flow)) + (wires ? ", wires" : ""));
      expect_equal("yao2020", network, 9, {}, flow, wires);
    }
  }
}

TEST_F(TuningChips, RtlAndModelGiveTheSameBitsWithOneImageAGroup) {
  MappingOptions paper;
  paper.kind = MappingKind::kPaper;
  expect_equal("yao2020", random_yao2020(9), 9, paper, TuningFlow::kBest, false, Sharing::kImages);
}

TEST_F(TuningChips, RtlAndModelGiveTheSameBitsOnTheSuite) {
  for (const char* configuration : {"tiny", "yao2020"}) {
    int cases = 0;
    for (const SuiteCase& suite : network_suite(configuration)) {
      // Images of the suite have one channel more often than not; a data set has one.
      if (suite.network.layers.size() < 2 || suite.network.input.channels != 1 ||
          suite.network.num_logits() < 2) {
        continue;
      }
      SCOPED_TRACE(suite.name);
      expect_equal(configuration, suite.network, suite.seed, suite.options,
                   cases % 2 == 0 ? TuningFlow::kPaper : TuningFlow::kBest, false);
      if (++cases == 6) break;
    }
    EXPECT_GE(cases, 2) << configuration;
  }
}

}  // namespace
}  // namespace mcnn::testing
