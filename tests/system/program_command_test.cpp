// SPDX-License-Identifier: Apache-2.0
// Programming from outside: mcnn program, and chips that a run programs, loads, refreshes or lays
// around faults are the same on the RTL and on the model.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

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
  expect_plain_error({"program", "--trace", "/nonexistent/x.fst"}, {"--trace"});
  expect_plain_error({"program", "--engine", "model", "--trace", out("x.fst").string()},
                     {"--trace", "--engine model"});
  expect_plain_error({"program", "--save-cells", "/nonexistent/x.json"}, {"--save-cells"});
  expect_plain_error({"program", "--network", path("none.json").string()}, {"none.json"});
}

TEST_F(Cli, CellsFilesThatDoNotBelong) {
  const std::string cells = path("cells.json").string();
  ASSERT_EQ(run_mcnn({"program", "--engine", "model", "--save-cells", cells}).status, 0);
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
                "--csv", out("p.csv").string(), "--save-cells", out("p.json").string()});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  for (const char* part : {"inside the tolerance", "within +-1 uS", "pulses a cell", "failed cells",
                           "clocks", "50 ns", "one PE at a time", "program model: equal"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << " in\n" << result.out;
  }
  const std::string rows = read_file(out("p.csv"));
  EXPECT_TRUE(rows.starts_with("# provenance {\"command\":\"mcnn program ")) << rows.substr(0, 80);
  EXPECT_NE(rows.find("}\npe,source_line,bit_line,level,target_uS,"), std::string::npos);
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 14592 + 2);
  EXPECT_NE(rows.find(",failed,"), std::string::npos);
  const std::string svg = read_file(out("p.svg"));
  EXPECT_TRUE(svg.starts_with("<svg xmlns=")) << svg.substr(0, 80);
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_LT(svg.size(), 1'000'000U);
  EXPECT_NE(svg.find("<metadata id=\"mcnn-provenance\">{\"command\":\"mcnn program "),
            std::string::npos);
  for (const char* part :
       {"PE 7", "target", "reached", "error when programming ended", "error at the first image",
        "errors by level", "standard deviation", "[uS]", "prefers-color-scheme"}) {
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(json::parse(read_file(out("p.json")))["format"], "mcnn-cells-1");

  // The program model tells the same but for who programmed.
  const CommandResult model = run_mcnn({"program", "--engine", "model", "--set",
                                        "stuck_high_rate=0.002", "--csv", out("m.csv").string()});
  EXPECT_EQ(model.status, 0) << model.err;
  EXPECT_EQ(read_file(out("m.csv")), rows);
}

}  // namespace
}  // namespace mcnn::testing
