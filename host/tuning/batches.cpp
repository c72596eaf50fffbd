// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/batches.h"

#include <utility>

#include "common/index.h"

namespace mcnn {

std::vector<int> epoch_order(std::vector<int> images, uint64_t seed, Purpose purpose, int epoch) {
  for (size_t i = images.size(); i > 1; --i) {
    const uint64_t word =
        word_number(seed, 0, purpose, static_cast<uint32_t>(epoch), static_cast<uint32_t>(i));
    std::swap(images[i - 1], images[word * i >> 32]);
  }
  return images;
}

std::vector<std::span<const uint8_t>> pixels_of(const Dataset& data, std::span<const int> images) {
  std::vector<std::span<const uint8_t>> pixels;
  pixels.reserve(images.size());
  for (const int image : images) {
    pixels.push_back(data.images.image(image));
  }
  return pixels;
}

ForwardBatch gathered(const Dataset& data, std::span<const int> images,
                      std::span<const TuningChip::ImageOutput> outputs, int inputs, int logits) {
  ForwardBatch batch;
  batch.inputs = inputs;
  batch.outputs = logits;
  for (size_t i = 0; i < images.size(); ++i) {
    const TuningChip::ImageOutput& output = outputs[i];
    batch.labels.push_back(data.labels[to_index(images[i])]);
    batch.logits.insert(batch.logits.end(), output.logits.begin(), output.logits.end());
    if (inputs > 0) {
      const std::span<const uint8_t> from =
          output.maps.empty() ? data.images.image(images[i]) : output.maps.back();
      batch.features.insert(batch.features.end(), from.begin(), from.end());
    }
  }
  return batch;
}

}  // namespace mcnn
