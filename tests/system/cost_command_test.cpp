// SPDX-License-Identifier: Apache-2.0
// mcnn cost from outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

using nlohmann::json;

TEST_F(Cli, CostTablesAndItsErrors) {
  const std::vector<std::string> base = {"cost", "--count", "20", "--result",
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
