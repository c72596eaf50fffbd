// SPDX-License-Identifier: Apache-2.0
// The rows of a sweep: a CSV file that survives being killed at any moment. Each row is written and
// synced as its run ends; opening the file again takes the rows that are there, drops one that was
// cut off, and refuses a file that is not of the same sweep. When all rows are there the file is
// put in the order of the runs, so it does not show how it came about.
//
//   # mcnn sweep, plan <fingerprint>, inputs <fingerprint>, program <fingerprint>
//   run,<varied keys>,seed,images,correct,accuracy,clipped,pulses,command
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "cli/sweep/shard.h"
#include "cli/sweep/sweep.h"

namespace mcnn::cli {

struct RunResult {
  std::uint64_t images = 0;
  std::uint64_t correct = 0;
  double clipped = 0.0;      // fraction of the conversions
  std::uint64_t pulses = 0;  // SET and RESET: programming, tuning, refreshing

  double accuracy() const {
    return images == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(images);
  }
};

// What must be the same for rows to belong together.
struct SweepOrigin {
  std::uint64_t inputs = 0;   // fingerprint of the files that the runs read
  std::uint64_t program = 0;  // and of the program
  // A comment, the whole line, that says what made the rows; empty: none. Rows that were there keep
  // theirs: it may name the same files at another place.
  std::string provenance = {};
  Shard shard = {};  // the part of the sweep whose rows they are
};

// What the first line of every file of the sweep begins with.
std::string sweep_head(const Sweep& sweep);
// The fingerprints, what made the rows, the names of the columns.
std::string sweep_header(const Sweep& sweep, const SweepOrigin& origin);
std::string sweep_row(const Sweep& sweep, std::uint64_t run, const RunResult& result);

// Removes a shard's file, its attempts and checkpoints.
void remove_shard(const std::filesystem::path& path);

class SweepFile {
 public:
  // Opens or makes the file and locks it against other processes; of a shard, makes an attempt
  // (shard.h). `restart` drops what is there. Throws Error: not writable, locked, not a sweep file,
  // of another plan, a bad row.
  SweepFile(std::filesystem::path path, const Sweep& sweep, const SweepOrigin& origin,
            bool restart);
  ~SweepFile();
  SweepFile(const SweepFile&) = delete;
  SweepFile& operator=(const SweepFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::string& header() const { return header_; }  // the lines before the rows
  bool has(std::uint64_t run) const { return rows_.contains(run); }
  // Whether the run is of this file and still to be done.
  bool wants(std::uint64_t run) const { return shard_.has(run) && !has(run); }
  std::vector<std::uint64_t> missing() const;  // all of them, in order
  const std::map<std::uint64_t, RunResult>& rows() const { return rows_; }
  // Adds a row; from any thread. Throws Error when it cannot be written; the rows before it stay.
  void add(std::uint64_t run, const RunResult& result);
  // How many rows the file has when it is whole.
  std::uint64_t runs() const { return shard_.runs(sweep_.runs()); }
  // When all rows are there: puts them in order, into the file of the shard.
  void finish();
  // Where a run may keep what it needs to go on after a kill.
  std::filesystem::path checkpoint(std::uint64_t run) const;

 private:
  void open_and_lock();
  // Throws Error if no sweep wrote the file.
  void check_is_sweep(std::string_view text, const std::filesystem::path& file) const;
  void open_whole(bool restart);
  void open_attempt(bool restart);
  void remove_predecessors();
  // Takes the rows of a file; returns where they end, 0 if not even the lines before them are
  // there.
  std::uint64_t take_rows(const std::string& text, const std::filesystem::path& from);
  void write(const std::string& text);

  std::filesystem::path path_;
  const Sweep& sweep_;
  Shard shard_;
  std::string header_;
  int file_ = -1;
  std::filesystem::path attempt_;                    // of a shard: what this process writes
  std::vector<std::filesystem::path> predecessors_;  // attempts that were there
  std::uint64_t size_ = 0;                           // of the whole rows
  bool in_order_ = true;                             // the file at path() is as it is to stay
  std::map<std::uint64_t, RunResult> rows_;
  std::mutex mutex_;
};

}  // namespace mcnn::cli
