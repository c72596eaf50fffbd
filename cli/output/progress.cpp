// SPDX-License-Identifier: Apache-2.0
#include "cli/output/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace mcnn::cli {

Progress::Progress(std::string title, std::uint64_t total, std::string unit)
    : title_(std::move(title)), total_(total), unit_(std::move(unit)) {
  if (total_ == 0 || isatty(STDERR_FILENO) == 0) return;
  display_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (
        !stop_changed_.wait_for(lock, std::chrono::milliseconds(100), [this] { return stop_; })) {
      show();
    }
  });
}

Progress::~Progress() {
  if (!display_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  stop_changed_.notify_one();
  display_.join();
  std::fputs("\r\033[K", stderr);
}

void Progress::show() const {
  constexpr std::uint64_t kWidth = 24;
  const std::uint64_t done = std::min(done_.load(std::memory_order_relaxed), total_);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  std::string bar;
  const std::uint64_t filled = done * kWidth / total_;
  for (std::uint64_t i = 0; i < kWidth; ++i) bar += i < filled ? '#' : '.';
  std::string line = fmt::format("\r\033[K{} [{}] {}/{}", title_, bar, done, total_);
  if (done > 0 && elapsed.count() > 0) {
    const double rate = static_cast<double>(done) / elapsed.count();
    const auto left = std::llround(static_cast<double>(total_ - done) / rate);
    line += fmt::format("  {:.0f} {}/s", rate, unit_);
    if (is_rated_.load(std::memory_order_relaxed)) {
      line += fmt::format("  {:.2f} % right",
                          100.0 * static_cast<double>(correct_.load(std::memory_order_relaxed)) /
                              static_cast<double>(done));
    }
    line += fmt::format("  {}:{:02} left", left / 60, left % 60);
  }
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace mcnn::cli
