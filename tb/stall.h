// SPDX-License-Identifier: Apache-2.0
// Decides clock by clock whether a bus model holds back. Seeded, so a failing test can be run
// again.
#pragma once

#include <cstdint>

namespace mcnn::tb {

class Stall {
 public:
  // `percent` of the clocks are stalled, 0..90; each channel of a bus has its own `stream`.
  Stall(int percent, std::uint64_t seed, std::uint64_t stream)
      : threshold_(static_cast<std::uint32_t>(percent) * (0xFFFF'FFFFU / 100U)),
        state_((seed * 0x9E37'79B9'7F4A'7C15U) ^ ((stream + 1) * 0xD1B5'4A32'D192'ED03U)) {}

  // True: hold back in this clock.
  bool next() {
    if (threshold_ == 0) return false;
    // SplitMix64.
    state_ += 0x9E37'79B9'7F4A'7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9U;
    z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EBU;
    return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 32) < threshold_;
  }

 private:
  std::uint32_t threshold_;
  std::uint64_t state_;
};

}  // namespace mcnn::tb
