// SPDX-License-Identifier: Apache-2.0
// Shards: a sweep cut into parts that machines without a common file work on, each with a file of
// its own, and put together again into the file of one machine, byte for byte.
//
// The first line of a shard's file says at its end which part it is: ", shard 3/64 of 770 runs".
//
// A shard's file appears whole. Until then every process that works on the shard writes its rows to
// an attempt of its own beside it, <file>.attempt-<host>-<process>, and takes those of the attempts
// that it finds: two processes never write to one file, so nothing needs a lock, and a row that two
// of them made is the same row.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
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

// The files beside `path` whose names go on with `suffix`, in the order of their names.
std::vector<std::filesystem::path> files_beside(const std::filesystem::path& path,
                                                std::string_view suffix);
inline constexpr std::string_view kAttempt = ".attempt-";

// How far a shard is.
struct ShardProgress {
  std::uint64_t done = 0;  // runs whose rows are there, in its file or in attempts
  std::uint64_t runs = 0;  // of the shard
  bool whole = false;      // its file is there
  std::uint64_t attempts = 0;
  std::optional<double> idle_s;  // since a row was written; none before the first file
};
// `runs`: of the whole sweep. Throws Error on a file whose first line does not begin with `head`.
ShardProgress shard_progress(const std::filesystem::path& path, const Shard& shard,
                             std::uint64_t runs, std::string_view head);

// The file of the whole sweep from the files of all its shards, in any order. Throws Error that
// names the file: not of a shard, of another sweep, twice or missing, a run twice or missing, a row
// that was cut off.
std::string merge_shards(const std::vector<std::filesystem::path>& files);

}  // namespace mcnn::cli
