// SPDX-License-Identifier: Apache-2.0
// Waves that `mcnn sim --trace` writes, read back.
#include "tests/support/waves.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/system/cli_fixture.h"
#include "tests/system/command.h"

namespace mcnn::testing {
namespace {

class WavesTest : public CliRuns {};

TEST_F(WavesTest, AnInterruptedRunLeavesTheWavesUpToThen) {
  const std::filesystem::path file = out("waves.fst");
  // Megabytes of waves are being written when the signal comes, and most images are to come.
  const auto writing = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(file.parent_path())) {
      if (entry.path().extension() == ".part" && entry.file_size() > 100'000) return true;
    }
    return false;
  };
  const CommandResult result =
      run_mcnn_until({"sim", "--count", "2000", "--program", "direct", "--check", "0", "--trace",
                      file.string(), "--trace-images", "0:1999"},
                     writing);
  EXPECT_EQ(result.status, 130);
  EXPECT_NE(result.out.find(" % right on the "), std::string::npos) << result.out;
  EXPECT_NE(result.out.find(" of 2000 images that were done"), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("wrote " + file.string() + ": the waves up to where the run ended"),
            std::string::npos)
      << result.err;
  const Waves waves = read_waves(file);
  ASSERT_TRUE(waves.readable);
  const Wave& results = waves.signals.at("TOP.mcnn_tb.m_axis_tlast_o");
  EXPECT_GT(results.values.size(), 2U);
  // Nothing else is left.
  const std::filesystem::directory_iterator files(file.parent_path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

// A line of the saved view that shows a signal.
struct Shown {
  std::string alias;
  std::string signal;
};

std::vector<Shown> shown_signals(const std::string& view) {
  const std::regex signal(R"(^(\+\{(.*)\} )?(\(\d+\))?(TOP\..*)$)");
  std::vector<Shown> shown;
  std::istringstream lines(view);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, signal)) shown.push_back({match[2], match[4]});
  }
  return shown;
}

// What `make waves` and the saved view show together.
TEST_F(WavesTest, TheSavedViewFitsTheWaves) {
  const std::filesystem::path file = out("image.fst");
  ASSERT_EQ(run_mcnn({"sim", "--count", "1", "--check", "0", "--trace", file.string()}).status, 0);
  const Waves waves = read_waves(file);
  ASSERT_TRUE(waves.readable);
  const std::string view = read_file(MCNN_WAVES_VIEW);
  const std::vector<Shown> shown = shown_signals(view);
  EXPECT_GT(shown.size(), 100U);
  // Every signal is in the waves, with these bits.
  for (const Shown& line : shown) {
    EXPECT_TRUE(waves.signals.contains(line.signal)) << line.signal;
    if (line.signal.find(".state_q[") == std::string::npos) continue;
    // Several modules have a state: the view says whose it is.
    EXPECT_NE(line.alias.find(" state"), std::string::npos) << line.signal;
  }
  // The codes of a whole array, lane by lane.
  const auto lanes = std::ranges::count_if(
      shown, [](const Shown& line) { return line.signal.find(".gen_lane[") != std::string::npos; });
  EXPECT_EQ(lanes, 32);

  // It opens where the first layer begins to compute: the pixels are in, 784 clocks of 5 ns.
  std::smatch start;
  ASSERT_TRUE(std::regex_search(view, start, std::regex(R"(\[timestart\] (\d+))")));
  const std::uint64_t from = std::stoull(start[1]);
  EXPECT_EQ(waves.first, 0U);
  EXPECT_GE(from, 784U * 5'000);
  constexpr std::uint64_t kWindow = 30 * 5'000;
  const Wave& tick = waves.signals.at("TOP.mcnn_tb.u_chip.u_beat_control.tick_o");
  const auto first =
      std::ranges::find(tick.values, "1", &std::pair<std::uint64_t, std::string>::second);
  ASSERT_NE(first, tick.values.end());
  EXPECT_GE(first->first, from);
  EXPECT_LE(first->first, from + kWindow);
}

// Every clock of programming: what the programmers gave is what the command tells of.
TEST_F(WavesTest, ProgrammingIsSeen) {
  const std::filesystem::path file = out("program.fst");
  const CommandResult result = run_mcnn({"program", "--device", "yao2020", "--trace", file.string(),
                                         "--csv", out("cells.csv").string()});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("wrote " + file.string()), std::string::npos) << result.out;
  const Waves waves = read_waves(file, ".u_programmer.pulse_o");
  ASSERT_TRUE(waves.readable);
  std::size_t programmers = 0;
  std::int64_t pulses = 0;
  for (const auto& [name, wave] : waves.signals) {
    ++programmers;
    for (const auto& [time, value] : wave.values) {
      pulses += time > waves.first && value == "1" ? 1 : 0;  // before the reset it is at random
    }
  }
  EXPECT_EQ(programmers, 8U);
  EXPECT_NE(result.out.find("clocks"), std::string::npos);
  std::int64_t told = 0;
  std::istringstream rows(read_file(out("cells.csv")));
  std::string row;
  while (std::getline(rows, row) && row.starts_with('#')) {
  }
  EXPECT_EQ(row.find("pe,source_line,bit_line,level,target_uS,target_code,status,code,pulses,"),
            0U);
  while (std::getline(rows, row)) {
    std::istringstream fields(row);
    std::string field;
    for (int i = 0; i < 9; ++i) std::getline(fields, field, ',');
    told += std::stoi(field);
  }
  EXPECT_EQ(pulses, told);
}

}  // namespace
}  // namespace mcnn::testing
