// SPDX-License-Identifier: Apache-2.0
// mcnn on pictures of every kind of file: the same pixels give the same logits, and what was done
// to them is said.
#include "tests/support/pictures.h"

#include <gtest/gtest.h>
#include <png.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

using nlohmann::json;

constexpr std::size_t kPlane = 32 * 32;

// The bytes of image i of a set, one channel after the other.
std::string planes_of(int i) {
  std::string planes;
  for (std::size_t p = 0; p < 3 * kPlane; ++p) {
    planes += static_cast<char>((p * 31 + p / 9 * static_cast<std::size_t>(i) + p / kPlane) & 0xFF);
  }
  return planes;
}

std::string png_of(const std::string& planes) {
  std::vector<std::uint8_t> rows;
  for (std::size_t p = 0; p < kPlane; ++p) {
    for (std::size_t c = 0; c < 3; ++c) {
      rows.push_back(static_cast<std::uint8_t>(planes[c * kPlane + p]));
    }
  }
  return png_bytes(32, 32, rows, {PNG_COLOR_TYPE_RGB, 8, false, {}, {}});
}

// Three channels, a convolution and ten classes.
json colour_network() {
  json network = json::parse(R"({
    "format": "mcnn-network-2", "name": "colour",
    "input": {"channels": 3, "height": 32, "width": 32, "zero_point": 120},
    "layers": [
      {"type": "convolution", "name": "C1", "inputs": ["image"], "kernels": 4, "kernel": 4,
       "stride": 4, "weights": [], "biases": [100, -50, 0, 7], "shift": 5, "activation": "relu"},
      {"type": "max_pool", "name": "P2", "inputs": ["C1"], "window": 2},
      {"type": "fully_connected", "name": "FC", "inputs": ["P2"], "outputs": 10, "weights": [],
       "biases": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "shift": 0,
       "activation": "logits"}]})");
  for (const auto& [layer, kernels, inputs] : {std::array{0, 4, 48}, std::array{2, 10, 64}}) {
    for (int k = 0; k < kernels; ++k) {
      std::string weights;
      for (int i = 0; i < inputs; ++i) weights += "gfedcba01234567"[(5 * i + 3 * k + i * k) % 15];
      network["layers"][layer]["weights"].push_back(weights);
    }
  }
  return network;
}

class Pictures : public CliRuns {
 protected:
  Pictures() { write_file(path("net.json"), colour_network().dump()); }

  std::vector<std::string> integer(const std::string& images,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"integer", "--network", path("net.json").string(),
                                          "--images", path(images).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

TEST_F(Pictures, ACifar10FileAFolderAndIdxGiveTheSameLogits) {
  std::string cifar;
  std::string idx{0, 0, 8, 4, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 32, 0, 0, 0, 32};
  std::string labels;
  for (int i = 0; i < 3; ++i) {
    const std::string planes = planes_of(i);
    const int label = 9 - 4 * i;
    cifar += static_cast<char>(label) + planes;
    idx += planes;
    labels += std::to_string(label) + "\n";
    write_file(path("set/" + std::to_string(i) + ".png"), png_of(planes));
  }
  write_file(path("test.bin"), cifar);
  write_file(path("idx"), idx);
  write_file(path("labels"), labels);
  const std::string expected = logits(integer("test.bin"));
  EXPECT_NE(expected.find("\n0,9,"), std::string::npos) << expected;
  EXPECT_NE(expected.find("\n2,1,"), std::string::npos) << expected;
  const std::vector<std::string> labelled = {"--labels", path("labels").string()};
  EXPECT_EQ(logits(integer("set", labelled)), expected);
  EXPECT_EQ(logits(integer("idx", labelled)), expected);
  EXPECT_EQ(run_mcnn(integer("test.bin")).out.find("images:"), std::string::npos);
}

TEST_F(Pictures, WhatWasDoneIsSaid) {
  write_file(path("grey.png"), png_bytes(40, 36, std::vector<std::uint8_t>(40 * 36, 9), {}));
  expect_error(integer("grey.png"),
               {"grey.png", "1 x 36 x 40", "3 x 32 x 32", "--fit scale", "--fit crop"});
  EXPECT_NE(run_mcnn(integer("grey.png", {"--fit", "scale"}))
                .out.find("\nimages: grey to three equal channels, 36 x 40 scaled to 32 x 32\n"),
            std::string::npos);
  const CommandResult run = run_mcnn(integer("grey.png", {"--fit", "crop", "--invert"}));
  EXPECT_NE(run.out.find("\nimages: grey to three equal channels, the centre of 36 x 40, 32 x 32, "
                         "inverted (255 - pixel)\n"),
            std::string::npos)
      << run.out << run.err;
  const std::string inverted = logits(integer("grey.png", {"--fit", "crop", "--invert"}));
  EXPECT_NE(result_.dump().find("--fit crop --invert"), std::string::npos) << result_.dump();
  write_file(path("other.pgm"), "P5 32 32 255\n" + std::string(kPlane, static_cast<char>(246)));
  EXPECT_EQ(logits(integer("other.pgm")), inverted);
}

TEST_F(Pictures, Errors) {
  std::string cut = png_of(planes_of(1));
  cut.resize(cut.size() - 20);
  write_file(path("cut.png"), cut);
  write_file(path("cut.bin"), std::string(3000, 1));
  write_file(path("empty/none"), "");
  write_file(path("test.bin"), std::string(3073, 1));
  write_file(path("labels"), "1");
  expect_error(integer("cut.png"), {"cut.png", "not a whole PNG"});
  expect_error(integer("cut.bin"), {"cut.bin", "3000 bytes", "3073"});
  expect_error(integer("empty"), {"empty", "without a picture"});
  expect_error(integer("test.bin", {"--labels", path("labels").string()}), {"--labels", "its own"});
  expect_error(integer("test.bin", {"--fit", "stretch"}), {"--fit", "'stretch'", "scale, crop"});
}

}  // namespace
}  // namespace mcnn::testing
