// SPDX-License-Identifier: Apache-2.0
// The training run: real numbers, calibration, quantised with errors on the weights, choice between
// epochs. It goes on from a checkpoint, which is written after every epoch.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "host/network/image_set.h"
#include "host/network/network.h"
#include "host/tuning/train/images.h"
#include "host/tuning/train/topology.h"

namespace mcnn::train {

struct Settings {
  std::uint64_t seed = 1;
  int epochs_float = 0;  // this, the next and the augmentation: see Topology
  int epochs_quantised = 0;
  double noise = 0.06;  // standard deviation of the weight error / largest weight
  int threads = 1;      // of libtorch
  int batch = 128;      // images
  int shards = 1;  // parts of a mini-batch, each on a thread, each with its own batch statistics
  bool bfloat16 = false;                  // convolutions round to 8 bits of mantissa while training
  double learning_rate = 4e-3;            // the largest one in real numbers
  double learning_rate_quantised = 4e-3;  // and on the chip's integers
  double weight_decay = 0;                // in real numbers, of the weights
  int held_out = 5000;                    // last training images: for the choice between epochs
  double weight_range = 1.8;   // standard deviations that become weight 7, see Model::calibrate
  double max_clipped = 0.002;  // of the positive activations, see Model::calibrate
  double average = 0.005;      // of the way, what the averaged weights move at every step
  Augmentation augmentation;
  std::string checkpoint;                  // file; empty: none
  bool resume = false;                     // go on from the checkpoint if it is there
  std::function<void()> after_checkpoint;  // each time it was written; what it throws ends the run
  bool use_gpu = true;                     // if there is one
};

// Trains a network; prints one line an epoch. The same settings give the same network on the same
// machine. `images`: as large as the network takes, labels 0..9, more than are held out. Throws
// Error when there are too few, or when the checkpoint is of other settings.
Network train(const Topology& topology, const Dataset& images, const Settings& settings);

}  // namespace mcnn::train
