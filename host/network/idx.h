// SPDX-License-Identifier: Apache-2.0
// IDX files, the format of the MNIST data, plain or gzip: labels (magic 0x00000801), images of one
// channel (0x00000803: count, rows, columns) and of several (0x00000804: count, channels, rows,
// columns; the channels of an image one after the other, row by row).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mcnn {

struct IdxImages {
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
