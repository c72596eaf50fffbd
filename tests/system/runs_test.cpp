// SPDX-License-Identifier: Apache-2.0
// Good runs of mcnn sim, model, integer, map and info: the same bytes whatever the engine and the
// number of threads, and files with what they promise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

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
  EXPECT_EQ(plain, logits({"sim", "--count", "32", "--check", "4", "--no-skip"}));
  EXPECT_GT(result_["clocks_per_image"].get<double>(), clocks);
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
  EXPECT_LT(result_["clocks_per_image"].get<double>(),
            result_["clocks_per_image_model"].get<double>());  // of all planes
  logits({"sim", "--count", "20", "--check", "5", "--no-skip"});
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
  expect_error(with("sim"), {"--config", "half", "tiny, tiny4, tiny64, yao2020", "chip model"});
}

// The smallest configuration has a network of its own, on MNIST made as small as that takes.
TEST_F(CliRuns, TinyClassifiesMnistAtHalfItsSize) {
  constexpr const char* kNote = "images: MNIST, each 2 x 2 pixels averaged to one, 14 x 14\n\n";
  const CommandResult rtl = run_mcnn({"sim", "--config", "tiny", "--count", "30", "--check", "5"});
  EXPECT_EQ(rtl.status, 0) << rtl.err;
  EXPECT_NE(rtl.out.find(kNote), std::string::npos) << rtl.out;
  EXPECT_NE(rtl.out.find("equal"), std::string::npos) << rtl.out;
  const CommandResult whole = run_mcnn({"model", "--count", "1"});
  EXPECT_EQ(whole.out.find("averaged"), std::string::npos);

  logits({"integer", "--network", std::string(MCNN_DATA_DIR) + "/networks/tiny.json"});
  EXPECT_EQ(result_["images"], 10'000);
  EXPECT_GT(result_["accuracy"], 0.94);
  // Tuning and calibration make their training images as small.
  const CommandResult tuned = run_mcnn({"tune", "--config", "tiny", "--device", "ideal", "--count",
                                        "20", "--training-count", "40", "--validation", "10",
                                        "--batch", "10", "--program", "direct"});
  EXPECT_EQ(tuned.status, 0) << tuned.err;
  EXPECT_NE(tuned.out.find(kNote), std::string::npos) << tuned.out;
  EXPECT_EQ(run_mcnn({"model", "--config", "tiny", "--count", "5", "--calibrate"}).status, 0);
}

// Images that a user names are taken as they are.
TEST_F(CliRuns, ImagesOfAUserAreNotHalved) {
  std::vector<std::string> arguments = data(idx_images(2, 28, 28), idx_labels(2));
  arguments.insert(arguments.end(), {"--config", "tiny"});
  expect_plain_error(arguments, {"images", "28 x 28", "14 x 14"});
}

// data/networks/<config>.json where there is one, otherwise the default network, if that fits.
TEST_F(CliRuns, ConfigurationsWithoutANetworkTakeTheDefaultOne) {
  const std::string params =
      read_file(fs::path(MCNN_DATA_DIR).parent_path() / "constraints" / "yao2020.params");
  write_file(path("mine.params"), params);
  std::string small = params;
  small.replace(small.find("NumPe=8"), 7, "NumPe=3");
  write_file(path("small.params"), small);
  expect_plain_error({"map", "--config", path("small.params").string()},
                     {"yao2020 does not fit", "64 too many", "default network", "'small'",
                      "small.json", "--network FILE"});

  const std::vector<std::string> mine = {"model", "--count", "20", "--config",
                                         path("mine.params").string()};
  const std::string on_default = logits({"model", "--count", "20"});
  EXPECT_EQ(logits(mine), on_default);
  EXPECT_EQ(result_["config"], "mine");

  // A data folder with a network of its own for this name.
  const fs::path data = path("data");
  fs::create_directories(data / "networks");
  for (const char* kept : {"devices", "mnist"}) {
    fs::create_directory_symlink(fs::path(MCNN_DATA_DIR) / kept, data / kept);
  }
  fs::copy_file(changed_network([](json& n) { n["name"] = "own"; }),
                data / "networks" / "mine.json");
  ASSERT_EQ(setenv("MCNN_DATA_DIR", data.c_str(), 1), 0);
  logits(mine);
  unsetenv("MCNN_DATA_DIR");
  EXPECT_EQ(result_["network"], "own");
}

// The verify range follows the converters; what they clip is told, and what would not be.
TEST_F(CliRuns, ConvertersOfAnyWidth) {
  for (const std::string bits : {"4", "6", "12"}) {
    const CommandResult run = run_mcnn({"model", "--count", "20", "--adc-bits", bits});
    EXPECT_EQ(run.status, 0) << run.err;
    EXPECT_EQ(run.out.find("clips its peak code") != std::string::npos, bits != "12") << run.out;
  }
  const CommandResult none = run_mcnn({"model", "--count", "20", "--adc-bits", "4"});
  EXPECT_NE(none.out.find("so would every range of 4 bits, 6 bits at range 0 would not"),
            std::string::npos)
      << none.out;
  const CommandResult finer = run_mcnn({"model", "--count", "20", "--range", "3"});
  EXPECT_NE(finer.out.find("at range 3: range 2 would not (--range 2)"), std::string::npos)
      << finer.out;
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"cost", "--count", "5"},
        {"report", "--count", "20", "--out", out("report.html").string()}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--adc-bits", "5"});
    EXPECT_EQ(run_mcnn(arguments).status, 0) << command.front();
  }
}

// The integer network knows no chip, so it runs what fits none.
TEST_F(CliRuns, TheIntegerNetworkNeedsNoChip) {
  json network = {{"format", "mcnn-network-1"},
                  {"name", "large"},
                  {"input", {{"channels", 1}, {"height", 28}, {"width", 28}}}};
  json layer = {{"type", "fully_connected"},
                {"name", "FC"},
                {"outputs", 10},
                {"shift", 4},
                {"activation", "none"},
                {"biases", json::array()},
                {"weights", json::array()}};
  for (int k = 0; k < 10; ++k) {
    layer["biases"].push_back(k);
    layer["weights"].push_back(json::array());
    for (int i = 0; i < 28 * 28; ++i) layer["weights"].back().push_back((i + k) % 15 - 7);
  }
  network["layers"] = {layer};
  write_file(path("large.json"), network.dump());
  const std::vector<std::string> chosen = {"--network", path("large.json").string(), "--count",
                                           "30"};
  std::vector<std::string> model = {"model"};
  model.insert(model.end(), chosen.begin(), chosen.end());
  expect_error(model, {"large does not fit"});
  std::vector<std::string> integer = {"integer"};
  integer.insert(integer.end(), chosen.begin(), chosen.end());
  const std::string text = logits(integer);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 31);
  EXPECT_EQ(result_["images"], 30);
}

TEST_F(CliRuns, ImagesWithoutLabelsAreClassified) {
  write_file(path("images"), idx_images(25, 28, 28));
  write_file(path("labels"), idx_labels(25));
  const std::string images = path("images").string();
  for (const std::string engine : {"sim", "model", "integer"}) {
    SCOPED_TRACE(engine);
    const std::string labelled =
        logits({engine, "--images", images, "--labels", path("labels").string()});
    const std::string plain = logits({engine, "--images", images});
    EXPECT_TRUE(result_["accuracy"].is_null());
    EXPECT_TRUE(result_["correct"].is_null());
    EXPECT_EQ(std::regex_replace(labelled, std::regex("(\\n[0-9]+),3,"), "$1,,"), plain);
    EXPECT_NE(plain.find("\n0,,"), std::string::npos) << plain;
    const CommandResult run = run_mcnn({engine, "--images", images});
    EXPECT_NE(run.out.find("classes of images 0..24, which have no labels\n      0:  "),
              std::string::npos)
        << run.out;
    EXPECT_EQ(run.out.find("accuracy"), std::string::npos) << run.out;
  }
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
        run_mcnn({engine, "--count", "2", "--no-skip", "--program", "direct", "--timeline",
                  path(engine + ".json").string(), "--timeline-images", "0:1"});
    ASSERT_EQ(run.status, 0) << run.err;
  }
  EXPECT_EQ(read_file(path("sim.json")), read_file(path("model.json")));
  const json trace = json::parse(read_file(path("sim.json")));
  std::int64_t layer_clocks = 0;
  std::map<std::string, std::int64_t> by_name;
  std::set<int> steps;
  std::vector<std::string> tracks;
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("ph") == "M") {
      if (event.at("name") == "thread_name") tracks.push_back(event.at("args").at("name"));
      continue;
    }
    EXPECT_EQ(event.at("ph"), "X");
    const json& args = event.at("args");
    const int clocks = args.at("clocks");
    EXPECT_NEAR(event.at("dur").get<double>(), 0.05 * clocks, 1e-9) << "us, at 50 ns a clock";
    if (event.at("cat") == "layer") layer_clocks += clocks;
    by_name[event.at("name")] += clocks;
    if (event.at("name") == "C3 read") {
      EXPECT_LT(args.at("row"), 7);
      EXPECT_LT(args.at("column"), 7);
      steps.insert(args.at("step").get<int>());
    }
  }
  // A name is a kind of work of a layer, so totals by name say where the clocks go.
  EXPECT_EQ(by_name["C1"] + by_name["C3"] + by_name["FC"], layer_clocks);
  for (const std::string layer : {"C1", "C3", "FC"}) {
    for (const std::string work : {" fetch", " read", " plane", " reduce", " write-back"}) {
      EXPECT_GT(by_name[layer + work], 0) << layer << work;
    }
  }
  EXPECT_EQ(by_name["image load"], 2 * 784);
  EXPECT_EQ(steps, (std::set{0, 1, 2, 3}));
  EXPECT_LT(by_name.size(), 30U);
  EXPECT_EQ(layer_clocks, 2 * 1825);
  EXPECT_EQ(std::ranges::count(tracks, "PE 7"), 1);
}

}  // namespace
}  // namespace mcnn::testing
