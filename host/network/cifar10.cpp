// SPDX-License-Identifier: Apache-2.0
#include "host/network/cifar10.h"

#include <fmt/format.h>

#include "common/error.h"
#include "host/network/byte_file.h"

namespace mcnn {

Dataset parse_cifar10(const std::string& path, std::span<const uint8_t> bytes) {
  if (bytes.empty() || bytes.size() % kCifar10Record != 0) {
    throw Error(
        fmt::format("{}: found {} bytes, allowed in a CIFAR-10 file: a multiple of {} (an "
                    "image: its label and 3 x 32 x 32 pixels)",
                    path, bytes.size(), kCifar10Record));
  }
  const size_t count = bytes.size() / kCifar10Record;
  Dataset data;
  data.images = {static_cast<int>(count), 3, 32, 32, {}};
  data.images.pixels.reserve(count * kCifar10Image);
  data.labels.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const std::span<const uint8_t> record = bytes.subspan(i * kCifar10Record, kCifar10Record);
    if (record[0] >= kCifar10Classes) {
      throw Error(fmt::format("{}: label of image {}: found {}, allowed in a CIFAR-10 file: 0..{}",
                              path, i, record[0], kCifar10Classes - 1));
    }
    data.labels.push_back(record[0]);
    data.images.pixels.insert(data.images.pixels.end(), record.begin() + 1, record.end());
  }
  return data;
}

Dataset read_cifar10(const std::string& path) { return parse_cifar10(path, read_bytes(path)); }

}  // namespace mcnn
