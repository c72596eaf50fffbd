// SPDX-License-Identifier: Apache-2.0
// mcnn learn and mcnn faces from outside: the same bytes with any number of threads and on either
// engine, files, bad input.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli_fixture.h"

namespace mcnn::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class Learn : public CliRuns {
 protected:
  // Without what differs from run to run.
  json result(std::vector<std::string> more) {
    std::vector<std::string> words = {"learn",
                                      "--device",
                                      "yao2020",
                                      "--count",
                                      "50",
                                      "--batch",
                                      "10",
                                      "--epochs",
                                      "1",
                                      "--rate",
                                      "0.1",
                                      "--result",
                                      out("result.json"),
                                      "--training-count",
                                      "60"};
    words.insert(words.end(), more.begin(), more.end());
    const CommandResult run = run_mcnn(words);
    EXPECT_EQ(run.status, 0) << run.err;
    json file = json::parse(read_file(out("result.json")));
    file.erase("engine");
    file.erase("provenance");
    return file;
  }
};

TEST_F(Learn, TheSameBitsOnEitherEngineAndAnyNumberOfThreads) {
  for (const std::string rule : {"pulse", "verify"}) {
    const json one = result({"--rule", rule, "--jobs", "1"});
    EXPECT_EQ(one["cells"], 3840);
    EXPECT_EQ(one["curve"].size(), 2U);
    EXPECT_EQ(one, result({"--rule", rule, "--jobs", "3"}));
    EXPECT_EQ(one, result({"--rule", rule, "--engine", "rtl"}));
  }
}

// Pictures are looked at and change nothing.
TEST_F(Learn, Files) {
  const json without = result({});
  const json with = result({"--curve", out("curve.svg"), "--picture", out("cells.svg"), "--csv",
                            out("curve.csv"), "--picture-epochs", "0,1"});
  EXPECT_EQ(without, with);
  const std::string cells = read_file(out("cells.svg"));
  EXPECT_NE(cells.find("epoch 0<"), std::string::npos);
  EXPECT_NE(cells.find("epoch 1<"), std::string::npos);
  EXPECT_NE(cells.find("mcnn-provenance"), std::string::npos);
  EXPECT_NE(read_file(out("curve.svg")).find("training images"), std::string::npos);
  EXPECT_NE(read_file(out("curve.csv")).find("epoch,iterations"), std::string::npos);
}

// What was learnt is a chip like any other: its cells and its network, loaded, are right on as many
// test images as when it learnt.
TEST_F(Learn, TheLearntChipIsSavedAndLoaded) {
  for (const std::string rule : {"pulse", "verify"}) {
    const json learnt = result(
        {"--rule", rule, "--save-cells", out("cells.json"), "--save-network", out("network.json")});
    const std::vector<std::string> run = {"model", "--device", "yao2020", "--count", "50"};
    const auto accuracy = [&](std::vector<std::string> more) {
      std::vector<std::string> words = run;
      words.insert(words.end(), more.begin(), more.end());
      words.insert(words.end(), {"--result", out("run.json")});
      const CommandResult loaded = run_mcnn(words);
      EXPECT_EQ(loaded.status, 0) << loaded.err;
      return json::parse(read_file(out("run.json")))["accuracy"].get<double>();
    };
    const std::string network = out("network.json");
    EXPECT_DOUBLE_EQ(
        accuracy({"--network", network, "--load-cells", out("cells.json"), "--age", "0"}),
        learnt["test_accuracy"].get<double>());
    // Without the cells it is the chip that learning began with.
    EXPECT_NE(accuracy({"--network", network}), learnt["test_accuracy"].get<double>());
    // Cells of another network are refused.
    const CommandResult other =
        run_mcnn({"model", "--device", "yao2020", "--load-cells", out("cells.json")});
    EXPECT_EQ(other.status, 2);
    EXPECT_NE(other.err.find("cells.json"), std::string::npos) << other.err;
  }
}

// Interrupted as soon as there is a state, it goes on from there and gives what a run in one piece
// gives; another run does not take the state.
TEST_F(Learn, AnInterruptedRunGoesOnWhereItWas) {
  const std::vector<std::string> run = {
      "learn", "--device", "yao2020", "--count",          "20",    "--batch",
      "10",    "--epochs", "30",      "--rate",           "0.02",  "--training-count",
      "100",   "--jobs",   "1",       "--picture-epochs", "0,2,30"};
  const auto command = [&](const std::string& name, std::vector<std::string> more) {
    std::vector<std::string> words = run;
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--csv", out(name + ".csv"), "--picture", out(name + ".svg"),
                               "--save-cells", out(name + ".json")});
    return words;
  };
  const auto text = [&](const std::string& name) {
    std::string all;
    for (const char* const end : {".csv", ".json"}) all += read_file(out(name + end));
    const std::string picture = read_file(out(name + ".svg"));
    return all + picture.substr(picture.find("</metadata>"));
  };
  const CommandResult straight = run_mcnn(command("straight", {}));
  ASSERT_EQ(straight.status, 0) << straight.err;

  const std::vector<std::string> kept = {"--checkpoint", out("state.json")};
  for (int delay_ms = 300;; delay_ms *= 2) {
    const CommandResult interrupted = run_mcnn(command("resumed", kept), delay_ms);
    ASSERT_EQ(interrupted.status, 130) << interrupted.err;
    EXPECT_FALSE(fs::exists(out("resumed.csv")));
    if (fs::exists(out("state.json"))) break;
  }
  const json state = json::parse(read_file(out("state.json")))["state"];
  EXPECT_FALSE(state["done"].get<bool>());
  EXPECT_LT(state["points"].size(), 31U);

  const CommandResult other =
      run_mcnn(command("other", {"--checkpoint", out("state.json"), "--gain", "1"}));
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("is of another run"), std::string::npos) << other.err;

  const CommandResult resumed = run_mcnn(command("resumed", kept));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(text("straight"), text("resumed"));
  // A finished one gives its result again.
  const CommandResult again = run_mcnn(command("again", kept));
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(text("straight"), text("again"));
}

TEST_F(Learn, BadInput) {
  expect_plain_error({"learn", "--rule", "both"}, {"--rule", "'both'", "pulse and verify"});
  expect_plain_error({"learn", "--batch", "9999"}, {"--batch", "found 9999", "0..6000"});
  expect_plain_error({"learn", "--picture-epochs", "-1"}, {"--picture-epochs", "found -1"});
  expect_plain_error({"faces", "--faces", path("nothing")}, {"--faces", "a folder of pictures"});
  expect_plain_error({"faces", "--chips", "0"}, {"--chips", "found 0", "1..1000"});
}

// Without data the command draws its faces; what it writes is what mcnn learn takes.
TEST_F(Learn, DrawnFaces) {
  const CommandResult run = run_mcnn({"faces", "--chips", "2", "--out", out("faces")});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find("drawn by this command"), std::string::npos) << run.out;
  const json result = json::parse(read_file(out("faces") / "result.json"));
  EXPECT_EQ(result["verify"]["converged"], 2);
  EXPECT_EQ(result["pulse"]["converged"], 2);
  const auto file = [&](const char* name) { return (out("faces") / name).string(); };
  const CommandResult learnt =
      run_mcnn({"learn", "--network", file("network.json"), "--images", file("test-images.idx"),
                "--labels", file("test-labels.idx"), "--training-images",
                file("training-images.idx"), "--training-labels", file("training-labels.idx"),
                "--device", "yao2020", "--result", out("one.json")});
  ASSERT_EQ(learnt.status, 0) << learnt.err;
  EXPECT_EQ(json::parse(read_file(out("one.json")))["iterations"],
            result["verify"]["iterations"][0]);
}

}  // namespace
}  // namespace mcnn::testing
