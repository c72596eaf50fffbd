// SPDX-License-Identifier: Apache-2.0
// mcnn tune from outside: the same bytes with any number of threads and after an interruption,
// tuned cells that other commands load, bad input.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
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

class Tune : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // A chip that relaxes; its files get names that begin with `name`.
  std::vector<std::string> command(const std::string& name, std::vector<std::string> more) const {
    std::vector<std::string> arguments = {
        "tune",
        "--network",
        std::string(MCNN_DATA_DIR) + "/networks/yao2020-plain.json",
        "--set",
        "programming_sigma_uS=1.2",
        "--set",
        "age_s=1",
        "--csv",
        path(name + ".csv"),
        "--curve",
        path(name + ".svg"),
        "--save-cells",
        path(name + ".cells"),
        "--result",
        path(name + ".json")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  void expect_same_files(const std::string& a, const std::string& b) const {
    for (const std::string suffix : {".csv", ".svg", ".cells", ".json"}) {
      EXPECT_EQ(read_file(path(a + suffix)), read_file(path(b + suffix))) << suffix;
    }
  }

  const TemporaryFolder folder_{"mcnn_tune"};
};

TEST_F(Tune, TunedCellsGiveWhatTuningSaid) {
  for (const std::string flow : {"paper", "best"}) {
    SCOPED_TRACE(flow);
    const CommandResult tuned =
        run_mcnn(command(flow, {"--flow", flow, "--training-count", "600", "--validation", "100",
                                "--epochs", "2", "--count", "500", "--passes", "2"}));
    ASSERT_EQ(tuned.status, 0) << tuned.err;
    EXPECT_NE(tuned.out.find("cells rewritten"), std::string::npos) << tuned.out;
    const json result = json::parse(read_file(path(flow + ".json")));
    EXPECT_GT(result["test_accuracy_after"].get<double>(),
              result["test_accuracy_before"].get<double>());
    EXPECT_GT(result["cells_rewritten"].get<int>(), 10);
    // The learning curve begins with what came of it.
    const std::string curve = read_file(path(flow + ".svg"));
    EXPECT_NE(curve.find(">yao2020-plain, device typical, flow " + flow + ", seed 1<"),
              std::string::npos);
    EXPECT_NE(curve.find(fmt::format(
                  ">error on 500 test images {:.2f} % \u2192 {:.2f} %, on 500 training images ",
                  100.0 * (1.0 - result["test_accuracy_before"].get<double>()),
                  100.0 * (1.0 - result["test_accuracy_after"].get<double>()))),
              std::string::npos)
        << curve.substr(0, 2000);
    EXPECT_NE(curve.find(">test images<"), std::string::npos) << "the legend fits";
    // Six lines lead: what the tuned chip is and takes, as mcnn cost says it of the loaded chip
    // where no planes are left out, which tuning does not.
    const std::vector<std::string> lead = {"accuracy", "latency", "throughput",
                                           "energy",   "power",   "area"};
    std::istringstream lines(tuned.out);
    for (const std::string& name : lead) {
      std::string line;
      std::getline(lines, line);
      EXPECT_TRUE(line.starts_with(name + " ")) << line;
    }
    const CommandResult cost =
        run_mcnn({"cost", "--no-skip", "--network",
                  std::string(MCNN_DATA_DIR) + "/networks/yao2020-plain.json", "--set",
                  "programming_sigma_uS=1.2", "--set", "age_s=1", "--count", "500", "--load-cells",
                  path(flow + ".cells"), "--result", path("cost.json")});
    ASSERT_EQ(cost.status, 0) << cost.err;
    const json expected = json::parse(read_file(path("cost.json")))["summary"];
    ASSERT_EQ(result["summary"].size(), lead.size());
    for (std::size_t i = 0; i < lead.size(); ++i) {
      const json& line = result["summary"][i];
      EXPECT_EQ(line["name"], lead[i]);
      EXPECT_EQ(line["unit"], expected[i]["unit"]);
      EXPECT_EQ(line["is"], expected[i]["is"]) << lead[i];
      // Sums in another order.
      const double value = expected[i]["value"].get<double>();
      EXPECT_NEAR(line["value"].get<double>(), value, 1e-9 * value) << lead[i];
    }
    // What it took on the chip: the counts that the chip's own counters and the cycle model give.
    const json& energy = result["energy"];
    EXPECT_EQ(energy["programming"]["sets"], result["set_pulses"]);
    EXPECT_EQ(energy["programming"]["resets"], result["reset_pulses"]);
    EXPECT_EQ(energy["programming"]["reads"], result["verify_reads"]);
    EXPECT_EQ(energy["programming"]["clocks"], result["programming_clocks"]);
    EXPECT_GT(energy["programming"]["pulse_pJ"].get<double>(), 0.0);
    for (const json& part : energy["forward"]) {
      if (part["component"] != "logic_clock_tree") continue;
      EXPECT_EQ(part["count"], result["forward_clocks"]);
    }
    EXPECT_TRUE(energy["missing"].empty()) << energy["missing"];
    EXPECT_NE(tuned.out.find("rewriting cells"), std::string::npos) << tuned.out;
    const CommandResult loaded =
        run_mcnn({"model", "--network", std::string(MCNN_DATA_DIR) + "/networks/yao2020-plain.json",
                  "--set", "programming_sigma_uS=1.2", "--set", "age_s=1", "--count", "500",
                  "--load-cells", path(flow + ".cells"), "--result", path("loaded.json")});
    ASSERT_EQ(loaded.status, 0) << loaded.err;
    EXPECT_DOUBLE_EQ(json::parse(read_file(path("loaded.json")))["accuracy"].get<double>(),
                     result["test_accuracy_after"].get<double>());
  }
}

// Tuning a chip that is programmed around its faults: it begins better than one that is not, the
// stuck cells are known, so no loop fails on them, and a saved chip is loaded with its layout.
TEST_F(Tune, StuckCellsAreKnownFromTheBeginning) {
  const std::vector<std::string> stuck = {"--set", "stuck_low_rate=0.02", "--set",
                                          "stuck_high_rate=0.02"};
  const auto tuned = [&](const std::string& name, std::vector<std::string> more) {
    more.insert(more.end(), stuck.begin(), stuck.end());
    more.insert(more.end(), {"--flow", "best", "--training-count", "600", "--validation", "100",
                             "--count", "500", "--passes", "2"});
    const CommandResult result = run_mcnn(command(name, more));
    EXPECT_EQ(result.status, 0) << result.err;
    return json::parse(read_file(path(name + ".json")));
  };
  const json without = tuned("without", {});
  const json around = tuned("around", {"--around-faults"});
  EXPECT_GT(without["cells_failed"].get<int>(), 100);
  EXPECT_LT(around["cells_failed"].get<int>(), 10);
  EXPECT_GT(around["test_accuracy_before"].get<double>(),
            without["test_accuracy_before"].get<double>());
  EXPECT_GT(around["test_accuracy_after"].get<double>(),
            around["test_accuracy_before"].get<double>());

  std::vector<std::string> load = {"model",
                                   "--network",
                                   std::string(MCNN_DATA_DIR) + "/networks/yao2020-plain.json",
                                   "--set",
                                   "programming_sigma_uS=1.2",
                                   "--set",
                                   "age_s=1",
                                   "--count",
                                   "500",
                                   "--load-cells",
                                   path("around.cells"),
                                   "--result",
                                   path("loaded.json")};
  load.insert(load.end(), stuck.begin(), stuck.end());
  const CommandResult loaded = run_mcnn(load);
  ASSERT_EQ(loaded.status, 0) << loaded.err;
  EXPECT_DOUBLE_EQ(json::parse(read_file(path("loaded.json")))["accuracy"].get<double>(),
                   around["test_accuracy_after"].get<double>());
}

TEST_F(Tune, ThreadsDoNotChangeABit) {
  const std::vector<std::string> small = {"--training-count", "300", "--validation", "50",
                                          "--epochs",         "2",   "--no-test",    "--jobs"};
  for (const std::string jobs : {"1", "3"}) {
    std::vector<std::string> more = small;
    more.push_back(jobs);
    const CommandResult result = run_mcnn(command(jobs, more));
    ASSERT_EQ(result.status, 0) << result.err;
  }
  expect_same_files("1", "3");
}

TEST_F(Tune, AnInterruptedRunGoesOnWhereItWas) {
  const std::vector<std::string> run = {"--training-count", "1500", "--validation", "100",
                                        "--epochs",         "14",   "--patience",   "100",
                                        "--no-test"};
  const CommandResult straight = run_mcnn(command("straight", run));
  ASSERT_EQ(straight.status, 0) << straight.err;

  std::vector<std::string> with_checkpoint = run;
  with_checkpoint.insert(with_checkpoint.end(), {"--checkpoint", path("checkpoint.json")});
  // Interrupted early, and later each time it was before the first step.
  int step = 0;
  for (int delay_ms = 500; step == 0; delay_ms *= 2) {
    const CommandResult interrupted = run_mcnn(command("resumed", with_checkpoint), delay_ms);
    ASSERT_EQ(interrupted.status, 130) << interrupted.err;
    EXPECT_FALSE(fs::exists(path("resumed.csv")));
    if (!fs::exists(path("checkpoint.json"))) continue;
    const json checkpoint = json::parse(read_file(path("checkpoint.json")));
    step = checkpoint["state"]["step"].get<int>();
    EXPECT_NE(checkpoint["state"]["stage"], "done");
  }

  // Another run does not take it.
  std::vector<std::string> other = with_checkpoint;
  other.insert(other.end(), {"--learning-rate", "1"});
  const CommandResult refused = run_mcnn(command("other", other));
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("is of another run"), std::string::npos) << refused.err;

  const CommandResult resumed = run_mcnn(command("resumed", with_checkpoint));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  expect_same_files("straight", "resumed");
  // A finished one gives its result again.
  const CommandResult again = run_mcnn(command("again", with_checkpoint));
  ASSERT_EQ(again.status, 0) << again.err;
  expect_same_files("straight", "again");
}

TEST_F(Tune, BadInputIsRefusedOnOneLine) {
  struct Case {
    std::vector<std::string> arguments;
    std::vector<std::string> parts;
  };
  const std::vector<Case> cases = {
      {{"--flow", "fast"}, {"--flow", "'fast'", "paper and best"}},
      {{"--engine", "integer"}, {"--engine", "'integer'", "rtl and model"}},
      {{"--sharing", "rows,images"}, {"--sharing", "rows and images"}},
      {{"--without", "refit"}, {"--without", "--flow best"}},
      {{"--flow", "best", "--without", "biases"}, {"--without", "'biases'", "hidden-biases"}},
      {{"--training-count", "6001"}, {"--training-count", "6001", "2..6000"}},
      {{"--validation", "6000"}, {"--validation", "6000", "1..5999"}},
      {{"--threshold", "-1"}, {"--threshold", "-1"}},
      {{"--card", "nothing"}, {"--card", "'nothing'", "energy card"}},
      {{"--training-images", MCNN_DATA_DIR "/mnist/t10k-images-idx3-ubyte.gz"},
       {"--training-images", "--training-labels", "has no labels"}},
      {{"--training-labels", "x"}, {"--training-labels", "--training-images"}},
      {{"--by-group"}, {"replicas", "--mapping paper"}},
      {{"--refresh-threshold", "0.5"}, {"--refresh-threshold", "--refresh-every"}},
      {{"--checkpoint", "/nowhere/x.json"}, {"--checkpoint", "/nowhere/x.json"}},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.arguments.front());
    const CommandResult result = run_mcnn(command("bad", test.arguments));
    EXPECT_EQ(result.status, 2) << result.out;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    for (const std::string& part : test.parts) {
      EXPECT_NE(result.err.find(part), std::string::npos) << part << " in " << result.err;
    }
    EXPECT_TRUE(fs::is_empty(folder_.path()));
  }
}

}  // namespace
}  // namespace mcnn::testing
