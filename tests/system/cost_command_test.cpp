// SPDX-License-Identifier: Apache-2.0
// mcnn cost from outside.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

using nlohmann::json;

TEST_F(Cli, CostTablesAndItsErrors) {
  const std::vector<std::string> base = {"cost", "--no-skip", "--count",
                                         "20",   "--result",  path("cost.json").string()};
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
  EXPECT_TRUE(cost.at("missing").empty()) << cost.at("missing");
  EXPECT_GT(cost.at("programming").at("pJ").get<double>(), 0.0);

  expect_plain_error({"cost", "--card", "nothing"}, {"--card", "nothing", "energy card"});
  expect_plain_error({"cost", "--card", "paper65@x:1"}, {"--card", "'x'", "name@NM:RATIO"});
  expect_plain_error({"cost", "--card", "osu018"}, {"osu018", "read_voltage", "no value"});
  expect_plain_error({"cost", "--adc-bits", "13"}, {"--adc-bits", "13", "4..12"});
}

// The six lines that lead: what it is, its figure with a prefix, how it was come by.
std::vector<std::string> summary_of(const CommandResult& result) {
  std::vector<std::string> lines;
  std::istringstream text(result.out);
  for (std::string line; lines.size() < 6 && std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST_F(Cli, CostLeadsWithSixLinesThatSayHowTheyWereComeBy) {
  const CommandResult result = run_mcnn({"cost", "--no-skip", "--count", "20"});
  ASSERT_EQ(result.status, 0) << result.err;
  const std::vector<std::string> lines = summary_of(result);
  ASSERT_EQ(lines.size(), 6U);
  const std::vector<std::vector<std::string>> expected = {
      {"accuracy", " % ", "measured", "of 20 images right"},
      {"latency", "91.3 us/image", "measured", "1826.0 clocks of 50 ns"},
      {"throughput", "11.0 k images/s", "measured"},
      {"energy", " uJ/image", "estimated", "paper65 + osu018-gated + gf180sram"},
      {"power", " mW", "estimated"},
      {"area", "> ", " mm2", "missing", "area_cell"}};
  for (std::size_t i = 0; i < 6; ++i) {
    for (const std::string& part : expected[i]) {
      EXPECT_NE(lines[i].find(part), std::string::npos) << '"' << part << "\" not in: " << lines[i];
    }
  }
}

// The energy cards of the logic were measured on yao2020: another chip does not get its figures.
TEST_F(Cli, CostOfAnotherConfigurationLeavesItsLogicOut) {
  std::string params =
      read_file(std::filesystem::path(MCNN_DATA_DIR) / ".." / "constraints" / "yao2020.params");
  const std::size_t at = params.find("NumPe=8");
  ASSERT_NE(at, std::string::npos);
  params.replace(at, 7, "NumPe=9");
  for (const std::string name : {"nine.params", "yao2020.params"}) {
    SCOPED_TRACE(name);
    write_file(path(name), params);
    const CommandResult result =
        run_mcnn({"cost", "--count", "5", "--config", path(name).string(), "--network",
                  (std::filesystem::path(MCNN_DATA_DIR) / "networks" / "yao2020.json").string(),
                  "--result", path("nine.json").string()});
    ASSERT_EQ(result.status, 0) << result.err;
    for (const std::size_t line : {std::size_t{3}, std::size_t{4}}) {
      const std::string energy = summary_of(result).at(line);
      EXPECT_NE(energy.find("> "), std::string::npos) << energy;
      EXPECT_NE(energy.find("missing    no figure for: digital, memory"), std::string::npos)
          << energy;
    }
    const std::string why =
        name == "nine.params"
            ? "card osu018-gated was measured on yao2020, not on nine"
            : "card osu018-gated was measured on yao2020 with other parameters (NumPe";
    EXPECT_NE(result.out.find(why), std::string::npos) << result.out;
    const json cost = json::parse(read_file(path("nine.json")));
    EXPECT_FALSE(cost.at("energy_known").get<bool>());
    for (const json& part : cost.at("components")) {
      EXPECT_EQ(part.at("pJ").is_null(), part.at("group") != "macro") << part;
    }
    for (const json& part : cost.at("area")) {
      EXPECT_EQ(part.at("um2").is_null(), part.at("component") != "area_memory_bit") << part;
    }
  }
}

}  // namespace
}  // namespace mcnn::testing
