// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/chip_config.h"

#include "host_test_util.h"

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
  EXPECT_EQ(yao.record_words(), 4);
}

TEST(ChipConfig, RoundTripAndDifferences) {
  const ChipConfig tiny = named_config("tiny");
  EXPECT_EQ(differences(tiny, chip_config_from_params(to_params(tiny), "again")), "");
  EXPECT_EQ(differences(chip_config_from_params("NumPe=3\nBankDepth=9\n", "a"), ChipConfig{}),
            "NumPe: 3 and 8; BankDepth: 9 and 256");
  expect_parts(describe(tiny), "2 PEs", "32 source lines", "8 ADC lanes");
}

TEST(ChipConfig, Errors) {
  const auto error = [](const std::string& text) {
    return error_of([&] { chip_config_from_params(text, "x.params"); });
  };
  expect_parts(error("# comment\n\nNumPE=3\n"), "x.params", "line 3", "NumPE", "NumPe");
  expect_parts(error("NumPe=3\nNumPe=3"), "line 2", "second time");
  expect_parts(error("NumPe=0"), "NumPe", "found \"0\"", "1..24");
  expect_parts(error("NumPe=3x"), "NumPe", "found \"3x\"");
  expect_parts(error("NumPe"), "line 1", "Name=Value");
  expect_parts(error("NumAdc=6"), "NumAdc", "multiple of 4");
  expect_parts(error("NumEntries=48"), "NumEntries", "found 48", "power of two");
  expect_parts(error("NumEntries=1"), "NumEntries", "2..128");
  expect_parts(error("NumEntries=256"), "NumEntries", "2..128");
  expect_parts(error("NumSl=40"), "NumSl", "found 40", "multiple of NumAdc");
  expect_parts(error_of([] { load_chip_config("/nowhere.params"); }), "/nowhere.params",
               "cannot be opened");
}

}  // namespace
}  // namespace mcnn::testing
