// SPDX-License-Identifier: Apache-2.0
// An FST file of waves, with the names that GTKWave has for its signals.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcnn::testing {

struct Wave {
  int bits = 0;
  std::vector<std::pair<std::uint64_t, std::string>>
      values;  // from that time on, most significant bit first

  std::string at(std::uint64_t time) const;  // empty: none yet
};

struct Waves {
  bool readable = false;
  std::map<std::string, Wave> signals;  // "TOP.mcnn_tb.u_chip.layer_o[3:0]"
  std::uint64_t first = 0;              // [ps]
  std::uint64_t last = 0;
};

// A file that is not there, or not closed, is not readable. `ending`: only signals whose names end
// with it, of a file that is too long to have all in memory.
Waves read_waves(const std::filesystem::path& path, std::string_view ending = "");

}  // namespace mcnn::testing
