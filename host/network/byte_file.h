// SPDX-License-Identifier: Apache-2.0
// The bytes of a file of images or labels, plain or gzip.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mcnn {

inline constexpr uint64_t kMaxFileBytes = uint64_t{1} << 31;

// The whole file, unpacked if it is gzip. Throws Error: cannot be read, damaged gzip, too large.
std::vector<uint8_t> read_bytes(const std::string& path);

}  // namespace mcnn
