// SPDX-License-Identifier: Apache-2.0
// The configurations that the networks of the suite run on: the named ones, and others with more
// windows and lanes.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host_test_util.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {

// What is not as in yao2020.
inline constexpr auto kWideConfigs = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"lanes4", "Lanes=4\nNumSl=256\n"},
    {"lanes8_banks16", "Lanes=8\nNumSl=256\nRowBanks=16\nBankDepth=128\n"},
    {"windows2", "Windows=2\nLanes=2\n"},
    {"windows4", "Windows=4\nLanes=8\nNumAdc=64\nAdcBits=10\n"},
    {"windows8", "Windows=8\nLanes=8\nRowBanks=16\n"},
    {"windows16", "NumPe=5\nWindows=16\nLanes=16\nNumSl=256\nNumAdc=64\nRowBanks=16\nAdcBits=9\n"},
});

inline ChipConfig suite_config(std::string_view name) {
  for (const auto& [wide, params] : kWideConfigs) {
    if (wide == name) return chip_config_from_params(params, name);
  }
  return named_config(std::string(name));
}

}  // namespace mcnn::testing
