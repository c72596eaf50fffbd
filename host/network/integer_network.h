// SPDX-License-Identifier: Apache-2.0
// The network as plain integer arithmetic. Written from the network format alone and independent of
// the chip, the mapper and the models: the reference that the chip must equal exactly when its
// devices are ideal.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/network/network.h"

namespace mcnn {

// What one image gives.
struct IntegerResult {
  std::vector<std::vector<uint8_t>>
      maps;  // per hidden layer, after pooling: [channel][row][column]
  std::vector<int32_t> logits;
  int digit = 0;  // the class: index of the largest logit, the lowest of equal ones
};

// Index of the largest value, the lowest of equal ones.
int arg_max(std::span<const int32_t> values);

class IntegerNetwork {
 public:
  // Keeps its own copy of the network.
  explicit IntegerNetwork(Network network);

  // pixels: [channel][row][column] of network.input; throws Error when the number of pixels
  // differs.
  IntegerResult run(std::span<const uint8_t> pixels) const;

  const Network& network() const { return network_; }

 private:
  Network network_;
};

}  // namespace mcnn
