// SPDX-License-Identifier: Apache-2.0
// ONNX files become networks in floating point that give what the operations say, and integer
// networks near to them; files that are no such networks are refused by name.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/index.h"
#include "host/import/onnx_import.h"
#include "host/import/quantiser.h"
#include "host/network/idx.h"
#include "host/network/image_files.h"
#include "host/network/integer_network.h"
#include "tests/support/errors.h"
#include "tests/support/onnx_builder.h"
#include "tests/support/random.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/import/random_model.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;

class Import : public ::testing::Test {
 protected:
  OnnxModel load(const std::string& bytes) {
    write_file(folder_ / "model.onnx", bytes);
    return load_onnx((folder_ / "model.onnx").string());
  }
  FloatNetwork import(const RandomModel& model) {
    return import_onnx(load(model.bytes),
                       {{model.images.channels, model.images.height, model.images.width},
                        {{model.scale, -model.mean * model.scale}}});
  }

  const TemporaryFolder folder_{"mcnn_import"};
};

TEST_F(Import, FloatingPointGivesWhatTheOperationsSay) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const RandomModel model = random_model(seed, 3);
    const FloatNetwork network = import(model);
    for (int i = 0; i < model.images.count; ++i) {
      const std::vector<float> logits = evaluate(network, model.images.image(i));
      const std::vector<double>& expected = model.logits[to_index(i)];
      ASSERT_EQ(logits.size(), expected.size());
      for (size_t k = 0; k < expected.size(); ++k) {
        EXPECT_NEAR(logits[k], expected[k], 1e-4 * (1.0 + std::abs(expected[k])));
      }
    }
  }
}

// What is said of the last layer is what the integer network itself gives.
TEST_F(Import, IntegerNetworksAreNear) {
  double least = 1e9;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const RandomModel model = random_model(seed, 40);
    const FloatNetwork exact = import(model);
    const QuantisedNetwork quantised = quantise(exact, model.images);
    const IntegerNetwork integer(quantised.network);
    for (const Layer& layer : integer.network().layers) {
      EXPECT_NE(layer.type, LayerType::kAdd) << layer.name << " is no part of a convolution";
    }
    double signal = 0.0;
    double noise = 0.0;
    for (int i = 0; i < model.images.count; ++i) {
      const std::vector<int32_t> logits = integer.classify(model.images.image(i)).logits;
      for (size_t k = 0; k < logits.size(); ++k) {
        const double wanted = model.logits[to_index(i)][k];
        const double error = logits[k] * quantised.layers.back().step - wanted;
        signal += wanted * wanted;
        noise += error * error;
      }
    }
    const double snr = 10.0 * std::log10(signal / noise);
    EXPECT_NEAR(snr, quantised.layers.back().snr_db, 0.01);
    EXPECT_GT(snr, 16.0);
    least = std::min(least, snr);
    EXPECT_EQ(parse_network(network_to_json(quantised.network), "again").layers.size(),
              quantised.network.layers.size());
  }
  RecordProperty("least_snr_dB", fmt::format("{:.1f}", least));
}

TEST_F(Import, IsTheSameEveryTimeOnAnyThreads) {
  const RandomModel model = random_model(7, 20);
  const std::string first = network_to_json(quantise(import(model), model.images).network);
  for (const unsigned jobs : {1U, 2U, 5U}) {
    EXPECT_EQ(network_to_json(quantise(import(model), model.images, jobs).network), first);
  }
}

// Each is an error, or a network that runs.
TEST_F(Import, MutatedFilesAreErrorsOrRun) {
  Random random(11);
  int errors = 0;
  for (int round = 0; round < 600; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    RandomModel model = random_model(1 + static_cast<uint64_t>(round) % 20, 2);
    std::string& bytes = model.bytes;
    const auto place = [&] {
      return to_index(random.between(0, static_cast<int>(bytes.size()) - 1));
    };
    for (int changes = random.between(1, 4); changes > 0 && !bytes.empty(); --changes) {
      switch (random.between(0, 3)) {
        case 0:
          bytes[place()] = static_cast<char>(random.between(0, 255));
          break;
        case 1:
          bytes.erase(place(), to_index(random.between(1, 8)));
          break;
        case 2:
          bytes.insert(place(), to_index(random.between(1, 8)), '\x7f');
          break;
        default:
          bytes.resize(place());
      }
    }
    try {
      const QuantisedNetwork quantised = quantise(import(model), model.images);
      IntegerNetwork(quantised.network).classify(model.images.image(0));
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()), "");
      ++errors;
    }
  }
  EXPECT_GT(errors, 300);
}

// One layer, with a change, on images of 1 x 4 x 4.
class Refused : public Import {
 protected:
  static void begin(OnnxBuilder& builder) {
    builder.input("image", {1, 1, 4, 4});
    builder.constant("w", {2, 1, 3, 3}, std::vector<double>(18, 0.5));
    builder.constant("m", {8, 3}, std::vector<double>(24, 0.25));
    builder.shape("s", {1, -1});
  }
  static void end(OnnxBuilder& builder, const std::string& from) {
    builder.node("Reshape", {from, "s"}, "flat");
    builder.node("MatMul", {"flat", "m"}, "logits");
    builder.output("logits");
  }
  void expect(const OnnxBuilder& builder, const std::vector<std::string>& parts) {
    const auto import = [&] { import_onnx(load(builder.bytes()), {{1, 4, 4}, {{1.0, 0.0}}}); };
    expect_parts(error_of(import), parts);
  }
};

TEST_F(Refused, ByTheNameOfTheNode) {
  struct Case {
    std::string op;
    std::vector<std::string> inputs;
    std::vector<OnnxBuilder::Attribute> attributes;
    std::vector<std::string> parts;
  };
  const std::vector<Case> cases = {
      {"Selu", {"conv"}, {}, {"Selu", "Relu", "train"}},
      {"Sigmoid", {"conv"}, {}, {"Sigmoid", "Relu"}},
      {"QLinearSigmoid", {"conv"}, {}, {"floating point", "QuantizeLinear"}},
      {"Resize", {"conv"}, {}, {"Resize", "no such operation", "Conv"}},
      {"Conv", {"conv", "nowhere"}, {}, {"'nowhere'", "no node before"}},
      {"Conv", {"conv", "w"}, {}, {"2 x 1 x 3 x 3", "2 channels"}},
      {"Conv", {"image", "conv"}, {}, {"'conv' is no constant"}},
      {"Conv", {"image", "w"}, {{"dilations", {6, 6}}}, {"dilations", "3", "13", "allowed are 11"}},
      {"Conv", {"image", "w"}, {{"pads", {1, -1, 1, 1}}}, {"pads", "-1"}},
      {"Conv", {"image", "w"}, {{"pads", {3, 3, 3, 3}}}, {"padding", "found 3", "0..2"}},
      {"Conv", {"image", "w"}, {{"strides", {9, 9}}}, {"stride", "found 9", "1..7"}},
      {"Conv", {"image", "w"}, {{"auto_pad", {}, "SAME"}}, {"auto_pad", "'SAME'"}},
      {"Pad", {"conv"}, {{"mode", {}, "reflect"}}, {"reflect", "constant"}},
      {"Reshape", {"conv", "w"}, {}, {"found the shape"}},
      {"Transpose", {"conv"}, {{"perm", {0, 1, 1, 2}}}, {"perm"}},
      {"Add", {"conv", "image"}, {}, {"1 x 2 x 2 x 2", "1 x 1 x 4 x 4", "one shape"}},
      {"Mul", {"conv", "w"}, {}, {"2 x 1 x 3 x 3", "one number a channel"}},
      {"MaxPool", {"conv"}, {}, {"kernel_shape"}},
      {"MaxPool", {"conv"}, {{"kernel_shape", {5, 5}}}, {"window", "5x5", "2x2"}},
      {"Relu", {"image"}, {}, {"image"}},
  };
  for (const Case& refused : cases) {
    SCOPED_TRACE(refused.op);
    OnnxBuilder builder;
    begin(builder);
    builder.node("Conv", {"image", "w"}, "conv");
    builder.node(refused.op, refused.inputs, "culprit", refused.attributes);
    end(builder, "culprit");
    std::vector<std::string> parts = refused.parts;
    parts.push_back("model.onnx: node 'culprit' (" + refused.op + "): ");
    expect(builder, parts);
  }
}

TEST_F(Refused, GraphsThatAreNoClassifiers) {
  {
    OnnxBuilder builder;
    begin(builder);
    builder.node("Conv", {"image", "w"}, "conv");
    builder.output("conv");
    expect(builder, {"'conv'", "last layer must be fully connected"});
  }
  {
    OnnxBuilder builder;
    begin(builder);
    builder.node("Conv", {"image", "w"}, "conv");
    builder.node("Conv", {"image", "w"}, "unread");
    end(builder, "conv");
    expect(builder, {"'unread'", "nothing reads"});
  }
  {
    OnnxBuilder builder;
    begin(builder);
    builder.input("second", {1, 4});
    builder.node("Conv", {"image", "w"}, "conv");
    end(builder, "conv");
    expect(builder, {"2 inputs", "one, the image"});
  }
  {
    OnnxBuilder builder;
    builder.input("image", {1, 3, 8, 8});
    builder.node("Relu", {"image"}, "relu");
    expect(builder, {"'image'", "1 x 3 x 8 x 8", "1 x 4 x 4"});
  }
  OnnxBuilder builder;
  begin(builder);
  builder.constant("broken", {3, 3}, {1.0});
  builder.node("Conv", {"image", "w"}, "conv");
  end(builder, "conv");
  expect(builder, {"'broken'", "1 numbers", "9"});
  expect_parts(error_of([&] { load("not ONNX at all"); }), {"model.onnx", "no ONNX model"});
  expect_parts(error_of([&] { load_onnx((folder_ / "none").string()); }), {"none"});
}

// Networks of others (ONNX_DIR=folder), on digits and on pictures in colour: each is imported or
// refused by name. It does not lose more than half a point on digits, one and a half on pictures,
// of which there are fewer.
TEST_F(Import, NetworksOfOthers) {
  const char* const folder = std::getenv("ONNX_DIR");
  if (folder == nullptr) GTEST_SKIP() << "ONNX_DIR names no folder with ONNX files";
  const std::string data = MCNN_DATA_DIR;
  struct Images {
    ImageSet calibration;
    Dataset test;
    std::vector<InputChannel> channels;
    double lost = 0.0;
  };
  std::vector<Images> sets;
  sets.push_back({read_images(data + "/mnist/train6k-images-idx3-ubyte.gz").data.images,
                  read_dataset(data + "/mnist/t10k-images-idx3-ubyte.gz",
                               data + "/mnist/t10k-labels-idx1-ubyte.gz"),
                  {{1.0 / 255.0, 0.0}},
                  0.005});
  const Dataset pictures = read_images(data + "/cifar10/test800.bin.gz").data;
  sets.push_back({pictures.images,
                  pictures,
                  {{1 / 63.0, -125.3 / 63.0}, {1 / 62.1, -123.0 / 62.1}, {1 / 66.7, -113.9 / 66.7}},
                  0.015});
  int files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx") continue;
    SCOPED_TRACE(entry.path());
    const std::string name = entry.path().filename().string();
    ++files;
    for (Images& images : sets) {
      ImageSet& calibration = images.calibration;
      calibration.count = std::min(calibration.count, 400);
      const ImageSet& test = images.test.images;
      try {
        const FloatNetwork exact = import_onnx(
            load_onnx(entry.path().string()),
            {{calibration.channels, calibration.height, calibration.width}, images.channels});
        const IntegerNetwork integer(quantise(exact, calibration).network);
        int right_exact = 0;
        int right = 0;
        for (int i = 0; i < test.count; ++i) {
          const std::vector<float> logits = evaluate(exact, test.image(i));
          const auto best = std::ranges::max_element(logits) - logits.begin();
          const int label = images.test.labels[to_index(i)];
          right_exact += best == label ? 1 : 0;
          right += integer.classify(test.image(i)).digit == label ? 1 : 0;
        }
        EXPECT_GE(right, right_exact - images.lost * test.count);
        std::printf("%s: floating point %d, integer %d of %d\n", name.c_str(), right_exact, right,
                    test.count);
      } catch (const Error& error) {
        expect_parts(error.what(), {name});
      }
    }
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace mcnn::testing
