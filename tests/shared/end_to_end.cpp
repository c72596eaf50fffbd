// SPDX-License-Identifier: Apache-2.0
// The end-to-end suite, the same for chip model and RTL: whole networks against the integer
// network, the chip model and the cycle model, with no tolerance anywhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "host/mapping/cycle_model.h"
#include "host/mapping/mapper.h"
#include "host/network/idx.h"
#include "host/network/integer_network.h"
#include "tests/shared/chip_under_test.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

ChipConfig configuration(const std::string& name) {
  return load_chip_config(std::string(MCNN_CONSTRAINTS_DIR) + "/" + name + ".params");
}

DeviceCard card(const std::string& name) {
  return load_device_card(std::string(MCNN_DATA_DIR) + "/devices/" + name + ".toml");
}

void expect_equal_counters(const ChipCounters& found, const ChipCounters& expected) {
  EXPECT_EQ(found.clocks, expected.clocks);
  EXPECT_EQ(found.beats, expected.beats);
  EXPECT_EQ(found.reads, expected.reads);
  EXPECT_EQ(found.skipped, expected.skipped);
  EXPECT_EQ(found.conversions, expected.conversions);
  EXPECT_EQ(found.stall_beat, expected.stall_beat);
  EXPECT_EQ(found.layer_clocks, expected.layer_clocks);
}

void expect_equal_maps(const std::vector<std::vector<std::uint8_t>>& found,
                       const std::vector<std::vector<std::uint8_t>>& expected,
                       const ChipProgram& program) {
  ASSERT_EQ(found.size(), program.maps.size());
  ASSERT_EQ(expected.size(), program.maps.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i], expected[i]) << "feature map of " << program.maps[i].name;
  }
}

// ------------------------------------------------------------------------------------------ every
// network of the suite

class EveryNetwork : public ::testing::TestWithParam<NamedCase> {
 protected:
  const ChipConfig config_ = configuration(GetParam().configuration);
  const Network& network_ = GetParam().suite_case.network;
  const std::uint64_t seed_ = GetParam().suite_case.seed;
  const MappedNetwork mapped_ = map_network(network_, config_, GetParam().suite_case.options);
  const ChipProgram& program_ = mapped_.program;
};

TEST_P(EveryNetwork, WithTheIdealCardIsTheIntegerNetwork) {
  const IntegerNetwork integer(network_);
  const auto chip = make_chip(config_, program_, card("ideal"), {});
  for (int i = 0; i < effort().suite_images; ++i) {
    const std::vector<std::uint8_t> pixels = suite_image(network_, seed_, i);
    SCOPED_TRACE(::testing::Message() << "image " << i);
    const IntegerResult expected = integer.run(pixels);
    const ImageResult found = chip->run_layers(static_cast<std::uint32_t>(i), pixels);
    expect_equal_maps(found.maps, expected.maps, program_);
    EXPECT_EQ(found.logits, expected.logits);
    EXPECT_EQ(found.digit, expected.digit);
    if (GetParam().suite_case.negative) {
      EXPECT_LT(*std::max_element(found.logits.begin(), found.logits.end()), 0);
    }
  }
}

TEST_P(EveryNetwork, TakesTheClocksOfTheCycleModel) {
  const ImageCycles cycles = image_cycles(program_, config_);
  const auto chip = make_chip(config_, program_, card("typical"), {});
  for (int i = 0; i < 2; ++i) {
    SCOPED_TRACE(::testing::Message() << "image " << i);
    const ChipCounters counters =
        chip->run_layers(static_cast<std::uint32_t>(i), suite_image(network_, seed_, i)).counters;
    EXPECT_EQ(counters.clocks, cycles.clocks);
    EXPECT_EQ(counters.beats, cycles.beats);
    EXPECT_EQ(counters.stall_beat, cycles.stall_beat);
    ASSERT_EQ(counters.layer_clocks.size(), cycles.passes.size());
    for (std::size_t row = 0; row < cycles.passes.size(); ++row) {
      EXPECT_EQ(counters.layer_clocks[row], cycles.passes[row].clocks) << "layer row " << row;
    }
  }
}

TEST_P(EveryNetwork, WithNoiseEqualsTheChipModelInEveryMapLogitAndCounter) {
  const DeviceCard typical = card("typical");
  for (const bool skip : {false, true}) {
    ChipModel model(config_, program_, typical, 7, {.skip = skip, .maps = true});
    const auto chip =
        make_chip(config_, program_, typical, {.skip = skip, .seed = 7, .bench_seed = 3});
    // Backwards: what an image gives must not depend on the images before it.
    for (int i = effort().suite_images - 1; i >= 0; --i) {
      SCOPED_TRACE(::testing::Message() << "image " << i << (skip ? ", zero planes skipped" : ""));
      const std::vector<std::uint8_t> pixels = suite_image(network_, seed_, i);
      const auto number = static_cast<std::uint32_t>(1000 + i);
      const ImageResult found = chip->run_layers(number, pixels);
      const ImageResult& expected = model.run(number, pixels);
      expect_equal_maps(found.maps, expected.maps, program_);
      EXPECT_EQ(found.logits, expected.logits);
      EXPECT_EQ(found.digit, expected.digit);
      expect_equal_counters(found.counters, expected.counters);
    }
  }
}

TEST_P(EveryNetwork, StreamsWhatItGivesLayerByLayer) {
  std::vector<std::vector<std::uint8_t>> images;
  std::vector<std::span<const std::uint8_t>> views;
  for (int i = 0; i < 2 * effort().suite_images; ++i)
    images.push_back(suite_image(network_, seed_, i));
  for (const std::vector<std::uint8_t>& image : images) views.emplace_back(image);
  const DeviceCard typical = card("typical");
  ChipModel model(config_, program_, typical, 1);
  for (const int stall_percent : {0, 30}) {
    const auto chip = make_chip(config_, program_, typical,
                                {.stall_percent = stall_percent, .bench_seed = seed_});
    const std::vector<Outcome> outcomes = chip->run_stream(50, views);
    ASSERT_EQ(outcomes.size(), views.size());
    for (std::size_t i = 0; i < views.size(); ++i) {
      const ImageResult& expected = model.run(static_cast<std::uint32_t>(50 + i), views[i]);
      EXPECT_EQ(outcomes[i].logits, expected.logits)
          << "image " << i << ", stalls " << stall_percent << " %";
      EXPECT_EQ(outcomes[i].digit, expected.digit)
          << "image " << i << ", stalls " << stall_percent << " %";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EndToEnd, EveryNetwork, ::testing::ValuesIn(all_cases()),
                         [](const ::testing::TestParamInfo<NamedCase>& info) {
                           return info.param.name();
                         });

// ------------------------------------------------------------------------------------------
// random graphs

// 75 networks a configuration, with zero planes skipped in every second one.
class RandomGraphs : public ::testing::TestWithParam<std::tuple<std::string, int>> {};

TEST_P(RandomGraphs, AreTheIntegerNetworkAndWithNoiseTheChipModel) {
  constexpr int kNetworks = 25;
  const auto& [name, part] = GetParam();
  const ChipConfig config = configuration(name);
  std::uint64_t seed = 1000 * static_cast<std::uint64_t>(part);
  for (int fitting = 0; fitting < kNetworks; ++seed) {
    const Network network = random_chip_network(seed, config);
    const std::optional<MappedNetwork> mapped = map_if_it_fits(network, config);
    if (!mapped) continue;
    ++fitting;
    SCOPED_TRACE(::testing::Message() << name << ", seed " << seed);
    const ChipProgram& program = mapped->program;
    const bool skip = fitting % 2 == 0;
    const std::vector<std::uint8_t> pixels = suite_image(network, seed, fitting);
    const IntegerResult integer = IntegerNetwork(network).run(pixels);
    const ImageResult ideal =
        make_chip(config, program, card("ideal"), {.skip = skip})->run_layers(1, pixels);
    expect_equal_maps(ideal.maps, integer.maps, program);
    EXPECT_EQ(ideal.logits, integer.logits);
    const DeviceCard typical = card("typical");
    ChipModel model(config, program, typical, 7, {.skip = skip, .maps = true});
    const auto chip =
        make_chip(config, program, typical, {.skip = skip, .seed = 7, .bench_seed = seed});
    const ImageResult found = chip->run_layers(3, pixels);
    const ImageResult& expected = model.run(3, pixels);
    expect_equal_maps(found.maps, expected.maps, program);
    EXPECT_EQ(found.logits, expected.logits);
    expect_equal_counters(found.counters, expected.counters);
    const std::vector<std::span<const std::uint8_t>> twice = {pixels, pixels};
    const std::vector<Outcome> stream = chip->run_stream(3, twice);
    EXPECT_EQ(stream.at(0).logits, expected.logits);
    EXPECT_EQ(stream.at(1).logits, model.run(4, pixels).logits);
    if (HasFailure()) return;
  }
  RecordProperty("last_seed", static_cast<int>(seed - 1));
}

INSTANTIATE_TEST_SUITE_P(EndToEnd, RandomGraphs,
                         ::testing::Combine(::testing::Values("yao2020", "tiny", "tiny4", "tiny64",
                                                              "macro128", "cifar"),
                                            ::testing::Range(1, 5)),
                         [](const ::testing::TestParamInfo<std::tuple<std::string, int>>& info) {
                           return std::get<0>(info.param) + "_" +
                                  std::to_string(std::get<1>(info.param));
                         });

// ---------------------------------------------------------------------------------------- the
// five-layer network on MNIST

class Mnist : public ::testing::Test {
 protected:
  std::vector<std::span<const std::uint8_t>> images(int count) const {
    std::vector<std::span<const std::uint8_t>> views;
    for (int i = 0; i < count; ++i) views.push_back(data_.images.image(i));
    return views;
  }

  const Dataset data_ =
      read_dataset(std::string(MCNN_DATA_DIR) + "/mnist/t10k-images-idx3-ubyte.gz",
                   std::string(MCNN_DATA_DIR) + "/mnist/t10k-labels-idx1-ubyte.gz");
  const Network network_ = load_network(std::string(MCNN_DATA_DIR) + "/networks/yao2020.json");
  const ChipConfig config_ = configuration("yao2020");
};

TEST_F(Mnist, WithTheIdealCardIsTheIntegerNetwork) {
  const int count = std::min(effort().ideal_images, data_.images.count);
  const MappedNetwork mapped = map_network(network_, config_);
  const IntegerNetwork integer(network_);
  const auto chip = make_chip(config_, mapped.program, card("ideal"), {});
  const auto views = images(count);
  const std::vector<Outcome> outcomes = chip->run_stream(0, views);
  ASSERT_EQ(outcomes.size(), views.size());
  for (std::size_t i = 0; i < views.size(); ++i) {
    const IntegerResult expected = integer.run(views[i]);
    ASSERT_EQ(outcomes[i].logits, expected.logits) << "image " << i;
    ASSERT_EQ(outcomes[i].digit, expected.digit) << "image " << i;
  }
}

TEST_F(Mnist, WithNoiseEqualsTheChipModelInEveryMapping) {
  const DeviceCard typical = card("typical");
  const auto views = images(effort().noisy_images);
  for (const MappingKind kind :
       {MappingKind::kDefault, MappingKind::kSliding, MappingKind::kPaper}) {
    MappingOptions options;
    options.kind = kind;
    const MappedNetwork mapped = map_network(network_, config_, options);
    ChipModel model(config_, mapped.program, typical, 11);
    const auto chip = make_chip(config_, mapped.program, typical, {.seed = 11});
    const std::vector<Outcome> outcomes = chip->run_stream(0, views);
    ASSERT_EQ(outcomes.size(), views.size());
    for (std::size_t i = 0; i < views.size(); ++i) {
      const ImageResult& expected = model.run(static_cast<std::uint32_t>(i), views[i]);
      ASSERT_EQ(outcomes[i].logits, expected.logits)
          << mapping_name(kind) << " mapping, image " << i;
      ASSERT_EQ(outcomes[i].digit, expected.digit) << mapping_name(kind) << " mapping, image " << i;
    }
  }
}

// The noise is there: without it the test above would say little.
TEST_F(Mnist, AnotherSeedGivesOtherLogits) {
  const MappedNetwork mapped = map_network(network_, config_);
  const auto views = images(1);
  const auto one =
      make_chip(config_, mapped.program, card("typical"), {.seed = 1})->run_stream(0, views);
  const auto again =
      make_chip(config_, mapped.program, card("typical"), {.seed = 1})->run_stream(0, views);
  const auto other =
      make_chip(config_, mapped.program, card("typical"), {.seed = 2})->run_stream(0, views);
  EXPECT_EQ(one, again);
  EXPECT_NE(one, other);
}

// An image's noise is its own: the same image under another number gives other logits.
TEST_F(Mnist, TheImageNumberKeysTheNoise) {
  const MappedNetwork mapped = map_network(network_, config_);
  const auto views = images(1);
  const auto chip = make_chip(config_, mapped.program, card("typical"), {.seed = 1});
  EXPECT_NE(chip->run_stream(0, views), chip->run_stream(1, views));
  EXPECT_EQ(chip->run_stream(1, views), chip->run_stream(1, views));
}

TEST_F(Mnist, TheDefaultMappingNeedsAtMost1850Clocks) {
  const MappedNetwork mapped = map_network(network_, config_);
  const auto chip = make_chip(config_, mapped.program, card("typical"), {});
  EXPECT_LE(chip->run_layers(0, data_.images.image(0)).counters.clocks, 1850);
}

}  // namespace
}  // namespace mcnn::testing
