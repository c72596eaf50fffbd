// SPDX-License-Identifier: Apache-2.0
// Random numbers of the tests: SplitMix64, small, and the same on every machine.
#pragma once

#include <cstdint>

namespace mcnn::testing {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // low..high, both included.
  int between(int low, int high) {
    return low + static_cast<int>(next() % static_cast<uint64_t>(high - low + 1));
  }
  // One of `sides` times.
  bool one_of(int sides) { return between(1, sides) == 1; }

 private:
  uint64_t state_;
};

}  // namespace mcnn::testing
