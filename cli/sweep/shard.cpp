// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/shard.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include "cli/sweep/axes.h"
#include "common/error.h"
#include "common/text_file.h"

namespace mcnn::cli {
namespace {

constexpr std::string_view kMark = ", shard ";

// The number at the beginning of a text, which loses it and the text behind it.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view behind) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || !text.substr(digits).starts_with(behind)) return std::nullopt;
  text.remove_prefix(digits + behind.size());
  return value;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return {};
  const std::string_view line = text.substr(0, end + 1);
  text.remove_prefix(end + 1);
  return line;
}

// A shard's file in its parts.
struct ShardFile {
  std::filesystem::path path;
  Shard shard;
  std::uint64_t runs = 0;  // of the whole sweep
  std::string head;        // the first line, as a whole sweep has it
  std::string made;        // what made the rows, a line, or empty
  std::string columns;     // a line
  std::map<std::uint64_t, std::string> rows;
};

ShardFile read_shard(const std::filesystem::path& path) {
  ShardFile file;
  file.path = path;
  const std::string text = read_text(path);
  std::string_view rest = text;
  const auto fail = [&](const std::string& why) {
    throw Error(fmt::format("{}: {}", path.string(), why));
  };

  const std::string_view first = take_line(rest);
  const std::size_t mark = first.find(kMark);
  std::string_view part = mark == std::string_view::npos ? "" : first.substr(mark + kMark.size());
  const std::optional<std::uint64_t> index = take_number(part, "/");
  const std::optional<std::uint64_t> count = index ? take_number(part, " of ") : std::nullopt;
  const std::optional<std::uint64_t> runs = count ? take_number(part, " runs\n") : std::nullopt;
  if (!runs || !part.empty() || *count < 2 || *count > kMaxShards || *index >= *count ||
      *runs > kMaxRuns) {
    fail("found no file of a shard, allowed are files that mcnn sweep --shard wrote");
  }
  file.shard = {*index, *count};
  file.runs = *runs;
  file.head = fmt::format("{}\n", first.substr(0, mark));
  if (rest.starts_with('#')) file.made = take_line(rest);
  file.columns = take_line(rest);

  std::uint64_t line = file.made.empty() ? 2 : 3;
  while (!rest.empty()) {
    ++line;
    const std::string_view row = take_line(rest);
    std::string_view columns = row;
    const std::optional<std::uint64_t> run = take_number(columns, ",");
    if (row.empty()) {
      fail(
          fmt::format("line {}: found a row that was cut off; the command of the shard goes on "
                      "from there",
                      line));
    }
    if (!run || *run >= file.runs || !file.shard.has(*run)) {
      fail(fmt::format("line {}: found no run of shard {}/{}", line, file.shard.index,
                       file.shard.count));
    }
    if (!file.rows.emplace(*run, row).second) {
      fail(fmt::format("line {}: found run {} a second time", line, *run));
    }
  }
  const std::uint64_t all = file.shard.runs(file.runs);
  if (file.rows.size() != all) {
    fail(fmt::format("found {} of the shard's {} runs; its command goes on from there",
                     file.rows.size(), all));
  }
  return file;
}

void check_alike(const ShardFile& file, const ShardFile& first) {
  const auto require = [&](bool alike, std::string_view what) {
    if (!alike) {
      throw Error(fmt::format("{}: not of the same sweep as {}: the {} differ", file.path.string(),
                              first.path.string(), what));
    }
  };
  require(file.head == first.head, "fingerprints of plan, inputs or program");
  require(file.columns == first.columns, "columns");
  require(file.shard.count == first.shard.count, "numbers of shards");
  require(file.runs == first.runs, "numbers of runs");
}

}  // namespace

Shard parse_shard(std::string_view text, const std::string& where) {
  std::string_view rest = text;
  const std::optional<std::uint64_t> index = take_number(rest, "/");
  const std::optional<std::uint64_t> count = index ? take_number(rest, "") : std::nullopt;
  if (!count || !rest.empty() || *index >= *count || *count > kMaxShards) {
    throw Error(fmt::format(
        "{}: found '{}', allowed is I/N with I 0..N-1 and N 1..{}: runs I, I+N, I+2N, ...", where,
        text, kMaxShards));
  }
  return {*index, *count};
}

std::string shard_text(const Shard& shard, std::uint64_t runs) {
  if (!shard.is_part()) return {};
  return fmt::format("{}{}/{} of {} runs", kMark, shard.index, shard.count, runs);
}

std::filesystem::path shard_path(const std::filesystem::path& path, const Shard& shard) {
  if (!shard.is_part()) return path;
  std::filesystem::path part = path;
  part.replace_filename(fmt::format("{}.{}-of-{}{}", path.stem().string(), shard.index, shard.count,
                                    path.extension().string()));
  return part;
}

std::vector<std::filesystem::path> files_beside(const std::filesystem::path& path,
                                                std::string_view suffix) {
  const std::string start = fmt::format("{}{}", path.filename().string(), suffix);
  std::vector<std::filesystem::path> files;
  std::error_code error;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with(start)) {
      files.push_back(path.has_parent_path() ? entry.path() : entry.path().filename());
    }
  }
  std::ranges::sort(files);
  return files;
}

ShardProgress shard_progress(const std::filesystem::path& path, const Shard& shard,
                             std::uint64_t runs, std::string_view head) {
  ShardProgress progress;
  progress.runs = shard.runs(runs);
  std::vector<std::filesystem::path> files = files_beside(path, kAttempt);
  progress.attempts = files.size();
  progress.whole = std::filesystem::exists(path);
  if (progress.whole) files = {path};
  std::set<std::uint64_t> done;
  for (const std::filesystem::path& file : files) {
    std::error_code error;
    const auto written = std::filesystem::last_write_time(file, error);
    if (error) continue;  // gone meanwhile: the shard has come to its end
    const std::chrono::duration<double> idle =
        std::filesystem::file_time_type::clock::now() - written;
    progress.idle_s = std::min(progress.idle_s.value_or(idle.count()), idle.count());
    const std::string text = read_text(file);
    if (!text.starts_with(head) && !head.starts_with(text)) {
      throw Error(fmt::format("{}: the rows there are of another sweep", file.string()));
    }
    std::string_view rest = text;
    while (!rest.empty()) {
      std::string_view line = take_line(rest);
      if (line.empty()) break;  // cut off
      if (const std::optional<std::uint64_t> run = take_number(line, ",")) done.insert(*run);
    }
  }
  progress.done = done.size();
  return progress;
}

std::string merge_shards(const std::vector<std::filesystem::path>& files) {
  std::map<std::uint64_t, ShardFile> shards;
  for (const std::filesystem::path& path : files) {
    ShardFile file = read_shard(path);
    if (!shards.empty()) check_alike(file, shards.begin()->second);
    const std::uint64_t index = file.shard.index;
    const auto [place, added] = shards.emplace(index, std::move(file));
    if (!added) {
      throw Error(fmt::format("{}: found shard {} a second time, {} has it too", path.string(),
                              index, place->second.path.string()));
    }
  }
  if (shards.empty()) throw Error("found no file of a shard, allowed are all of a sweep");
  const ShardFile& first = shards.begin()->second;
  std::vector<std::uint64_t> missing;
  for (std::uint64_t index = 0; index < first.shard.count; ++index) {
    if (!shards.contains(index)) missing.push_back(index);
  }
  if (!missing.empty()) {
    throw Error(fmt::format("found {} of {} shards, missing: {}", shards.size(), first.shard.count,
                            fmt::join(missing, ", ")));
  }
  std::string text = first.head + first.made + first.columns;
  for (std::uint64_t run = 0; run < first.runs; ++run) {
    text += shards.at(run % first.shard.count).rows.at(run);
  }
  return text;
}

}  // namespace mcnn::cli
