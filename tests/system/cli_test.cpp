// SPDX-License-Identifier: Apache-2.0
// The mcnn command from outside: bad input of every kind gives one line that says what is wrong,
// status 2 and no output; good runs give the same bytes whatever the engine and the number of
// threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/system/command.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::string idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width) {
  std::string text = big_endian(0x803) + big_endian(count) + big_endian(height) + big_endian(width);
  for (std::uint32_t i = 0; i < count * height * width; ++i)
    text += static_cast<char>(i * 37 & 0xFF);
  return text;
}

std::string idx_labels(std::uint32_t count, std::uint8_t label = 3) {
  return big_endian(0x801) + big_endian(count) + std::string(count, static_cast<char>(label));
}

class Cli : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directory(folder_ / "out"); }

  fs::path path(const std::string& name) const { return folder_ / name; }
  fs::path out(const std::string& name) const { return folder_ / "out" / name; }

  // Status 2, nothing on stdout, one line on stderr that holds every one of `parts`, nothing left
  // in the output folder.
  void expect_error(std::vector<std::string> arguments, const std::vector<std::string>& parts) {
    arguments.insert(arguments.end(), {"--logits", out("logits.csv").string(), "--result",
                                       out("result.json").string()});
    expect_plain_error(arguments, parts);
  }
  void expect_plain_error(const std::vector<std::string>& arguments,
                          const std::vector<std::string>& parts) {
    std::string command = "mcnn";
    for (const std::string& argument : arguments) command += " " + argument;
    SCOPED_TRACE(command);
    const CommandResult result = run_mcnn(arguments);
    EXPECT_EQ(result.status, 2) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(result.err.starts_with("mcnn: error: ")) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    for (const std::string& part : parts) {
      EXPECT_NE(result.err.find(part), std::string::npos)
          << "'" << part << "' is not in: " << result.err;
    }
    EXPECT_TRUE(fs::is_empty(folder_ / "out")) << *fs::directory_iterator(folder_ / "out");
  }

  // The default network with a change.
  std::string changed_network(const std::function<void(json&)>& change) const {
    json network = json::parse(read_file(fs::path(MCNN_DATA_DIR) / "networks" / "yao2020.json"));
    change(network);
    const fs::path file = path("network.json");
    write_file(file, network.dump());
    return file.string();
  }
  std::string changed_card(const std::string& from, const std::string& to) const {
    std::string card = read_file(fs::path(MCNN_DATA_DIR) / "devices" / "typical.toml");
    const std::size_t at = card.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    card.replace(at, from.size(), to);
    const fs::path file = path("card.toml");
    write_file(file, card);
    return file.string();
  }
  std::vector<std::string> data(const std::string& images, const std::string& labels) const {
    write_file(path("images"), images);
    write_file(path("labels"), labels);
    return {"integer", "--images", path("images").string(), "--labels", path("labels").string()};
  }

  const TemporaryFolder folder_{"mcnn_cli"};
};

// --------------------------------------------------------------------------------------------------------------
// networks

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

// ----------------------------------------------------------------------------------------------------------------
// images

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
  expect_error({"integer", "--images", path("images").string()}, {"--labels"});
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

// --------------------------------------------------------------------------------------------------------------
// the rest

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
               {"--config", "none.params", "allowed", "tiny, yao2020", ".params"});
  expect_error({"model", "--count", "1", "--mapping", "clever"}, {"clever", "default", "paper"});
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

TEST_F(Cli, ProgrammingOptions) {
  expect_error({"sim", "--count", "1", "--program", "hope"}, {"--program", "hope", "direct"});
  expect_error({"model", "--count", "1", "--program", "direct", "--second-pass", "1"},
               {"--second-pass", "--program direct"});
  expect_error({"model", "--count", "1", "--second-pass", "-1"}, {"--second-pass", "-1"});
  expect_error({"model", "--count", "1", "--program", "direct", "--calibrate"}, {"--calibrate"});
  expect_error({"model", "--count", "1", "--program", "direct", "--around-faults"},
               {"--around-faults", "--program direct"});
  expect_error({"model", "--count", "1", "--calibration-images", "x"}, {"--calibrate"});
  expect_error({"model", "--count", "1", "--calibrate", "--calibration-images", path("x").string()},
               {"x"});
  expect_error({"model", "--count", "1", "--calibrate", "--calibration-count", "0"},
               {"--calibration-count", "0"});
  expect_error({"model", "--count", "1", "--set", "programming_range=6"}, {"range 5 would do"});
  expect_error({"model", "--count", "1", "--refresh-every", "0"}, {"--refresh-every", "0"});
  expect_error({"model", "--count", "1", "--age", "1e9", "--refresh-every", "1"},
               {"--refresh-every", "1000000"});
  expect_error({"model", "--count", "1", "--refresh-threshold", "-1"},
               {"--refresh-threshold", "-1"});
  expect_plain_error({"program", "--engine", "hand"}, {"--engine", "hand", "model"});
  expect_plain_error({"program", "--svg", "/nonexistent/x.svg"}, {"--svg"});
  expect_plain_error({"program", "--csv", "/nonexistent/x.csv"}, {"--csv"});
  expect_plain_error({"program", "--cells", "/nonexistent/x.json"}, {"--cells"});
  expect_plain_error({"program", "--network", path("none.json").string()}, {"none.json"});
}

TEST_F(Cli, CellsFilesThatDoNotBelong) {
  const std::string cells = path("cells.json").string();
  ASSERT_EQ(run_mcnn({"program", "--engine", "model", "--cells", cells}).status, 0);
  const std::vector<std::string> load = {"model", "--count", "1", "--load-cells"};
  const auto with = [&](const std::string& file, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = load;
    arguments.push_back(file);
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  expect_error(with(path("none.json").string()), {"none.json"});
  write_file(path("broken.json"), read_file(cells).substr(0, 5000));
  expect_error(with(path("broken.json").string()), {"broken.json"});
  expect_error(with(cells, {"--seed", "2"}), {"cells.json", "seed", "1", "2"});
  expect_error(with(cells, {"--device", "ideal"}), {"cells.json", "card"});
  expect_error(with(cells, {"--set", "read_noise=0.02"}), {"card", "read_noise", "0.02"});
  expect_error(with(cells, {"--mapping", "paper"}), {"cells_digest"});
  expect_error(with(cells, {"--program", "direct"}), {"--load-cells", "--program"});
  expect_error(with(cells, {"--calibrate"}), {"--calibrate", "--load-cells"});
  expect_error(with(cells, {"--around-faults"}), {"--around-faults", "--load-cells"});
  expect_error(with(cells, {"--second-pass", "1"}), {"--second-pass", "--load-cells"});
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
                "--result", out("result.json").string(), "--trace", out("x.fst").string()},
               1500);
  EXPECT_EQ(result.status, 130) << result.err;
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

// --------------------------------------------------------------------------------------------------------------
// good runs

class CliRuns : public Cli {
 protected:
  std::string logits(std::vector<std::string> arguments) {
    static int run = 0;
    const fs::path file = out("logits" + std::to_string(++run) + ".csv");
    arguments.insert(arguments.end(),
                     {"--logits", file.string(), "--result", out("result.json").string()});
    const CommandResult result = run_mcnn(arguments);
    EXPECT_EQ(result.status, 0) << result.out << result.err;
    EXPECT_EQ(result.err, "") << "quiet when not on a terminal";
    result_ = json::parse(read_file(out("result.json")));
    return read_file(file);
  }

  json result_;
};

// A chip that is programmed around its faults: RTL and model find the same ones and give the same
// logits, whether its cells were on a disk in between, where the layout follows from the faults. A
// file whose faults are not those that its cells lie around is refused.
TEST_F(CliRuns, AroundFaultsIsTheSameEverywhere) {
  const std::string cells = path("cells.json").string();
  const std::vector<std::string> chip = {
      "--count", "12", "--set", "stuck_low_rate=0.01", "--set", "stuck_high_rate=0.01"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), chip.begin(), chip.end());
    return logits(arguments);
  };
  const std::string plain = run({"model"});
  EXPECT_FALSE(result_["programming"].contains("faults"));
  const std::string rtl = run({"sim", "--around-faults", "--check", "3", "--save-cells", cells});
  EXPECT_NE(rtl, plain);
  EXPECT_EQ(result_["mismatches"], 0);
  EXPECT_EQ(result_["programming"]["failed"], 0) << "nothing is written to stuck cells";
  const json faults = result_["programming"]["faults"];
  EXPECT_EQ(faults["cells"], 16384);
  EXPECT_EQ(faults["used_cells"], 14592);
  EXPECT_GT(faults["faults"], 16384 / 100);
  EXPECT_LT(faults["unreachable"], faults["unreachable_before"]);
  EXPECT_LT(faults["squared_error"], faults["squared_error_before"]);
  EXPECT_GT(faults["search_pulses"], 16384);
  const std::string command = result_["command"];
  EXPECT_NE(command.find("--around-faults"), std::string::npos) << command;

  EXPECT_EQ(run({"model", "--around-faults"}), rtl);
  EXPECT_EQ(result_["programming"]["faults"], faults);
  EXPECT_EQ(run({"model", "--load-cells", cells}), rtl);
  EXPECT_EQ(result_["programming"]["faults"]["unreachable"], faults["unreachable"]);
  EXPECT_EQ(result_["programming"]["faults"]["search_pulses"], 0);

  json file = json::parse(read_file(cells));
  const auto refused = [&](const std::string& part) {
    write_file(path("other.json"), file.dump());
    fs::remove_all(folder_ / "out");
    fs::create_directory(folder_ / "out");
    std::vector<std::string> arguments = {"model", "--load-cells", path("other.json").string()};
    arguments.insert(arguments.end(), chip.begin(), chip.end());
    expect_error(arguments, {"other.json", "cells_digest", part});
  };
  json& list = file["faults"];
  list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(list.size() / 2));
  refused("moved around the faults");
  file.erase("faults");
  refused("network and mapping");
}

// The chip is programmed once, by RTL and model alike: whichever runs, on how many threads, and
// whether its cells were on a disk in between.
TEST_F(CliRuns, ProgrammedChipIsTheSameEverywhere) {
  const std::string cells = path("cells.json").string();
  const std::vector<std::string> chip = {"--count",
                                         "24",
                                         "--second-pass",
                                         "30",
                                         "--calibrate",
                                         "--age",
                                         "100",
                                         "--set",
                                         "adc_offset_sigma_codes=1",
                                         "--set",
                                         "pulse_c2c=0.2",
                                         "--set",
                                         "stuck_low_rate=0.001"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), chip.begin(), chip.end());
    return logits(arguments);
  };
  const std::string rtl = run({"sim", "--check", "2", "--jobs", "2", "--save-cells", cells});
  EXPECT_EQ(result_["mismatches"], 0);
  EXPECT_EQ(result_["programming"]["way"], "loop");
  EXPECT_EQ(result_["programming"]["passes"], 2);
  EXPECT_EQ(result_["programming"]["calibrated"], true);
  EXPECT_GT(result_["programming"]["failed"], 0);
  EXPECT_EQ(result_["device_set"][1], "pulse_c2c=0.2");
  EXPECT_EQ(result_["age_s"], 100.0);
  const std::string command = result_["command"];
  const json programming = result_["programming"];
  EXPECT_EQ(run({"model"}), rtl);
  EXPECT_EQ(result_["programming"]["clocks"], programming["clocks"]);
  EXPECT_EQ(result_["programming"]["within_1uS_aged"], programming["within_1uS_aged"]);

  const std::vector<std::string> load = {"--count",      "24",
                                         "--load-cells", cells,
                                         "--age",        "100",
                                         "--set",        "adc_offset_sigma_codes=1",
                                         "--set",        "pulse_c2c=0.2",
                                         "--set",        "stuck_low_rate=0.001"};
  const auto loaded = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), load.begin(), load.end());
    return logits(arguments);
  };
  EXPECT_EQ(loaded({"model", "--jobs", "3"}), rtl);
  EXPECT_EQ(loaded({"sim", "--check", "0", "--jobs", "1"}), rtl);
  EXPECT_EQ(result_["programming"]["way"], "loaded");

  // The command of the result file gives the same again.
  std::vector<std::string> again;
  std::istringstream words(command);
  std::string word;
  words >> word;
  EXPECT_EQ(word, "mcnn");
  while (words >> word) again.push_back(word);
  EXPECT_EQ(logits(again), rtl);
}

// Refreshes while time passes are programming runs: RTL and model give the same cells, counters and
// logits, from a chip that was just programmed and from one that was loaded.
TEST_F(CliRuns, RefreshedChipIsTheSameEverywhere) {
  const std::string cells = path("cells.json").string();
  const auto run = [&](std::vector<std::string> arguments) {
    const std::vector<std::string> chip = {"--count",         "24",  "--device", "yao2020",
                                           "--refresh-every", "400", "--age",    "1000"};
    arguments.insert(arguments.end(), chip.begin(), chip.end());
    return logits(arguments);
  };
  const std::string rtl = run({"sim", "--check", "2", "--jobs", "2", "--save-cells", cells});
  EXPECT_EQ(result_["mismatches"], 0);
  const json refresh = result_["refresh"];
  EXPECT_EQ(refresh["rounds"], 2);
  EXPECT_GT(refresh["cells"], 100);
  EXPECT_EQ(run({"model"}), rtl);
  EXPECT_EQ(result_["refresh"], refresh);
  EXPECT_EQ(run({"sim", "--check", "0", "--load-cells", cells}), rtl);
  EXPECT_EQ(result_["refresh"], refresh);
  EXPECT_EQ(result_["mismatches"], 0);
  const std::string alone =
      logits({"model", "--count", "24", "--device", "yao2020", "--age", "1000"});
  EXPECT_NE(alone, rtl);
  EXPECT_FALSE(result_.contains("refresh"));
  // Asked for, but the time is over before: it says so.
  logits(
      {"model", "--count", "24", "--device", "yao2020", "--refresh-every", "400", "--age", "400"});
  EXPECT_EQ(result_["refresh"]["rounds"], 0);
}

TEST_F(CliRuns, DirectProgrammingIsTheShortCut) {
  const std::string loop = logits({"model", "--count", "40"});
  const std::string direct = logits({"model", "--count", "40", "--program", "direct"});
  EXPECT_EQ(result_["programming"]["way"], "direct");
  EXPECT_NE(loop, direct);
  EXPECT_EQ(logits({"sim", "--count", "40", "--check", "1", "--program", "direct"}), direct);
}

TEST_F(CliRuns, IdealChipProgrammedByTheLoopIsTheIntegerNetwork) {
  const std::string integer = logits({"integer", "--count", "200"});
  EXPECT_EQ(logits({"model", "--count", "200", "--device", "ideal"}), integer);
  EXPECT_EQ(logits({"sim", "--count", "60", "--check", "1", "--device", "ideal"}),
            integer.substr(0, logits({"integer", "--count", "60"}).size()));
}

TEST_F(CliRuns, ProgramTellsPicturesAndRows) {
  const CommandResult result =
      run_mcnn({"program", "--set", "stuck_high_rate=0.002", "--svg", out("p.svg").string(),
                "--csv", out("p.csv").string(), "--cells", out("p.json").string()});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  for (const char* part : {"inside the tolerance", "within +-1 uS", "pulses a cell", "failed cells",
                           "clocks", "50 ns", "one PE at a time", "program model: equal"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << " in\n" << result.out;
  }
  const std::string rows = read_file(out("p.csv"));
  EXPECT_TRUE(rows.starts_with("pe,source_line,bit_line,level,target_uS,")) << rows.substr(0, 80);
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 14592 + 1);
  EXPECT_NE(rows.find(",failed,"), std::string::npos);
  const std::string svg = read_file(out("p.svg"));
  EXPECT_TRUE(svg.starts_with("<svg xmlns=")) << svg.substr(0, 80);
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_LT(svg.size(), 1'000'000U);
  for (const char* part : {"PE 7", "target", "reached", "error", "[uS]", "prefers-color-scheme"}) {
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(json::parse(read_file(out("p.json")))["format"], "mcnn-cells-1");

  // The program model tells the same but for who programmed.
  const CommandResult model = run_mcnn({"program", "--engine", "model", "--set",
                                        "stuck_high_rate=0.002", "--csv", out("m.csv").string()});
  EXPECT_EQ(model.status, 0) << model.err;
  EXPECT_EQ(read_file(out("m.csv")), rows);
}

TEST_F(CliRuns, ThreadsDoNotChangeABit) {
  const std::string one = logits({"sim", "--count", "96", "--check", "3", "--jobs", "1"});
  const json first = result_;
  const std::string two = logits({"sim", "--count", "96", "--check", "3", "--jobs", "2"});
  const std::string five = logits({"sim", "--count", "96", "--check", "3", "--jobs", "5"});
  EXPECT_EQ(one, two);
  EXPECT_EQ(one, five);
  EXPECT_EQ(first["counters"], result_["counters"]);
  EXPECT_EQ(first["layers"], result_["layers"]);
  EXPECT_EQ(first["clocks_per_image"], result_["clocks_per_image"]);
  EXPECT_EQ(std::count(one.begin(), one.end(), '\n'), 97);
}

TEST_F(CliRuns, RtlAndChipModelGiveTheSameBytes) {
  for (const std::string mapping : {"default", "paper"}) {
    const std::string rtl = logits({"sim", "--first", "500", "--count", "64", "--check", "0",
                                    "--mapping", mapping, "--seed", "9"});
    const json rtl_result = result_;
    const std::string model =
        logits({"model", "--first", "500", "--count", "64", "--mapping", mapping, "--seed", "9"});
    EXPECT_EQ(rtl, model) << mapping;
    EXPECT_EQ(rtl_result["layers"], result_["layers"]) << mapping;
    EXPECT_EQ(rtl_result["accuracy"], result_["accuracy"]);
  }
}

TEST_F(CliRuns, IdealChipModelAndIntegerNetworkGiveTheSameBytes) {
  EXPECT_EQ(logits({"model", "--device", "ideal", "--count", "300", "--check", "20"}),
            logits({"integer", "--count", "300"}));
}

TEST_F(CliRuns, WithoutCountingEverythingElseIsTheSame) {
  const std::vector<std::string> rtl = {"sim", "--count", "5", "--check", "2"};
  for (std::vector<std::string> run : {rtl, {"model", "--count", "5"}}) {
    const std::string counted = logits(run);
    run.emplace_back("--no-counts");
    EXPECT_EQ(logits(run), counted);
  }
}

TEST_F(CliRuns, SkippedPlanesChangeClocksOnly) {
  const std::string plain = logits({"sim", "--count", "32", "--check", "4"});
  const double clocks = result_["clocks_per_image"];
  EXPECT_EQ(plain, logits({"sim", "--count", "32", "--check", "4", "--skip"}));
  EXPECT_LT(result_["clocks_per_image"].get<double>(), clocks);
}

TEST_F(CliRuns, ResultHasTheFigures) {
  logits({"sim", "--count", "20", "--check", "5"});
  for (const char* key : {"engine", "network", "device", "seed", "images", "correct", "accuracy",
                          "integer_accuracy", "clocks_per_image", "clocks_per_image_model",
                          "images_per_second", "images_per_second_per_core", "checked_images",
                          "mismatches", "config", "mapping", "jobs", "layers", "counters"}) {
    EXPECT_TRUE(result_.contains(key)) << key;
  }
  EXPECT_EQ(result_["engine"], "rtl");
  EXPECT_EQ(result_["images"], 20);
  EXPECT_EQ(result_["checked_images"], 5);
  EXPECT_EQ(result_["mismatches"], 0);
  EXPECT_EQ(result_["clocks_per_image"].get<double>(),
            result_["clocks_per_image_model"].get<double>());
}

TEST_F(CliRuns, WavesAreWrittenAndChangeNothing) {
  const std::string plain = logits({"sim", "--count", "3", "--check", "0"});
  EXPECT_EQ(plain, logits({"sim", "--count", "3", "--check", "0", "--trace", out("x.fst").string(),
                           "--trace-images", "1:1"}));
  EXPECT_GT(fs::file_size(out("x.fst")), 10'000U);
  EXPECT_LE(std::distance(fs::directory_iterator(folder_ / "out"), fs::directory_iterator()), 4);
}

// A file of parameters is a chip for the chip model: the same one as by its name, and another one
// without a build. The RTL is only what was built.
TEST_F(CliRuns, ConfigurationsOfAFile) {
  const std::string params =
      read_file(fs::path(MCNN_DATA_DIR).parent_path() / "constraints" / "yao2020.params");
  write_file(path("yao2020.params"), params);
  EXPECT_EQ(logits({"model", "--count", "20"}),
            logits({"model", "--count", "20", "--config", path("yao2020.params").string()}));
  std::string half = params;
  for (const auto& [from, to] :
       {std::pair{"NumPe=8", "NumPe=16"}, {"NumSl=128", "NumSl=64"}, {"NumAdc=32", "NumAdc=16"}}) {
    half.replace(half.find(from), std::string(from).size(), to);
  }
  write_file(path("half.params"), half);
  const std::string network = (fs::path(MCNN_DATA_DIR) / "networks" / "yao2020.json").string();
  const std::vector<std::string> chosen = {
      "--config", path("half.params").string(), "--network", network, "--count", "20"};
  const auto with = [&](const std::string& command) {
    std::vector<std::string> arguments = {command};
    arguments.insert(arguments.end(), chosen.begin(), chosen.end());
    return arguments;
  };
  logits(with("model"));
  EXPECT_EQ(result_["config"], "half");
  for (const auto& file : fs::directory_iterator(folder_ / "out")) fs::remove(file.path());
  expect_error(with("sim"), {"--config", "half", "tiny, yao2020", "chip model"});
  expect_plain_error({"map", "--config", path("half.params").string()},
                     {"--network", "default network", "'half'", "half.json"});
}

TEST_F(CliRuns, MapAndInfo) {
  for (const std::string mapping : {"default", "paper"}) {
    const CommandResult result = run_mcnn({"map", "--mapping", mapping});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.out.find("clocks an image"), std::string::npos);
  }
  const CommandResult info = run_mcnn({"info"});
  EXPECT_EQ(info.status, 0) << info.err;
  EXPECT_NE(info.out.find("capabilities as the configuration"), std::string::npos) << info.out;
}

TEST_F(Cli, TimelineIsAChromeTraceThatEnginesAgreeOn) {
  for (const std::string engine : {"sim", "model"}) {
    const CommandResult run =
        run_mcnn({engine, "--count", "2", "--program", "direct", "--timeline",
                  path(engine + ".json").string(), "--timeline-images", "0:1"});
    ASSERT_EQ(run.status, 0) << run.err;
  }
  EXPECT_EQ(read_file(path("sim.json")), read_file(path("model.json")));
  const json trace = json::parse(read_file(path("sim.json")));
  std::int64_t layer_clocks = 0;
  std::vector<std::string> tracks;
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("ph") == "M") {
      if (event.at("name") == "thread_name") tracks.push_back(event.at("args").at("name"));
      continue;
    }
    EXPECT_EQ(event.at("ph"), "X");
    if (event.at("cat") == "layer") layer_clocks += event.at("args").at("clocks").get<int>();
  }
  EXPECT_EQ(layer_clocks, 2 * 1825);
  EXPECT_EQ(std::ranges::count(tracks, "PE 7"), 1);
}

TEST_F(Cli, TimelineOptionsThatMakeNoSense) {
  expect_plain_error({"model", "--count", "2", "--timeline-images", "0"}, {"--timeline FILE"});
  expect_plain_error(
      {"model", "--count", "2", "--timeline", out("t.json").string(), "--timeline-images", "0:2"},
      {"--timeline-images", "0:2", "0 <= A <= B <= 1"});
}

TEST_F(Cli, CostTablesAndItsErrors) {
  const std::vector<std::string> base = {"cost", "--count", "20", "--json",
                                         path("cost.json").string()};
  std::vector<std::string> jobs = base;
  jobs.insert(jobs.end(), {"--jobs", "3"});
  const CommandResult one = run_mcnn(base);
  ASSERT_EQ(one.status, 0) << one.err;
  const std::string figures = read_file(path("cost.json"));
  const CommandResult three = run_mcnn(jobs);
  EXPECT_EQ(one.out, three.out);
  EXPECT_EQ(figures, read_file(path("cost.json")));
  const json cost = json::parse(figures);
  EXPECT_TRUE(cost.at("pJ_per_image").get<double>() > cost.at("macro_pJ_per_image").get<double>());
  EXPECT_EQ(cost.at("clocks_per_image"), 1826.0);
  EXPECT_FALSE(cost.at("missing").empty());
  EXPECT_GT(cost.at("programming").at("pJ").get<double>(), 0.0);

  expect_plain_error({"cost", "--card", "nothing"}, {"--card", "nothing", "energy card"});
  expect_plain_error({"cost", "--card", "paper65@x:1"}, {"--card", "'x'", "name@NM:RATIO"});
  expect_plain_error({"cost", "--card", "osu018"}, {"osu018", "read_voltage", "no value"});
  expect_plain_error({"cost", "--adc-bits", "13"}, {"--adc-bits", "13", "4..12"});
}

}  // namespace
}  // namespace mcnn::testing
