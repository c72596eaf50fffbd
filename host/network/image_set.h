// SPDX-License-Identifier: Apache-2.0
// Images of one size, and their labels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mcnn {

struct ImageSet {
  int count = 0;
  int channels = 1;
  int height = 0;
  int width = 0;
  std::vector<uint8_t> pixels;  // [image][channel][row][column]

  size_t image_size() const {
    return static_cast<size_t>(channels) * static_cast<size_t>(height) * static_cast<size_t>(width);
  }
  std::span<const uint8_t> image(int index) const {
    const size_t size = image_size();
    return std::span<const uint8_t>(pixels).subspan(static_cast<size_t>(index) * size, size);
  }
};

struct Dataset {
  ImageSet images;
  std::vector<uint8_t> labels;  // one per image, or none
};

}  // namespace mcnn
