// SPDX-License-Identifier: Apache-2.0
#include "host/engine/chip_model.h"

#include <map>
#include <optional>
#include <string>

#include "host/mapping/mapper.h"
#include "host/network/integer_network.h"
#include "host_test_util.h"
#include "plain_chip.h"
#include "suite_configs.h"
#include "tests/support/device_cards.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

constexpr ChipModel::Options kMaps{.skip = false, .maps = true};

constexpr CardNoise kNoise{.programming_sigma_uS = 0.5, .read_noise = 0.03, .adc_sigma_codes = 0.5};

// The ideal chip equals the integer network: every map, every logit, the class.
void expect_equal(const Network& network, uint64_t seed, const ChipConfig& config,
                  const MappedNetwork& mapped, int images) {
  ChipModel chip(config, mapped.program, DeviceCard{}, 1, kMaps);
  const IntegerNetwork integers(network);
  for (int i = 0; i < images; ++i) {
    const std::vector<uint8_t> pixels = suite_image(network, seed, i);
    const IntegerResult expected = integers.run(pixels);
    const ImageResult& found = chip.run(static_cast<uint32_t>(i), pixels);
    ASSERT_EQ(found.maps, expected.maps) << network.name << ", seed " << seed << ", image " << i;
    ASSERT_EQ(found.logits, expected.logits)
        << network.name << ", seed " << seed << ", image " << i;
    ASSERT_EQ(found.digit, expected.digit);
  }
}

class ChipModelSuite : public ::testing::TestWithParam<const char*> {};

TEST_P(ChipModelSuite, IdealChipEqualsTheIntegerNetwork) {
  const ChipConfig config = suite_config(GetParam());
  for (const SuiteCase& suite : network_suite(GetParam())) {
    SCOPED_TRACE(suite.name);
    expect_equal(suite.network, suite.seed, config,
                 map_network(suite.network, config, suite.options), 12);
  }
}

// The mapping changes neither maps nor logits: one replica a layer, any range, the paper's groups.
TEST_P(ChipModelSuite, MappingDoesNotChangeResults) {
  const ChipConfig config = suite_config(GetParam());
  for (const SuiteCase& suite : network_suite(GetParam())) {
    SCOPED_TRACE(suite.name);
    MappingOptions options;
    options.replicas.assign(suite.network.layers.size(), 1);
    options.range = 0;
    expect_equal(suite.network, suite.seed, config, map_network(suite.network, config, options), 3);
    options = {};
    options.kind = MappingKind::kPaper;
    expect_equal(suite.network, suite.seed, config, map_network(suite.network, config, options), 3);
  }
}

// Converters of 12 bits: no partial sum wraps, and dummy kernels stay at 0.
TEST_P(ChipModelSuite, WideConverters) {
  ChipConfig config = suite_config(GetParam());
  config.adc_bits = 12;
  for (const SuiteCase& suite : network_suite(GetParam())) {
    SCOPED_TRACE(suite.name);
    expect_equal(suite.network, suite.seed, config,
                 map_network(suite.network, config, suite.options), 3);
  }
}

// Networks of random geometry; those that do not fit say so.
TEST_P(ChipModelSuite, RandomGeometries) {
  const ChipConfig config = suite_config(GetParam());
  int fitting = 0;
  const uint64_t seeds = config.lanes == 2 && config.windows == 1 ? 300 : 80;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const Network network = random_network(seed, config.max_dim);
    const std::optional<MappedNetwork> mapped = map_if_it_fits(network, config);
    if (!mapped) continue;
    ++fitting;
    expect_equal(network, seed, config, *mapped, 3);
  }
  EXPECT_GE(fitting, static_cast<int>(seeds / 6));
}

// What the random graphs have to hold, so that the test says when they no longer do.
void count_features(const Network& network, std::map<std::string, int>& features) {
  const auto count = [&](const std::string& name, bool there) { features[name] += there ? 1 : 0; };
  for (const Layer& layer : network.layers) {
    const bool convolution = layer.type == LayerType::kConvolution;
    const bool adds = layer.adds();
    count("residual sum", adds);
    count("residual sum on a projection", adds && network.zero_point_of(layer.inputs[1]) != 0);
    count("sums of windows", layer.takes_sums());
    count("groups", layer.groups > 1);
    count("maximum", convolution && layer.pool.has_value());
    count("one row", convolution && layer.input.height == 1);
    count("kernel beyond a window", convolution && layer.kernel_rows > 4);
    count("uneven padding", convolution && layer.padding.top != layer.padding.bottom);
    count("zero point of the input", layer.input_zero_point != 0);
    count("signed pixels", layer.zero_point != 0);
  }
}

// Graphs with residual sums, groups and sums of windows: the integer network, and with noise the
// plain reading of the specification.
TEST_P(ChipModelSuite, RandomGraphs) {
  ChipConfig config = suite_config(GetParam());
  config.num_buffers = 4;
  int fitting = 0;
  std::map<std::string, int> features;
  for (uint64_t seed = 1; fitting < 100; ++seed) {
    const Network network = random_chip_network(seed, config);
    const std::optional<MappedNetwork> mapped = map_if_it_fits(network, config);
    if (!mapped) continue;
    ++fitting;
    count_features(network, features);
    expect_equal(network, seed, config, *mapped, 3);
    ChipModel chip(config, mapped->program, noisy_card(kNoise), 3);
    PlainChip plain(config, mapped->program, noisy_card(kNoise), 3);
    const std::vector<uint8_t> pixels = suite_image(network, seed, 1);
    ASSERT_EQ(chip.run(5, pixels).logits, plain.run(5, pixels)) << "seed " << seed;
  }
  for (const auto& [name, count] : features) EXPECT_GE(count, 1) << name;
}

INSTANTIATE_TEST_SUITE_P(Configurations, ChipModelSuite,
                         ::testing::Values("tiny", "yao2020", "tiny4", "lanes4", "lanes8_banks16",
                                           "windows2", "windows4", "windows8", "windows16"),
                         [](const auto& test) { return test.param; });

TEST(ChipModel, CountsOfOnePixel) {
  // One image of one bright pixel through a 1x1 kernel: every read and conversion can be counted by
  // hand.
  Network network;
  network.name = "pixel";
  network.input = {1, 1, 2};
  Layer layer;
  layer.type = LayerType::kFullyConnected;
  layer.kernels = 3;
  layer.weights = {1, 2, 3, -4, 5, -6};
  layer.biases = {0, 0, 0};
  network.layers = {layer};
  finish_network(network, "pixel");
  const ChipConfig config = named_config("tiny");
  const MappedNetwork mapped = map_network(network, config);
  ChipModel chip(config, mapped.program, DeviceCard{}, 1);
  // 0b00000101: planes 2 and 0 are read, six are zero; 3 kernels have 6 lines.
  const ImageResult& result = chip.run(0, std::vector<uint8_t>{5, 0});
  EXPECT_EQ(result.logits, (std::vector<int32_t>{5, 15, 25}));
  EXPECT_EQ(result.counters.beats, 1);
  EXPECT_EQ(result.counters.reads, 2);
  EXPECT_EQ(result.counters.skipped, 6);
  EXPECT_EQ(result.counters.conversions, 12);
  // 11 + two columns + 8 planes + two clocks of reduce, and the clock of the image.
  EXPECT_EQ(result.counters.clocks, 1 + 11 + 2 + 8 + 2);
  chip.set_options({.skip = true, .maps = false});
  EXPECT_EQ(chip.run(1, std::vector<uint8_t>{5, 0}).counters.clocks, 1 + 11 + 2 + 3 + 2);
  EXPECT_EQ(chip.run(2, std::vector<uint8_t>{0, 0}).counters.clocks, 1 + 11 + 2 + 2 + 2);
  EXPECT_EQ(chip.run(2, std::vector<uint8_t>{0, 0}).counters.skipped, 8);
  EXPECT_EQ(chip.totals().reads, 4);
  EXPECT_EQ(chip.row_counts(0).conversions, 24u);
  EXPECT_EQ(chip.read_counts().reads, 4u);
  chip.clear_counters();
  EXPECT_EQ(chip.totals().reads, 0);
  EXPECT_EQ(chip.read_counts().reads, 0u);
}

TEST(ChipModel, ClocksAreTheCycleModels) {
  const ChipConfig config = named_config("yao2020");
  const MappedNetwork mapped = map_network(random_yao2020(1), config);
  ChipModel chip(config, mapped.program, DeviceCard{}, 1);
  const ChipCounters& counters = chip.run(0, suite_image(random_yao2020(1), 1, 0)).counters;
  EXPECT_EQ(counters.clocks, 1826);
  EXPECT_EQ(counters.layer_clocks, (std::vector<int64_t>{1058, 695, 72}));
  EXPECT_EQ(counters.reads + counters.skipped, 8 * (130 * 6 + 84 * 6 + 6 * 2));
}

TEST(ChipModel, SkipChangesClocksOnly) {
  const ChipConfig config = named_config("yao2020");
  const Network network = random_yao2020(2);
  const MappedNetwork mapped = map_network(network, config);
  ChipModel plain(config, mapped.program, noisy_card(kNoise), 7, {.skip = false, .maps = true});
  ChipModel skip(config, mapped.program, noisy_card(kNoise), 7, {.skip = true, .maps = true});
  int64_t saved = 0;
  for (int i = 0; i < 6; ++i) {
    const std::vector<uint8_t> pixels = suite_image(network, 2, i);
    const ImageResult& a = plain.run(static_cast<uint32_t>(i), pixels);
    const ImageResult& b = skip.run(static_cast<uint32_t>(i), pixels);
    EXPECT_EQ(a.maps, b.maps);
    EXPECT_EQ(a.logits, b.logits);
    EXPECT_EQ(a.counters.reads, b.counters.reads);
    EXPECT_EQ(a.counters.skipped, b.counters.skipped);
    EXPECT_LE(b.counters.clocks, a.counters.clocks);
    saved += a.counters.clocks - b.counters.clocks;
  }
  EXPECT_GT(saved, 0);
}

TEST(ChipModel, NoiseDependsOnSeedAndImageOnly) {
  const ChipConfig config = named_config("yao2020");
  const Network network = random_yao2020(2);
  const MappedNetwork mapped = map_network(network, config);
  ChipModel first(config, mapped.program, noisy_card(kNoise), 7, kMaps);
  ChipModel second(config, mapped.program, noisy_card(kNoise), 7, kMaps);
  ChipModel other(config, mapped.program, noisy_card(kNoise), 8, kMaps);
  const std::vector<uint8_t> pixels = suite_image(network, 2, 0);
  const ImageResult image_0 = first.run(0, pixels);
  const ImageResult image_1 = first.run(1, pixels);
  EXPECT_NE(image_0.maps, image_1.maps);
  EXPECT_EQ(second.run(1, pixels).maps, image_1.maps);  // the other way round
  EXPECT_EQ(second.run(0, pixels).maps, image_0.maps);
  EXPECT_NE(other.run(0, pixels).maps, image_0.maps);
}

TEST_P(ChipModelSuite, EqualsThePlainReadingOfTheSpecificationWithNoise) {
  const ChipConfig config = suite_config(GetParam());
  for (const SuiteCase& suite : network_suite(GetParam())) {
    MappingOptions options = suite.options;
    options.limits = device_limits(noisy_card(kNoise));
    const MappedNetwork mapped = map_network(suite.network, config, options);
    ChipModel chip(config, mapped.program, noisy_card(kNoise), 3);
    PlainChip plain(config, mapped.program, noisy_card(kNoise), 3);
    for (int i = 0; i < 3; ++i) {
      const std::vector<uint8_t> pixels = suite_image(suite.network, suite.seed, i);
      ASSERT_EQ(chip.run(static_cast<uint32_t>(i), pixels).logits,
                plain.run(static_cast<uint32_t>(i), pixels))
          << suite.name << ", seed " << suite.seed << ", image " << i;
    }
  }
}

TEST(ChipModel, CodesOfMoreThanEightBits) {
  // All weights 7 and all pixels 255: the sum of a source line over the planes takes more than 16
  // bits.
  ChipConfig config = named_config("yao2020");
  config.adc_bits = 10;
  Network network;
  network.name = "wide";
  network.input = {1, 4, 4};
  Layer layer;
  layer.type = LayerType::kFullyConnected;
  layer.kernels = 2;
  layer.weights.assign(32, 7);
  layer.weights[20] = -7;
  layer.biases = {1, 2};
  network.layers = {layer};
  finish_network(network, "wide");
  const MappedNetwork mapped = map_network(network, config);
  EXPECT_EQ(mapped.layers[0].range, 3);
  ChipModel chip(config, mapped.program, DeviceCard{}, 1);
  EXPECT_EQ(chip.run(0, std::vector<uint8_t>(16, 255)).logits,
            (std::vector<int32_t>{16 * 7 * 255 + 1, 14 * 7 * 255 + 2}));
}

TEST(ChipModel, PartialSumsWrap) {
  // A bias at the top of the partial sum: one more wraps to the bottom, as in a register of
  // PsumBits bits.
  const ChipConfig config = named_config("tiny");
  Network network;
  network.name = "wrap";
  network.input = {1, 1, 1};
  Layer layer;
  layer.type = LayerType::kFullyConnected;
  layer.kernels = 1;
  layer.weights = {1};
  layer.biases = {0};
  network.layers = {layer};
  finish_network(network, "wrap");
  MappingOptions options;
  options.range = 0;
  ChipProgram program = map_network(network, config, options).program;
  program.biases[0][0] = (1 << 23) - 2;
  ChipModel chip(config, program, DeviceCard{}, 1);
  EXPECT_EQ(chip.run(0, std::vector<uint8_t>{1}).logits[0], (1 << 23) - 1);
  EXPECT_EQ(chip.run(0, std::vector<uint8_t>{2}).logits[0], -(1 << 23));
}

TEST(ChipModel, Errors) {
  const ChipConfig config = named_config("yao2020");
  ChipProgram program = map_network(random_yao2020(1), config).program;
  ChipModel chip(config, program, DeviceCard{}, 1);
  expect_parts(error_of([&] { chip.run(4, std::vector<uint8_t>(783)); }), "image 4",
               "found 783 pixels", "allowed: 784");
  program.layers[0].kernels = 17;
  expect_parts(error_of([&] { ChipModel(config, program, DeviceCard{}, 1); }), "KERNELS",
               "found 17");
}

}  // namespace
}  // namespace mcnn::testing
