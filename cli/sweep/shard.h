// SPDX-License-Identifier: Apache-2.0
// Shards: a sweep cut into parts that machines without a common file work on, each with a file of
// its own, and put together again into the file of one machine, byte for byte.
//
// The first line of a shard's file says at its end which part it is: ", shard 3/64 of 770 runs".
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mcnn::cli {

// The runs whose number is `index` modulo `count`.
struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;

  bool operator==(const Shard&) const = default;
  bool is_part() const { return count > 1; }
  bool has(std::uint64_t run) const { return run % count == index; }
  // How many of a sweep's runs.
  std::uint64_t runs(std::uint64_t all) const {
    return all / count + (index < all % count ? 1 : 0);
  }
};
inline constexpr std::uint64_t kMaxShards = 100'000;

// "3/64". Throws Error that begins with `where`.
Shard parse_shard(std::string_view text, const std::string& where);
// What the first line of the shard's file ends with; empty for a whole sweep of so many runs.
std::string shard_text(const Shard& shard, std::uint64_t runs);
// rows.csv becomes rows.3-of-64.csv; a whole sweep keeps the name.
std::filesystem::path shard_path(const std::filesystem::path& path, const Shard& shard);

// The file of the whole sweep from the files of all its shards, in any order. Throws Error that
// names the file: not of a shard, of another sweep, twice or missing, a run twice or missing, a row
// that was cut off.
std::string merge_shards(const std::vector<std::filesystem::path>& files);

}  // namespace mcnn::cli
