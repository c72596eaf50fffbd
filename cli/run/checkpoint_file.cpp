// SPDX-License-Identifier: Apache-2.0
#include "cli/run/checkpoint_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "cli/output/output_file.h"
#include "common/error.h"
#include "common/interrupt.h"
#include "common/text_file.h"

namespace mcnn::cli {

namespace fs = std::filesystem;

std::optional<std::string> CheckpointFile::text() const {
  if (file_.empty() || !fs::exists(file_)) return std::nullopt;
  return read_text(file_, "--checkpoint");
}

void CheckpointFile::check_run(const std::string& found) const {
  if (found == run_) return;
  throw Error(fmt::format(
      "--checkpoint: {} is of another run ({}); this one is {}; delete it or take another file",
      file_, found, run_));
}

void CheckpointFile::after_step(bool done, const std::function<std::string()>& contents) {
  const auto now = std::chrono::steady_clock::now();
  const bool stop = interrupt_requested();
  const bool due = std::chrono::duration<double>(now - saved_).count() > every_s_;
  if (!file_.empty() && (stop || due || done)) {
    OutputFile(file_, "--checkpoint").commit(contents());
    saved_ = now;
  }
  if (stop) throw Interrupted{};
}

void CheckpointFile::remove() const {
  std::error_code ignored;
  if (!file_.empty()) fs::remove(file_, ignored);
}

}  // namespace mcnn::cli
