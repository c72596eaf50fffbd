// SPDX-License-Identifier: Apache-2.0
// The arithmetic of tuning: gradients against finite differences, where weights lie, which cells a
// wanted change rewrites, refits.
#include "host/tuning/tuning.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <utility>

#include "host/engine/chip_model.h"
#include "host/programming/program_model.h"
#include "host_test_util.h"
#include "tests/support/network_suite.h"

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

// ---- pairs

struct SplitCase {
  const char* what;
  double positive, negative, change;
  bool positive_fixed, negative_fixed;
  double new_positive, new_negative;
  bool saturated;
};

TEST(Tuning, AChangeGoesToTheCellThatCanTakeIt) {
  const std::vector<SplitCase> cases = {
      {"up, the negative cell has nothing to give", 3, 1, 2, false, false, 5, 1, false},
      {"up, the negative cell goes down", 3, 4, 2, false, false, 3, 2, false},
      {"down, the positive cell goes down", 5, 4, -2, false, false, 3, 4, false},
      {"down, the positive cell has nothing to give", 1, 4, -2, false, false, 1, 6, false},
      {"up, neither alone", 7, 2, 2, false, false, 8, 1, false},
      {"down, neither alone", 2, 7, -2, false, false, 1, 8, false},
      {"up, more than there is", 7, 2, 4, false, false, 8, 1, true},
      {"up, negative cell fixed", 3, 4, 2, false, true, 5, 4, false},
      {"down, positive cell fixed", 5, 4, -2, true, false, 5, 6, false},
      {"up, positive cell fixed and nothing else to give", 3, 1, 2, true, false, 3, 1, true},
      {"both fixed", 3, 4, 2, true, true, 3, 4, true},
      {"a relaxed cell above the window comes back", 9, 1, -1, false, false, 8, 1, false},
  };
  for (const SplitCase& test : cases) {
    SCOPED_TRACE(test.what);
    const PairSplit split = split_change(test.positive, test.negative, test.change, 1.0, 8.0,
                                         test.positive_fixed, test.negative_fixed);
    EXPECT_DOUBLE_EQ(split.positive, test.new_positive);
    EXPECT_DOUBLE_EQ(split.negative, test.new_negative);
    EXPECT_EQ(split.write_positive, test.new_positive != test.positive);
    EXPECT_EQ(split.write_negative, test.new_negative != test.negative);
    EXPECT_EQ(split.saturated, test.saturated);
  }
}

TEST(Tuning, SplitsGiveTheWholeChangeAndStayInTheWindow) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> cell(0.0, 10.0);
  std::uniform_real_distribution<double> change(-8.0, 8.0);
  for (int n = 0; n < 10000; ++n) {
    const double positive = cell(random);
    const double negative = cell(random);
    const double wanted = change(random);
    const PairSplit split = split_change(positive, negative, wanted, 1.0, 8.0);
    const double given = split.positive - split.negative - (positive - negative);
    if (!split.saturated) {
      EXPECT_NEAR(given, wanted, 1e-9);
    }
    for (const auto& [written, value] : {std::pair{split.write_positive, split.positive},
                                         std::pair{split.write_negative, split.negative}}) {
      if (written) {
        EXPECT_GE(value, 1.0);
        EXPECT_LE(value, 8.0);
      }
    }
  }
}

TEST(Tuning, PairsAreTheCellsOfTheirWeights) {
  for (const char* name : {"yao2020", "tiny"}) {
    const ChipConfig config = named_config(name);
    for (const SuiteCase& suite : network_suite(name)) {
      SCOPED_TRACE(suite.name);
      const MappedNetwork mapped = map_network(suite.network, config, suite.options);
      std::set<CellAddress> seen;
      for (size_t layer = 0; layer < suite.network.layers.size(); ++layer) {
        const auto pairs = layer_pairs(suite.network, mapped, static_cast<int>(layer));
        EXPECT_EQ(pairs.size(), suite.network.layers[layer].weights.size() *
                                    to_index(mapped.layers[layer].replicas));
        for (const CellPair& pair : pairs) {
          EXPECT_TRUE(seen.insert({pair.pe, pair.line, pair.bit_line}).second);
          const auto& cells = mapped.program.cells[to_index(pair.pe)];
          const auto level = [&](int line) {
            return cells[to_index(line * config.num_bl() + pair.bit_line)];
          };
          EXPECT_EQ(level(pair.line), std::max(0, pair.weight));
          EXPECT_EQ(level(pair.line + 1), std::max(0, -pair.weight));
        }
      }
    }
  }
}

// Inputs of the tuned layer are numbered as the maps are read back: what the ideal chip gives is
// the sum over them.
TEST(Tuning, LogitsAreTheSumOverTheInputsThatAreReadBack) {
  for (const char* name : {"yao2020", "tiny"}) {
    const ChipConfig config = named_config(name);
    for (const SuiteCase& suite : network_suite(name)) {
      if (suite.network.layers.size() < 2) continue;
      SCOPED_TRACE(suite.name);
      const MappedNetwork mapped = map_network(suite.network, config, suite.options);
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

// ---- cells

DeviceCard writable_card() {
  DeviceCard card;
  card.name = "writable";
  card.g_min_uS = 2.0;
  card.g_max_uS = 20.0;
  return card;
}

MappingOptions mapping_for(const DeviceCard& card) {
  MappingOptions mapping;
  mapping.limits = device_limits(card);
  return mapping;
}

struct Bench {
  explicit Bench(const DeviceCard& device)
      : card(device),
        network(random_yao2020(7)),
        config(named_config("yao2020")),
        mapped(map_network(network, config, mapping_for(device))),
        layer(tuned_layer(network, mapped)),
        macros(make_macros(config, card, 1)),
        port(config, macros),
        writer(port, config, card, program_settings(card), {}) {
    program_direct(macros, mapped.program);
  }

  double cell(const CellPair& pair, bool positive) const {  // [level steps]
    const auto at = to_index((pair.line + (positive ? 0 : 1)) * config.num_bl() + pair.bit_line);
    return static_cast<double>(macros[to_index(pair.pe)].conductances()[at]) / card.level_step_uS();
  }
  double difference(const CellPair& pair) const { return cell(pair, true) - cell(pair, false); }

  DeviceCard card;
  Network network;
  ChipConfig config;
  MappedNetwork mapped;
  TunedLayer layer;
  std::vector<Macro> macros;
  ProgramModel port;
  CellWriter writer;
};

TEST(Tuning, CellsAreReadEvenAboveTheLargestCode) {
  Bench bench(writable_card());
  const CellPair& pair = bench.layer.pair(3, 17);
  // 12 levels above the largest code of the verify range.
  while (bench.cell(pair, true) < 15.0) {
    bench.macros[to_index(pair.pe)].pulse(pair.line, pair.bit_line, true, 10);
  }
  const auto values = bench.writer.read(std::span(&pair, 1));
  EXPECT_NEAR(values[0].first, bench.cell(pair, true), 0.04);
  EXPECT_NEAR(values[0].second, bench.cell(pair, false), 0.02);
}

TEST(Tuning, ChangesEndUpInTheDifference) {
  Bench bench(writable_card());
  std::vector<CellPair> pairs;
  std::vector<double> changes;
  std::vector<double> before;
  for (int j = 0; j < 100; ++j) {
    pairs.push_back(bench.layer.pair(j % 10, j));
    before.push_back(bench.difference(pairs.back()));
    const double room = before.back() > 0 ? -1.0 : 1.0;
    changes.push_back(room * (0.6 + 0.01 * j));
  }
  const std::vector<double> left = bench.writer.change(pairs, changes);
  // Read to a code, written to the tolerance, read again.
  const double exact = (tolerance_codes(bench.card, 5) + 1.5) / 32.0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_NEAR(bench.difference(pairs[i]), before[i] + changes[i], exact) << i;
    EXPECT_NEAR(left[i], before[i] + changes[i] - bench.difference(pairs[i]), 2.0 / 32.0) << i;
  }
  EXPECT_EQ(bench.writer.counters().pairs, 100);
  EXPECT_EQ(bench.writer.counters().failed, 0);
}

TEST(Tuning, PassesBringPairsBackThatTheirErrorsMoved) {
  DeviceCard card = writable_card();
  card.programming_sigma_uS = 1.2;
  Bench bench(card);
  std::vector<double> wanted;
  for (const CellPair& pair : bench.layer.pairs) wanted.push_back(pair.weight);
  const double threshold = 0.8 / card.level_step_uS();
  const auto outside = [&] {
    int64_t count = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      count += std::abs(bench.difference(bench.layer.pairs[i]) - wanted[i]) > threshold ? 1 : 0;
    }
    return count;
  };
  const int64_t before = outside();
  EXPECT_GT(before, 1000);  // of 1920: the errors of two cells
  int64_t last = before;
  for (int pass = 0; pass < 4; ++pass) {
    // The verify read rounds to a code.
    EXPECT_NEAR(static_cast<double>(bench.writer.bring(bench.layer.pairs, wanted, threshold)),
                static_cast<double>(last), 0.05 * static_cast<double>(before));
    for (Macro& macro : bench.macros) macro.elapse(1.0, 0.0);
    const int64_t now = outside();
    EXPECT_LT(now, last);
    last = now;
  }
  EXPECT_LT(last, before / 3);
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

// A cell that is known not to move is not tried: the other one takes all from the first pass on.
TEST(Tuning, KnownStuckCellsAreNotWritten) {
  DeviceCard card = writable_card();
  card.stuck_high_rate = 0.02;
  card.stuck_low_rate = 0.02;
  Bench bench(card);
  const ProgramSettings settings = program_settings(card);
  std::vector<Macro> searched = make_macros(bench.config, card, 1);
  ProgramModel search_port(bench.config, searched);
  const FaultMap faults = find_faults(search_port, bench.config, card, settings).map;
  const std::vector<CellAddress> stuck = faults.stuck_cells();
  CellWriter writer(bench.port, bench.config, card, settings, {}, stuck);
  std::vector<double> wanted;
  int out_of_reach = 0;
  for (const CellPair& pair : bench.layer.pairs) {
    const Reach reach = faults.pair_reach({pair.pe, pair.line, pair.bit_line});
    wanted.push_back(reach.nearest(pair.weight));
    out_of_reach += wanted.back() != pair.weight ? 1 : 0;
  }
  EXPECT_GT(out_of_reach, 5);
  writer.bring(bench.layer.pairs, wanted, 0.5 / card.level_step_uS());
  EXPECT_EQ(writer.counters().failed, 0);
  EXPECT_EQ(writer.bad_cells(), std::set<CellAddress>(stuck.begin(), stuck.end()));
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(bench.difference(bench.layer.pairs[i]), wanted[i], 0.5) << i;
  }
}

// A cell that does not move is found out, and the other cell of the pair makes up for it.
TEST(Tuning, TheOtherCellMakesUpForAStuckOne) {
  DeviceCard card = writable_card();
  card.stuck_high_rate = 0.01;
  card.stuck_low_rate = 0.01;
  Bench bench(card);
  std::vector<double> wanted;
  for (const CellPair& pair : bench.layer.pairs) wanted.push_back(pair.weight);
  const double threshold = 0.5 / card.level_step_uS();
  for (int pass = 0; pass < 3; ++pass) {
    bench.writer.bring(bench.layer.pairs, wanted, threshold);
  }
  EXPECT_GT(bench.writer.bad_cells().size(), 5U);
  int64_t made_up = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const CellPair& pair = bench.layer.pairs[i];
    const bool positive_bad =
        bench.writer.bad_cells().contains({pair.pe, pair.line, pair.bit_line});
    const bool negative_bad =
        bench.writer.bad_cells().contains({pair.pe, pair.line + 1, pair.bit_line});
    if (positive_bad == negative_bad) continue;
    // What the good cell would have to hold.
    const double low = card.g_min_uS / card.level_step_uS();
    const double good =
        positive_bad ? bench.cell(pair, true) - wanted[i] : bench.cell(pair, false) + wanted[i];
    if (good >= low && good <= low + 7.0) {
      ++made_up;
      EXPECT_NEAR(bench.difference(pair), wanted[i], threshold + 1.0 / 32.0) << i;
    }
  }
  EXPECT_GT(made_up, 5);
}

// One image with one input: only the weights of that input change, and that of the label most.
TEST(Tuning, OnlyTheWeightBeyondTheThresholdIsRewritten) {
  Bench bench(writable_card());
  constexpr size_t kInput = 40;
  constexpr size_t kLabel = 6;
  ForwardBatch batch;
  batch.inputs = bench.layer.inputs;
  batch.outputs = bench.layer.outputs;
  batch.features.assign(to_index(batch.inputs), 0);
  batch.features[kInput] = 255;
  batch.logits.assign(10, 0);  // every class has 0.1
  batch.labels = {kLabel};
  constexpr double kBeta = 0.002;
  // With one input of 1.0 the change of the label's weight is rate * 0.9 / (255 beta) levels.
  const double step = 0.15 * 0.9 / (255.0 * kBeta);  // 0.265 levels, 0.68 uS
  HybridTraining training(bench.layer, bench.card, {.learning_rate = 0.15, .threshold_uS = 1.5},
                          kBeta);
  std::vector<MacroState> before;
  for (const Macro& macro : bench.macros) before.push_back(macro.save_state());

  EXPECT_EQ(training.step(batch, bench.writer), 0);  // 0.68 uS
  EXPECT_EQ(training.step(batch, bench.writer), 0);  // 1.36 uS
  const size_t chosen = kLabel * to_index(batch.inputs) + kInput;
  EXPECT_NEAR(training.accumulators()[chosen], 2.0 * step, 1e-9);
  EXPECT_NEAR(training.accumulators()[kInput], -2.0 * step / 9.0, 1e-9);
  EXPECT_EQ(training.accumulators()[kInput + 1], 0.0);
  const CellPair& pair = bench.layer.pairs[chosen];
  const double was = bench.difference(pair);
  EXPECT_EQ(training.step(batch, bench.writer), 1);  // 2.04 uS
  EXPECT_NEAR(bench.difference(pair), was + 3.0 * step, 6.0 / 32.0);
  EXPECT_NEAR(training.accumulators()[chosen], was + 3.0 * step - bench.difference(pair),
              2.0 / 32.0);
  EXPECT_NEAR(training.accumulators()[kInput], -3.0 * step / 9.0, 1e-9);

  int changed = 0;
  for (size_t pe = 0; pe < before.size(); ++pe) {
    const MacroState after = bench.macros[pe].save_state();
    for (size_t cell = 0; cell < after.cells.size(); ++cell) {
      changed += after.cells[cell] == before[pe].cells[cell] ? 0 : 1;
    }
  }
  EXPECT_EQ(changed, static_cast<int>(bench.writer.counters().cells));
  EXPECT_LE(changed, 2);
}

}  // namespace
}  // namespace mcnn::testing
