// SPDX-License-Identifier: Apache-2.0
// The training run: real numbers, calibration, quantised with errors on the weights, choice between
// epochs.
#pragma once

#include <cstdint>

#include "host/idx.h"
#include "host/network.h"

namespace mcnn::train {

struct Settings {
  std::uint64_t seed = 1;
  int epochs_float = 8;
  int epochs_quantised = 24;
  double noise = 0.06;  // weight error while training, as a fraction of the largest weight
  int threads = 1;
  int batch = 128;
  double learning_rate = 4e-3;  // largest one of each of the two cycles
  int held_out = 5000;          // last training images, for the choice between epochs
  double weight_range =
      2.5;  // weights beyond this many standard deviations become +-7 (start of the second half)
  double max_clipped =
      0.002;                // positive activations that may exceed 255 (start of the second half)
  double average = 0.005;   // fraction of the way that the averaged weights move at every step
  double max_shift = 1.5;   // augmentation: translation [pixels] and
  double max_rotation = 8;  // rotation [degrees], uniform in +-
};

// Trains a network; prints one line an epoch. The same settings give the same network on the same
// machine. `images`: 28x28, labels 0..9, more than are held out. Throws Error when there are too
// few.
Network train(const Dataset& images, const Settings& settings);

}  // namespace mcnn::train
