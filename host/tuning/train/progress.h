// SPDX-License-Identifier: Apache-2.0
// What the trainer says while it works: one line an epoch, and on a terminal a line that keeps
// rewriting itself with the rate and the time left.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mcnn::train {

class Progress {
 public:
  // `total` steps (mini-batches) of `images_per_step` images.
  Progress(std::int64_t total, std::int64_t images_per_step);

  void step(const std::string& what);
  void line(const std::string& text);  // a line that stays
  double seconds() const;
  // "12 s, 300 s left".
  std::string times() const;
  // Steps that were done before, in so many seconds.
  void skip(std::int64_t steps, double seconds);

 private:
  double left() const;
  using Clock = std::chrono::steady_clock;

  std::int64_t total_;
  std::int64_t images_per_step_;
  std::int64_t done_ = 0;
  std::int64_t skipped_ = 0;
  double seconds_before_ = 0;
  bool terminal_;
  Clock::time_point started_;
  Clock::time_point shown_;
};

}  // namespace mcnn::train
