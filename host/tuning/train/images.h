// SPDX-License-Identifier: Apache-2.0
// Training images as tensors, and how they are varied.
#pragma once

#include <torch/torch.h>

#include "host/network/image_set.h"

namespace mcnn::train {

struct Augmentation {
  double max_shift = 0;     // pixels; of digits, pixels of 28x28
  double max_rotation = 0;  // degrees
  bool mirror = false;      // half of the images, left to right

  bool none() const { return max_shift == 0 && max_rotation == 0 && !mirror; }
};

struct Images {
  torch::Tensor pixels;  // [image][channel][row][column], bytes
  torch::Tensor labels;  // [image]

  std::int64_t count() const { return labels.size(0); }
};

Images to_tensors(const Dataset& data, int first, int count);
Dataset part_of(const Dataset& data, int first, int count);

// The chosen images as whole numbers 0..255, varied at random (libtorch's generator). Digits are
// turned and moved by parts of a pixel and resampled; images that are not turned move by whole
// pixels, and what comes in at a side is the mirrored image.
torch::Tensor batch_of(const Images& images, const torch::Tensor& chosen,
                       const Augmentation& augmentation);

}  // namespace mcnn::train
