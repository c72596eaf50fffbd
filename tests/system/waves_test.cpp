// SPDX-License-Identifier: Apache-2.0
// Waves that `mcnn sim --trace` writes, read back.
#include "tests/support/waves.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

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
  EXPECT_EQ(result.out, "");
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

}  // namespace
}  // namespace mcnn::testing
