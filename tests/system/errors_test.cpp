// SPDX-License-Identifier: Apache-2.0
// The mcnn command and bad input of every kind: one line that says what is wrong, status 2 and no
// output.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

TEST_F(Cli, BrokenNetworkFiles) {
  expect_error({"integer", "--network", path("none.json").string()}, {"none.json"});
  write_file(path("broken.json"), "{\"format\": ");
  expect_error({"integer", "--network", path("broken.json").string()}, {"broken.json"});
  write_file(path("empty.json"), "");
  expect_error({"integer", "--network", path("empty.json").string()}, {"empty.json"});
  write_file(path("list.json"), "[1, 2]");
  expect_error({"integer", "--network", path("list.json").string()}, {"list.json"});
  expect_error({"integer", "--network", changed_network([](json& n) { n.erase("layers"); })},
               {"network.json", "layers"});
  expect_error(
      {"integer", "--network", changed_network([](json& n) { n["layers"] = json::array(); })},
      {"layers"});
  expect_error(
      {"integer", "--network", changed_network([](json& n) { n["format"] = "mcnn-network-9"; })},
      {"format", "mcnn-network-9"});
  expect_error({"integer", "--network", changed_network([](json& n) { n["colour"] = 1; })},
               {"colour"});
}

TEST_F(Cli, NetworksWithWrongSizesOrValues) {
  const auto first = [](json& n) -> json& { return n["layers"][0]; };
  expect_error({"integer", "--network",
                changed_network([&](json& n) { first(n)["weights"][0][0][0][0] = 8; })},
               {"weights", "8", "-7"});
  expect_error({"integer", "--network",
                changed_network([&](json& n) { first(n)["weights"][0][0][0][0] = 1.5; })},
               {"weights", "1.5"});
  expect_error(
      {"integer", "--network", changed_network([&](json& n) { first(n)["weights"].erase(0); })},
      {"weights"});
  expect_error({"integer", "--network",
                changed_network([&](json& n) { first(n)["weights"][2][0][1].push_back(0); })},
               {"weights"});
  expect_error({"integer", "--network", changed_network([&](json& n) { first(n)["shift"] = 99; })},
               {"shift", "99"});
  expect_error({"integer", "--network", changed_network([&](json& n) { first(n)["shift"] = -1; })},
               {"shift", "-1"});
  expect_error({"integer", "--network", changed_network([&](json& n) { first(n)["kernels"] = 0; })},
               {"kernels", "0"});
  expect_error({"integer", "--network", changed_network([&](json& n) { first(n)["stride"] = 0; })},
               {"stride", "0"});
  expect_error(
      {"integer", "--network", changed_network([&](json& n) { first(n)["type"] = "magic"; })},
      {"type", "magic"});
  expect_error(
      {"integer", "--network", changed_network([&](json& n) { n["input"]["height"] = 27; })}, {});
}

TEST_F(Cli, NetworksThatDoNotFit) {
  expect_error({"model", "--config", "tiny", "--network",
                (fs::path(MCNN_DATA_DIR) / "networks" / "yao2020.json").string()},
               {});
}

TEST_F(Cli, BrokenImagesAndLabels) {
  expect_error(data("", idx_labels(3)), {"images"});
  expect_error(data("hello, world, this is not IDX", idx_labels(3)), {"images"});
  expect_error(data(idx_labels(3), idx_labels(3)), {"images", "label"});
  expect_error(data(idx_images(3, 28, 28), idx_images(3, 28, 28)), {"labels", "image"});
  expect_error(data(idx_images(3, 28, 28).substr(0, 1000), idx_labels(3)), {"images"});
  expect_error(data(idx_images(3, 28, 28).substr(0, 10), idx_labels(3)), {"images"});
  expect_error(data(idx_images(3, 28, 28) + "x", idx_labels(3)), {"images"});
  expect_error(data(idx_images(3, 28, 28), idx_labels(3).substr(0, 9)), {"labels"});
  expect_error(data(idx_images(3, 28, 28), idx_labels(4)), {"3", "4"});
  expect_error(data(idx_images(3, 28, 27), idx_labels(3)), {"28 x 27"});
  expect_error(data(idx_images(3, 28, 28), idx_labels(3, 10)), {"label 10"});
  expect_error({"integer", "--images", path("none").string(), "--labels", path("none").string()},
               {"none"});
  write_file(path("images"), idx_images(3, 28, 28));
  write_file(path("labels"), idx_labels(3));
  expect_error({"integer", "--labels", path("labels").string()}, {"--labels", "--images FILE"});
  expect_plain_error({"cost", "--images", path("images").string()}, {"--images", "--labels FILE"});
}

TEST_F(Cli, TruncatedGzip) {
  const std::string whole =
      read_file(fs::path(MCNN_DATA_DIR) / "mnist" / "t10k-images-idx3-ubyte.gz");
  expect_error(data(whole.substr(0, whole.size() / 2),
                    read_file(fs::path(MCNN_DATA_DIR) / "mnist" / "t10k-labels-idx1-ubyte.gz")),
               {"images"});
}

TEST_F(Cli, CountsOutOfRange) {
  expect_error({"integer", "--first", "10000"}, {"--first", "10000", "9999"});
  expect_error({"integer", "--first", "-1"}, {"--first", "-1"});
  expect_error({"integer", "--count", "0"}, {"--count", "0"});
  expect_error({"integer", "--count", "-5"}, {"--count", "-5"});
  expect_error({"integer", "--first", "9990", "--count", "11"}, {"--count", "11", "10"});
  expect_error({"integer", "--count", "many"}, {"--count"});
  expect_error({"model", "--count", "1", "--jobs", "-2"}, {"--jobs", "-2"});
  expect_error({"sim", "--count", "1", "--check", "-7"}, {"--check", "-7"});
}

TEST_F(Cli, DeviceCards) {
  expect_error({"model", "--count", "1", "--device", "unobtainium"},
               {"unobtainium", "ideal", "typical"});
  write_file(path("broken.toml"), "name = ");
  expect_error({"model", "--count", "1", "--device", path("broken.toml").string()},
               {"broken.toml"});
  expect_error({"model", "--count", "1", "--device", changed_card("g_max_uS", "g_maximum_uS")},
               {"card.toml", "g_max"});
  const std::string unknown =
      "surprise = 1.0\n" + read_file(fs::path(MCNN_DATA_DIR) / "devices" / "typical.toml");
  write_file(path("unknown.toml"), unknown);
  expect_error({"model", "--count", "1", "--device", path("unknown.toml").string()},
               {"unknown.toml", "surprise"});
}

TEST_F(Cli, ConfigurationsMappingsAndRanges) {
  expect_error({"sim", "--count", "1", "--config", "huge"}, {"huge", "tiny", "yao2020"});
  expect_error({"sim", "--count", "1", "--config", "../constraints/tiny"}, {"--config"});
  expect_error({"model", "--count", "1", "--config", path("none.params").string()},
               {"--config", "none.params", "allowed", "tiny, tiny4, tiny64, yao2020", ".params"});
  expect_error({"model", "--count", "1", "--mapping", "clever"},
               {"clever", "default", "sliding", "paper"});
  expect_error({"model", "--count", "1", "--range", "4"}, {"--range", "4"});
  expect_error({"model", "--count", "1", "--replicas", "0"}, {"--replicas", "0"});
  expect_error({"model", "--count", "1", "--replicas", "1,1,1,1,1,1"}, {"--replicas"});
  expect_error({"model", "--count", "1", "--replicas", "three"}, {"--replicas", "three"});
}

TEST_F(Cli, DeviceFieldsThatAreSet) {
  expect_error({"model", "--count", "1", "--set", "surprise=1"}, {"--set", "surprise"});
  expect_error({"model", "--count", "1", "--set", "read_noise"},
               {"--set", "read_noise", "name=value"});
  expect_error({"model", "--count", "1", "--set", "read_noise=much"}, {"read_noise", "much"});
  expect_error({"model", "--count", "1", "--set", "read_noise=-1"}, {"read_noise", "-1"});
  expect_error({"model", "--count", "1", "--age", "-5"}, {"age_s", "-5"});
  expect_error({"integer", "--count", "1", "--set", "surprise=1"}, {"surprise"});
  expect_plain_error({"map", "--set", "surprise=1"}, {"surprise"});
  expect_plain_error({"info", "--set", "surprise=1"}, {"surprise"});
}

TEST_F(Cli, OutputsThatCannotBeWritten) {
  expect_plain_error({"model", "--count", "1", "--logits", "/nonexistent/logits.csv"},
                     {"--logits", "/nonexistent"});
  expect_plain_error({"model", "--count", "1", "--result", "/nonexistent/result.json"},
                     {"--result"});
  expect_plain_error({"sim", "--count", "1", "--trace", "/nonexistent/x.fst"}, {"--trace"});
  expect_plain_error({"model", "--count", "1", "--result", folder_.path().string()},
                     {"--result", "folder"});
  // The first file could be written, the second not: nothing of the first is left.
  expect_plain_error({"model", "--count", "1", "--logits", out("logits.csv").string(), "--result",
                      "/nonexistent/r"},
                     {"--result"});
}

TEST_F(Cli, CommandLine) {
  expect_plain_error({}, {});
  expect_plain_error({"dance"}, {});
  expect_plain_error({"sim", "--no-such-option"}, {"--no-such-option"});
  expect_plain_error({"sim", "--count", "2", "--trace-images", "0:1"}, {"--trace"});
  expect_error({"sim", "--count", "2", "--trace", out("x.fst").string(), "--trace-images", "1:2"},
               {"1:2"});
  expect_error({"sim", "--count", "2", "--trace", out("x.fst").string(), "--trace-images", "1:0"},
               {"1:0"});
  expect_error({"sim", "--count", "2", "--trace", out("x.fst").string(), "--trace-images", "a"},
               {"'a'"});
  EXPECT_EQ(run_mcnn({"--help"}).status, 0);
  EXPECT_EQ(run_mcnn({"sim", "--help"}).status, 0);
  EXPECT_EQ(run_mcnn({"--version"}).status, 0);
}

TEST_F(Cli, InterruptLeavesNothing) {
  const CommandResult result =
      run_mcnn({"sim", "--check", "10000", "--jobs", "1", "--logits", out("logits.csv").string(),
                "--result", out("result.json").string()},
               1500);
  EXPECT_EQ(result.status, 130) << result.err;
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

// A run that is interrupted says how many of its images were right so far. It runs again, and the
// signal comes later or sooner, until it comes while images run.
TEST_F(Cli, InterruptTellsTheAccuracySoFar) {
  constexpr int kTries = 100;
  for (const auto& [command, signal] :
       {std::pair{"sim", SIGINT}, {"model", SIGTERM}, {"integer", SIGINT}}) {
    SCOPED_TRACE(command);
    std::vector<std::string> arguments = {command, "--logits", out("logits.csv").string(),
                                          "--result", out("result.json").string()};
    if (arguments.front() == "sim") arguments.insert(arguments.end(), {"--check", "0"});
    CommandResult result;
    double after_ms = 100.0;
    for (int i = 0; i < kTries; ++i) {
      result = run_mcnn(arguments, static_cast<int>(after_ms), signal);
      const bool ended = result.status == 0;
      if (!ended && !result.out.empty()) break;
      fs::remove(out("logits.csv"));
      fs::remove(out("result.json"));
      after_ms *= ended ? 0.9 : 1.25;
    }
    EXPECT_EQ(result.status, 130) << result.err;
    const std::regex line(
        R"((integer network|chip model|RTL): \d+\.\d\d % right on the \d+ of 10000 images )"
        R"(that were done\n)");
    EXPECT_TRUE(std::regex_match(result.out, line)) << result.out;
    EXPECT_EQ(result.err, "mcnn: interrupted\n");
    EXPECT_TRUE(fs::is_empty(folder_ / "out"));
  }
}

TEST_F(Cli, TimelineOptionsThatMakeNoSense) {
  expect_plain_error({"model", "--count", "2", "--timeline-images", "0"}, {"--timeline FILE"});
  expect_plain_error(
      {"model", "--count", "2", "--timeline", out("t.json").string(), "--timeline-images", "0:2"},
      {"--timeline-images", "0:2", "0 <= A <= B <= 1"});
}

}  // namespace
}  // namespace mcnn::testing
