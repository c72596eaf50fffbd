// SPDX-License-Identifier: Apache-2.0
// Images as training takes them: in the order of an epoch, and with what the chip gave for them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "behavioral_models/gaussian_stream.h"
#include "host/network/image_set.h"
#include "host/tuning/gradients.h"
#include "host/tuning/tuning_chip.h"

namespace mcnn {

// Fisher-Yates with random words of a stream of its own for each epoch.
std::vector<int> epoch_order(std::vector<int> images, uint64_t seed, Purpose purpose, int epoch);

// The pixels of images of a data set, [image].
std::vector<std::span<const uint8_t>> pixels_of(const Dataset& data, std::span<const int> images);

// Labels of these images and what the chip gave for them: logits, and with `inputs` above 0 the
// inputs of the last layer, which are its last hidden map or, in a network of one layer, the
// pixels.
ForwardBatch gathered(const Dataset& data, std::span<const int> images,
                      std::span<const TuningChip::ImageOutput> outputs, int inputs, int logits);

}  // namespace mcnn
