// SPDX-License-Identifier: Apache-2.0
// mcnn import: a file in, a network file out that the other commands run; its errors.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/onnx_builder.h"
#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

class ImportCommand : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    OnnxBuilder builder;
    std::vector<double> kernels;
    for (int i = 0; i < 18; ++i) kernels.push_back((i * 7 % 11 - 5) / 5.0);
    std::vector<double> matrix;
    for (int i = 0; i < 2 * 9 * 3; ++i) matrix.push_back((i * 5 % 13 - 6) / 6.0);
    builder.input("image", {-1, 1, 8, 8});
    builder.constant("w", {2, 1, 3, 3}, kernels);
    builder.constant("m", {18, 3}, matrix);
    builder.node("Conv", {"image", "w"}, "conv");
    builder.node("Relu", {"conv"}, "relu");
    builder.node("MaxPool", {"relu"}, "pool", {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}});
    builder.node("Flatten", {"pool"}, "flat");
    builder.node("Gemm", {"flat", "m"}, "logits");
    builder.output("logits");
    write_file(path("model.onnx"), builder.bytes());
    std::string images = idx_images(20, 8, 8);
    for (std::size_t i = 16; i < images.size(); ++i) images[i] = static_cast<char>(i * 89 % 251);
    write_file(path("images"), images);
    write_file(path("labels"), idx_labels(20, 2));
  }

  std::vector<std::string> arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"import",      path("model.onnx").string(),
                                    "--calibrate", path("images").string(),
                                    "--out",       out("net.json").string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

TEST_F(ImportCommand, WritesANetworkThatRuns) {
  const CommandResult result = run_mcnn(
      arguments({"--images", path("images").string(), "--labels", path("labels").string()}));
  ASSERT_EQ(result.status, 0) << result.err;
  for (const char* part : {"conv ", "logits ", "SNR", "20 images: floating point ", "wrote "}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << " is not in " << result.out;
  }
  const std::vector<std::string> run = {"--network", out("net.json").string(),
                                        "--images",  path("images").string(),
                                        "--labels",  path("labels").string()};
  for (const char* engine : {"integer", "model"}) {
    std::vector<std::string> words = {engine};
    words.insert(words.end(), run.begin(), run.end());
    const CommandResult ran = run_mcnn(words);
    EXPECT_EQ(ran.status, 0) << ran.err;
  }
  const std::string first = read_file(out("net.json"));
  EXPECT_EQ(run_mcnn(arguments()).status, 0);
  EXPECT_EQ(read_file(out("net.json")), first) << "the same bits every time";
}

// Pictures of a folder give the network that the same pixels in IDX give; one of another size is
// refused by its name. CIFAR-10's files come with their labels.
TEST_F(ImportCommand, TakesEveryKindOfImages) {
  EXPECT_EQ(run_mcnn(arguments()).status, 0);
  const std::string first = read_file(out("net.json"));
  const std::string idx = read_file(path("images"));
  std::filesystem::create_directory(path("set"));
  for (std::size_t i = 0; i < 20; ++i) {
    write_file(path("set") / fmt::format("{:02}.pgm", i),
               "P5\n8 8\n255\n" + idx.substr(16 + 64 * i, 64));
  }
  write_file(path("set") / "notes.txt", "not a picture");
  const auto from_folder = [&] {
    std::vector<std::string> words = arguments();
    words[3] = path("set").string();
    return run_mcnn(words);
  };
  const CommandResult folder = from_folder();
  ASSERT_EQ(folder.status, 0) << folder.err;
  EXPECT_NE(folder.out.find("--calibrate: 1 other file of the folder left out"), std::string::npos)
      << folder.out;
  const auto layers = [](const std::string& text) { return text.substr(text.find("\"input\"")); };
  EXPECT_EQ(layers(read_file(out("net.json"))), layers(first));
  write_file(path("set") / "07.pgm", "P5\n9 8\n255\n" + std::string(72, 'x'));
  const CommandResult refused = from_folder();
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("07.pgm: found a picture of 1 x 8 x 9"), std::string::npos)
      << refused.err;

  OnnxBuilder builder;
  std::vector<double> matrix;
  for (int i = 0; i < 3 * 10; ++i) matrix.push_back((i * 5 % 13 - 6) / 6.0);
  builder.constant("w", {3, 3, 1, 1}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  builder.input("image", {-1, 3, 32, 32});
  builder.constant("m", {3, 10}, matrix);
  builder.node("Conv", {"image", "w"}, "colours");
  builder.node("Relu", {"colours"}, "relu");
  builder.node("GlobalAveragePool", {"relu"}, "mean");
  builder.node("Flatten", {"mean"}, "flat");
  builder.node("Gemm", {"flat", "m"}, "logits");
  builder.output("logits");
  write_file(path("model.onnx"), builder.bytes());
  const std::string cifar = MCNN_DATA_DIR "/cifar10/test800.bin.gz";
  const CommandResult colour =
      run_mcnn({"import", path("model.onnx").string(), "--calibrate", cifar, "--images", cifar,
                "--out", out("colour.json").string()});
  ASSERT_EQ(colour.status, 0) << colour.err;
  EXPECT_NE(colour.out.find("800 images: floating point "), std::string::npos) << colour.out;
}

// A residual block behind a mean: what is imported runs on a chip, which pads with 0.
TEST_F(ImportCommand, ResidualNetworksRunOnAChip) {
  OnnxBuilder builder;
  const auto numbers = [](int count, int modulus) {
    std::vector<double> all;
    for (int i = 0; i < count; ++i) all.push_back((i * 7 % modulus - 5) / 12.0);
    return all;
  };
  builder.input("image", {-1, 1, 8, 8});
  builder.constant("w", {4, 1, 3, 3}, numbers(36, 11));
  builder.constant("w1", {4, 4, 3, 3}, numbers(144, 13));
  builder.constant("w2", {4, 4, 3, 3}, numbers(144, 9));
  builder.constant("m", {4, 3}, numbers(12, 5));
  const OnnxBuilder::Attribute pads{"pads", {1, 1, 1, 1}};
  builder.node("Conv", {"image", "w"}, "stem", {pads});
  builder.node("Relu", {"stem"}, "x");
  builder.node("Conv", {"x", "w1"}, "first", {pads});
  builder.node("Relu", {"first"}, "y");
  builder.node("Conv", {"y", "w2"}, "second", {pads});
  builder.node("Add", {"x", "second"}, "sum");
  builder.node("Relu", {"sum"}, "z");
  builder.node("GlobalAveragePool", {"z"}, "mean");
  builder.node("Flatten", {"mean"}, "flat");
  builder.node("Gemm", {"flat", "m"}, "logits");
  builder.output("logits");
  write_file(path("model.onnx"), builder.bytes());
  const CommandResult result = run_mcnn(arguments({"--mean", "90"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("padding of the image: pixels of 0"), std::string::npos) << result.out;
  const auto logits = [&](std::vector<std::string> words) {
    for (const std::string& word :
         {std::string("--network"), out("net.json").string(), std::string("--images"),
          path("images").string(), std::string("--logits"), out("logits.csv").string()}) {
      words.push_back(word);
    }
    const CommandResult ran = run_mcnn(words);
    EXPECT_EQ(ran.status, 0) << ran.err;
    const std::string text = read_file(out("logits.csv"));
    return text.substr(text.find('\n'));
  };
  EXPECT_EQ(logits({"model", "--config", "tiny4", "--device", "ideal"}), logits({"integer"}));
}

TEST_F(ImportCommand, Errors) {
  expect_plain_error({"import"}, {"MODEL is missing"});
  expect_plain_error({"import", path("model.onnx").string()}, {"--calibrate FILE is missing"});
  expect_plain_error(arguments({"--labels", "x"}), {"--images", "--labels"});
  expect_plain_error(arguments({"--calibration-count", "0"}), {"--calibration-count", "found 0"});
  expect_plain_error(arguments({"--scale", "0"}), {"--scale", "found 0", "above 0"});
  expect_plain_error(arguments({"--mean", "256"}), {"--mean", "found 256", "0..255"});
  expect_plain_error(arguments({"--mean", "1,2"}), {"--mean", "found 2 numbers", "1 channels"});
  expect_plain_error(arguments({"--images", path("images").string()}),
                     {"--labels", "missing", "none of its own"});
  write_file(path("wide"), idx_images(20, 8, 9));
  expect_plain_error(
      arguments({"--images", path("wide").string(), "--labels", path("labels").string()}),
      {"wide", "8 x 9", "8 x 8"});
  write_file(path("others"), idx_labels(20, 3));
  expect_plain_error(
      arguments({"--images", path("images").string(), "--labels", path("others").string()}),
      {"--labels", "label 3", "3 classes"});
  write_file(path("images"), idx_images(2, 8, 9));
  expect_plain_error(arguments(), {"model.onnx", "input 'image'", "-1 x 1 x 8 x 8", "1 x 8 x 9"});
  write_file(path("model.onnx"), "nonsense");
  expect_plain_error(arguments(), {"model.onnx", "no ONNX model"});
}

}  // namespace
}  // namespace mcnn::testing
