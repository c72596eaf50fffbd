// SPDX-License-Identifier: Apache-2.0
// Maxima and means of a map in plain integers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/network/network.h"

namespace mcnn {

// The largest pixel of each window; pixels of the padding are none.
void max_pool(const Pooling& pool, const MapShape& input, const MapShape& output,
              std::span<const uint8_t> pixels, std::vector<uint8_t>& pooled);

// Sum of pixel - zero_point over each window.
void sum_pool(const Pooling& pool, const MapShape& input, const MapShape& output, int zero_point,
              std::span<const uint8_t> pixels, std::vector<int32_t>& sums);

// The mean of each window, rounded half up: floor(sum / n + 1/2) + zero_point, n being the pixels
// of the window inside the map, with those in the padding where they count.
void mean_pool(const Pooling& pool, const MapShape& input, const MapShape& output, int zero_point,
               std::span<const uint8_t> pixels, std::vector<uint8_t>& pooled);

}  // namespace mcnn
