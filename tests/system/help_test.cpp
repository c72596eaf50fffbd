// SPDX-License-Identifier: Apache-2.0
// Help: every subcommand's own, in groups, with examples that can be typed, as wide as the
// terminal; and misspelt names get the nearest one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string help(const std::vector<std::string>& arguments) {
  const CommandResult result = run_mcnn(arguments);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  return result.out;
}

// The names of a list of the help: subcommands, or the long names of options.
std::vector<std::string> names_in(const std::string& text, const std::string& begin) {
  std::vector<std::string> names;
  for (const std::string& line : lines_of(text)) {
    if (!line.starts_with("  " + begin) || line.starts_with("   ")) continue;
    const std::string name = line.substr(2, line.find_first_of(" =", 2) - 2);
    names.push_back(name.substr(name.find("--") == std::string::npos ? 0 : name.find("--")));
  }
  return names;
}

std::vector<std::string> subcommands() {
  std::string text = help({"--help"});
  text = text.substr(text.find("Subcommands:"));
  return names_in(text.substr(0, text.find("Examples:")), "");
}

class Help : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    unsetenv("COLUMNS");
  }
  void TearDown() override { unsetenv("COLUMNS"); }
};

TEST_F(Help, OfEverySubcommandIsItsOwn) {
  const std::vector<std::string> names = subcommands();
  ASSERT_GE(names.size(), 11U);
  std::set<std::string> texts;
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const std::string text = help({name, "--help"});
    EXPECT_NE(text.find("Usage: mcnn " + name + " [OPTIONS]"), std::string::npos) << text;
    EXPECT_EQ(help({"help", name}), text);
    EXPECT_TRUE(texts.insert(text).second);
  }
  EXPECT_EQ(help({"help"}), help({"--help"}));
  EXPECT_EQ(help({"show", "--help"}), help({"info", "--help"}));
}

TEST_F(Help, GroupsAndExamplesThatCanBeTyped) {
  for (const std::string& name : subcommands()) {
    if (name == "help") continue;
    SCOPED_TRACE(name);
    const std::string text = help({name, "--help"});
    std::ptrdiff_t groups = 0;
    for (const std::string& line : lines_of(text)) {
      groups += !line.starts_with(" ") && line.ends_with(":") ? 1 : 0;
    }
    EXPECT_GE(groups, 4) << text;
    std::size_t examples = 0;
    for (const std::string& line : command_lines(text.substr(text.find("Examples:")))) {
      if (!line.starts_with("  mcnn ")) continue;
      ++examples;
      EXPECT_TRUE(line.starts_with("  mcnn " + name)) << line;
      std::vector<std::string> words = shell_words(line);
      words.front() = "--check-options";
      const CommandResult parsed = run_mcnn(words);
      EXPECT_EQ(parsed.status, 0) << line << "\n" << parsed.err;
    }
    EXPECT_GE(examples, 2U) << text;
  }
}

TEST_F(Help, IsAsWideAsTheTerminal) {
  std::vector<std::string> names = subcommands();
  names.insert(names.begin(), "");
  for (const auto& [columns, most] : {std::pair<const char*, std::size_t>{nullptr, 80},
                                      {"50", 50},
                                      {"120", 120},
                                      {"5", 40},
                                      {"wide", 80}}) {
    if (columns != nullptr) setenv("COLUMNS", columns, 1);
    std::size_t widest = 0;
    for (const std::string& name : names) {
      bool examples = false;
      for (const std::string& line : lines_of(help({"help", name}))) {
        examples = examples || line == "Examples:";
        if (examples) {
          EXPECT_LE(line.size(), 80U) << line;  // a command is not cut
          continue;
        }
        widest = std::max(widest, line.size());
        EXPECT_LE(line.size(), most) << line;
      }
    }
    EXPECT_GT(widest, most - 10) << "the width is made use of";
  }
}

TEST_F(Help, MisspeltNamesGetTheNearest) {
  expect_plain_error({"smi"}, {"'smi'", "did you mean 'sim'?", "crossbar"});
  expect_plain_error({"smi", "--help"}, {"'smi'", "did you mean 'sim'?"});
  expect_plain_error({"help", "tun"}, {"'tun'", "did you mean 'tune'?"});
  expect_plain_error({"help", "sim", "--count", "3"}, {"--count"});
  expect_plain_error({"dance"}, {"'dance'", "allowed are sim, model"});
  expect_plain_error({"sim", "--coutn", "3"}, {"mcnn sim has no option '--coutn'", "'--count'?"});
  expect_plain_error({"sim", "--coutn=3"}, {"mcnn sim has no option '--coutn'", "'--count'?"});
  expect_plain_error({"program", "--cell", "x"}, {"'--cell'", "mcnn program --help"});
  expect_plain_error({"model", "--device", "typcal"}, {"'typcal'", "did you mean 'typical'?"});
  expect_plain_error({"model", "--config", "yao2002"}, {"'yao2002'", "did you mean 'yao2020'?"});
  expect_plain_error({"--count", "3", "sim"}, {"'--count'", "behind mcnn sim"});
  expect_plain_error({"sim", "3"}, {"mcnn sim takes options only", "'3'"});
  expect_plain_error({"sim", "--count", "many"}, {"--count", "'many'", "a whole number"});
  expect_plain_error({"sim", "--age", "long"}, {"--age", "'long'", "a number"});
  expect_plain_error({}, {"a subcommand is missing", "sim, model"});
}

// The same thing has the same name in every subcommand; the names it had go on working.
TEST_F(Help, OneNameForOneThing) {
  for (const std::string& name : subcommands()) {
    const std::vector<std::string> options = names_in(help({name, "--help"}), "-");
    const auto has = [&](const std::string& option) {
      return std::ranges::count(options, option) == 1;
    };
    SCOPED_TRACE(name);
    EXPECT_FALSE(has("--cells"));
    EXPECT_FALSE(has("--json"));
    const bool runs_a_chip = has("--second-pass") && name != "sweep";  // a sweep has many chips
    EXPECT_EQ(has("--save-cells"), runs_a_chip);
    EXPECT_EQ(has("--load-cells"), (runs_a_chip && name != "program") || name == "sweep");
  }
  const std::string cells = path("cells.json").string();
  const std::string more = path("more.json").string();
  for (const std::string option : {"--save-cells", "--cells"}) {
    const CommandResult run = run_mcnn({"program", "--engine", "model", option, cells});
    EXPECT_EQ(run.status, 0) << run.err;
    const std::string saved = read_file(cells);
    EXPECT_GT(saved.size(), 10'000U);
    std::filesystem::remove(cells);
    const CommandResult cost = run_mcnn({"cost", "--count", "1", "--save-cells", cells,
                                         option == "--cells" ? "--json" : "--result", more});
    EXPECT_EQ(cost.status, 0) << cost.err;
    EXPECT_EQ(read_file(cells), saved);
    EXPECT_EQ(run_mcnn({"cost", "--count", "1", "--load-cells", cells}).status, 0);
    std::filesystem::remove(cells);
  }
}

TEST_F(Help, InfoShowsEveryFieldThatIsOn) {
  const std::string typical = help({"info"});
  for (const char* part :
       {"g_max_uS", "20 uS", "read_noise ", "0.01 of the cell's conductance", "adc_sigma_codes",
        "0.4 codes", "age_s ", "1 s", "programming_tolerance_uS", "0.33 uS"}) {
    EXPECT_NE(typical.find(part), std::string::npos) << part << " in\n" << typical;
  }
  EXPECT_EQ(typical.find("stuck_low_rate"), std::string::npos);
  const std::string set = help({"info", "--set", "stuck_low_rate=0.25", "--age", "7"});
  EXPECT_NE(set.find("0.25 of the cells"), std::string::npos) << set;
  EXPECT_NE(set.find("7 s\n"), std::string::npos) << set;
}

}  // namespace
}  // namespace mcnn::testing
