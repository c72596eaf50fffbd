// SPDX-License-Identifier: Apache-2.0
// The network as plain integer arithmetic. Written from the network format alone and independent of
// the chip, the mapper and the models: the reference that the chip must equal exactly when its
// devices are ideal.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "host/network/integer_convolution.h"
#include "host/network/network.h"

namespace mcnn {

// What one image gives.
struct IntegerResult {
  // Per layer but the last, after pooling: [channel][row][column]; nothing of a layer that gives
  // sums.
  std::vector<std::vector<uint8_t>> maps;
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
  // The same without the maps, which go as soon as no layer needs them any more.
  IntegerResult classify(std::span<const uint8_t> pixels) const;

  const Network& network() const { return network_; }

 private:
  class Evaluation;
  IntegerResult evaluate(std::span<const uint8_t> pixels, bool keep_maps) const;

  Network network_;
  std::vector<std::optional<IntegerConvolution>> convolutions_;  // of the layers that are some
  std::vector<std::vector<int16_t>> matrices_;  // weights of the fully connected layers
  std::vector<std::vector<int>> last_reads_;    // per layer: whose output nobody needs behind it
};

}  // namespace mcnn
