// SPDX-License-Identifier: Apache-2.0
// The file that a long run keeps its state in, to go on from it after a kill.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mcnn::cli {

class CheckpointFile {
 public:
  // `file` may be empty: none. `run`: what was asked for; the state of another run is not taken.
  // `every_s`: between two writings [s].
  CheckpointFile(std::string file, std::string run, double every_s = 2.0)
      : file_(std::move(file)), run_(std::move(run)), every_s_(every_s) {}

  const std::string& run() const { return run_; }
  // What the file holds, `parse` (text, name of the file) being its reader; none where there is no
  // file. Throws Error, also where it is of another run.
  template <typename Parse>
  auto read(const Parse& parse) const {
    using Contents = decltype(parse(std::string_view(), std::string()));
    std::optional<Contents> contents;
    if (const std::optional<std::string> found = text()) {
      contents = parse(*found, file_);
      check_run(contents->run);
    }
    return contents;
  }
  // To be called behind every step: writes the file when it is time, when the run is done, and when
  // it is told to stop; then throws Interrupted.
  void after_step(bool done, const std::function<std::string()>& contents);
  void remove() const;  // of a run that is done

 private:
  std::optional<std::string> text() const;
  void check_run(const std::string& found) const;

  std::string file_;
  std::string run_;
  double every_s_;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

}  // namespace mcnn::cli
