// SPDX-License-Identifier: Apache-2.0
// What is trained on, and networks that were trained before.
#pragma once

#include <string>

#include "host/network/image_set.h"
#include "host/network/network.h"
#include "host/tuning/train/topology.h"

namespace mcnn::train {

struct DataFiles {
  std::string folder;  // of MNIST or CIFAR-10; empty: build/mnist, build/cifar10
  std::string images;  // of one's own instead, with `labels`: what `mcnn model --images` takes
  std::string labels;
};

struct TrainingData {
  Dataset train;
  Dataset test;
  std::string name;
  std::string test_name = "the test images";
};

// For networks with this input. Of one's own images the last tenth are the test images. Throws
// Error.
TrainingData read_training_data(const DataFiles& files, const MapShape& input);
// Throws Error for a label that is none of the network's classes.
void check_labels(const TrainingData& data, const Network& network);

// A network file, or an ONNX file that is imported, to train it on. Throws Error.
Topology topology_from(const std::string& path, const DataFiles& files);

}  // namespace mcnn::train
