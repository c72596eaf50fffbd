// SPDX-License-Identifier: Apache-2.0
// Picture files: PNG of every kind, the PGM and PPM of Netpbm (P2, P3, P5, P6), and the first frame
// of a GIF, grey or in colour. Bytes are taken as they are stored, without gamma or colour profile;
// 1, 2 and 4 bits are stretched to 0..255, palettes looked up, 16 bits rounded to 8.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "host/network/image_set.h"

namespace mcnn {

struct Picture {
  ImageSet image;            // one, of 1 channel (grey) or 3 (red, green, blue)
  bool was_16_bits = false;  // a pixel and channel of the file had more than 8 bits
};

bool is_png(std::span<const uint8_t> bytes);
bool is_netpbm(std::span<const uint8_t> bytes);
bool is_gif(std::span<const uint8_t> bytes);
bool is_picture(std::span<const uint8_t> bytes);  // any of them

// The picture in the bytes of a file, which `path` names in messages. Throw Error: damaged or
// truncated, too large, trailing bytes, pixels that are not opaque.
Picture parse_png(const std::string& path, std::span<const uint8_t> bytes);
Picture parse_netpbm(const std::string& path, std::span<const uint8_t> bytes);
Picture parse_gif(const std::string& path, std::span<const uint8_t> bytes);

// Any of them, by its first bytes. Throws Error also when it is none or cannot be read.
Picture parse_picture(const std::string& path, std::span<const uint8_t> bytes);
Picture read_picture(const std::string& path);

// Throws Error when a picture of such a file is too large.
void check_picture_size(const std::string& path, uint64_t width, uint64_t height);

}  // namespace mcnn
