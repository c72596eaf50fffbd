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

 private:
  using Clock = std::chrono::steady_clock;

  std::int64_t total_;
  std::int64_t images_per_step_;
  std::int64_t done_ = 0;
  bool terminal_;
  Clock::time_point started_;
  Clock::time_point shown_;
};

}  // namespace mcnn::train
