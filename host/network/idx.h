// SPDX-License-Identifier: Apache-2.0
// IDX files, the format of the MNIST data: images (magic 0x00000803) and labels (0x00000801), plain
// or gzip.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mcnn {

struct IdxImages {
  int count = 0;
  int height = 0;
  int width = 0;
  std::vector<uint8_t> pixels;  // [image][row][column]

  std::span<const uint8_t> image(int index) const {
    const size_t size = static_cast<size_t>(height) * static_cast<size_t>(width);
    return std::span<const uint8_t>(pixels).subspan(static_cast<size_t>(index) * size, size);
  }
};

struct Dataset {
  IdxImages images;
  std::vector<uint8_t> labels;  // one per image
};

// Images of half the rows and columns: each pixel the mean of a square of 2x2, rounded half up.
// Throws Error where rows or columns are odd.
IdxImages halved(const IdxImages& images);

// All throw Error: cannot be read, not IDX, images where labels are expected and the reverse,
// truncated, trailing bytes.
IdxImages read_idx_images(const std::string& path);
std::vector<uint8_t> read_idx_labels(const std::string& path);
// Reads both and checks that there is one label per image.
Dataset read_dataset(const std::string& images_path, const std::string& labels_path);

}  // namespace mcnn
