// SPDX-License-Identifier: Apache-2.0
#include "host/network/picture.h"

#include <fmt/format.h>

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

Picture read_picture(const std::string& path) {
  const std::vector<uint8_t> bytes = read_bytes(path);
  if (is_png(bytes)) return parse_png(path, bytes);
  if (is_netpbm(bytes)) return parse_netpbm(path, bytes);
  throw Error(fmt::format("{}: found neither PNG nor PGM or PPM, allowed: one of them", path));
}

}  // namespace mcnn
