// SPDX-License-Identifier: Apache-2.0
// mcnn sweep from outside: a sweep that is killed again and again ends with the file of one that
// was not, the command of a row gives the row, and bad input gives one line and no file.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
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
using Words = std::vector<std::string>;

// Without the line that says what made the file.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("# provenance ")) lines.push_back(line);
  }
  return lines;
}

Words columns_of(const std::string& row) {
  std::istringstream stream(row);
  Words columns;
  for (std::string column; std::getline(stream, column, ',');) columns.push_back(column);
  return columns;
}

class SweepCommand : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directory(folder_ / "out"); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string out(const std::string& name) const { return (folder_ / "out" / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_ / "out"), fs::directory_iterator()));
  }

  // Status 2, one line on stderr that holds every one of `parts`, no file.
  void expect_error(Words arguments, const Words& parts, bool with_out = true) {
    arguments.insert(arguments.begin(), "sweep");
    if (with_out) arguments.insert(arguments.end(), {"--out", out("rows.csv")});
    expect_refused(arguments, parts);
    EXPECT_EQ(files(), 0U);
  }

  const TemporaryFolder folder_{"mcnn_sweep"};
};

Words sweep_words(const std::string& file, const std::string& jobs) {
  return {
      "sweep", "--vary", "read_noise=0,0.3",  "--vary", "seed=1:6", "--count", "250", "--device",
      "ideal", "--set",  "adc_sigma_codes=2", "--jobs", jobs,       "--out",   file};
}

TEST_F(SweepCommand, ThreadsDoNotChangeTheFile) {
  for (const std::string jobs : {"1", "2", "5"}) {
    const CommandResult result = run_mcnn(sweep_words(out(jobs + ".csv"), jobs));
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "") << "quiet when not on a terminal";
    EXPECT_NE(result.out.find("12 runs, 12 of them now"), std::string::npos) << result.out;
  }
  EXPECT_EQ(lines_of(read_file(out("1.csv"))).size(), 14U);
  EXPECT_EQ(read_file(out("2.csv")), read_file(out("1.csv")));
  EXPECT_EQ(read_file(out("5.csv")), read_file(out("1.csv")));
  EXPECT_EQ(files(), 3U);
}

// Three machines, one of which is killed and begins again, make the file that one makes.
TEST_F(SweepCommand, ShardsMakeTheSameFile) {
  ASSERT_EQ(run_mcnn(sweep_words(out("whole.csv"), "2")).status, 0);
  Words merge = {"sweep", "merge"};
  for (const std::string shard : {"2", "0", "1"}) {
    Words words = sweep_words(out("rows.csv"), "2");
    words.insert(words.end(), {"--shard", shard + "/3"});
    if (shard == "0") run_mcnn(words, 150, SIGKILL);
    const CommandResult result = run_mcnn(words);
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.out.find("4 runs, "), std::string::npos) << result.out;
    merge.push_back(out("rows." + shard + "-of-3.csv"));
  }
  merge.insert(merge.end(), {"--out", out("rows.csv")});
  Words two = merge;
  two.erase(two.begin() + 2);
  const CommandResult refused = run_mcnn(two);
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("missing: 2"), std::string::npos) << refused.err;
  EXPECT_FALSE(fs::exists(out("rows.csv")));
  const CommandResult merged = run_mcnn(merge);
  ASSERT_EQ(merged.status, 0) << merged.err;
  EXPECT_EQ(read_file(out("rows.csv")), read_file(out("whole.csv")));
}

// A shard that is killed again and again makes the file that it makes otherwise.
TEST_F(SweepCommand, AKilledShardGoesOn) {
  Words words = sweep_words(out("whole.csv"), "1");
  words.insert(words.end(), {"--shard", "1/2"});
  ASSERT_EQ(run_mcnn(words).status, 0);
  *(std::ranges::find(words, "--out") + 1) = out("rows.csv");
  const std::string whole = read_file(out("whole.1-of-2.csv"));
  const auto rows = [&] { return read_file(out("rows.1-of-2.csv")); };
  int kills = 0;
  for (int milliseconds = 60; milliseconds < 60'000; milliseconds += 25, ++kills) {
    if (run_mcnn(words, milliseconds, SIGKILL).status == 0) break;
    // Unless it was killed behind the renaming.
    if (fs::exists(out("rows.1-of-2.csv"))) {
      EXPECT_EQ(rows(), whole) << "it appears whole";
    }
  }
  EXPECT_GE(kills, 1);
  EXPECT_EQ(rows(), whole);
  EXPECT_EQ(files(), 2U) << "no attempt is left";
  // What a kill behind the renaming leaves goes with the next start.
  write_file(out("rows.1-of-2.csv.attempt-host-1"), whole);
  write_file(out("rows.1-of-2.csv.attempt-host-2"), whole.substr(0, whole.size() / 2));
  EXPECT_EQ(run_mcnn(words).status, 0);
  EXPECT_EQ(rows(), whole);
  EXPECT_EQ(files(), 2U) << "no attempt is left";
}

// Submitted to this machine: some shards fail at first, --status says how far they are and, when
// all are done, makes the file and the plot of one machine.
TEST_F(SweepCommand, SubmittedShardsMakeTheSameFile) {
  ASSERT_EQ(run_mcnn(sweep_words(out("whole.csv"), "2")).status, 0);
  Words submit = sweep_words(out("rows.csv"), "1");
  submit.insert(submit.end(), {"--shards", "5"});
  Words status = submit;
  submit.insert(submit.end(), {"--submit", "local"});
  status.insert(status.end(), {"--status", "--plot", out("rows.svg")});
  const CommandResult nothing = run_mcnn(status);
  EXPECT_EQ(nothing.status, 1) << nothing.err;
  EXPECT_NE(nothing.out.find("0 of 12 runs, 0 of 5 shards done"), std::string::npos) << nothing.out;
  EXPECT_NE(nothing.out.find("not begun"), std::string::npos) << nothing.out;

  fs::create_directory(out("rows.3-of-5.csv"));  // in the way of one of them
  const CommandResult failed = run_mcnn(submit);
  EXPECT_EQ(failed.status, 2);
  EXPECT_NE(failed.err.find("local.sh ended with status 1"), std::string::npos) << failed.err;
  EXPECT_NE(read_file(out("rows.logs/3.log")).find("rows.3-of-5.csv"), std::string::npos);
  fs::remove(out("rows.3-of-5.csv"));
  const CommandResult part = run_mcnn(status);
  EXPECT_EQ(part.status, 1) << part.err;
  EXPECT_NE(part.out.find("10 of 12 runs, 4 of 5 shards done"), std::string::npos) << part.out;
  EXPECT_FALSE(fs::exists(out("rows.csv")));

  ASSERT_EQ(run_mcnn(submit).status, 0);
  const CommandResult done = run_mcnn(status);
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_NE(done.out.find("12 runs, 0 of them now"), std::string::npos) << done.out;
  EXPECT_EQ(read_file(out("rows.csv")), read_file(out("whole.csv")));
  EXPECT_NE(read_file(out("rows.svg")).find("<svg"), std::string::npos);
}

// The submitters of clusters that count from 1, against a bsub and a qsub that run every element.
TEST_F(SweepCommand, OtherClustersCountFromOne) {
  write_file(path("bsub"), "#!/bin/sh\necho \"$@\" > " + path("bsub.words") +
                               "\njob=$(cat)\nfor i in 1 2 3; do LSB_JOBINDEX=$i sh -c \"$job\" || "
                               "exit; done\n");
  write_file(path("qsub"), "#!/bin/sh\necho \"$@\" > " + path("qsub.words") +
                               "\njob=$(cat)\nfor i in 1 2 3; do SGE_TASK_ID=$i sh -c \"$job\" || "
                               "exit; done\n");
  for (const char* name : {"bsub", "qsub"}) fs::permissions(path(name), fs::perms::owner_all);
  const std::string before = std::getenv("PATH");
  setenv("PATH", (folder_.path().string() + ":" + before).c_str(), 1);
  setenv("MCNN_SUBMIT_OPTIONS", "-q short", 1);
  for (const std::string cluster : {"lsf", "grid_engine"}) {
    Words words = sweep_words(out(cluster + ".csv"), "1");
    words.insert(words.end(), {"--shards", "3", "--submit", cluster});
    const CommandResult result = run_mcnn(words);
    EXPECT_EQ(result.status, 0) << result.err;
    for (const std::string file : {".0-of-3.csv", ".1-of-3.csv", ".2-of-3.csv"}) {
      EXPECT_TRUE(fs::exists(out(cluster + file))) << cluster << file;
    }
  }
  unsetenv("MCNN_SUBMIT_OPTIONS");
  setenv("PATH", before.c_str(), 1);
  EXPECT_NE(read_file(path("bsub.words")).find("-J mcnn-lsf[1-3] -r "), std::string::npos);
  EXPECT_NE(read_file(path("qsub.words")).find("-t 1-3 -r y "), std::string::npos);
  for (const char* name : {"bsub.words", "qsub.words"}) {
    EXPECT_NE(read_file(path(name)).find("-q short"), std::string::npos);
  }
}

// Stopped inside a tuned run, a sweep goes on in the middle of it.
TEST_F(SweepCommand, AStoppedTunedRunGoesOnInside) {
  Words words = {"sweep",
                 "--vary",
                 "seed=1",
                 "--device",
                 "yao2020",
                 "--set",
                 "training_count=1500",
                 "--set",
                 "flow=best",
                 "--count",
                 "50",
                 "--out",
                 out("whole.csv")};
  ASSERT_EQ(run_mcnn(words).status, 0);
  words.back() = out("rows.csv");
  const std::string checkpoint = out("rows.csv.run-0.checkpoint");
  std::string before;
  int stops = 0;
  CommandResult result;
  for (int milliseconds = 400; milliseconds < 60'000; milliseconds += 1000, ++stops) {
    result = run_mcnn(words, milliseconds, SIGTERM);
    if (result.status == 0) break;
    const std::string state = read_file(checkpoint);
    if (!before.empty()) {
      EXPECT_NE(state, before) << "no step further";
    }
    before = state;
  }
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_GE(stops, 2);
  EXPECT_FALSE(before.empty());
  EXPECT_FALSE(fs::exists(checkpoint)) << "the row is there";
  EXPECT_EQ(read_file(out("rows.csv")), read_file(out("whole.csv")));
}

// Killed later each time, so that it ends on a machine of any speed.
class KilledSweep : public SweepCommand, public ::testing::WithParamInterface<int> {};

TEST_P(KilledSweep, GoesOnToTheSameFile) {
  ASSERT_EQ(run_mcnn(sweep_words(out("whole.csv"), "2")).status, 0);
  const std::string file = out("killed.csv");
  int kills = 0;
  std::size_t rows = 0;
  CommandResult result;
  for (int milliseconds = 60; milliseconds < 60'000; milliseconds += 25) {
    result = run_mcnn(sweep_words(file, "2"), milliseconds, GetParam());
    if (result.status == 0) break;
    EXPECT_EQ(result.status, GetParam() == SIGKILL ? 128 + SIGKILL : 130) << result.err;
    ++kills;
    // A SIGINT during the first checks comes before there is a file.
    if (GetParam() == SIGINT && result.err.find("of 12 runs are in") != std::string::npos) {
      EXPECT_NE(result.err.find("the same command goes on from there"), std::string::npos);
    }
    const std::string text = read_file(file);
    const auto now = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_GE(now, rows) << "no row is lost";
    rows = now;
  }
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_GE(kills, 1);
  constexpr std::size_t kHead = 3;  // lines before the rows
  const std::string left = std::to_string(kHead + 12 - std::max(rows, kHead));
  EXPECT_NE(result.out.find("12 runs, " + left + " of them now"), std::string::npos)
      << "only what was missing is run: " << result.out;
  EXPECT_EQ(read_file(file), read_file(out("whole.csv")));
  EXPECT_EQ(files(), 2U);
  // And once more there is nothing to do.
  result = run_mcnn(sweep_words(file, "2"));
  EXPECT_NE(result.out.find("12 runs, 0 of them now"), std::string::npos) << result.out;
  EXPECT_EQ(read_file(file), read_file(out("whole.csv")));
}

INSTANTIATE_TEST_SUITE_P(Signals, KilledSweep, ::testing::Values(SIGKILL, SIGINT));

TEST_F(SweepCommand, TheCommandOfARowGivesTheRow) {
  const CommandResult sweep = run_mcnn({"sweep",
                                        "--vary",
                                        "adc_bits=5,8",
                                        "--vary",
                                        "mapping=default,paper",
                                        "--vary",
                                        "program=loop,direct",
                                        "--sample",
                                        "read_noise=log(0.01,0.5)",
                                        "--sample",
                                        "age_s=uniform(0,1000)",
                                        "--runs",
                                        "1",
                                        "--sample-seed",
                                        "4",
                                        "--set",
                                        "drift_exponent=0.1",
                                        "--set",
                                        "programming_range=1",
                                        "--count",
                                        "120",
                                        "--first",
                                        "300",
                                        "--out",
                                        out("rows.csv")});
  ASSERT_EQ(sweep.status, 0) << sweep.err;
  const Words lines = lines_of(read_file(out("rows.csv")));
  ASSERT_EQ(lines.size(), 2U + 8U);
  EXPECT_EQ(lines[1],
            "run,adc_bits,mapping,program,read_noise,age_s,seed,images,correct,accuracy,clipped,"
            "pulses,command");
  std::vector<std::string> accuracies;
  for (std::size_t i = 2; i < lines.size(); ++i) {
    const Words columns = columns_of(lines[i]);
    ASSERT_EQ(columns.size(), 13U) << lines[i];
    Words arguments = shell_words(columns.back());
    ASSERT_EQ(arguments.front(), "mcnn");
    arguments.erase(arguments.begin());
    arguments.insert(arguments.end(), {"--result", path("result.json")});
    const CommandResult model = run_mcnn(arguments);
    ASSERT_EQ(model.status, 0) << model.err;
    const json result = json::parse(read_file(path("result.json")));
    EXPECT_EQ(result["images"], 120);
    EXPECT_EQ(std::to_string(result["correct"].get<int>()), columns[8]) << lines[i];
    accuracies.push_back(columns[8]);
  }
  std::sort(accuracies.begin(), accuracies.end());
  EXPECT_GE(std::unique(accuracies.begin(), accuracies.end()) - accuracies.begin(), 3)
      << "runs that are all the same prove nothing";
}

// Rows of a chip that is tuned, refreshed, or loaded, each against the command that stands beside
// it; pulses are counted.
TEST_F(SweepCommand, TheCommandOfATunedRowGivesTheRow) {
  const Words common = {"--count", "100", "--device", "yao2020", "--set", "training_count=400"};
  Words words = {"sweep",
                 "--vary",
                 "flow=none,paper,best",
                 "--vary",
                 "stuck_low_rate+stuck_high_rate=0,0.01",
                 "--set",
                 "age_s=100",
                 "--set",
                 "refresh_every=40",
                 "--set",
                 "threshold=0.3",
                 "--set",
                 "passes=1",
                 "--set",
                 "wait=1",
                 "--out",
                 out("rows.csv")};
  words.insert(words.end(), common.begin(), common.end());
  // Of 400 training images none is left beside the 1,000 held out by default.
  const CommandResult refused = run_mcnn(words);
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("run 2: --validation: found 1000, allowed is 1..399"),
            std::string::npos)
      << refused.err;
  words.back() = "training_count=1200";
  const CommandResult sweep = run_mcnn(words);
  ASSERT_EQ(sweep.status, 0) << sweep.err;
  const Words lines = lines_of(read_file(out("rows.csv")));
  ASSERT_EQ(lines.size(), 2U + 6U);
  long plain_pulses = 0;
  for (std::size_t i = 2; i < lines.size(); ++i) {
    const Words columns = columns_of(lines[i]);
    ASSERT_EQ(columns.size(), 10U) << lines[i];
    Words arguments = shell_words(columns.back());
    arguments.erase(arguments.begin());
    arguments.insert(arguments.end(), {"--result", path("result.json")});
    const CommandResult again = run_mcnn(arguments);
    ASSERT_EQ(again.status, 0) << again.err;
    const json result = json::parse(read_file(path("result.json")));
    const bool tuned = columns[1] != "none";
    EXPECT_EQ(arguments.front(), tuned ? "tune" : "model");
    const double accuracy = result[tuned ? "test_accuracy_after" : "accuracy"].get<double>();
    EXPECT_NEAR(accuracy, std::stod(columns[6]), 1e-6) << lines[i];
    const long pulses = std::stol(columns[8]);
    if (columns[1] == "none" && columns[2] == "0") plain_pulses = pulses;
    if (columns[1] == "best") {
      EXPECT_GT(pulses, plain_pulses) << "tuning takes pulses";
    }
  }
  EXPECT_GT(plain_pulses, 14592) << "programming and refreshing";
}

// {seed} in the name of a cells file is the seed of the run.
TEST_F(SweepCommand, EveryRunLoadsTheCellsOfItsSeed) {
  for (const std::string seed : {"3", "4"}) {
    const CommandResult saved = run_mcnn({"model", "--device", "yao2020", "--seed", seed, "--count",
                                          "100", "--save-cells", path("chip-" + seed + ".cells")});
    ASSERT_EQ(saved.status, 0) << saved.err;
  }
  const CommandResult loaded =
      run_mcnn({"sweep", "--vary", "seed=3,4", "--set", "load_cells=" + path("chip-{seed}.cells"),
                "--device", "yao2020", "--count", "100", "--out", out("loaded.csv")});
  ASSERT_EQ(loaded.status, 0) << loaded.err;
  const CommandResult programmed = run_mcnn({"sweep", "--vary", "seed=3,4", "--device", "yao2020",
                                             "--count", "100", "--out", out("programmed.csv")});
  ASSERT_EQ(programmed.status, 0) << programmed.err;
  const Words a = lines_of(read_file(out("loaded.csv")));
  const Words b = lines_of(read_file(out("programmed.csv")));
  ASSERT_EQ(a.size(), 4U);
  for (std::size_t i = 2; i < a.size(); ++i) {
    EXPECT_EQ(a[i].substr(0, 10), b[i].substr(0, 10)) << a[i];
    EXPECT_NE(a[i].find("chip-" + std::to_string(i + 1) + ".cells"), std::string::npos) << a[i];
  }
}

TEST_F(SweepCommand, APlanGivesAFileAndAPlotForEachSweep) {
  write_file(path("plan.toml"),
             "[[sweep]]\nname = \"first\"\ntitle = \"The first\"\n"
             "vary = [\"read_noise=0,0.1\", \"seed=1,2\"]\n"
             "[[sweep]]\nname = \"second\"\nset = [\"device=ideal\"]\n"
             "vary = [\"mapping=default,paper\"]\n");
  const Words words = {"sweep", "--plan", path("plan.toml"), "--count", "20",
                       "--out", out("a"), "--plot",          out("a")};
  const CommandResult result = run_mcnn(words);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(lines_of(read_file(out("a/first.csv"))).size(), 6U);
  EXPECT_EQ(lines_of(read_file(out("a/second.csv"))).size(), 4U);
  EXPECT_NE(result.out.find("2 sweeps, 6 runs now"), std::string::npos) << result.out;
  for (const std::string name : {"a/first.svg", "a/second.svg"}) {
    const std::string svg = read_file(out(name));
    EXPECT_NE(svg.find("<svg"), std::string::npos);
    EXPECT_NE(svg.find("</svg>"), std::string::npos);
    EXPECT_NE(svg.find("accuracy [%]"), std::string::npos);
  }
  EXPECT_NE(read_file(out("a/first.svg")).find("The first"), std::string::npos);
  // One of them alone.
  const CommandResult only = run_mcnn({"sweep", "--plan", path("plan.toml"), "--count", "20",
                                       "--only", "second", "--out", out("b")});
  ASSERT_EQ(only.status, 0) << only.err;
  EXPECT_FALSE(fs::exists(out("b/first.csv")));
  EXPECT_EQ(read_file(out("b/second.csv")), read_file(out("a/second.csv")));
}

TEST_F(SweepCommand, ListPrintsTheCommandsAndRunsNothing) {
  const CommandResult result = run_mcnn({"sweep", "--vary", "seed=1:3", "--list"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out,
            "mcnn model --config yao2020 --device typical --seed 1\n"
            "mcnn model --config yao2020 --device typical --seed 2\n"
            "mcnn model --config yao2020 --device typical --seed 3\n");
}

TEST_F(SweepCommand, BadInput) {
  expect_error({"--vary", "seed=1:2"}, {"--out", "missing"}, false);
  expect_error({}, {"nothing to vary"});
  expect_error({"--vary", "read_nose=1,2"}, {"--vary", "read_nose"});
  expect_error({"--vary", "read_noise=1,x"}, {"run 1", "read_noise", "x"});
  expect_error({"--vary", "read_noise=0.1,-0.1"}, {"run 1", "read_noise", "-0.1"});
  expect_error({"--vary", "adc_bits=8,13"}, {"run 1", "--adc-bits", "13", "4..12"});
  expect_error({"--vary", "range=auto,9"}, {"run 1", "--range", "9"});
  expect_error({"--vary", "mapping=default,best"}, {"run 1", "best"});
  expect_error({"--vary", "device=ideal,none-such"}, {"run 1", "none-such"});
  expect_error({"--vary", "network=/nonexistent.json"}, {"run 0", "/nonexistent.json"});
  expect_error({"--vary", "program=loop,never"}, {"run 1", "never"});
  // A verify read that the converter has too few codes for: found before the first run.
  expect_error({"--vary", "adc_bits=8,4", "--set", "programming_range=5"},
               {"run 1", "range 5", "programming_range"});
  expect_error({"--vary", "seed=1:2", "--count", "0"}, {"run 0", "--count"});
  expect_error({"--vary", "seed=1:2", "--count", "many"}, {"--count", "many"});
  expect_error({"--vary", "seed=1:2", "--seed", "3"}, {"seed", "twice"});
  expect_error({"--vary", "seed=1:2", "--set", "read_noise"}, {"--set", "read_noise"});
  expect_error({"--vary", "seed=1:2", "--runs", "3"}, {"3 runs", "sample"});
  expect_error({"--sample", "read_noise=uniform(0,1)"}, {"--runs"});
  expect_error({"--sample", "read_noise=uniform(0,1)", "--runs", "-2"}, {"--runs", "-2"});
  expect_error({"--sample", "read_noise=flat(0,1)", "--runs", "2"}, {"--sample", "flat(0,1)"});
  expect_error({"--sample", "adc_bits=uniform(5,8)", "--runs", "2"}, {"run 0", "--adc-bits"});
  const Words shards = {"--vary", "seed=1:2", "--shards", "2"};
  const auto with = [](Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  expect_error(shards, {"--shards", "--submit and --status"});
  expect_error({"--vary", "seed=1:2", "--status"}, {"--shards", "need it"});
  expect_error({"--vary", "seed=1:2", "--status", "--shards", "1"}, {"--shards", "2..100000"});
  expect_error(with(shards, {"--status", "--submit", "slurm"}), {"--status", "--submit"});
  expect_error(with(shards, {"--status", "--shard", "0/2"}), {"--shard", "--shards"});
  expect_error(with(shards, {"--submit", "local", "--plot", out("x.svg")}), {"--plot", "--submit"});
  expect_error(with(shards, {"--submit", "slrm"}), {"--submit", "'slrm'", "lsf", "slurm"});
  expect_error({"--vary", "seed=1,x"}, {"--seed", "'x'"});
  expect_error({"--vary", "seed=1:2", "--jobs", "-1"}, {"--jobs", "-1"});
  expect_error({"--plan", "/nonexistent.toml"}, {"/nonexistent.toml"});
  expect_error({"--plan", "/nonexistent.toml", "--vary", "seed=1:2"}, {"--plan", "--vary"});
  expect_error({"--vary", "seed=1:2", "--only", "a"}, {"--only", "--plan"});
  expect_error({"--vary", "read_noise=0:1:0.1", "--vary", "adc_bits=4:12", "--plot", out("x.svg")},
               {"--plot", "9 curves"});
  expect_error({"--vary", "seed=1:2", "--count", "1", "--out", "/nonexistent/rows.csv"},
               {"--out", "/nonexistent/rows.csv"}, false);
  expect_error({"--vary", "seed=1:2", "--count", "1", "--out", folder_.path().string()},
               {"--out", "directory"}, false);
}

TEST_F(SweepCommand, AFileOfAnotherSweepIsRefusedAndStays) {
  Words words = sweep_words(out("rows.csv"), "2");
  ASSERT_EQ(run_mcnn(words).status, 0);
  const std::string before = read_file(out("rows.csv"));
  const auto refused = [&](const Words& arguments, const std::string& what) {
    const CommandResult result = run_mcnn(arguments);
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find(what), std::string::npos) << result.err;
    EXPECT_EQ(read_file(out("rows.csv")), before);
  };
  Words other = words;
  other[2] = "read_noise=0,0.4";
  refused(other, "another sweep (not the same: plan)");
  // The same plan on a card that has changed.
  fs::copy_file(fs::path(MCNN_DATA_DIR) / "devices" / "ideal.toml", path("card.toml"));
  words[8] = path("card.toml");
  words.back() = out("card.csv");
  ASSERT_EQ(run_mcnn(words).status, 0);
  std::ofstream(path("card.toml"), std::ios::app) << "# changed\n";
  const CommandResult result = run_mcnn(words);
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("not the same: inputs)"), std::string::npos) << result.err;
  words.emplace_back("--restart");
  EXPECT_EQ(run_mcnn(words).status, 0);
}

TEST_F(SweepCommand, TwoProcessesDoNotShareAFile) {
  const std::string file = out("rows.csv");
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT, 0666);
  ASSERT_GE(lock, 0);
  ASSERT_EQ(flock(lock, LOCK_EX | LOCK_NB), 0);
  const CommandResult result = run_mcnn(sweep_words(file, "2"));
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("another process is working on it"), std::string::npos) << result.err;
  EXPECT_EQ(read_file(file), "");
  close(lock);
}

TEST_F(SweepCommand, WithoutGnuplotThePackageIsNamed) {
  const std::string before = std::getenv("PATH");
  setenv("PATH", folder_.path().c_str(), 1);
  expect_error({"--vary", "seed=1:2", "--plot", out("x.svg")}, {"--plot", "gnuplot-nox"});
  setenv("PATH", before.c_str(), 1);
}

}  // namespace
}  // namespace mcnn::testing
