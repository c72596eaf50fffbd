// SPDX-License-Identifier: Apache-2.0
// The layer that is learnt, cell by cell: the last one of the network, whose weights begin at
// random levels.
#pragma once

#include <cstdint>
#include <vector>

#include "host/mapping/mapper.h"
#include "host/network/network.h"
#include "host/programming/closed_loop.h"

namespace mcnn {

// A cell of a weight, which rises with the weight (sign 1) or falls (-1: the second of a pair).
struct LearntCell {
  CellAddress cell;
  int output = 0;
  // Numbered as the last hidden map is read back, or the pixels: [channel][row][column].
  int input = 0;
  int sign = 1;
};

struct LearntLayer {
  int inputs = 0;
  int outputs = 0;
  std::vector<LearntCell> cells;  // by output, input, sign
};
// Conductances of the learnt cells after an epoch [uS], in the order of LearntLayer::cells. Nothing
// but pictures sees them.
struct CellPicture {
  int epoch = 0;
  std::vector<double> conductances_uS;
};

// Throws Error where the last layer cannot be learnt: replicas, inputs with a zero point, sums.
LearntLayer learnt_layer(const Network& network, const MappedNetwork& mapped);

// Where learning begins: weights at random levels of the middle half of what a weight takes (one
// cell 2..5, two -3..3), each as likely as the others; no biases. Cells at the ends could not move
// in both directions.
void set_random_weights(Layer& layer, uint64_t seed);

// The same network with every weight of its last layer as large as it gets. What is learnt may get
// there, so the converter range of this network is the one for learning.
Network with_largest_weights(Network network);

}  // namespace mcnn
