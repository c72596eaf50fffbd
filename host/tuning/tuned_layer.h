// SPDX-License-Identifier: Apache-2.0
// What tuning changes of a network: the weights of its last layer, which lie in pairs of cells, and
// the biases of every layer, which lie in the chip program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "host/mapping/mapper.h"
#include "host/network/network.h"
#include "host/programming/cell_pairs.h"

namespace mcnn {

// The last layer, which is tuned: its weights as pairs, [output * inputs + input]. Inputs are
// numbered as the last hidden map is read back, [channel][row][column]. Throws Error when it has
// replicas.
struct TunedLayer {
  int inputs = 0;
  int outputs = 0;
  int shift = 0;  // of the network: a logit is sum >> shift
  std::vector<CellPair> pairs;

  const CellPair& pair(int output, int input) const {
    return pairs[static_cast<size_t>((output * inputs) + input)];
  }
};
TunedLayer tuned_layer(const Network& network, const MappedNetwork& mapped);

// Sets the biases of a layer in network and program, in the units of the network.
void set_biases(Network& network, MappedNetwork& mapped, int layer,
                std::span<const int32_t> biases);

}  // namespace mcnn
