// SPDX-License-Identifier: Apache-2.0
// The training run: real numbers, calibration, quantised with errors on the weights, choice between
// epochs.
#pragma once

#include <cstdint>

#include "host/network/idx.h"
#include "host/network/network.h"
#include "host/tuning/train/model.h"

namespace mcnn::train {

struct Settings {
  std::uint64_t seed = 1;
  int epochs_float = 0;  // this, the next and the two of augmentation: see NetworkShape
  int epochs_quantised = 0;
  double noise = 0.06;          // standard deviation of the weight error / largest weight
  int threads = 1;              // of libtorch
  int batch = 128;              // images
  double learning_rate = 4e-3;  // the largest one of each half
  int held_out = 5000;          // last training images: for the choice between epochs
  double weight_range = 1.8;    // standard deviations that become weight 7, see Model::calibrate
  double max_clipped = 0.002;   // of the positive activations, see Model::calibrate
  double average = 0.005;       // of the way, what the averaged weights move at every step
  double max_shift = 0;         // augmentation: digits move by up to so many pixels of 28x28
  double max_rotation = 0;      // and turn by up to so many degrees
};

// Trains a network; prints one line an epoch. The same settings give the same network on the same
// machine. `images`: as large as the network takes, labels 0..9, more than are held out. Throws
// Error when there are too few.
Network train(const NetworkShape& shape, const Dataset& images, const Settings& settings);

}  // namespace mcnn::train
