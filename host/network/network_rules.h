// SPDX-License-Identifier: Apache-2.0
// The rules of a network (docs/network.md), which reading a file and checking a network share.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "host/network/network.h"

namespace mcnn::network_rules {

inline constexpr int kMaxDimension = 1024;   // rows, columns or channels of a map
inline constexpr int kMaxKernels = 4096;     // of a layer
inline constexpr int kMaxMapSize = 1 << 24;  // pixels of a map, of all channels
inline constexpr int kMaxKernelSize = 11;    // rows or columns of a convolution kernel
inline constexpr int kMaxStride = 7;         // of a convolution
inline constexpr int kMaxWeight = Layer::kMaxWeight;
inline constexpr int kMaxShift = 23;
inline constexpr int kMaxPixel = 255;
inline constexpr int kMaxRange = 3;
inline constexpr int kMaxLayers = 256;
// So that sums, bias and rounding half fit 32 bits.
inline constexpr int64_t kMaxSum = int64_t{1} << 30;

inline constexpr std::string_view kImageName = "image";

// "SOURCE: PATH: found ..., allowed: ...".
[[noreturn]] inline void fail(std::string_view source, std::string_view path,
                              std::string_view found, std::string_view allowed) {
  throw Error(fmt::format("{}: {}: found {}, allowed: {}", source, path.empty() ? "(top)" : path,
                          found, allowed));
}

// A network while its layers are finished one by one.
struct Unfinished {
  Network& network;
  std::string_view source;
  std::vector<int64_t> largest{};  // magnitude of what each finished layer gives
  std::vector<uint8_t> vectors{};  // which gives what fully connected layers give, or sums of it

  [[noreturn]] void fail(const std::string& path, std::string_view found,
                         std::string_view allowed) const {
    network_rules::fail(source, path, found, allowed);
  }
  void check(bool good, const std::string& path, const std::string& found,
             const std::string& allowed) const {
    if (!good) {
      fail(path, found, allowed);
    }
  }
  void check_range(int64_t value, int64_t low, int64_t high, const std::string& path) const;
  // A map that fits the memory of the machine.
  void check_map(const MapShape& map, const std::string& path) const;
};

// Every pixel is in one window at most, and all of a window's pixels are in the map or behind it.
bool windows_apart(const Pooling& pool);

// Fills in what network.layers[index] takes from the layers before it: inputs, the shape and zero
// point of the input. Checks that they are there and give what this layer reads. Reading a file
// calls it before the weights, whose number depends on it.
void connect_layer(Unfinished& unfinished, size_t index);

// Fills in the other shapes of a connected layer, and checks it.
void finish_layer(Unfinished& unfinished, size_t index);

// What holds for all layers together; then layers that the chip does in one become one.
void finish_graph(Unfinished& unfinished);

}  // namespace mcnn::network_rules
