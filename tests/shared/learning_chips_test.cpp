// SPDX-License-Identifier: Apache-2.0
// Learning gives the same bits on the RTL, over its AXI ports, and on the chip model with any
// number of threads: curve, counters, work of the macros and cells.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/run/tuning_chip.h"
#include "host/engine/chip_model.h"
#include "host/tuning/learner.h"
#include "tests/support/device_cards.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

Dataset images_of(const Network& network, std::uint64_t seed, int count) {
  Dataset data;
  data.images.count = count;
  data.images.channels = network.input.channels;
  data.images.height = network.input.height;
  data.images.width = network.input.width;
  for (int i = 0; i < count; ++i) {
    const std::vector<std::uint8_t> pixels = suite_image(network, seed, i);
    data.images.pixels.insert(data.images.pixels.end(), pixels.begin(), pixels.end());
    data.labels.push_back(static_cast<std::uint8_t>(i % network.num_logits()));
  }
  return data;
}

// One fully connected layer, one cell a weight.
Network one_layer(int height, int width, int outputs) {
  Network network;
  network.name = "one_layer";
  network.input = {1, height, width};
  Layer& layer = network.layers.emplace_back();
  layer.type = LayerType::kFullyConnected;
  layer.name = "FC";
  layer.activation = Activation::kLogits;
  layer.kernels = outputs;
  layer.cells = 1;
  layer.weights.assign(static_cast<std::size_t>(outputs * height * width), std::int8_t{3});
  layer.biases.assign(static_cast<std::size_t>(outputs), 0);
  finish_network(network, network.name);
  return network;
}

struct Outcome {
  LearningState state;
  std::vector<MacroState> macros;
};

void expect_equal(const std::string& configuration, Network network, LearningSettings settings) {
  SCOPED_TRACE(configuration + ", " + network.name + ", " + std::string(rule_name(settings.rule)));
  const ChipConfig config =
      load_chip_config(std::string(MCNN_CONSTRAINTS_DIR) + "/" + configuration + ".params");
  DeviceCard card = noisy_card(
      {.programming_sigma_uS = 0.8, .read_noise = 0.02, .adc_sigma_codes = 0.4}, "learning");
  card.pulse_c2c = 0.3;
  card.pulse_d2d = 0.2;
  card.adc_offset_sigma_codes = 0.3;
  set_random_weights(network.layers.back(), 7);
  const MappedNetwork mapped = map_network(network, config);
  const Dataset training = images_of(network, 3, 9);
  const Dataset test = images_of(network, 4, 5);
  settings.max_epochs = 3;
  std::vector<Macro> macros = make_macros(config, card, 5);
  program_direct(macros, mapped.program);
  const auto run = [&](TuningChip& chip) {
    Learner learner(chip, network, mapped, config, card, training, &test, settings);
    while (learner.step()) {
    }
    return Outcome{learner.state(), chip.states()};
  };
  cli::RtlTuningChip rtl(config, mapped.program, macros, 1);
  const Outcome found = run(rtl);
  ASSERT_FALSE(found.state.points.empty());
  std::int64_t moved = 0;
  for (const LearningPoint& point : found.state.points) moved += point.work.cells;
  EXPECT_GT(moved, 0);
  for (const unsigned jobs : {1U, 3U}) {
    cli::ModelTuningChip model(config, mapped.program, macros, jobs);
    const Outcome expected = run(model);
    EXPECT_EQ(found.state, expected.state) << jobs << " threads";
    EXPECT_EQ(found.macros, expected.macros) << jobs << " threads";
  }
}

TEST(LearningChips, RtlAndModelGiveTheSameBitsOnOneLayer) {
  for (const LearningRule rule : {LearningRule::kPulse, LearningRule::kVerify}) {
    for (const int batch : {0, 1}) {
      LearningSettings settings;
      settings.rule = rule;
      settings.batch = batch;
      settings.threshold = 0.1;
      expect_equal("tiny", one_layer(5, 4, 2), settings);
      expect_equal("yao2020", one_layer(20, 16, 3), settings);
    }
  }
}

TEST(LearningChips, RtlAndModelGiveTheSameBitsOnTheLastOfFiveLayers) {
  for (const OutputFunction function : {OutputFunction::kTanh, OutputFunction::kSoftmax}) {
    LearningSettings settings;
    settings.function = function;
    settings.rule =
        function == OutputFunction::kTanh ? LearningRule::kPulse : LearningRule::kVerify;
    settings.batch = 4;
    expect_equal("yao2020", random_yao2020(9), settings);
  }
}

}  // namespace
}  // namespace mcnn::testing
