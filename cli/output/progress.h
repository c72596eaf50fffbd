// SPDX-License-Identifier: Apache-2.0
// Progress of a run on a terminal: bar, rate, running accuracy of images, time left. Says nothing
// when stderr is not a terminal.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace mcnn::cli {

class Progress {
 public:
  // `unit` is what is counted; of images, add() also tells how many were right.
  Progress(std::string title, std::uint64_t total, std::string unit = "images");
  ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // One more image is done, and whether it was right where that is known. From any thread.
  void add(std::optional<bool> correct) {
    if (!correct) is_rated_.store(false, std::memory_order_relaxed);
    correct_.fetch_add(correct.value_or(false) ? 1 : 0, std::memory_order_relaxed);
    done_.fetch_add(1, std::memory_order_relaxed);
  }

  std::uint64_t done() const { return done_.load(std::memory_order_relaxed); }
  // Of the images that are done; none where nobody knows which were right.
  std::optional<std::uint64_t> correct() const {
    if (!is_rated_.load(std::memory_order_relaxed)) return std::nullopt;
    return correct_.load(std::memory_order_relaxed);
  }

  // So many are done, of units that are not right or wrong. From any thread.
  void set_done(std::uint64_t done) {
    is_rated_.store(false, std::memory_order_relaxed);
    done_.store(done, std::memory_order_relaxed);
  }

 private:
  void show() const;

  const std::string title_;
  const std::uint64_t total_;
  const std::string unit_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<std::uint64_t> correct_ = 0;
  std::atomic<bool> is_rated_ = true;
  std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stop_ = false;
  std::thread display_;  // none when quiet
};

}  // namespace mcnn::cli
