// SPDX-License-Identifier: Apache-2.0
// The rules of a network (host/README.md), which reading a file and checking a network share.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/error.h"
#include "host/network/network.h"

namespace mcnn::network_rules {

inline constexpr int kMaxDimension = 1024;  // rows, columns or channels of a map
inline constexpr int kMaxKernels = 4096;    // of a layer
inline constexpr int kMaxKernelSize = 8;    // rows or columns of a convolution kernel
inline constexpr int kMaxStride = 7;
inline constexpr int kMaxWeight = 7;
inline constexpr int kMaxShift = 23;
inline constexpr int kMaxLayers = 64;
inline constexpr int64_t kMaxSum = int64_t{1}
                                   << 30;  // so that sums, bias and rounding half fit 32 bits

// "SOURCE: PATH: found ..., allowed: ...".
[[noreturn]] inline void fail(std::string_view source, std::string_view path,
                              std::string_view found, std::string_view allowed) {
  throw Error(fmt::format("{}: {}: found {}, allowed: {}", source, path.empty() ? "(top)" : path,
                          found, allowed));
}

// Fills in the shapes of one layer and checks it. `before`: the layer that gives its input, null
// for the first one; `path`: of the layer, for errors.
void finish_layer(Layer& layer, const Layer* before, const MapShape& input, bool last,
                  std::string_view source, const std::string& path);

}  // namespace mcnn::network_rules
