// SPDX-License-Identifier: Apache-2.0
// Residual networks as they are imported run on a chip: every add becomes part of a convolution,
// whatever meets in it, and the chip model with ideal devices gives the integer network's logits.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "behavioral_models/device_card.h"
#include "common/index.h"
#include "host/engine/chip_model.h"
#include "host/import/chip_adds.h"
#include "host/import/onnx_import.h"
#include "host/import/quantiser.h"
#include "host/mapping/mapper.h"
#include "host/network/integer_network.h"
#include "tests/support/errors.h"
#include "tests/support/onnx_builder.h"
#include "tests/support/random.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

constexpr int kChannels = 3;
constexpr int kSide = 10;
constexpr int kImages = 60;

// Nodes of a residual network. The map before them has 4 channels of 10 x 10 pixels and a Relu.
class Graph {
 public:
  Graph(OnnxBuilder& builder, uint64_t seed) : builder_(builder), random_(seed) {}

  std::string convolution(const std::string& from, int channels, int kernels, int size = 3,
                          int stride = 1) {
    std::string name = next("conv");
    constant(name + ".w", {kernels, channels, size, size}, 1.6 / std::sqrt(channels * size * size));
    constant(name + ".b", {kernels}, 0.1);
    builder_.node(
        "Conv", {from, name + ".w", name + ".b"}, name,
        {{"pads", {size / 2, size / 2, size / 2, size / 2}}, {"strides", {stride, stride}}});
    return name;
  }
  std::string relu(const std::string& from) { return node("Relu", {from}); }
  std::string sum(const std::string& a, const std::string& b) { return node("Add", {a, b}); }
  std::string maximum(const std::string& from) {
    std::string name = next("max");
    builder_.node("MaxPool", {from}, name, {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}});
    return name;
  }
  // Two convolutions around which `from` goes.
  std::string block(const std::string& from) {
    return relu(sum(convolution(relu(convolution(from, 4, 4)), 4, 4), from));
  }
  std::string dense(const std::string& from, int inputs, int outputs) {
    std::string name = next("dense");
    constant(name + ".w", {inputs, outputs}, 1.5 / std::sqrt(inputs));
    builder_.node("MatMul", {from, name + ".w"}, name);
    return name;
  }
  std::string node(const std::string& op, const std::vector<std::string>& inputs) {
    std::string name = next(op);
    builder_.node(op, inputs, name);
    return name;
  }

 private:
  std::string next(const std::string& what) { return fmt::format("{}_{}", what, ++names_); }
  void constant(const std::string& name, const std::vector<int64_t>& dims, double scale) {
    int64_t count = 1;
    for (const int64_t dim : dims) count *= dim;
    std::vector<double> numbers;
    for (int64_t i = 0; i < count; ++i) {
      numbers.push_back(scale * random_.between(-1000, 1000) / 1000.0);
    }
    builder_.constant(name, dims, numbers);
  }

  OnnxBuilder& builder_;
  Random random_;
  int names_ = 0;
};

struct ResidualCase {
  std::string name;
  // From a map with Relu, 4 x 10 x 10, to one that a mean and a dense layer stand behind.
  std::function<std::string(Graph&, const std::string&)> build;
  int copies = 0;    // layers that copy a map
  int channels = 4;  // of the last map
};
void PrintTo(const ResidualCase& named, std::ostream* out) { *out << named.name; }

class Residual : public ::testing::TestWithParam<ResidualCase> {
 protected:
  Residual() {
    images_.count = kImages;
    images_.channels = kChannels;
    images_.height = kSide;
    images_.width = kSide;
    Random random(21);
    for (size_t i = 0; i < kImages * images_.image_size(); ++i) {
      const int base = static_cast<int>((i / 7 * 29) % 180);
      images_.pixels.push_back(static_cast<uint8_t>(base / 2 + random.between(0, 150)));
    }
  }

  FloatNetwork import(double mean) const {
    OnnxBuilder builder;
    Graph graph(builder, 4);
    builder.input("image", {1, kChannels, kSide, kSide});
    const std::string stem = graph.relu(graph.convolution("image", kChannels, 4));
    const std::string last = GetParam().build(graph, stem);
    const std::string flat = graph.node("Flatten", {graph.node("GlobalAveragePool", {last})});
    builder.output(graph.dense(flat, GetParam().channels, 5));
    write_file(folder_ / "model.onnx", builder.bytes());
    return import_onnx(load_onnx((folder_ / "model.onnx").string()),
                       {{kChannels, kSide, kSide}, {{1.0 / 64.0, -mean / 64.0}}});
  }

  // What a pixel is worth; of a residual sum the add says it.
  static double step_of(const QuantisedNetwork& quantised, const Layer& layer) {
    for (const std::string& name : {layer.part_name, layer.name}) {
      for (const QuantisedLayer& report : quantised.layers) {
        if (report.name == name) return report.step;
      }
    }
    return 0.0;
  }

  TemporaryFolder folder_{"mcnn_residual"};
  ImageSet images_;
};

TEST_P(Residual, FormOfTheChipGivesTheSame) {
  const FloatNetwork read = import(0.0);
  const FloatNetwork chip = with_chip_adds(read);
  const std::vector<Layer>& layers = chip.layers.layers;
  EXPECT_EQ(std::ssize(layers), std::ssize(read.layers.layers) + GetParam().copies);
  for (size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].type != LayerType::kAdd) continue;
    const Layer& sums = layers[to_index(layers[i].inputs[0])];
    const int stored = layers[i].inputs[1];
    EXPECT_TRUE(sums.has_weights() && sums.activation == Activation::kNone) << sums.name;
    EXPECT_NE(sums.inputs.front(), stored) << layers[i].name;
    EXPECT_NE(stored, kImage) << layers[i].name;
    for (size_t later = i + 1; later < layers.size(); ++later) {
      EXPECT_EQ(std::ranges::count(layers[later].inputs, stored), 0) << layers[later].name;
    }
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(evaluate(chip, images_.image(i)), evaluate(read, images_.image(i))) << "image " << i;
  }
}

// With a mean, the pixels around the image are others on the chip, and a line says so.
TEST_P(Residual, RunsOnTheChip) {
  ChipConfig config;
  config.num_pe = 16;
  config.windows = 4;
  config.lanes = 4;
  config.adc_bits = 9;
  config.num_buffers = 4;
  config.max_dim = 16;
  for (const double mean : {0.0, 90.0}) {
    SCOPED_TRACE(fmt::format("mean {}", mean));
    const FloatNetwork exact = import(mean);
    const QuantisedNetwork quantised = quantise(exact, images_);
    EXPECT_EQ(quantised.other_border, mean > 0.0);
    const IntegerNetwork integer(quantised.network);
    for (const Layer& layer : integer.network().layers) {
      if (!layer.adds()) continue;
      const Layer& stored = integer.network().layers[to_index(layer.inputs[1])];
      EXPECT_EQ(step_of(quantised, layer), step_of(quantised, stored)) << layer.name;
    }
    const MappedNetwork mapped = map_network(quantised.network, config);
    ChipModel chip(config, mapped.program, DeviceCard{}, 1);
    double signal = 0.0;
    double noise = 0.0;
    for (int i = 0; i < kImages; ++i) {
      const std::vector<int32_t> logits = integer.classify(images_.image(i)).logits;
      if (i < 6) {
        EXPECT_EQ(chip.run(i, images_.image(i)).logits, logits) << "image " << i;
      }
      const std::vector<float> wanted = evaluate(exact, images_.image(i));
      for (size_t k = 0; k < logits.size(); ++k) {
        const double error = logits[k] * quantised.layers.back().step - wanted[k];
        signal += double{wanted[k]} * wanted[k];
        noise += error * error;
      }
    }
    EXPECT_GT(10.0 * std::log10(signal / noise), 18.0);
  }
}

const std::vector<ResidualCase> kCases = {
    {"Identity", [](Graph& g, const std::string& x) { return g.block(x); }},
    {"Stream",  // one step for four maps
     [](Graph& g, const std::string& x) { return g.block(g.block(g.block(x))); }},
    {"Projection",
     [](Graph& g, const std::string& x) {
       const std::string inner = g.convolution(g.relu(g.convolution(x, 4, 6, 3, 2)), 6, 6);
       return g.relu(g.sum(inner, g.convolution(x, 4, 6, 1, 2)));
     },
     0, 6},
    {"BothOrders",
     [](Graph& g, const std::string& x) {
       const std::string around = g.convolution(x, 4, 4, 1);
       const std::string y =
           g.relu(g.sum(g.convolution(g.relu(g.convolution(x, 4, 4)), 4, 4), around));
       return g.relu(g.sum(y, g.convolution(g.relu(g.convolution(y, 4, 4)), 4, 4)));
     }},
    {"BranchWithRelu",
     [](Graph& g, const std::string& x) {
       return g.sum(x, g.relu(g.convolution(g.relu(g.convolution(x, 4, 4)), 4, 4)));
     },
     1},
    {"OneConvolution",  // which reads what it adds to
     [](Graph& g, const std::string& x) { return g.relu(g.sum(x, g.convolution(x, 4, 4))); }, 1},
    {"ReadAgain",
     [](Graph& g, const std::string& x) {
       const std::string y = g.relu(g.sum(x, g.convolution(g.relu(g.convolution(x, 4, 4)), 4, 4)));
       return g.relu(g.sum(x, g.convolution(y, 4, 4)));
     },
     1},
    {"Twice",  // a map and itself
     [](Graph& g, const std::string& x) { return g.block(g.sum(x, x)); }, 2},
    {"Maximum",
     [](Graph& g, const std::string& x) {
       return g.block(g.maximum(g.relu(g.convolution(x, 4, 4))));
     }},
    {"Image",
     [](Graph& g, const std::string& x) {
       return g.block(g.relu(g.convolution(g.relu(g.sum("image", g.convolution(x, 4, 3))), 3, 4)));
     },
     1},
    {"Signed",  // no Relu behind the sums
     [](Graph& g, const std::string& x) {
       const std::string y = g.sum(x, g.convolution(g.relu(g.convolution(x, 4, 4)), 4, 4));
       return g.sum(g.convolution(g.relu(g.convolution(y, 4, 8, 1)), 8, 4), y);
     }},
};

INSTANTIATE_TEST_SUITE_P(Blocks, Residual, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

// Vectors: the integer network adds them; the chip, which adds in convolutions alone, says so.
TEST(ResidualVectors, AreAdded) {
  OnnxBuilder builder;
  Graph graph(builder, 8);
  builder.input("image", {1, 1, 4, 4});
  const std::string flat = graph.node("Flatten", {"image"});
  const std::string a = graph.relu(graph.dense(flat, 16, 6));
  const std::string b = graph.relu(graph.dense(a, 6, 6));
  builder.output(graph.dense(graph.sum(a, b), 6, 3));
  const TemporaryFolder folder("mcnn_residual_vectors");
  write_file(folder / "model.onnx", builder.bytes());
  const FloatNetwork exact =
      import_onnx(load_onnx((folder / "model.onnx").string()), {{1, 4, 4}, {{1.0 / 64.0, 0.0}}});
  ImageSet images;
  images.count = 50;
  images.channels = 1;
  images.height = 4;
  images.width = 4;
  Random random(3);
  for (int i = 0; i < 50 * 16; ++i) {
    images.pixels.push_back(static_cast<uint8_t>(random.between(0, 255)));
  }
  const QuantisedNetwork quantised = quantise(exact, images);
  EXPECT_GT(quantised.layers.back().snr_db, 20.0);
  expect_parts(error_of([&] { map_network(quantised.network, ChipConfig{}); }),
               {"Add_6_sums", "sums that go on unrounded"});
}

}  // namespace
}  // namespace mcnn::testing
