// SPDX-License-Identifier: Apache-2.0
// PNG and GIF files that a test writes, by libpng and giflib.
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

struct GifOptions {
  std::vector<uint8_t> palette;  // red, green, blue of 256 colours; empty: grey
  bool interlaced = false;
  int left = 0;  // of the frame in the picture
  bool comment = false;
};

// The bytes of a GIF file of one frame. `pixels` are the colours, row by row. In builds with GIF.
std::string gif_bytes(int width, int height, const std::vector<uint8_t>& pixels,
                      const GifOptions& options = {});

}  // namespace mcnn::testing
