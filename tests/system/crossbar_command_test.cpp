// SPDX-License-Identifier: Apache-2.0
// mcnn crossbar from outside: known circuits give their currents to the last digit of the file;
// bad input of every kind gives one line that says what is wrong where, status 2 and no output.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/system/command.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;

class CrossbarCommand : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directory(folder_ / "out"); }

  std::string file(const std::string& name, const std::string& text) const {
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }
  fs::path out() const { return folder_ / "out" / "I.csv"; }

  std::vector<std::string> arguments(const std::string& cells, const std::string& inputs,
                                     const std::string& ohm, const std::string& topology,
                                     const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"crossbar", "--conductance",       file("G.csv", cells),
                                      "--inputs", file("V.csv", inputs), "--wire-resistance",
                                      ohm,        "--topology",          topology,
                                      "--out",    out().string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // The numbers of I.csv, line by line, without the names; a good run is quiet, or warns of what
  // `warned` says.
  std::vector<std::vector<double>> currents(const std::vector<std::string>& words,
                                            const std::string& warned = "") {
    const CommandResult result = run_mcnn(words);
    EXPECT_EQ(result.status, 0) << result.err;
    if (warned.empty()) {
      EXPECT_EQ(result.err, "") << "quiet when not on a terminal";
    } else {
      EXPECT_TRUE(result.err.starts_with("mcnn: warning: ")) << result.err;
      EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
      EXPECT_NE(result.err.find(warned), std::string::npos) << result.err;
    }
    EXPECT_NE(result.out.find("wrote "), std::string::npos) << result.out;
    std::vector<std::vector<double>> lines;
    std::istringstream text(read_file(out()));
    std::getline(text, header_);
    line_names_.clear();
    for (std::string line; std::getline(text, line);) {
      std::istringstream fields(line);
      lines.emplace_back();
      std::string field;
      std::getline(fields, field, ',');
      line_names_.push_back(field);
      while (std::getline(fields, field, ',')) lines.back().push_back(std::stod(field));
    }
    return lines;
  }

  void expect_error(const std::vector<std::string>& words,
                    const std::vector<std::string>& parts) const {
    expect_refused(words, parts);
    EXPECT_TRUE(fs::is_empty(folder_ / "out"));
  }

  const TemporaryFolder folder_{"mcnn_crossbar"};
  std::string header_;                   // of the last I.csv
  std::vector<std::string> line_names_;  // in it
};

std::string repeated(const std::string& text, int times, const std::string& between) {
  std::string all = text;
  for (int i = 1; i < times; ++i) all += between + text;
  return all;
}

using Lines = std::vector<std::vector<double>>;

TEST_F(CrossbarCommand, IdealSumsWithoutWires) {
  // A column of V is a vector, a column of G an output line; blanks and CRLF do not matter.
  const Lines found = currents(
      arguments("1e-6, 2e-6,3e-6\r\n4e-6,5e-6,6e-6\r\n", "1,0.5\n0,0.25\n", "0", "crossbar"));
  const Lines expected = {{1e-6, 1e-6 * 0.5 + 4e-6 * 0.25},
                          {2e-6, 2e-6 * 0.5 + 5e-6 * 0.25},
                          {3e-6, 3e-6 * 0.5 + 6e-6 * 0.25}};
  EXPECT_EQ(found, expected);
}

// Lines and vectors have the names of the tables, or their numbers.
TEST_F(CrossbarCommand, NamesOfLinesAndVectors) {
  currents(arguments("1e-6,2e-6\n", "1\n", "0", "crossbar"));
  EXPECT_EQ(header_, "output_line,vector0");
  EXPECT_EQ(line_names_, (std::vector<std::string>{"0", "1"}));
  currents(arguments("1e-6,2e-6,3e-6\n", "1,0.5\n", "0", "chip", {"--window", "1:2"}));
  EXPECT_EQ(header_, "output_line,vector0,vector1");
  EXPECT_EQ(line_names_, (std::vector<std::string>{"1", "2"}));
  // With a byte-order mark and CRLF, as a spreadsheet writes them.
  const Lines named =
      currents(arguments("\xEF\xBB\xBFplus,minus,rest\r\n1e-6,2e-6,3e-6\r\n",
                         "\xEF\xBB\xBFread\r\n0.5\r\n", "0", "chip", {"--window", "1:2"}));
  EXPECT_EQ(header_, "output_line,read");
  EXPECT_EQ(line_names_, (std::vector<std::string>{"minus", "rest"}));
  EXPECT_EQ(named, (Lines{{1e-6}, {1.5e-6}}));
}

TEST_F(CrossbarCommand, Units) {
  const Lines siemens = currents(arguments("2e-6,1.7e-5\n", "0.2\n", "1", "crossbar"));
  for (const auto& [unit, cells] : {std::pair{"uS", "2,17\n"},
                                    {"nS", "2000,17000\n"},
                                    {"mS", "0.002,0.017\n"},
                                    {"S", "2e-6,1.7e-5\n"}}) {
    EXPECT_EQ(currents(arguments(cells, "0.2\n", "1", "crossbar", {"--unit", unit})), siemens)
        << unit;
  }
  currents(arguments("2,10\n", "0.2\n", "0", "crossbar"), "G.csv: the largest conductance is 10 S");
  currents(arguments("2,10\n", "0.2\n", "0", "crossbar"), "--unit");
  currents(arguments("2e-6,1e-5\n", "0.2\n", "0", "crossbar", {"--unit", "uS"}),
           "the largest conductance is 1e-11 S");
  currents(arguments("2e-6\n", "200\n", "0", "crossbar"), "V.csv: the largest voltage is 200 V");
  currents(arguments("0,0\n", "0\n", "0", "crossbar"));
}

// The command that the help prints, on the files that it names.
TEST_F(CrossbarCommand, TheExampleOfTheHelp) {
  const std::string data = MCNN_DATA_DIR "/crossbar/";
  const Lines found = currents({"crossbar", "--conductance", data + "conductance.csv", "--unit",
                                "uS", "--inputs", data + "inputs.csv", "--wire-resistance", "2",
                                "--topology", "crossbar", "--out", out().string()});
  EXPECT_EQ(header_, "output_line,read,half");
  EXPECT_EQ(line_names_, (std::vector<std::string>{"line0", "line1", "line2"}));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_NEAR(found[0][0], 2.6e-6, 1e-9);  // (2 + 8 + 3) uS at 0.2 V
}

TEST_F(CrossbarCommand, KnownCircuits) {
  const Lines one = currents(arguments("1e-4\n", "1,-2\n", "100", "crossbar"));
  ASSERT_EQ(one.size(), 1U);
  ASSERT_EQ(one[0].size(), 2U);
  EXPECT_NEAR(one[0][0], 1.0 / 10200.0, 1e-18);
  EXPECT_NEAR(one[0][1], -2.0 / 10200.0, 1e-18);
  // The two by two circuits of the solver's unit test.
  const Lines crossbar = currents(arguments("1,1\n1,1\n", "1\n1\n", "1", "crossbar"), "1 S");
  EXPECT_NEAR(crossbar.at(0).at(0), 17.0 / 44.0, 1e-15);
  EXPECT_NEAR(crossbar.at(1).at(0), 13.0 / 44.0, 1e-15);
  const Lines gated = currents(arguments("1,1\n1,1", "1,0\n1,1", "1", "gated"), "1 S");
  EXPECT_NEAR(gated.at(0).at(0), 1.0 / 3.0, 1e-15);
  EXPECT_NEAR(gated.at(1).at(1), 1.0 / 4.0, 1e-15);
  // Line 3 of the chip alone: three more segments of the bit line.
  const Lines chip =
      currents(arguments("1e-4,1e-4,1e-4,1e-4,1e-4\n", "1\n", "100", "chip", {"--window", "3:1"}));
  ASSERT_EQ(chip.size(), 1U);
  EXPECT_NEAR(chip[0][0], 1.0 / 10500.0, 1e-18);
}

TEST_F(CrossbarCommand, ChipWithAllLinesGivesTheBytesOfCrossbar) {
  const std::string cells = "1e-5,2e-5,3e-5\n4e-5,0,6e-6\n";
  const Lines crossbar = currents(arguments(cells, "1\n0.3\n", "10", "crossbar"));
  EXPECT_EQ(currents(arguments(cells, "1\n0.3\n", "10", "chip")), crossbar);
  EXPECT_EQ(currents(arguments(cells, "1\n0.3\n", "10", "chip", {"--window", "0:3"})), crossbar);
}

TEST_F(CrossbarCommand, Conductances) {
  const auto bad = [&](const std::string& cells, const std::vector<std::string>& parts) {
    SCOPED_TRACE(cells.substr(0, 60));
    expect_error(arguments(cells, "1\n1\n", "1", "crossbar"), parts);
  };
  bad("1,2\n3,x\n", {"G.csv", "line 2", "column 2", "'x'", "0 or more"});
  bad("1,2\n3,-4e-6\n", {"G.csv", "line 2", "column 2", "'-4e-6'", "0 or more"});
  bad("1,2\n3,nan\n", {"line 2", "column 2", "'nan'"});
  bad("1,2\n3,inf\n", {"line 2", "column 2", "'inf'"});
  bad("1,2\n3,1e999\n", {"line 2", "column 2", "'1e999'"});
  bad("1,2\n3,4 5\n", {"line 2", "column 2", "'4 5'"});
  bad("1,2\n3,\n", {"line 2", "column 2", "''"});
  bad("1,2\n\n3,4\n", {"line 2", "1 column,", "allowed: 2"});
  bad("a,b\nc,2\n", {"line 2", "column 1", "'c'"});
  bad("1;2\n3;4\n", {"line 1", "semicolons", "commas"});
  bad("1,2\n3\n", {"line 2", "1 column,", "allowed: 2"});
  bad("1,2\n3,4,5\n", {"line 2", "3 columns", "allowed: 2"});
  bad("", {"G.csv"});
  bad(repeated("1", 1025, ",") + "\n", {"line 1", "1024 columns"});
  bad(repeated("1", 1025, "\n") + "\n", {"line 1025", "1024 lines"});
}

TEST_F(CrossbarCommand, Voltages) {
  const auto bad = [&](const std::string& inputs, const std::string& topology,
                       const std::vector<std::string>& parts) {
    SCOPED_TRACE(inputs);
    expect_error(arguments("1,2\n3,4\n", inputs, "1", topology), parts);
  };
  bad("1\n", "crossbar", {"V.csv", "1 lines", "allowed: 2", "G.csv"});
  bad("1\n2\n3\n", "crossbar", {"V.csv", "3 lines", "allowed: 2"});
  bad("1\nvolt\n", "crossbar", {"V.csv", "line 2", "column 1", "'volt'"});
  bad("1,2\n3\n", "chip", {"V.csv", "line 2", "1 column,"});
  bad("read,other\n0.2,0.2\n0,0.3\n", "gated", {"V.csv", "line 3", "column 2", "(line 2)"});
  bad("0.2,0.2\n0,0.3\n", "gated", {"V.csv", "line 2", "column 2", "0.3", "0.2", "gated"});
}

TEST_F(CrossbarCommand, Options) {
  const auto with = [&](const std::string& ohm, const std::string& topology,
                        const std::vector<std::string>& more = {}) {
    return arguments("1e-6,2e-6\n3e-6,4e-6\n", "1\n1\n", ohm, topology, more);
  };
  expect_error(with("-1", "crossbar"), {"--wire-resistance", "-1"});
  expect_error(with("nan", "crossbar"), {"--wire-resistance", "nan"});
  expect_error(with("inf", "crossbar"), {"--wire-resistance", "inf"});
  expect_error(with("much", "crossbar"), {"--wire-resistance", "much"});
  expect_error(with("1e15", "crossbar"), {"wire resistance", "4e+09 times", "1e+08"});
  expect_error(with("1", "mesh"), {"--topology", "'mesh'", "crossbar", "gated", "chip"});
  expect_error(with("1", "crossbar", {"--window", "0:1"}), {"--window", "chip"});
  for (const std::string window : {"1:2", "2:1", "0:0", "-1:1", "1", "a:b", "0:1:1"}) {
    expect_error(with("1", "chip", {"--window", window}), {"--window", window, "FIRST:COUNT"});
  }
  expect_error(with("1", "crossbar", {"--unit", "S/m"}), {"--unit", "'S/m'", "mS, uS and nS"});
  expect_error({"crossbar"}, {"--conductance", "--inputs", "--wire-resistance", "--topology",
                              "--out", "a line for each input line", "/crossbar"});
  expect_error({"crossbar", "--topology", "chip"}, {"needs --conductance, --inputs, --wire-res"});
  std::vector<std::string> words = with("1", "crossbar");
  words[2] = (folder_ / "none.csv").string();
  expect_error(words, {"none.csv"});
  words[2] = folder_.path().string();
  expect_error(words, {folder_.path().string()});
  words = with("1", "crossbar");
  words[10] = "/nonexistent/I.csv";
  expect_error(words, {"--out", "/nonexistent"});
  words[10] = folder_.path().string();
  expect_error(words, {"--out", "folder"});
}

// 512 x 512 takes seconds; the end comes at once and leaves nothing.
TEST_F(CrossbarCommand, InterruptLeavesNothing) {
  const std::string cells = repeated(repeated("1e-5", 512, ","), 512, "\n");
  const std::string inputs = repeated(repeated("0.2", 600, ","), 512, "\n");
  const CommandResult result = run_mcnn(arguments(cells, inputs, "1", "crossbar"), 1000);
  EXPECT_EQ(result.status, 130) << result.out << result.err;
  EXPECT_EQ(result.err, "mcnn: interrupted\n");
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

}  // namespace
}  // namespace mcnn::testing
