// SPDX-License-Identifier: Apache-2.0
// mcnn learn and mcnn faces from outside: the same bytes with any number of threads and on either
// engine, files, bad input.
#include <nlohmann/json.hpp>

#include "cli_fixture.h"

namespace mcnn::testing {
namespace {

using nlohmann::json;

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
