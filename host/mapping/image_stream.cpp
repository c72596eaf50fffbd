// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/image_stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/error.h"
#include "common/index.h"

namespace mcnn {
namespace {

int row_groups(const MapShape& shape, const ChipConfig& config) {
  return (shape.height + config.load_rows - 1) / config.load_rows;
}

}  // namespace

int64_t image_beats(const MapShape& shape, const ChipConfig& config) {
  return int64_t{shape.channels} * row_groups(shape, config) * shape.width;
}

int64_t image_load_clocks(const MapShape& shape, const ChipConfig& config) {
  return image_beats(shape, config) + 1;
}

std::vector<uint8_t> image_stream(std::span<const uint8_t> pixels, const MapShape& shape,
                                  const ChipConfig& config) {
  if (pixels.size() != to_index(shape.size())) {
    throw Error(fmt::format("image stream: found {} pixels, allowed: {} ({}x{}x{})", pixels.size(),
                            shape.size(), shape.channels, shape.height, shape.width));
  }
  const int rows = config.load_rows;
  std::vector<uint8_t> bytes(to_index(image_beats(shape, config) * rows));
  size_t beat = 0;
  for (int c = 0; c < shape.channels; ++c) {
    for (int top = 0; top < shape.height; top += rows) {
      const int there = std::min(rows, shape.height - top);
      for (int x = 0; x < shape.width; ++x, ++beat) {
        for (int r = 0; r < there; ++r) {
          bytes[beat * to_index(rows) + to_index(r)] =
              pixels[to_index((c * shape.height + top + r) * shape.width + x)];
        }
      }
    }
  }
  return bytes;
}

}  // namespace mcnn
