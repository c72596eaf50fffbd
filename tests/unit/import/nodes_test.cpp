// SPDX-License-Identifier: Apache-2.0
// Single ONNX operations that become part of a layer: what each gives, worked out beside it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/index.h"
#include "host/import/onnx_import.h"
#include "host/import/quantiser.h"
#include "host/network/integer_network.h"
#include "tests/support/errors.h"
#include "tests/support/onnx_builder.h"
#include "tests/support/random.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

using Whole = OnnxBuilder::Whole;
using Numbers = std::vector<double>;
using Build =
    std::function<std::string(OnnxBuilder&)>;  // returns the name of the map that it gives

constexpr int kChannels = 2;
constexpr int kRows = 7;
constexpr int kColumns = 6;
constexpr double kScale = 1.0 / 32.0;  // a pixel

class Nodes : public ::testing::Test {
 protected:
  Nodes() {
    images_.count = 8;
    images_.channels = kChannels;
    images_.height = kRows;
    images_.width = kColumns;
    Random random(5);
    while (images_.pixels.size() < 8 * images_.image_size()) {
      images_.pixels.push_back(static_cast<uint8_t>(random.between(0, 255)));
    }
  }

  Numbers reals(int count, uint64_t seed) const {
    Random random(seed);
    Numbers numbers;
    for (int i = 0; i < count; ++i) numbers.push_back(random.between(-100, 100) / 128.0);
    return numbers;
  }

  FloatNetwork import(const std::string& bytes) const {
    write_file(folder_ / "model.onnx", bytes);
    return import_onnx(load_onnx((folder_ / "model.onnx").string()),
                       {{kChannels, kRows, kColumns}, {{kScale, 0.0}}});
  }

  // A model whose logits are the `size` pixels of a map.
  std::string bytes_of(const Build& build, int size) const {
    OnnxBuilder builder;
    builder.input("image", {1, kChannels, kRows, kColumns});
    Numbers identity(to_index(size * size), 0.0);
    for (int i = 0; i < size; ++i) identity[to_index(i * size + i)] = 1.0;
    builder.constant("identity", {size, size}, identity);
    const std::string map = build(builder);
    builder.node("Flatten", {map}, "flat");
    builder.node("MatMul", {"flat", "identity"}, "logits");
    builder.output("logits");
    return builder.bytes();
  }

  std::vector<std::vector<float>> run(const Build& build, int size) const {
    const FloatNetwork network = import(bytes_of(build, size));
    std::vector<std::vector<float>> all;
    for (int i = 0; i < images_.count; ++i) all.push_back(evaluate(network, images_.image(i)));
    return all;
  }

  // Both give the same, number by number.
  void expect_same(const Build& one, const Build& other, int size) const {
    const auto found = run(one, size);
    const auto expected = run(other, size);
    double most = 0.0;
    for (size_t i = 0; i < found.size(); ++i) {
      for (size_t k = 0; k < found[i].size(); ++k) {
        EXPECT_NEAR(found[i][k], expected[i][k], 1e-4) << "image " << i << ", value " << k;
        most = std::max(most, std::abs(double{expected[i][k]}));
      }
    }
    EXPECT_GT(most, 0.1);
  }

  std::string refusal(const Build& build, int size) const {
    return error_of([&] { import(bytes_of(build, size)); });
  }

  // 3 kernels of 3 x 3: 3 x 5 x 4.
  static constexpr int kMap = 60;
  std::string convolution(OnnxBuilder& builder) const {
    builder.constant("w", {3, kChannels, 3, 3}, reals(54, 1));
    builder.constant("b", {3}, reals(3, 2));
    builder.node("Conv", {"image", "w", "b"}, "conv");
    return "conv";
  }
  std::string rectified(OnnxBuilder& builder) const {
    builder.node("Relu", {convolution(builder)}, "relu");
    return "relu";
  }

  TemporaryFolder folder_{"mcnn_import_nodes"};
  ImageSet images_;
};

TEST_F(Nodes, ClipEndsTheActivation) {
  const auto plain = run([&](OnnxBuilder& b) { return convolution(b); }, kMap);
  for (const bool inputs : {true, false}) {
    const auto clipped = run(
        [&](OnnxBuilder& b) {
          convolution(b);
          b.constant("low", {}, {0.0});
          b.constant("high", {}, {1.5});
          if (inputs) {
            b.node("Clip", {"conv", "low", "high"}, "clip");
          } else {
            b.node("Clip", {"conv"}, "clip",
                   {{"min", {}, "", false, 0.0}, {"max", {}, "", false, 1.5}});
          }
          return std::string("clip");
        },
        kMap);
    int ended = 0;
    for (size_t i = 0; i < plain.size(); ++i) {
      for (size_t k = 0; k < plain[i].size(); ++k) {
        EXPECT_FLOAT_EQ(clipped[i][k], std::clamp(plain[i][k], 0.0F, 1.5F));
        ended += plain[i][k] > 1.5F ? 1 : 0;
      }
    }
    EXPECT_GT(ended, 10);
  }
  const auto between = [&](double low, double high) {
    return refusal(
        [&](OnnxBuilder& b) {
          convolution(b);
          b.node("Clip", {"conv"}, "clip",
                 {{"min", {}, "", false, low}, {"max", {}, "", false, high}});
          return std::string("clip");
        },
        kMap);
  };
  expect_parts(between(-1.0, 1.0), {"'clip' (Clip)", "-1..1", "allowed are 0 and a number above"});
  expect_parts(between(0.0, 0.0), {"0..0"});
}

TEST_F(Nodes, DilationsPutZerosBetweenWeights) {
  const Numbers weights = reals(3 * kChannels * 6, 3);  // 3 x 2
  Numbers spread(to_index(3 * kChannels * 15), 0.0);    // 5 x 3
  for (size_t i = 0; i < weights.size(); ++i) {
    const size_t tap = i % 6;
    spread[i / 6 * 15 + tap / 2 * 2 * 3 + tap % 2 * 2] = weights[i];
  }
  expect_same(
      [&](OnnxBuilder& b) {
        b.constant("w", {3, kChannels, 3, 2}, weights);
        b.node("Conv", {"image", "w"}, "conv", {{"dilations", {2, 2}}, {"pads", {1, 0, 1, 1}}});
        return std::string("conv");
      },
      [&](OnnxBuilder& b) {
        b.constant("w", {3, kChannels, 5, 3}, spread);
        b.node("Conv", {"image", "w"}, "conv", {{"pads", {1, 0, 1, 1}}});
        return std::string("conv");
      },
      3 * 5 * 5);
}

// A graph that swaps rows and columns has kernels that are swapped too.
TEST_F(Nodes, KernelsTurnWithTheMap) {
  const Numbers weights = reals(3 * kChannels * 6, 4);
  Numbers turned(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    const size_t tap = i % 6;  // 3 x 2 becomes 2 x 3
    turned[i / 6 * 6 + tap % 2 * 3 + tap / 2] = weights[i];
  }
  expect_same(
      [&](OnnxBuilder& b) {
        b.constant("w", {3, kChannels, 2, 3}, turned);
        b.node("Transpose", {"image"}, "turned", {{"perm", {0, 1, 3, 2}}});
        b.node("Conv", {"turned", "w"}, "conv");
        b.node("GlobalMaxPool", {"conv"}, "largest");
        return std::string("largest");
      },
      [&](OnnxBuilder& b) {
        b.constant("w", {3, kChannels, 3, 2}, weights);
        b.node("Conv", {"image", "w"}, "conv");
        b.node("GlobalMaxPool", {"conv"}, "largest");
        return std::string("largest");
      },
      3);
}

// Behind an activation a normalisation goes into the layer that reads it, through means.
TEST_F(Nodes, NormalisationBehindAnActivation) {
  const Numbers scale = {0.5, -1.25, 2.0};
  const Numbers offset = {0.25, 0.5, -0.75};
  const Numbers weights = reals(2 * 3 * 4, 6);
  const auto with = [&](const std::string& pool, const OnnxBuilder::Integers& pads) {
    return [&, pool, pads](OnnxBuilder& b) {
      std::string map = rectified(b);
      b.constant("scale", {3}, scale);
      b.constant("offset", {3}, offset);
      b.constant("mean", {3}, {0.0, 0.0, 0.0});
      b.constant("variance", {3}, {1.0, 1.0, 1.0});
      b.node("BatchNormalization", {map, "scale", "offset", "mean", "variance"}, "norm",
             {{"epsilon", {}, "", false, 0.0}});
      map = "norm";
      if (!pool.empty()) {
        b.node(pool, {map}, "pool", {{"kernel_shape", {2, 2}}});
        map = "pool";
      }
      b.constant("w2", {2, 3, 2, 2}, weights);
      b.node("Conv", {map, "w2"}, "conv2", {{"pads", pads}});
      return std::string("conv2");
    };
  };
  Numbers scaled = weights;
  Numbers biases(2, 0.0);
  for (size_t i = 0; i < weights.size(); ++i) {
    scaled[i] = weights[i] * scale[i / 4 % 3];
    biases[i / 12] += weights[i] * offset[i / 4 % 3];
  }
  const auto folded = [&](const std::string& pool) {
    return [&, pool](OnnxBuilder& b) {
      std::string map = rectified(b);
      if (!pool.empty()) {
        b.node(pool, {map}, "pool", {{"kernel_shape", {2, 2}}});
        map = "pool";
      }
      b.constant("w2", {2, 3, 2, 2}, scaled);
      b.constant("b2", {2}, biases);
      b.node("Conv", {map, "w2", "b2"}, "conv2");
      return std::string("conv2");
    };
  };
  expect_same(with("", {0, 0, 0, 0}), folded(""), 2 * 4 * 3);
  expect_same(with("AveragePool", {0, 0, 0, 0}), folded("AveragePool"), 2 * 3 * 2);
  expect_parts(refusal(with("MaxPool", {0, 0, 0, 0}), 12), {"(MaxPool)", "turns round"});
  expect_parts(refusal(with("", {1, 1, 1, 1}), 60), {"'conv2' (Conv)", "pads", "without padding"});
  expect_parts(refusal(
                   [&](OnnxBuilder& b) {
                     with("", {0, 0, 0, 0})(b);
                     b.node("Relu", {"norm"}, "relu2");
                     b.node("Flatten", {"relu2"}, "flat2");
                     return std::string("flat2");
                   },
                   kMap),
               {"'relu2' (Relu)", "BatchNormalization", "Conv, Gemm"});
}

// Weights of 8 bits with a scale a kernel, maps of 8 bits: the same as the numbers they stand for.
TEST_F(Nodes, QuantiseAndDequantise) {
  std::vector<int> levels;
  Numbers weights;
  const Numbers scales = {0.01, 0.02, 0.005};
  Random random(8);
  for (size_t i = 0; i < 54; ++i) {
    levels.push_back(random.between(-128, 127));
    weights.push_back(static_cast<float>(scales[i / 18]) * levels.back());
  }
  const double step = 0.0125;
  const auto real = [&](OnnxBuilder& b) {
    b.constant("w", {3, kChannels, 3, 3}, weights);
    b.constant("bias", {3}, {0.5, -0.25, 0.125});
    b.node("Conv", {"image", "w", "bias"}, "conv");
    b.node("Clip", {"conv"}, "clip",
           {{"min", {}, "", false, 0.0}, {"max", {}, "", false, 255 * step}});
    return std::string("clip");
  };
  const auto constants = [&](OnnxBuilder& b) {
    b.whole("levels", {3, kChannels, 3, 3}, levels, Whole::kSigned8);
    b.constant("scales", {3}, scales);
    b.whole("zeros", {3}, {0, 0, 0}, Whole::kSigned8);
    b.constant("step", {}, {step});
    b.whole("zero", {}, {0}, Whole::kUnsigned8);
    b.constant("pixel", {}, {kScale});
  };
  expect_same(
      [&](OnnxBuilder& b) {
        constants(b);
        b.constant("bias", {3}, {0.5, -0.25, 0.125});
        b.node("QuantizeLinear", {"image", "pixel", "zero"}, "q0");
        b.node("DequantizeLinear", {"q0", "pixel", "zero"}, "d0");
        b.node("DequantizeLinear", {"levels", "scales", "zeros"}, "w", {{"axis", {0}, "", false}});
        b.node("Conv", {"d0", "w", "bias"}, "conv");
        b.node("QuantizeLinear", {"conv", "step", "zero"}, "q1");
        b.node("DequantizeLinear", {"q1", "step", "zero"}, "d1");
        return std::string("d1");
      },
      real, kMap);
}

TEST_F(Nodes, OperationsOnQuantisedMaps) {
  std::vector<int> levels;
  Numbers weights;
  Random random(9);
  const double scale = 0.015625;
  for (size_t i = 0; i < 54; ++i) {
    levels.push_back(random.between(-128, 127));
    weights.push_back(scale * levels.back());
  }
  const double step = 0.0625;
  expect_same(
      [&](OnnxBuilder& b) {
        b.whole("levels", {3, kChannels, 3, 3}, levels, Whole::kSigned8);
        b.constant("scale", {}, {scale});
        b.whole("zero8", {}, {0}, Whole::kSigned8);
        b.constant("step", {}, {step});
        b.whole("zero", {}, {0}, Whole::kUnsigned8);
        b.constant("pixel", {}, {kScale});
        b.whole("bias", {3}, {1000, -500, 200}, Whole::k32);
        b.node("QuantizeLinear", {"image", "pixel", "zero"}, "q0");
        b.node("QLinearConv",
               {"q0", "pixel", "zero", "levels", "scale", "zero8", "step", "zero", "bias"}, "q1");
        b.node("DequantizeLinear", {"q1", "step", "zero"}, "d1");
        return std::string("d1");
      },
      [&](OnnxBuilder& b) {
        b.constant("w", {3, kChannels, 3, 3}, weights);
        const double unit = scale * kScale;
        b.constant("bias", {3}, {1000 * unit, -500 * unit, 200 * unit});
        b.node("Conv", {"image", "w", "bias"}, "conv");
        b.node("Clip", {"conv"}, "clip",
               {{"min", {}, "", false, 0.0}, {"max", {}, "", false, 255 * step}});
        return std::string("clip");
      },
      kMap);
}

TEST_F(Nodes, QuantOfFewBits) {
  const Numbers weights = reals(54, 10);
  const auto quant = [&](double bits, bool weights_only, bool with_sign) {
    return [&, bits, weights_only, with_sign](OnnxBuilder& b) {
      b.constant("real", {3, kChannels, 3, 3}, weights);
      b.constant("scale", {}, {0.25});
      b.constant("zero", {}, {0.0});
      b.constant("bits", {}, {bits});
      b.node("Quant", {"real", "scale", "zero", "bits"}, "w",
             {{"signed", {1}, "", false}, {"narrow", {1}, "", false}});
      b.node("Conv", {"image", "w"}, "conv");
      if (weights_only) return std::string("conv");
      b.node("Quant", {"conv", "scale", "zero", "bits"}, "pixels",
             {{"signed", {with_sign ? 1 : 0}, "", false}});
      return std::string("pixels");
    };
  };
  Numbers rounded;
  for (const double weight : weights) {
    rounded.push_back(0.25 * std::clamp(std::nearbyint(weight / 0.25), -1.0, 1.0));
  }
  expect_same(
      quant(2, true, true),
      [&](OnnxBuilder& b) {
        b.constant("w", {3, kChannels, 3, 3}, rounded);
        b.node("Conv", {"image", "w"}, "conv");
        return std::string("conv");
      },
      kMap);
  EXPECT_EQ(refusal(quant(4, false, false), kMap), "no error");
  EXPECT_EQ(refusal(quant(8, false, true), kMap), "no error");
  expect_parts(refusal(quant(2, false, false), kMap), {"'pixels' (Quant)", "2 bits", "4 or more"});
  expect_parts(refusal(quant(7, false, true), kMap), {"7 bits with a sign", "8 or more"});
  expect_parts(refusal(quant(0.5, true, true), kMap), {"'w' (Quant)", "bit width", "0.5"});
}

// A network that was trained on the chip's own numbers keeps them: levels, biases, shifts, and so
// every logit. With a limit that is no power of two away it is fitted like any other.
TEST_F(Nodes, NetworksOfTheChipsNumbersStayAsTheyAre) {
  Random random(12);
  std::vector<int> first;
  std::vector<int> second;
  for (int i = 0; i < 54; ++i) first.push_back(random.between(-7, 7));
  for (int i = 0; i < 3 * 20 * 4; ++i) second.push_back(random.between(-7, 7));
  first[0] = 7;
  second[5] = -7;
  const std::vector<int> biases = {300, -450, 20};
  const double level1 = 0.0137;
  const double level2 = 0.0291;
  constexpr int kShift = 5;
  const auto model = [&](double limit) {
    OnnxBuilder b;
    const auto times = [](const std::vector<int>& numbers, double unit) {
      Numbers all;
      for (const int number : numbers) all.push_back(number * unit);
      return all;
    };
    b.input("image", {1, kChannels, kRows, kColumns});
    b.constant("w", {3, kChannels, 3, 3}, times(first, level1));
    b.constant("b", {3}, times(biases, level1 * kScale));
    b.constant("m", {60, 4}, times(second, level2));
    b.node("Conv", {"image", "w", "b"}, "conv");
    b.node("Clip", {"conv"}, "clip", {{"min", {}, "", false, 0.0}, {"max", {}, "", false, limit}});
    b.node("Flatten", {"clip"}, "flat");
    b.node("MatMul", {"flat", "m"}, "logits");
    b.output("logits");
    return quantise(import(b.bytes()), images_).network;
  };
  const double step = level1 * kScale * (1 << kShift);
  const Network network = model(255 * step);
  ASSERT_EQ(network.layers.size(), 2U);
  EXPECT_EQ(network.layers[0].shift, kShift);
  EXPECT_TRUE(std::ranges::equal(network.layers[0].weights, first));
  EXPECT_TRUE(std::ranges::equal(network.layers[0].biases, biases));
  EXPECT_EQ(network.layers[1].shift, 0);
  for (int k = 0; k < 4; ++k) {
    for (int i = 0; i < 60; ++i) {
      ASSERT_EQ(network.layers[1].weights[to_index(k * 60 + i)], second[to_index(i * 4 + k)]);
    }
  }
  // Where it is fitted, biases make up for what rounding pixels does to the mean.
  const std::vector<int32_t> none(4, 0);
  EXPECT_EQ(network.layers[1].biases, none);
  EXPECT_NE(model(255 * step * 1.3).layers[1].biases, none);
}

}  // namespace
}  // namespace mcnn::testing
