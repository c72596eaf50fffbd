// SPDX-License-Identifier: Apache-2.0
// The networks that the trainer knows, as data: their layers without weights, and how each is
// trained unless options say otherwise.
#pragma once

#include <string>
#include <vector>

#include "host/network/network.h"

namespace mcnn::train {

struct Topology {
  std::string name;
  Network network;          // all weights 0
  bool normalised = false;  // a batch normalisation behind every convolution while real numbers are
                            // trained; it becomes part of the weights
  int epochs_float = 0;
  int epochs_quantised = 0;
  double max_shift = 0;                   // augmentation: pixels, of 28x28 for digits
  double max_rotation = 0;                // degrees
  bool mirror = false;                    // half of the images, left to right
  double learning_rate = 4e-3;            // the largest one in real numbers
  double learning_rate_quantised = 4e-3;  // and on the chip's integers
  double weight_decay = 0;                // in real numbers
  double noise = 0.06;                    // standard deviation of the weight error / largest weight
  double weight_range = 1.8;              // standard deviations that become weight 7
  int held_out = 5000;                    // training images that are not trained on
  bool keep_last = false;                 // instead of the best epoch by the images held out
  bool has_weights = false;  // of a network that was trained: real numbers are left out
};

// `yao2020`, the published five layers; `tiny`, for the smallest configuration; `resnet8` of MLPerf
// Tiny; `resnet20` and `resnet56` of He et al. with projections of 1x1 where the size changes.
const std::vector<Topology>& topologies();

}  // namespace mcnn::train
