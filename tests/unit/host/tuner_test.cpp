// SPDX-License-Identifier: Apache-2.0
// The flows of tuning: resume, stop rule, that test images decide nothing, bad input.
#include "host/tuning/tuner.h"

#include <functional>
#include <memory>
#include <utility>

#include "common/error.h"
#include "host/tuning/checkpoint.h"
#include "host_test_util.h"
#include "model_tuning_chip.h"
#include "tests/support/device_cards.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

DeviceCard relaxing_card() {
  return noisy_card({.programming_sigma_uS = 1.2, .read_noise = 0.01, .adc_sigma_codes = 0.4},
                    "relaxing");
}

// Images of the suite; the label is what the network says to the next image, so that there is
// something to learn and no end of errors.
Dataset sample_images(const Network& network, int count) {
  Dataset data;
  data.images.count = count;
  data.images.height = network.input.height;
  data.images.width = network.input.width;
  for (int i = 0; i < count; ++i) {
    const std::vector<uint8_t> pixels = suite_image(network, 11, i);
    data.images.pixels.insert(data.images.pixels.end(), pixels.begin(), pixels.end());
    data.labels.push_back(static_cast<uint8_t>(i % network.num_logits()));
  }
  return data;
}

struct Bench {
  Bench() : network(random_yao2020(3)), config(named_config("yao2020")), card(relaxing_card()) {
    MappingOptions mapping;
    mapping.limits = device_limits(card);
    mapped = map_network(network, config, mapping);
    training = sample_images(network, 60);
    test = sample_images(network, 10);
    settings.validation = 20;
    settings.batch = 10;
    settings.max_epochs = 2;
    settings.hybrid.learning_rate = 5.0;
    settings.passes = 2;
    settings.refit_epochs = 2;
    settings.wait_s = 0.5;
  }

  std::unique_ptr<ModelChip> chip() const {
    std::vector<Macro> macros = make_macros(config, card, 1);
    program_direct(macros, mapped.program);
    return std::make_unique<ModelChip>(config, mapped.program, std::move(macros));
  }
  Tuner tuner(TuningChip& on, const Dataset* test_images = nullptr) const {
    return {on, network, mapped, config, card, training, test_images, settings};
  }

  Network network;
  ChipConfig config;
  DeviceCard card;
  MappedNetwork mapped;
  Dataset training;
  Dataset test;
  TuningSettings settings;
};

class TunerFlow : public ::testing::TestWithParam<TuningFlow> {};

// Killed and continued behind every step, each time by way of the file's text.
TEST_P(TunerFlow, ResumeGivesTheSameBits) {
  Bench bench;
  bench.settings.flow = GetParam();
  const auto straight_chip = bench.chip();
  Tuner straight = bench.tuner(*straight_chip);
  int64_t steps = 0;
  while (straight.step()) ++steps;
  ASSERT_GT(steps, 5);
  EXPECT_GT(straight.state().counters.cells, 50);

  std::string text;
  for (int64_t step = 0;; ++step) {
    const auto chip = bench.chip();
    Tuner tuner = bench.tuner(*chip);
    if (!text.empty()) {
      Checkpoint checkpoint = parse_checkpoint(text, "checkpoint");
      EXPECT_EQ(checkpoint.run, "a run");
      chip->restore(checkpoint.macros);
      tuner.restore(std::move(checkpoint.state));
    }
    const bool more = tuner.step();
    text = to_text({"a run", tuner.state(), chip->states()});
    if (!more) {
      EXPECT_EQ(step, steps);
      EXPECT_EQ(tuner.state(), straight.state());
      EXPECT_EQ(chip->states(), straight_chip->states());
      EXPECT_EQ(tuner.mapped().program, straight.mapped().program);
      EXPECT_EQ(tuner.measure().train_errors, straight.measure().train_errors);
      break;
    }
    ASSERT_LT(step, steps);
  }
}

// Test images, whatever they say, change nothing but what is said of them.
TEST_P(TunerFlow, TestImagesDecideNothing) {
  Bench bench;
  bench.settings.flow = GetParam();
  bench.settings.test_interval = 1;
  const auto chip_without = bench.chip();
  Tuner without = bench.tuner(*chip_without);
  const auto chip_with = bench.chip();
  Tuner with = bench.tuner(*chip_with, &bench.test);
  with.measure();
  while (without.step()) {
  }
  while (with.step()) {
  }
  TunerState state = with.state();
  ASSERT_FALSE(state.evaluations.empty());
  for (EvaluationPoint& point : state.evaluations) {
    EXPECT_EQ(point.test_images, 10);
    point.test_errors = -1;
    point.test_images = 0;
  }
  EXPECT_EQ(state, without.state());
  EXPECT_EQ(chip_with->states(), chip_without->states());
}

// Tuning knows what the chip's owner can know: what images give, and what the programmer says.
TEST_P(TunerFlow, CellsAreSeenThroughTheConverterAlone) {
  Bench bench;
  bench.settings.flow = GetParam();
  const auto chip = bench.chip();
  chip->seal();
  Tuner tuner = bench.tuner(*chip, &bench.test);
  tuner.measure();
  while (tuner.step()) {
  }
  tuner.measure();
  EXPECT_GT(tuner.state().counters.cells, 50);
  EXPECT_THROW(chip->states(), Error) << "the seal";
}

INSTANTIATE_TEST_SUITE_P(Flows, TunerFlow, ::testing::Values(TuningFlow::kPaper, TuningFlow::kBest),
                         [](const auto& param) { return std::string(flow_name(param.param)); });

TEST(Tuner, StopsWhenNothingIsGained) {
  Bench bench;
  bench.settings.max_epochs = 50;
  bench.settings.patience = 2;
  bench.settings.hybrid.learning_rate = 1e-9;  // nothing is ever rewritten
  bench.card.read_noise = 0.0;
  bench.card.adc_sigma_codes = 0.0;
  const auto chip = bench.chip();
  Tuner tuner = bench.tuner(*chip);
  while (tuner.step()) {
  }
  EXPECT_EQ(tuner.state().evaluations.back().what, "epoch 2");
  EXPECT_EQ(tuner.state().best_round, 0);
  EXPECT_EQ(tuner.state().counters.cells, 0);
}

TEST(Tuner, PartsOfTheFlowCanBeLeftOut) {
  Bench bench;
  bench.settings.flow = TuningFlow::kBest;
  bench.settings.rewrite_hidden = false;
  bench.settings.rewrite_last = false;
  bench.settings.refit_last = false;
  const auto chip = bench.chip();
  const auto untouched = chip->states();
  Tuner tuner = bench.tuner(*chip);
  while (tuner.step()) {
  }
  EXPECT_EQ(chip->states(), untouched);  // biases only
  EXPECT_NE(tuner.mapped().program.biases, bench.mapped.program.biases);
  EXPECT_EQ(tuner.state().counters.cells, 0);
}

TEST(Tuner, SettingsThatCannotBeAreRefused) {
  const auto error = [](const std::function<void(TuningSettings&)>& change) {
    TuningSettings settings;
    change(settings);
    return error_of([&] { settings.check(6000); });
  };
  expect_parts(error([](TuningSettings& s) { s.validation = 6000; }), "--validation", "6000",
               "1..5999");
  expect_parts(error([](TuningSettings& s) { s.batch = 5001; }), "--batch", "5001", "1..5000");
  expect_parts(error([](TuningSettings& s) { s.hybrid.threshold_uS = -1.0; }), "--threshold", "-1");
  expect_parts(error([](TuningSettings& s) { s.hybrid.learning_rate = 0.0; }), "--learning-rate",
               "above 0");
  expect_parts(error([](TuningSettings& s) { s.wait_s = 1.0 / 0.0; }), "--wait", "inf");
  expect_parts(error_of([] { tuning_flow("fast"); }), "--flow", "'fast'", "paper and best");
}

TEST(Tuner, BadCheckpointsAreRefused) {
  expect_parts(error_of([] { parse_checkpoint("{", "a.json"); }), "a.json",
               "not a checkpoint of tuning");
  expect_parts(error_of([] { parse_checkpoint("{\"format\": \"x\"}", "a.json"); }), "a.json",
               "format", "\"x\"", "mcnn-tuning-3");
  expect_parts(error_of([] {
                 parse_checkpoint("{\"format\": \"mcnn-tuning-3\", \"run\": \"\", \"state\": {}}",
                                  "a.json");
               }),
               "a.json", "stage");
}

}  // namespace
}  // namespace mcnn::testing
