// SPDX-License-Identifier: Apache-2.0
// PNG files that a test writes, by libpng.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mcnn::testing {

struct PngOptions {
  int color_type = 0;  // of png.h: PNG_COLOR_TYPE_GRAY, ...
  int bits = 8;        // a sample
  bool interlaced = false;
  std::vector<uint8_t> palette;       // red, green, blue of each entry
  std::vector<uint8_t> transparency;  // alpha of the entries of the palette
};

// The bytes of a PNG file; `rows` are as the format packs them, one after the other.
std::string png_bytes(uint32_t width, uint32_t height, const std::vector<uint8_t>& rows,
                      const PngOptions& options);

}  // namespace mcnn::testing
