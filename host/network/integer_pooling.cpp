// SPDX-License-Identifier: Apache-2.0
#include "host/network/integer_pooling.h"

#include <algorithm>
#include <cstddef>

#include "common/index.h"

namespace mcnn {
namespace {

// The part of a window that is inside the map, along one dimension.
struct Extent {
  int first = 0;
  int end = 0;
};

Extent inside(int position, int stride, int window, int padding, int size) {
  const int first = position * stride - padding;
  return {std::max(first, 0), std::min(first + window, size)};
}

// How many pixels of a window count, along one dimension.
int counted(int position, int stride, int window, int before, int behind, int size,
            bool padding_counts) {
  const int first = position * stride - before;
  return padding_counts ? std::min(first + window, size + behind) - first
                        : std::min(first + window, size) - std::max(first, 0);
}

// Calls `emit` with the sum of the pixels inside each window, and its row and column.
template <typename Emit>
void for_each_sum(const Pooling& pool, const MapShape& input, const MapShape& output,
                  int zero_point, std::span<const uint8_t> pixels, const Emit& emit) {
  std::vector<int32_t> columns(to_index(input.width));
  for (int c = 0; c < input.channels; ++c) {
    const uint8_t* const map =
        pixels.data() + static_cast<ptrdiff_t>(c) * input.height * input.width;
    for (int py = 0; py < output.height; ++py) {
      const Extent rows = inside(py, pool.row_stride, pool.rows, pool.padding.top, input.height);
      std::fill(columns.begin(), columns.end(), 0);
      for (int y = rows.first; y < rows.end; ++y) {
        const uint8_t* const row = map + static_cast<ptrdiff_t>(y) * input.width;
        for (int x = 0; x < input.width; ++x) {
          columns[to_index(x)] += row[x] - zero_point;
        }
      }
      for (int px = 0; px < output.width; ++px) {
        const Extent extent =
            inside(px, pool.column_stride, pool.columns, pool.padding.left, input.width);
        int32_t sum = 0;
        for (int x = extent.first; x < extent.end; ++x) {
          sum += columns[to_index(x)];
        }
        emit(sum, py, px);
      }
    }
  }
}

int floor_divide(int value, int by) { return value >= 0 ? value / by : -((-value + by - 1) / by); }

}  // namespace

void max_pool(const Pooling& pool, const MapShape& input, const MapShape& output,
              std::span<const uint8_t> pixels, std::vector<uint8_t>& pooled) {
  pooled.clear();
  pooled.reserve(to_index(output.size()));
  std::vector<uint8_t> columns(to_index(input.width));
  for (int c = 0; c < input.channels; ++c) {
    const uint8_t* const map =
        pixels.data() + static_cast<ptrdiff_t>(c) * input.height * input.width;
    for (int py = 0; py < output.height; ++py) {
      const Extent rows = inside(py, pool.row_stride, pool.rows, pool.padding.top, input.height);
      std::fill(columns.begin(), columns.end(), uint8_t{0});
      for (int y = rows.first; y < rows.end; ++y) {
        const uint8_t* const row = map + static_cast<ptrdiff_t>(y) * input.width;
        for (int x = 0; x < input.width; ++x) {
          columns[to_index(x)] = std::max(columns[to_index(x)], row[x]);
        }
      }
      for (int px = 0; px < output.width; ++px) {
        const Extent extent =
            inside(px, pool.column_stride, pool.columns, pool.padding.left, input.width);
        uint8_t largest = 0;
        for (int x = extent.first; x < extent.end; ++x) {
          largest = std::max(largest, columns[to_index(x)]);
        }
        pooled.push_back(largest);
      }
    }
  }
}

void sum_pool(const Pooling& pool, const MapShape& input, const MapShape& output, int zero_point,
              std::span<const uint8_t> pixels, std::vector<int32_t>& sums) {
  sums.clear();
  sums.reserve(to_index(output.size()));
  for_each_sum(pool, input, output, zero_point, pixels,
               [&](int32_t sum, int, int) { sums.push_back(sum); });
}

void mean_pool(const Pooling& pool, const MapShape& input, const MapShape& output, int zero_point,
               std::span<const uint8_t> pixels, std::vector<uint8_t>& pooled) {
  pooled.clear();
  pooled.reserve(to_index(output.size()));
  const Padding& padding = pool.padding;
  for_each_sum(pool, input, output, zero_point, pixels, [&](int32_t sum, int py, int px) {
    const int count = counted(py, pool.row_stride, pool.rows, padding.top, padding.bottom,
                              input.height, pool.padding_counted) *
                      counted(px, pool.column_stride, pool.columns, padding.left, padding.right,
                              input.width, pool.padding_counted);
    pooled.push_back(static_cast<uint8_t>(floor_divide(2 * sum + count, 2 * count) + zero_point));
  });
}

}  // namespace mcnn
