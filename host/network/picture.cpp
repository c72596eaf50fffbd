// SPDX-License-Identifier: Apache-2.0
#include "host/network/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/error.h"
#include "host/network/byte_file.h"

namespace mcnn {
namespace {

constexpr uint64_t kMaxSide = 65535;
constexpr uint64_t kMaxPixels = uint64_t{1} << 26;

}  // namespace

void check_picture_size(const std::string& path, uint64_t width, uint64_t height) {
  if (width == 0 || height == 0 || width > kMaxSide || height > kMaxSide ||
      width * height > kMaxPixels) {
    throw Error(
        fmt::format("{}: found a picture of {} x {} pixels, allowed: 1..{} each, {} together", path,
                    width, height, kMaxSide, kMaxPixels));
  }
}

bool is_gif(std::span<const uint8_t> bytes) {
  constexpr std::array<uint8_t, 4> kBegin = {'G', 'I', 'F', '8'};
  return bytes.size() >= 6 && std::ranges::equal(bytes.first(kBegin.size()), kBegin);
}

bool is_picture(std::span<const uint8_t> bytes) {
  return is_png(bytes) || is_netpbm(bytes) || is_gif(bytes);
}

Picture parse_picture(const std::string& path, std::span<const uint8_t> bytes) {
  if (is_png(bytes)) return parse_png(path, bytes);
  if (is_netpbm(bytes)) return parse_netpbm(path, bytes);
  if (is_gif(bytes)) return parse_gif(path, bytes);
  throw Error(fmt::format("{}: found neither PNG nor PGM, PPM or GIF, allowed: one of them", path));
}

Picture read_picture(const std::string& path) { return parse_picture(path, read_bytes(path)); }

}  // namespace mcnn
