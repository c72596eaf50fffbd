// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace mcnn::train {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(200);
constexpr const char* kEraseLine = "\r\x1b[K";

}  // namespace

Progress::Progress(std::int64_t total, std::int64_t images_per_step)
    : total_(total),
      images_per_step_(images_per_step),
      terminal_(isatty(STDOUT_FILENO) == 1),
      started_(Clock::now()),
      shown_(started_) {}

void Progress::step(const std::string& what) {
  ++done_;
  const auto now = Clock::now();
  if (!terminal_ || now - shown_ < kInterval) return;
  shown_ = now;
  const double rate = static_cast<double>(done_ - skipped_) / (seconds() - seconds_before_);
  fmt::print("{}{}  {:.0f} images/s  {:.0f} s left", kEraseLine, what,
             rate * static_cast<double>(images_per_step_), left());
  std::fflush(stdout);
}

void Progress::line(const std::string& text) {
  fmt::print("{}{}\n", terminal_ ? kEraseLine : "", text);
  std::fflush(stdout);
}

double Progress::seconds() const {
  return seconds_before_ + std::chrono::duration<double>(Clock::now() - started_).count();
}

double Progress::left() const {
  const auto done = static_cast<double>(std::max<std::int64_t>(1, done_ - skipped_));
  return (seconds() - seconds_before_) / done * static_cast<double>(total_ - done_);
}

std::string Progress::times() const {
  return fmt::format("{:.0f} s, {:.0f} s left", seconds(), left());
}

void Progress::skip(std::int64_t steps, double seconds) {
  done_ = skipped_ = steps;
  seconds_before_ = seconds;
}

}  // namespace mcnn::train
