// SPDX-License-Identifier: Apache-2.0
// The binary files of CIFAR-10 (data_batch_1.bin to data_batch_5.bin, test_batch.bin), plain or
// gzip: an image is a byte of its label, 0 to 9, and 3 x 32 x 32 bytes, red, green, blue, each row
// by row. There is no header.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "host/network/image_set.h"

namespace mcnn {

inline constexpr size_t kCifar10Image = 3 * 32 * 32;  // bytes
inline constexpr size_t kCifar10Record = 1 + kCifar10Image;
inline constexpr int kCifar10Classes = 10;

// Throw Error: cannot be read, empty, truncated, a label that is none.
Dataset read_cifar10(const std::string& path);
// The same of bytes that were read already; `path` is for messages.
Dataset parse_cifar10(const std::string& path, std::span<const uint8_t> bytes);

}  // namespace mcnn
