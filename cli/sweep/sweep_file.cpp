// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/sweep_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/error.h"
#include "common/fingerprint.h"
#include "common/text_file.h"

namespace mcnn::cli {
namespace {

constexpr std::string_view kMagic = "# mcnn sweep, ";
constexpr std::string_view kRun = ".run-";

std::string csv_word(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// The columns before the results.
std::vector<std::string> key_columns(const Sweep& sweep) {
  std::vector<std::string> keys = sweep.varied();
  if (std::ranges::find(keys, "seed") == keys.end()) keys.emplace_back("seed");
  return keys;
}

std::string row_start(const Sweep& sweep, std::uint64_t run, const Settings& settings) {
  std::string text = fmt::format("{},", run);
  for (const std::string& key : key_columns(sweep)) {
    text += csv_word(*find_setting(settings, key)) + ",";
  }
  return text;
}

template <class Number>
bool take(std::string_view& text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data() + text.size() || *end != ',') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

// Writes all of the text at the end; 0, or the error.
int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int sync_folder(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return errno;
  const int error = fsync(file) != 0 ? errno : 0;
  close(file);
  return error;
}

}  // namespace

std::string sweep_head(const Sweep& sweep) {
  return fmt::format("{}plan {:016x}, ", kMagic, fingerprint(canonical_text(sweep)));
}

void remove_shard(const std::filesystem::path& path) {
  std::filesystem::remove(path);
  for (const std::string_view suffix : {kAttempt, kRun}) {
    for (const std::filesystem::path& file : files_beside(path, suffix)) {
      std::filesystem::remove(file);
    }
  }
}

std::string sweep_header(const Sweep& sweep, const SweepOrigin& origin) {
  return fmt::format(
      "{}inputs {:016x}, program {:016x}{}\n{}run,{},images,correct,"
      "accuracy,clipped,pulses,command\n",
      sweep_head(sweep), origin.inputs, origin.program, shard_text(origin.shard, sweep.runs()),
      origin.provenance, fmt::join(key_columns(sweep), ","));
}

std::string sweep_row(const Sweep& sweep, std::uint64_t run, const RunResult& result) {
  const Settings settings = sweep.settings(run);
  return fmt::format("{}{},{},{:.6f},{:.6g},{},{}\n", row_start(sweep, run, settings),
                     result.images, result.correct, result.accuracy(), result.clipped,
                     result.pulses, csv_word(run_command(settings)));
}

SweepFile::SweepFile(std::filesystem::path path, const Sweep& sweep, const SweepOrigin& origin,
                     bool restart)
    : path_(std::move(path)),
      sweep_(sweep),
      shard_(origin.shard),
      header_(sweep_header(sweep, origin)) {
  try {
    if (shard_.is_part()) {
      open_attempt(restart);
    } else {
      open_whole(restart);
    }
    if (restart) {
      for (const std::filesystem::path& file : files_beside(path_, kRun)) {
        std::filesystem::remove(file);
      }
    }
  } catch (...) {
    if (file_ >= 0) close(file_);
    throw;
  }
}

SweepFile::~SweepFile() {
  if (file_ >= 0) close(file_);
}

std::vector<std::uint64_t> SweepFile::missing() const {
  std::vector<std::uint64_t> runs;
  for (std::uint64_t run = shard_.index; run < sweep_.runs(); run += shard_.count) {
    if (!has(run)) runs.push_back(run);
  }
  return runs;
}

std::filesystem::path SweepFile::checkpoint(std::uint64_t run) const {
  std::filesystem::path file = path_;
  file += fmt::format("{}{}.checkpoint", kRun, run);
  return file;
}

void SweepFile::check_is_sweep(std::string_view text, const std::filesystem::path& file) const {
  if (text.starts_with(kMagic) || header_.starts_with(text)) return;
  throw Error(
      fmt::format("--out: {}: found a file that no sweep wrote, allowed is a sweep's file or a "
                  "new name",
                  file.string()));
}

void SweepFile::open_whole(bool restart) {
  open_and_lock();
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t count = ::read(file_, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw Error(fmt::format("--out: cannot read '{}': {}", path_.string(), strerror(errno)));
    }
    if (count == 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  check_is_sweep(text, path_);
  size_ = restart ? 0 : take_rows(text, path_);
  if (size_ < text.size() && ftruncate(file_, static_cast<off_t>(size_)) != 0) {
    throw Error(fmt::format("--out: cannot write '{}': {}", path_.string(), strerror(errno)));
  }
  if (size_ == 0) {  // new, or killed while the header was written
    write(header_);
    sync_folder(path_);
  }
}

void SweepFile::open_attempt(bool restart) {
  std::vector<std::filesystem::path> there = files_beside(path_, kAttempt);
  if (std::filesystem::exists(path_)) there.insert(there.begin(), path_);
  in_order_ = false;
  for (const std::filesystem::path& file : there) {
    const std::string text = read_text(file, fmt::format("--out: {}", file.string()));
    check_is_sweep(text, file);
    if (restart) {
      std::filesystem::remove(file);
      continue;
    }
    take_rows(text, file);
    if (file != path_) {
      predecessors_.push_back(file);
    } else if (rows_.size() == runs()) {
      in_order_ = true;
      // Attempts of a process that was killed behind the renaming, or that came too late.
      predecessors_.assign(there.begin() + 1, there.end());
      remove_predecessors();
      return;
    }
  }
  char host[256] = "host";
  gethostname(host, sizeof host - 1);
  for (int number = 0; file_ < 0; ++number) {
    attempt_ = path_;
    attempt_ += fmt::format("{}{}-{}{}", kAttempt, host, getpid(),
                            number == 0 ? "" : fmt::format("-{}", number));
    file_ = ::open(attempt_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (file_ < 0 && errno != EEXIST) {
      throw Error(fmt::format("--out: cannot write '{}': {}", attempt_.string(), strerror(errno)));
    }
  }
  write(header_);
  sync_folder(path_);
}

void SweepFile::open_and_lock() {
  const auto fail = [&](const std::string& why) {
    if (file_ >= 0) close(file_);
    throw Error(fmt::format("--out: cannot write '{}': {}", path_.string(), why));
  };
  if (!path_.has_filename()) fail("not a file name");
  // Another process may put a file in order between our open and our lock: then the lock is on a
  // file that has lost its name, and we look again.
  for (;;) {
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file_ < 0) fail(std::strerror(errno));
    struct stat opened = {};
    struct stat named = {};
    if (fstat(file_, &opened) != 0) fail(std::strerror(errno));
    if (!S_ISREG(opened.st_mode)) fail("not a regular file");
    if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
      fail(errno == EWOULDBLOCK ? "another process is working on it" : std::strerror(errno));
    }
    if (stat(path_.c_str(), &named) == 0 && named.st_dev == opened.st_dev &&
        named.st_ino == opened.st_ino) {
      return;
    }
    close(file_);
  }
}

std::uint64_t SweepFile::take_rows(const std::string& text, const std::filesystem::path& from) {
  const std::string where = fmt::format("--out: {}", from.string());
  // Rows that are there keep the line that says what made them.
  const auto line_at = [](const std::string& of, std::size_t from) {
    const std::size_t end = of.find('\n', from);
    return end == std::string::npos ? std::string() : of.substr(from, end + 1 - from);
  };
  const std::size_t second = header_.find('\n') + 1;
  const std::string made = line_at(text, second);
  if (made.starts_with('#') && header_[second] == '#') {
    header_.replace(second, line_at(header_, second).size(), made);
  }
  if (!text.starts_with(header_)) {
    if (!header_.starts_with(text)) {
      // Which of the three differs.
      std::string what;
      std::size_t at = kMagic.size();
      for (const std::string_view name : {"plan", "inputs", "program"}) {
        const std::size_t length = name.size() + 1 + 16 + 2;
        if (at >= text.size() || text.compare(at, length, header_, at, length) != 0) {
          what += fmt::format("{}{}", what.empty() ? "" : ", ", name);
        }
        at += length;
      }
      const std::string_view line = std::string_view(text).substr(0, text.find('\n'));
      if (what.empty() && !header_.starts_with(line)) what = "shard";
      throw Error(
          fmt::format("{}: the rows there are of another sweep (not the same: {}). Give "
                      "another file, or --restart to begin anew",
                      where, what.empty() ? "columns" : what));
    }
    return 0;
  }

  std::string_view rest = text;
  rest.remove_prefix(header_.size());
  std::uint64_t line_number = 2;
  std::uint64_t last = 0;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;  // cut off: dropped
    const std::string_view line = rest.substr(0, end + 1);
    rest.remove_prefix(end + 1);
    ++line_number;
    const auto fail = [&](std::string_view why) {
      throw Error(fmt::format("{}: line {}: {}; remove that line to run it again", where,
                              line_number, why));
    };
    std::string_view parts = line;
    std::uint64_t run = 0;
    if (!take(parts, run) || run >= sweep_.runs() || !shard_.has(run)) {
      fail(fmt::format("found no run number 0..{}{}", sweep_.runs() - 1,
                       shard_text(shard_, sweep_.runs())));
    }
    // Whatever a row holds beyond its results follows from its number.
    const std::string start = row_start(sweep_, run, sweep_.settings(run));
    RunResult result;
    double accuracy = 0.0;
    bool good = line.starts_with(start);
    if (good) {
      parts = line.substr(start.size());
      good = take(parts, result.images) && take(parts, result.correct) && take(parts, accuracy) &&
             take(parts, result.clipped) && take(parts, result.pulses) &&
             sweep_row(sweep_, run, result) == line;
    }
    if (!good) fail(fmt::format("found a row that run {} cannot have", run));
    const auto [row, added] = rows_.emplace(run, result);
    if (!added && (!shard_.is_part() || sweep_row(sweep_, run, row->second) != line)) {
      fail(fmt::format("found run {} a second time", run));
    }
    if (run < last) in_order_ = false;
    last = run;
  }
  return text.size() - rest.size();
}

void SweepFile::write(const std::string& text) {
  int error = write_all(file_, text);
  if (error == 0 && fsync(file_) != 0) error = errno;
  if (error != 0) {
    // What was written of it goes; if even that fails, the next start drops it.
    [[maybe_unused]] const int ignored = ftruncate(file_, static_cast<off_t>(size_));
    throw Error(fmt::format("--out: cannot write '{}': {}; the {} rows before stay", path_.string(),
                            std::strerror(error), rows_.size()));
  }
  size_ += text.size();
}

void SweepFile::add(std::uint64_t run, const RunResult& result) {
  const std::string row = sweep_row(sweep_, run, result);
  const std::scoped_lock lock(mutex_);
  write(row);
  if (!rows_.empty() && run < rows_.rbegin()->first) in_order_ = false;
  rows_.emplace(run, result);
}

void SweepFile::finish() {
  if (in_order_ || rows_.size() != runs()) return;
  std::string text = header_;
  for (const auto& [run, result] : rows_) text += sweep_row(sweep_, run, result);
  // Nobody else has the lock or this attempt, so the name needs no number, and what a kill leaves
  // is written again.
  std::filesystem::path temporary = shard_.is_part() ? attempt_ : path_;
  temporary += ".part";
  const int file =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  int error = file < 0 ? errno : 0;
  if (error == 0) error = write_all(file, text);
  if (error == 0 && fsync(file) != 0) error = errno;
  if (file >= 0) close(file);
  if (error == 0 && std::rename(temporary.c_str(), path_.c_str()) != 0) error = errno;
  if (error == 0) error = sync_folder(path_);
  if (error != 0) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw Error(
        fmt::format("--out: cannot put the rows of '{}' in order: {}; all of them are there",
                    path_.string(), std::strerror(error)));
  }
  in_order_ = true;
  if (!shard_.is_part()) return;
  predecessors_.push_back(attempt_);
  remove_predecessors();
}

void SweepFile::remove_predecessors() {
  for (const std::filesystem::path& file : predecessors_) {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }
}

}  // namespace mcnn::cli
