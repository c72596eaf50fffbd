// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/chip_config.h"

#include <fmt/format.h>

#include <filesystem>
#include <regex>

#include "host_test_util.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

TEST(ChipConfig, NamedConfigurations) {
  const ChipConfig tiny = named_config("tiny");
  EXPECT_EQ(tiny.name, "tiny");
  EXPECT_EQ(tiny.num_pe, 2);
  EXPECT_EQ(tiny.max_kernels(), 4);
  EXPECT_EQ(tiny.layer_words(), 9);
  const ChipConfig yao = named_config("yao2020");
  EXPECT_EQ(yao.num_sl, 128);
  EXPECT_EQ(yao.record_words(), 6);
  EXPECT_EQ(yao.num_bl(), 16);
}

TEST(ChipConfig, RoundTripAndDifferences) {
  const ChipConfig tiny = named_config("tiny");
  EXPECT_EQ(differences(tiny, chip_config_from_params(to_params(tiny), "again")), "");
  EXPECT_EQ(differences(chip_config_from_params("NumPe=3\nBankDepth=64\n", "a"), ChipConfig{}),
            "NumPe: 3 and 8; BankDepth: 64 and 256");
  expect_parts(describe(tiny), "2 PEs", "32 source lines", "8 ADC lanes");
  EXPECT_EQ(describe(tiny).find("loaded"), std::string::npos);
  expect_parts(describe(chip_config_from_params("LoadRows=4", "a")), "loaded 4 rows a clock");
}

// The host takes what the RTL can be built with: the ranges of the table in rtl/README.md, which
// the RTL is held to by a test of its own, or the narrower ones that it gives for the host.
TEST(ChipConfig, LimitsAreThoseOfTheRtl) {
  const std::string text =
      read_file(std::filesystem::path(MCNN_CONSTRAINTS_DIR) / "../rtl/README.md");
  const std::regex row(
      R"(\n\| `([A-Z]\w+)` \| \d+ \| [^|]*?(\d+)\.\.(\d+)(; host (\d+)\.\.(\d+))?[ ,/|])");
  int rows = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it, ++rows) {
    const std::string name = (*it)[1];
    const bool narrower = (*it)[4].matched;
    const int low = std::stoi((*it)[narrower ? 5 : 2]);
    int high = std::stoi((*it)[narrower ? 6 : 3]);
    if (name == "BankDepth") high /= 8 * 2;  // pixels of RowBanks banks and Lanes
    for (const int value : {low - 1, high + 1}) {
      expect_parts(
          error_of([&] { chip_config_from_params(fmt::format("{}={}", name, value), "x.params"); }),
          name, fmt::format("{}..{}", low, high));
    }
  }
  EXPECT_EQ(rows, 11);
}

TEST(ChipConfig, Errors) {
  const auto error = [](const std::string& text) {
    return error_of([&] { chip_config_from_params(text, "x.params"); });
  };
  expect_parts(error("# comment\n\nNumPE=3\n"), "x.params", "line 3", "NumPE", "NumPe");
  expect_parts(error("NumPe=3\nNumPe=3"), "line 2", "second time");
  expect_parts(error("NumPe=0"), "NumPe", "found \"0\"", "1..256");
  expect_parts(error("NumPe=3x"), "NumPe", "found \"3x\"");
  expect_parts(error("NumPe"), "line 1", "Name=Value");
  expect_parts(error("NumAdc=6"), "NumAdc", "found 6", "power of two");
  expect_parts(error("NumEntries=48"), "NumEntries", "found 48", "power of two");
  expect_parts(error("NumEntries=1"), "NumEntries", "2..128");
  expect_parts(error("NumEntries=256"), "NumEntries", "2..128");
  expect_parts(error("NumSl=40"), "NumSl", "found 40", "multiple of NumAdc");
  expect_parts(error("BankDepth=9"), "BankDepth", "found 9", "power of two");
  expect_parts(error("NumLogits=9"), "NumLogits", "found 9", "multiple of Lanes, 2");
  expect_parts(error("Lanes=8\nNumLogits=8"), "NumLogits", "found 8", "multiple of Lanes, 8");
  expect_parts(error("Windows=3"), "Windows", "found 3", "power of two");
  expect_parts(error("Windows=32"), "Windows", "1..16");
  expect_parts(error("Lanes=6"), "Lanes", "found 6", "power of two");
  expect_parts(error("Lanes=1"), "Lanes", "2..16");
  expect_parts(error("NumAdc=8\nLanes=8"), "Lanes", "found 8", "half of NumAdc, 4");
  expect_parts(error("RowBanks=12"), "RowBanks", "found 12", "power of two");
  expect_parts(error("LoadRows=3"), "LoadRows", "found 3", "power of two");
  expect_parts(error("LoadRows=16"), "LoadRows", "1..8");
  expect_parts(error("RowBanks=16\nLanes=4\nBankDepth=4096"), "BankDepth", "found 4096",
               "at most 2048");
  expect_parts(error("PsumBits=20\nAdcBits=12"), "PsumBits", "found 20",
               "at least AdcBits + ActBits + 1, 21");
  expect_parts(error("ReadClocks=200\nReadLatency=56"), "ReadClocks", "at most 255");
  expect_parts(error_of([] { load_chip_config("/nowhere.params"); }), "/nowhere.params",
               "cannot be opened");
}

}  // namespace
}  // namespace mcnn::testing
