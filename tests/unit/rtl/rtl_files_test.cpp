// SPDX-License-Identifier: Apache-2.0
// The RTL as others take it: its file lists for plain tools (mcnn.f), FuseSoC and Bender name the
// same files in the same order, and all there are; its README has the chip's parameters and ports
// as they are; and the chip elaborates from any folder, within the limits of its parameters and not
// beyond.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace mcnn::rtl_test {
namespace {

namespace fs = std::filesystem;
const fs::path kRtl = fs::path(MCNN_SOURCE_DIR) / "rtl";

std::string TextOf(const std::string& name) {
  std::string text = mcnn::testing::read_file(kRtl / name);
  EXPECT_FALSE(text.empty()) << name;
  return text;
}

// The first group of every match.
std::vector<std::string> All(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern, std::regex::multiline);
  std::vector<std::string> list;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    list.push_back((*it)[1]);
  }
  return list;
}

TEST(RtlFiles, ListsNameTheSameFilesInTheSameOrder) {
  const std::vector<std::string> files = All(TextOf("mcnn.f"), R"(^([^/+\s]\S*\.sv)$)");
  ASSERT_GE(files.size(), 20U);
  EXPECT_EQ(All(TextOf("mcnn.core"), R"(^ +- (\S+\.sv)$)"), files);
  EXPECT_EQ(All(TextOf("Bender.yml"), R"(^ +- (\S+\.sv)$)"), files);
  EXPECT_EQ(files.front(), "mcnn_pkg.sv");
  EXPECT_EQ(files.back(), "mcnn_chip.sv");
}

TEST(RtlFiles, ListsNameEveryFile) {
  std::set<std::string> listed, headers;
  for (const std::string& name : All(TextOf("mcnn.f"), R"(^([^/+\s]\S*)$)")) listed.insert(name);
  const std::string core = TextOf("mcnn.core");
  for (const std::string& name : All(core, R"(^ +- (\S+\.svh): \{is_include_file)")) {
    headers.insert(name);
  }
  std::set<std::string> sources, included;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRtl)) {
    const std::string name = fs::relative(entry.path(), kRtl).string();
    const std::string ending = entry.path().extension().string();
    if (ending == ".sv" || ending == ".v") sources.insert(name);
    if (ending == ".svh" || ending == ".vh") included.insert(name);
    if (ending == ".vlt") {
      EXPECT_NE(core.find(fmt::format("- {}\n", name)), std::string::npos) << name;
    }
  }
  EXPECT_EQ(listed, sources);
  EXPECT_EQ(headers, included);
  for (const std::string& name : included) {
    EXPECT_EQ(name.rfind("include/", 0), 0U) << name << ": the lists export include/ alone";
  }
}

TEST(RtlFiles, TheCoreHasTheVersionOfTheRegister) {
  const std::string version = All(TextOf("mcnn_pkg.sv"), "Version *= 32'h([0-9A-F_]+);").at(0);
  const unsigned long word =
      std::stoul(std::regex_replace(version, std::regex("_"), ""), nullptr, 16);
  EXPECT_EQ(All(TextOf("mcnn.core"), R"(^name: \S+:([0-9.]+)$)").at(0),
            fmt::format("{}.{}.{}", word >> 16, word >> 8 & 0xFF, word & 0xFF));
}

// ------------------------------------------------------------------------------------------------
// README.md and mcnn_chip.sv

// The rows of the table below a heading, without its head.
std::vector<std::vector<std::string>> Table(const std::string& heading) {
  std::istringstream text(TextOf("README.md"));
  std::vector<std::vector<std::string>> rows;
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line.rfind("## ", 0) == 0) inside = line == "## " + heading;
    if (!inside || line.rfind("| `", 0) != 0) continue;
    std::vector<std::string>& cells = rows.emplace_back();
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) {
      cells.push_back(std::regex_replace(cell, std::regex("^[ `]+|[ `]+$"), ""));
    }
  }
  return rows;
}

TEST(RtlReadme, HasTheParametersOfTheChip) {
  std::vector<std::string> found, expected;
  for (const auto& cells : Table("Parameters"))
    found.push_back(fmt::format("{} = {}", cells[0], cells[1]));
  const std::string chip = TextOf("mcnn_chip.sv");
  const std::regex parameter(R"(\n  parameter int unsigned (\w+) += (\d+),)");
  for (std::sregex_iterator it(chip.begin(), chip.end(), parameter), end; it != end; ++it) {
    expected.push_back(fmt::format("{} = {}", (*it)[1].str(), (*it)[2].str()));
  }
  EXPECT_GE(expected.size(), 16U);
  EXPECT_EQ(found, expected);
}

TEST(RtlReadme, HasThePortsOfTheChip) {
  // What the widths of mcnn_chip stand for.
  const std::vector<std::array<std::string, 2>> widths = {{"AddressBits", "20"},
                                                          {"LayerBits", "clog2(NumLayers)"},
                                                          {"SlBits", "clog2(NumSl)"},
                                                          {"CountBits", "clog2(NumAdc+1)"},
                                                          {"AmplitudeBits", "6"}};
  std::vector<std::string> found, expected;
  for (const auto& cells : Table("Ports")) {
    found.push_back(fmt::format("{} {} {}", cells[0], cells[1], cells[2]));
  }
  const std::string chip = TextOf("mcnn_chip.sv");
  const std::regex port(R"(\n  (in|out)put +logic (?:\[([^\]]+):0\])? *(\w+))");
  for (std::sregex_iterator it(chip.begin(), chip.end(), port), end; it != end; ++it) {
    std::string bits = "1";
    if ((*it)[2].matched) {  // [31:0] or [NumPe*3-1:0]
      const std::string high = (*it)[2];
      const std::size_t minus = high.rfind("-1");
      bits =
          minus == std::string::npos ? std::to_string(std::stoi(high) + 1) : high.substr(0, minus);
    }
    for (const auto& [name, text] : widths) {
      bits = std::regex_replace(bits, std::regex(fmt::format("\\b{}\\b", name)), text);
    }
    expected.push_back(fmt::format("{} {} {}", (*it)[3].str(), (*it)[1].str(), bits));
  }
  EXPECT_GE(expected.size(), 39U);
  EXPECT_EQ(found, expected);
}

// ------------------------------------------------------------------------------------------------
// Verilator, from a folder that knows nothing of the project

struct Outcome {
  int status;
  std::string output;
};
Outcome Lint(const std::string& options) {
  const mcnn::testing::TemporaryFolder folder("rtl_files");
  const std::string log = (folder / "log").string();
  const std::string command =
      fmt::format("cd '{}' && '{}' --lint-only --top-module mcnn_chip {} -F '{}' > '{}' 2>&1",
                  folder.path().string(), MCNN_VERILATOR, options, (kRtl / "mcnn.f").string(), log);
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), mcnn::testing::read_file(log)};
}
std::string Parameters(const std::map<std::string, int>& values) {
  std::string options;
  for (const auto& [name, value] : values) options += fmt::format(" -G{}={}", name, value);
  return options;
}

TEST(RtlFiles, TheChipElaboratesFromAnyFolder) {
  const Outcome plain = Lint("");
  EXPECT_EQ(plain.status, 0) << plain.output;
  const Outcome strict = Lint(fmt::format("-Wall '{}'", (kRtl / "lint.vlt").string()));
  EXPECT_EQ(strict.status, 0) << strict.output;
}

// The limits of README.md's table: all the least, all the largest, all beyond.
// arrays), all beyond.
TEST(RtlFiles, ParametersElaborateWithinTheirLimitsAndNotBeyond) {
  const Outcome least = Lint(
      Parameters({{"NumPe", 1},     {"Windows", 1},     {"Lanes", 2},      {"NumSl", 8},
                  {"NumAdc", 4},    {"AdcBits", 1},     {"ActBits", 2},    {"PsumBits", 4},
                  {"RowBanks", 4},  {"BankDepth", 2},   {"NumBuffers", 3}, {"LoadRows", 1},
                  {"MaxDim", 4},    {"NumLayers", 2},   {"NumRecords", 2}, {"NumBiasRows", 2},
                  {"NumLogits", 4}, {"ReadLatency", 1}, {"ReadClocks", 1}, {"NumEntries", 2}}));
  EXPECT_EQ(least.status, 0) << least.output;
  const Outcome most = Lint(Parameters(
      {{"NumPe", 24},      {"Windows", 16},     {"Lanes", 16},        {"NumSl", 512},
       {"NumAdc", 64},     {"AdcBits", 16},     {"ActBits", 8},       {"PsumBits", 32},
       {"RowBanks", 16},   {"BankDepth", 512},  {"NumBuffers", 4},    {"LoadRows", 8},
       {"MaxDim", 64},     {"NumLayers", 64},   {"NumRecords", 1024}, {"NumBiasRows", 1024},
       {"NumLogits", 240}, {"ReadLatency", 63}, {"ReadClocks", 192},  {"NumEntries", 128}}));
  EXPECT_EQ(most.status, 0) << most.output;
  const Outcome many = Lint(
      Parameters({{"NumPe", 64}, {"NumSl", 8}, {"NumAdc", 4}, {"NumEntries", 64}, {"MaxDim", 64}}));
  EXPECT_EQ(many.status, 0) << many.output;
  const std::map<std::string, int> beyond = {
      {"Windows", 32},     {"Lanes", 32},        {"NumSl", 516},        {"NumAdc", 128},
      {"AdcBits", 17},     {"ActBits", 16},      {"PsumBits", 33},      {"RowBanks", 32},
      {"BankDepth", 2048}, {"NumBuffers", 5},    {"LoadRows", 16},      {"MaxDim", 65},
      {"NumLayers", 65},   {"NumRecords", 1025}, {"NumBiasRows", 1025}, {"NumLogits", 256},
      {"ReadLatency", 64}, {"ReadClocks", 0},    {"NumEntries", 256}};
  // More PEs than that of their own: with the largest arrays they take minutes.
  const auto refuses = [](const std::map<std::string, int>& values, const Outcome& refused) {
    EXPECT_NE(refused.status, 0);
    for (const auto& [name, value] : values) {
      const std::regex message(fmt::format("USERERROR: [^\n]*\\b{}\\b", name));
      EXPECT_TRUE(std::regex_search(refused.output, message)) << name << " = " << value;
    }
  };
  refuses(beyond, Lint(Parameters(beyond)));
  refuses({{"NumPe", 65}}, Lint(Parameters({{"NumPe", 65}, {"NumSl", 8}, {"NumAdc", 4}})));
}

}  // namespace
}  // namespace mcnn::rtl_test
