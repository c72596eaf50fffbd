// SPDX-License-Identifier: Apache-2.0
// The counters of a Verilated model that was translated with --coverage-*: they stand in for
// Verilator's own, of which each model has its own set that goes with it. Here what all models of a
// class counted is added up, and added to a file when the program ends. In the file is one number
// of 32 bits a counter, in their order (cmake/verilate_model.cmake says what each one counts).
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace mcnn::coverage {

// The sums of a class.
class Totals {
 public:
  Totals(const char* file, std::size_t size) : file_(file), counts_(size) {}
  ~Totals() {
    if (used_ && !AddToFile()) {
      std::perror(file_);
      std::_Exit(EXIT_FAILURE);  // too late for an exception
    }
  }
  Totals(const Totals&) = delete;
  Totals& operator=(const Totals&) = delete;

  void Add(const std::uint32_t* counts) {
    const std::lock_guard lock(mutex_);
    used_ = true;
    AddTo(counts_.data(), counts);
  }

 private:
  // Stays at its largest value rather than begin again at 0.
  void AddTo(std::uint32_t* sums, const std::uint32_t* counts) const {
    for (std::size_t i = 0; i < counts_.size(); ++i)
      sums[i] = counts[i] > UINT32_MAX - sums[i] ? UINT32_MAX : sums[i] + counts[i];
  }
  // Programs that end at the same time take turns.
  bool AddToFile() const {
    const int file = open(file_, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) return false;
    const std::size_t bytes = counts_.size() * sizeof(std::uint32_t);
    std::vector<std::uint32_t> sums(counts_.size());
    bool good = flock(file, LOCK_EX) == 0;
    const ssize_t there = good ? pread(file, sums.data(), bytes, 0) : -1;
    good = there == 0 || there == static_cast<ssize_t>(bytes);
    if (good) {
      AddTo(sums.data(), counts_.data());
      good = pwrite(file, sums.data(), bytes, 0) == static_cast<ssize_t>(bytes);
    }
    return close(file) == 0 && good;
  }

  const char* file_;
  std::vector<std::uint32_t> counts_;
  std::mutex mutex_;
  bool used_ = false;
};

// The counters of one model.
template <std::size_t kSize, class Syms>
class Counts {
 public:
  Counts() = default;
  ~Counts() { Sum().Add(counts_.data()); }
  Counts(const Counts&) = delete;
  Counts& operator=(const Counts&) = delete;

  std::uint32_t& operator[](std::size_t index) { return counts_[index]; }
  // Registers and memories have their first contents, which is no change.
  void Begin() { counts_.fill(0); }

 private:
  static Totals& Sum() {
    static Totals totals(Syms::kCoverageFile, kSize);
    return totals;
  }
  std::array<std::uint32_t, kSize> counts_{};
};

}  // namespace mcnn::coverage
