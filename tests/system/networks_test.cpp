// SPDX-License-Identifier: Apache-2.0
// The mcnn command and network files of both formats, and networks that take several channels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string network_of(const std::string& name) {
  return (fs::path(MCNN_DATA_DIR) / "networks" / (name + ".json")).string();
}

// Images of three channels.
std::string colour_images(std::uint8_t count, std::uint8_t height, std::uint8_t width) {
  std::string text{0, 0, 8, 4};
  for (const std::uint8_t size : {count, std::uint8_t{3}, height, width}) {
    text += std::string(3, '\0') + static_cast<char>(size);
  }
  for (int i = 0; i < count * 3 * height * width; ++i) {
    text += static_cast<char>((i * 37 + i / 7) & 0xFF);
  }
  return text;
}

// A convolution of signed pixels, its maximum and the logits, on three channels.
json colour_network() {
  json network = json::parse(R"({
    "format": "mcnn-network-2", "name": "colour",
    "input": {"channels": 3, "height": 9, "width": 8, "zero_point": 100},
    "layers": [
      {"type": "convolution", "name": "C1", "inputs": ["image"], "kernels": 4, "kernel": [2, 3],
       "stride": 2, "weights": [], "biases": [100, -50, 0, 7], "shift": 3, "activation": "none",
       "zero_point": 128},
      {"type": "max_pool", "name": "P2", "inputs": ["C1"], "window": 2, "stride": 1},
      {"type": "fully_connected", "name": "FC", "inputs": ["P2"], "outputs": 5, "weights": [],
       "biases": [1, 2, 3, 4, 5], "shift": 0, "activation": "logits"}]})");
  for (const auto& [layer, kernels, inputs] : {std::array{0, 4, 18}, std::array{2, 5, 24}}) {
    for (int k = 0; k < kernels; ++k) {
      std::string weights;
      for (int i = 0; i < inputs; ++i) weights += "gfedcba01234567"[(5 * i + 3 * k + i * k) % 15];
      network["layers"][layer]["weights"].push_back(weights);
    }
  }
  return network;
}

class Networks : public CliRuns {
 protected:
  // The network in format 2.
  std::string converted(const std::string& network) {
    std::string file = path("converted.json").string();
    const CommandResult result = run_mcnn({"convert", "--network", network, "--out", file});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, "wrote " + file + "\n");
    return file;
  }
};

TEST_F(Networks, FormatsGiveTheSameBits) {
  const std::string file = converted(network_of("yao2020"));
  EXPECT_EQ(json::parse(read_file(file))["format"], "mcnn-network-2");
  EXPECT_LT(fs::file_size(file), 12'000U);
  for (const std::vector<std::string>& run : {std::vector<std::string>{"sim", "--count", "12"},
                                              {"model", "--count", "40"},
                                              {"integer", "--count", "100"}}) {
    SCOPED_TRACE(run.front());
    std::vector<std::string> newer = run;
    newer.insert(newer.end(), {"--network", file});
    const std::string expected = logits(run);
    json counters = result_["counters"];
    EXPECT_EQ(logits(newer), expected);
    EXPECT_EQ(result_["counters"], counters);
  }
  const CommandResult old = run_mcnn({"map"});
  EXPECT_EQ(run_mcnn({"map", "--network", file}).out, old.out);
}

TEST_F(Networks, ConvertedInPlaceTwiceIsTheSame) {
  const std::string file = converted(network_of("tiny"));
  const std::string text = read_file(file);
  EXPECT_EQ(run_mcnn({"convert", "--network", file, "--out", file}).status, 0);
  EXPECT_EQ(read_file(file), text);
}

TEST_F(Networks, ConversionsThatFail) {
  expect_plain_error({"convert"}, {"--network FILE is missing"});
  expect_plain_error({"convert", "--network", network_of("tiny")}, {"--out FILE is missing"});
  const std::string file = out("new.json").string();
  expect_plain_error({"convert", "--network", path("none.json").string(), "--out", file},
                     {"none.json", "cannot be opened", "mcnn-network-1"});
  json same = json::parse(read_file(network_of("tiny")));
  same["layers"][0]["name"] = same["layers"][1]["name"];
  write_file(path("same.json"), same.dump());
  expect_plain_error({"convert", "--network", path("same.json").string(), "--out", file},
                     {"layers[1].name", "a name of its own"});
  expect_plain_error({"convert", "--network", network_of("tiny"), "--out", "/nowhere/new.json"},
                     {"--out", "/nowhere/new.json"});
}

TEST_F(Networks, OfSeveralChannelsRunOnEveryEngine) {
  write_file(path("colour.json"), colour_network().dump());
  write_file(path("images"), colour_images(20, 9, 8));
  const std::vector<std::string> chosen = {"--network", path("colour.json").string(), "--images",
                                           path("images").string()};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), chosen.begin(), chosen.end());
    return logits(arguments);
  };
  const std::string expected = run({"integer"});
  EXPECT_EQ(std::count(expected.begin(), expected.end(), '\n'), 21);
  EXPECT_EQ(run({"model", "--device", "ideal"}), expected);
  EXPECT_EQ(run({"sim", "--device", "ideal"}), expected);

  std::vector<std::string> info = {"info", "--network", path("colour.json").string()};
  const std::string text = run_mcnn(info).out;
  for (const char* const line :
       {"image      3x9x8, zero point 100",
        "C1         convolution      image (3x9x8) -> 4x3x2, 4 kernels 2x3, stride 2, padding 0x0, "
        "shift 3, zero point 128, max pool 2x2 stride 1x1",
        "FC         fully connected  C1 (4x3x2) -> 5x1x1, shift 0"}) {
    EXPECT_NE(text.find(line), std::string::npos) << text;
  }
}

TEST_F(Networks, ImagesOfAnotherShape) {
  write_file(path("colour.json"), colour_network().dump());
  write_file(path("small"), colour_images(4, 8, 8));
  const std::string network = path("colour.json").string();
  expect_error({"integer", "--network", network, "--images", path("small").string()},
               {"small", "3 x 8 x 8", "'colour' takes 3 x 9 x 8", "--fit scale"});
  expect_error({"integer", "--network", network}, {"1 x 28 x 28", "3 x 9 x 8"});
}

TEST_F(Networks, WhatTheChipCannotRunTheIntegerNetworkCan) {
  json network = colour_network();
  network["layers"][1] = {
      {"type", "average_pool"}, {"name", "P2"}, {"inputs", {"C1"}}, {"window", 2}, {"stride", 1}};
  write_file(path("average.json"), network.dump());
  write_file(path("images"), colour_images(5, 9, 8));
  std::vector<std::string> chosen = {"model", "--network", path("average.json").string(),
                                     "--images", path("images").string()};
  expect_error(chosen, {"colour does not fit", "layer P2", "means that are stored"});
  chosen.front() = "integer";
  EXPECT_NE(logits(chosen), "");
}

}  // namespace
}  // namespace mcnn::testing
