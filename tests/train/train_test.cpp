// SPDX-License-Identifier: Apache-2.0
// The trainer: what it trains is the integer network, number by number; a run that was broken off
// goes on to the same network.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/index.h"
#include "host/network/integer_network.h"
#include "host/tuning/train/evaluation.h"
#include "host/tuning/train/images.h"
#include "host/tuning/train/model.h"
#include "host/tuning/train/topology.h"
#include "host/tuning/train/training.h"
#include "tests/support/errors.h"
#include "tests/support/random.h"
#include "tests/support/random_graph.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::train {
namespace {

using ::mcnn::testing::Random;

Dataset random_images(const MapShape& shape, int count, int classes, std::uint64_t seed) {
  Random random(seed);
  Dataset data;
  data.images = {count, shape.channels, shape.height, shape.width, {}};
  for (int i = 0; i < count; ++i) {
    const int label = random.between(0, classes - 1);
    data.labels.push_back(static_cast<std::uint8_t>(label));
    // Something to learn: the label shifts the brightness of parts of the image.
    for (int p = 0; p < shape.size(); ++p) {
      const int base = p % classes == label ? 120 : 0;
      data.images.pixels.push_back(static_cast<std::uint8_t>(base + random.between(0, 135)));
    }
  }
  return data;
}

// Logits of the quantised model in whole numbers, and those of the integer network.
void expect_equal(const Model& model, const Network& network, const Dataset& data) {
  const torch::NoGradGuard no_grad;
  const Images images = to_tensors(data, 0, data.images.count);
  const torch::Tensor real = model.forward_quantised(
      batch_of(images, torch::arange(images.count()), {}), model.draw_errors(0));
  const IntegerNetwork integer(network);
  for (int i = 0; i < data.images.count; ++i) {
    const std::vector<std::int32_t> logits = integer.classify(data.images.image(i)).logits;
    for (std::size_t k = 0; k < logits.size(); ++k) {
      const double found =
          real[i][static_cast<std::int64_t>(k)].item<double>() / model.logit_unit();
      EXPECT_NEAR(found, logits[k], 1e-5 * std::abs(logits[k]) + 1e-3)
          << "image " << i << ", logit " << k;
    }
  }
}

// Libtorch's means have the same padding on opposite sides.
bool has_uneven_mean(const Layer& layer) {
  if (layer.type != LayerType::kAveragePool) return false;
  const Padding& padding = layer.pool->padding;
  return padding.top != padding.bottom || padding.left != padding.right;
}

TEST(Model, OfANetworkIsThatNetwork) {
  int residual = 0;
  int trained = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const Network network = ::mcnn::testing::random_graph(seed, 12);
    if (std::ranges::any_of(network.layers, has_uneven_mean)) continue;  // refused, by name
    ++trained;
    for (const Layer& layer : network.layers) residual += layer.adds() ? 1 : 0;
    const Model model(network, torch::kCPU);
    expect_equal(model, network, random_images(network.input, 4, 3, seed));
    const Network again = model.to_network();
    ASSERT_EQ(again.layers.size(), network.layers.size());
    for (std::size_t l = 0; l < again.layers.size(); ++l) {
      EXPECT_EQ(again.layers[l].weights, network.layers[l].weights);
      EXPECT_EQ(again.layers[l].biases, network.layers[l].biases);
    }
  }
  EXPECT_GT(residual, 5);
  EXPECT_GT(trained, 30);
}

// Every topology, calibrated on its real numbers.
TEST(Model, CalibratedIsTheIntegerNetwork) {
  for (const Topology& topology : topologies()) {
    if (topology.network.layers.size() > 40) continue;  // like the others, but slow
    SCOPED_TRACE(topology.name);
    torch::manual_seed(1);
    const Dataset data = random_images(topology.network.input, 20, 10, 3);
    Model model(topology.network, topology.normalised, torch::kCPU);
    const Images images = to_tensors(data, 0, 20);
    const torch::Tensor pixels = batch_of(images, torch::arange(20), {});
    for (int i = 0; i < 30; ++i) model.forward_real(pixels, true);
    const torch::Tensor normalised = model.forward_real(pixels);
    model.fold();
    EXPECT_LT((model.forward_real(pixels) - normalised).abs().max().item<double>(), 1e-3);
    model.calibrate(pixels, topology.weight_range, 0.002);
    const Network network = model.to_network();
    expect_equal(model, network, data);
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
      if (!network.layers[l].adds()) continue;
      EXPECT_EQ(parse_network(network_to_json(network), "again").layers[l].shift,
                network.layers[l].shift);
    }
  }
}

TEST(Topologies, HaveTheirPublishedSizes) {
  const auto weights = [](const std::string& name) {
    std::size_t count = 0;
    for (const Topology& topology : topologies()) {
      if (topology.name != name) continue;
      for (const Layer& layer : topology.network.layers) count += layer.weights.size();
    }
    return count;
  };
  EXPECT_EQ(weights("yao2020"), 2856U);
  EXPECT_EQ(weights("resnet8"), 77360U);
  EXPECT_EQ(weights("resnet20"), 270896U);
}

Topology small() {
  Topology topology = topologies()[1];
  topology.name = "small";
  return topology;
}

TEST(Training, GoesOnFromACheckpoint) {
  const ::mcnn::testing::TemporaryFolder folder{"mcnn_train"};
  const Topology topology = small();
  const Dataset data = random_images(topology.network.input, 2300, 10, 5);
  Settings settings;
  settings.epochs_float = 2;
  settings.epochs_quantised = 2;
  settings.held_out = 200;
  settings.augmentation = {1, 5, false};
  settings.shards = 2;
  settings.use_gpu = false;
  const std::string whole = network_to_json(train(topology, data, settings));
  settings.checkpoint = (folder / "checkpoint").string();
  settings.resume = true;
  struct BrokenOff {};
  settings.after_checkpoint = [] { throw BrokenOff(); };
  for (int epoch = 0; epoch < 4; ++epoch) {
    EXPECT_THROW(train(topology, data, settings), BrokenOff);
  }
  settings.after_checkpoint = nullptr;
  EXPECT_EQ(network_to_json(train(topology, data, settings)), whole);
  settings.noise = 0.1;
  expect_parts(error_of([&] { train(topology, data, settings); }),
               {"checkpoint", "noise 0.06", "noise 0.1"});
}

TEST(Training, MakesANetworkBetter) {
  Topology topology = small();
  const Dataset data = random_images(topology.network.input, 2300, 10, 6);
  Settings settings;
  settings.epochs_float = 1;
  settings.epochs_quantised = 0;
  settings.held_out = 300;
  settings.use_gpu = false;
  topology.network = train(topology, data, settings);
  const Dataset test = random_images(topology.network.input, 500, 10, 7);
  const double before = accuracy(topology.network, test);
  topology.has_weights = true;
  topology.keep_last = true;
  settings.epochs_quantised = 4;
  const Network after = train(topology, data, settings);
  EXPECT_GT(accuracy(after, test), before);
}

}  // namespace
}  // namespace mcnn::train
