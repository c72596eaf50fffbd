// SPDX-License-Identifier: Apache-2.0
// The arithmetic of tuning: gradients against finite differences, refits, hybrid training, and what
// it changes of a network.
#include <algorithm>
#include <cmath>
#include <random>

#include "host/engine/chip_model.h"
#include "host/tuning/gradients.h"
#include "host/tuning/hybrid_training.h"
#include "host/tuning/refit.h"
#include "host/tuning/tuned_layer.h"
#include "host_test_util.h"
#include "suite_configs.h"
#include "tests/support/network_suite.h"
#include "writable_chip.h"

namespace mcnn::testing {
namespace {

// A last layer with integer weights on random features.
struct Sample {
  ForwardBatch batch;
  std::vector<int> weights;  // [output * inputs + input]
  std::vector<int> biases;

  Sample(int inputs, int outputs, int images, uint32_t seed) {
    std::mt19937 random(seed);
    batch.inputs = inputs;
    batch.outputs = outputs;
    for (int n = 0; n < inputs * outputs; ++n) {
      weights.push_back(static_cast<int>(random() % 15) - 7);
    }
    for (int k = 0; k < outputs; ++k) {
      biases.push_back(static_cast<int>(random() % 401) - 200);
    }
    for (int i = 0; i < images; ++i) {
      batch.labels.push_back(static_cast<uint8_t>(random() % static_cast<unsigned>(outputs)));
      for (int j = 0; j < inputs; ++j) {
        batch.features.push_back(random() % 3 == 0 ? uint8_t{0}
                                                   : static_cast<uint8_t>(random() % 256));
      }
    }
    compute();
  }

  void compute() {
    batch.logits.clear();
    for (size_t i = 0; i < batch.count(); ++i) {
      for (int k = 0; k < batch.outputs; ++k) {
        int32_t sum = biases[to_index(k)];
        for (int j = 0; j < batch.inputs; ++j) {
          sum += weights[to_index(k * batch.inputs + j)] * batch.feature(i)[to_index(j)];
        }
        batch.logits.push_back(sum);
      }
    }
  }
};

// One level of a weight moves a scaled logit by at most 0.05, so that the central difference is
// exact to its square.
TEST(Tuning, GradientsAreThoseOfFiniteDifferences) {
  constexpr double kBeta = 2e-4;
  Sample sample(7, 4, 30, 1);
  const std::vector<double> weights = weight_gradient(sample.batch, kBeta, 0);
  const std::vector<double> biases = bias_gradient(sample.batch, kBeta, 0);
  const auto difference = [&](int& parameter, int step) {
    parameter += step;
    sample.compute();
    const double above = cross_entropy(sample.batch, kBeta);
    parameter -= 2 * step;
    sample.compute();
    const double below = cross_entropy(sample.batch, kBeta);
    parameter += step;
    return (above - below) / (2.0 * step);
  };
  for (size_t n = 0; n < weights.size(); ++n) {
    EXPECT_NEAR(weights[n], difference(sample.weights[n], 1), 2e-3 * kBeta * 255) << n;
  }
  for (size_t k = 0; k < biases.size(); ++k) {
    EXPECT_NEAR(biases[k], difference(sample.biases[k], 100), 2e-3 * kBeta) << k;
  }
  sample.compute();
  // A shift divides both.
  EXPECT_DOUBLE_EQ(weight_gradient(sample.batch, kBeta, 3)[5], weights[5] / 8.0);
  EXPECT_DOUBLE_EQ(bias_gradient(sample.batch, kBeta, 3)[1], biases[1] / 8.0);
}

TEST(Tuning, BetaIsWhereTheLossIsSmallest) {
  Sample sample(7, 4, 200, 2);
  // Labels that the logits know something of.
  for (size_t i = 0; i < sample.batch.count(); i += 2) {
    const auto logits = sample.batch.logit(i);
    sample.batch.labels[i] =
        static_cast<uint8_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }
  const double beta = fit_beta(sample.batch);
  const double loss = cross_entropy(sample.batch, beta);
  EXPECT_GT(beta, 0.0);
  EXPECT_LT(loss, cross_entropy(sample.batch, beta * 1.05));
  EXPECT_LT(loss, cross_entropy(sample.batch, beta * 0.95));
}

TEST(Tuning, RefittedBiasesLeaveNoGradient) {
  Sample sample(7, 4, 300, 3);
  for (int32_t& logit : sample.batch.logits) logit *= 16;
  constexpr double kBeta = 2e-5;
  const std::vector<double> before = bias_gradient(sample.batch, kBeta, 2);
  const std::vector<double> added = refit_biases(sample.batch, kBeta, 2);
  double largest_before = 0.0;
  for (const double value : before) largest_before = std::max(largest_before, std::abs(value));
  for (size_t i = 0; i < sample.batch.count(); ++i) {
    for (size_t k = 0; k < 4; ++k) {
      sample.batch.logits[i * 4 + k] += static_cast<int32_t>(std::lround(added[k] / 4.0));
    }
  }
  for (const double value : bias_gradient(sample.batch, kBeta, 2)) {
    EXPECT_LT(std::abs(value), 1e-2 * largest_before);
  }
}

TEST(Tuning, RefitLearnsWithinItsBoundAndIsHeldByItsPenalty) {
  Sample sample(12, 4, 400, 4);
  for (size_t i = 0; i < sample.batch.count(); ++i) {
    const auto logits = sample.batch.logit(i);
    sample.batch.labels[i] =
        static_cast<uint8_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }
  const LastLayer zero = {std::vector<double>(48, 0.0), std::vector<double>(4, 0.0)};
  RefitSettings settings;
  settings.epochs = 30;
  settings.weight_sigma = 0.1;
  const LastLayer fitted = refit(sample.batch, zero, 2e-3, 0, settings);
  int errors = 0;
  for (size_t i = 0; i < sample.batch.count(); ++i) {
    size_t best = 0;
    std::vector<double> logits(4);
    for (size_t k = 0; k < 4; ++k) {
      logits[k] = fitted.biases[k];
      for (size_t j = 0; j < 12; ++j) {
        logits[k] += fitted.weights[k * 12 + j] * sample.batch.feature(i)[j];
      }
      if (logits[k] > logits[best]) best = k;
    }
    errors += best != sample.batch.labels[i];
  }
  EXPECT_LT(errors, 40);  // of 400, with nothing known before
  for (const double weight : fitted.weights) EXPECT_LE(std::abs(weight), 7.0);

  EXPECT_EQ(refit(sample.batch, zero, 2e-3, 0, settings).weights, fitted.weights);
  settings.seed = 2;
  EXPECT_NE(refit(sample.batch, zero, 2e-3, 0, settings).weights, fitted.weights);

  LastLayer start = zero;
  for (size_t n = 0; n < start.weights.size(); ++n) start.weights[n] = sample.weights[n];
  settings.penalty = 1e6;
  const LastLayer held = refit(sample.batch, start, 2e-3, 0, settings);
  for (size_t n = 0; n < held.weights.size(); ++n) {
    EXPECT_NEAR(held.weights[n], start.weights[n], 0.3);
  }
}

// Inputs of the tuned layer are numbered as the maps are read back: what the ideal chip gives is
// the sum over them.
TEST(Tuning, LogitsAreTheSumOverTheInputsThatAreReadBack) {
  for (const char* name : {"yao2020", "tiny", "lanes4", "windows8"}) {
    const ChipConfig config = suite_config(name);
    for (const SuiteCase& suite : network_suite(name)) {
      if (suite.network.layers.size() < 2) continue;
      SCOPED_TRACE(suite.name);
      const MappedNetwork mapped = map_network(suite.network, config, suite.options);
      if (suite.network.layers.back().input_zero_point != 0) {
        expect_parts(error_of([&] { tuned_layer(suite.network, mapped); }), "tuning: layer",
                     "zero point");
        continue;
      }
      const TunedLayer layer = tuned_layer(suite.network, mapped);
      ChipModel chip(config, mapped.program, DeviceCard{}, 1, {.skip = false, .maps = true});
      for (int i = 0; i < 3; ++i) {
        const ImageResult& result =
            chip.run(static_cast<uint32_t>(i), suite_image(suite.network, suite.seed, i));
        const std::vector<uint8_t>& features = result.maps.back();
        ASSERT_EQ(features.size(), to_index(layer.inputs));
        for (int k = 0; k < layer.outputs; ++k) {
          int32_t sum = suite.network.layers.back().biases[to_index(k)];
          sum += layer.shift > 0 ? 1 << (layer.shift - 1) : 0;
          for (int j = 0; j < layer.inputs; ++j) {
            sum += layer.pair(k, j).weight * features[to_index(j)];
          }
          EXPECT_EQ(result.logits[to_index(k)], sum >> layer.shift);
        }
      }
    }
  }
}

TEST(Tuning, BiasesInTheProgramAreThoseOfTheMapper) {
  const ChipConfig config = named_config("yao2020");
  for (const SuiteCase& suite : network_suite("yao2020")) {
    SCOPED_TRACE(suite.name);
    Network network = suite.network;
    MappedNetwork mapped = map_network(network, config, suite.options);
    Network other = network;
    for (size_t layer = 0; layer < network.layers.size(); ++layer) {
      std::vector<int32_t>& biases = other.layers[layer].biases;
      for (size_t k = 0; k < biases.size(); ++k) biases[k] += static_cast<int32_t>(3 * k) - 5;
      set_biases(network, mapped, static_cast<int>(layer), biases);
      EXPECT_EQ(network.layers[layer].biases, biases);
    }
    EXPECT_EQ(mapped.program.biases, map_network(other, config, suite.options).program.biases);
  }
}

// Weights whose pair cannot take every difference stay within what it can, and the others go on.
TEST(Tuning, RefitKeepsWeightsInTheirReach) {
  constexpr int kInputs = 6;
  ForwardBatch data{.inputs = kInputs, .outputs = 3, .features = {}, .logits = {}, .labels = {}};
  std::mt19937 random(8);
  for (int i = 0; i < 300; ++i) {
    data.labels.push_back(static_cast<uint8_t>(i % 3));
    for (int j = 0; j < kInputs; ++j) {
      data.features.push_back(static_cast<uint8_t>(random() % 60 + (j % 3 == i % 3 ? 90 : 0)));
    }
  }
  LastLayer start{std::vector<double>(kInputs * 3, 0.0), {0.0, 0.0, 0.0}};
  RefitSettings settings;
  settings.epochs = 20;
  settings.learning_rate = 0.1;
  const LastLayer open = refit(data, start, 0.01, 4, settings);
  settings.bounds.assign(kInputs * 3, Reach{-7.0, 7.0});
  EXPECT_EQ(refit(data, start, 0.01, 4, settings).weights, open.weights);
  const size_t held = 2 * kInputs + 5;  // output 2, input 5: what speaks for label 2
  EXPECT_GT(open.weights[held], 1.0);
  settings.bounds[held] = {-7.0, 0.25};
  settings.bounds[4] = {2.5, 2.5};
  const LastLayer kept = refit(data, start, 0.01, 4, settings);
  EXPECT_EQ(kept.weights[held], 0.25);
  EXPECT_EQ(kept.weights[4], 2.5);
  // The other input of the label takes over.
  EXPECT_GT(kept.weights[2 * kInputs + 2], open.weights[2 * kInputs + 2]);
}

// One image with one input: only the weights of that input change, and that of the label most.
TEST(Tuning, OnlyTheWeightBeyondTheThresholdIsRewritten) {
  WritableChip chip(window_card());
  constexpr size_t kInput = 40;
  constexpr size_t kLabel = 6;
  ForwardBatch batch;
  batch.inputs = chip.layer.inputs;
  batch.outputs = chip.layer.outputs;
  batch.features.assign(to_index(batch.inputs), 0);
  batch.features[kInput] = 255;
  batch.logits.assign(10, 0);  // every class has 0.1
  batch.labels = {kLabel};
  constexpr double kBeta = 0.002;
  // With one input of 1.0 the change of the label's weight is rate * 0.9 / (255 beta) levels.
  const double step = 0.15 * 0.9 / (255.0 * kBeta);  // 0.265 levels, 0.68 uS
  HybridTraining training(chip.layer, chip.card, {.learning_rate = 0.15, .threshold_uS = 1.5},
                          kBeta);
  std::vector<MacroState> before;
  for (const Macro& macro : chip.macros) before.push_back(macro.save_state());

  EXPECT_EQ(training.step(batch, chip.writer), 0);  // 0.68 uS
  EXPECT_EQ(training.step(batch, chip.writer), 0);  // 1.36 uS
  const size_t chosen = kLabel * to_index(batch.inputs) + kInput;
  EXPECT_NEAR(training.accumulators()[chosen], 2.0 * step, 1e-9);
  EXPECT_NEAR(training.accumulators()[kInput], -2.0 * step / 9.0, 1e-9);
  EXPECT_EQ(training.accumulators()[kInput + 1], 0.0);
  const CellPair& pair = chip.layer.pairs[chosen];
  const double was = chip.difference(pair);
  EXPECT_EQ(training.step(batch, chip.writer), 1);  // 2.04 uS
  EXPECT_NEAR(chip.difference(pair), was + 3.0 * step, 6.0 / 32.0);
  EXPECT_NEAR(training.accumulators()[chosen], was + 3.0 * step - chip.difference(pair),
              2.0 / 32.0);
  EXPECT_NEAR(training.accumulators()[kInput], -3.0 * step / 9.0, 1e-9);

  int changed = 0;
  for (size_t pe = 0; pe < before.size(); ++pe) {
    const MacroState after = chip.macros[pe].save_state();
    for (size_t cell = 0; cell < after.cells.size(); ++cell) {
      changed += after.cells[cell] == before[pe].cells[cell] ? 0 : 1;
    }
  }
  EXPECT_EQ(changed, static_cast<int>(chip.writer.counters().cells));
  EXPECT_LE(changed, 2);
}

}  // namespace
}  // namespace mcnn::testing
