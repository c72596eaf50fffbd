// SPDX-License-Identifier: Apache-2.0
// A random ONNX model as exporters write it, with what it gives for some images worked out beside
// it, each operation from its definition.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/network/image_set.h"

namespace mcnn::testing {

struct RandomModel {
  std::string bytes;  // of the file
  ImageSet images;
  double scale = 1.0;  // of a pixel, in front of the model
  double mean = 0.0;
  std::vector<std::vector<double>> logits;  // of each image
};

RandomModel random_model(uint64_t seed, int images);

}  // namespace mcnn::testing
