// SPDX-License-Identifier: Apache-2.0
#include "host/network/integer_convolution.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

#include "common/index.h"
#include "host/network/network_rules.h"

namespace mcnn {
namespace {

constexpr size_t kTogether = 4;      // taps added in one loop
constexpr ptrdiff_t kStretch = 256;  // positions whose sums stay in the cache

}  // namespace

IntegerConvolution::IntegerConvolution(const Layer& layer)
    : input_(layer.input),
      padding_(layer.padding),
      zero_point_(layer.input_zero_point),
      row_stride_(layer.row_stride),
      column_stride_(layer.column_stride),
      row_phases_(std::min(layer.row_stride, layer.kernel_rows)),
      column_phases_(std::min(layer.column_stride, layer.kernel_columns)),
      plane_rows_(layer.convolution.height + (layer.kernel_rows - 1) / layer.row_stride),
      pitch_(layer.convolution.width + (layer.kernel_columns - 1) / layer.column_stride),
      positions_((layer.convolution.height - 1) * pitch_ + layer.convolution.width),
      out_rows_(layer.convolution.height) {
  for (int k = 0; k < layer.kernels; ++k) {
    add_kernel(layer, k);
  }
}

ptrdiff_t IntegerConvolution::plane_of(int channel, int row, int column) const {
  const ptrdiff_t plane = (channel * row_phases_ + row) * column_phases_ + column;
  return plane * plane_rows_ * pitch_;
}

void IntegerConvolution::add_kernel(const Layer& layer, int kernel) {
  const int largest = std::max(zero_point_, network_rules::kMaxPixel - zero_point_);
  const int channels = input_.channels / layer.groups;
  const int first_channel = kernel / (layer.kernels / layer.groups) * channels;
  const size_t first_run = runs_.size();
  int sum = 0;  // largest one of the run
  const auto pad = [&] {
    while (runs_.size() > first_run && runs_.back().taps % kTogether != 0) {
      taps_.push_back({});
      ++runs_.back().taps;
    }
  };
  for (int c = first_channel; c < first_channel + channels; ++c) {
    for (int r = 0; r < layer.kernel_rows; ++r) {
      for (int q = 0; q < layer.kernel_columns; ++q) {
        const int16_t weight = layer.weight(kernel, c, r, q);
        const int product = std::abs(weight) * largest;
        if (weight == 0) {
          continue;
        }
        if (runs_.size() == first_run || sum + product > std::numeric_limits<int16_t>::max()) {
          pad();
          runs_.push_back({taps_.size(), 0});
          sum = 0;
        }
        sum += product;
        taps_.push_back({plane_of(c, r % row_stride_, q % column_stride_) +
                             static_cast<ptrdiff_t>(r / row_stride_) * pitch_ + q / column_stride_,
                         weight});
        ++runs_.back().taps;
      }
    }
  }
  pad();
  kernels_.push_back({layer.biases[to_index(kernel)], first_run, runs_.size() - first_run});
}

void IntegerConvolution::fill_planes(std::span<const uint8_t> input,
                                     std::vector<int16_t>& planes) const {
  planes.assign(
      to_index(input_.channels * row_phases_ * column_phases_) * to_index(plane_rows_ * pitch_), 0);
  for (int c = 0; c < input_.channels; ++c) {
    for (int a = 0; a < row_phases_; ++a) {
      for (int b = 0; b < column_phases_; ++b) {
        int16_t* const plane = planes.data() + plane_of(c, a, b);
        // Plane columns whose pixel is inside the map.
        const int left = padding_.left - b;
        const int first = left <= 0 ? 0 : (left + column_stride_ - 1) / column_stride_;
        const int inside = input_.width - 1 + left;
        const int end = inside < 0 ? 0 : std::min(pitch_, inside / column_stride_ + 1);
        for (int y = 0; y < plane_rows_; ++y) {
          const int row = y * row_stride_ + a - padding_.top;
          if (row < 0 || row >= input_.height) {
            continue;
          }
          const uint8_t* const pixels =
              input.data() + static_cast<ptrdiff_t>(c * input_.height + row) * input_.width;
          int16_t* const out = plane + static_cast<ptrdiff_t>(y) * pitch_;
          if (column_stride_ == 1) {
            for (int x = first; x < end; ++x) {
              out[x] = static_cast<int16_t>(pixels[x - left] - zero_point_);
            }
          } else {
            for (int x = first; x < end; ++x) {
              out[x] = static_cast<int16_t>(pixels[x * column_stride_ - left] - zero_point_);
            }
          }
        }
      }
    }
  }
}

void IntegerConvolution::run(std::span<const uint8_t> input, std::vector<int16_t>& planes,
                             std::vector<int32_t>& sums) const {
  fill_planes(input, planes);
  const ptrdiff_t map = static_cast<ptrdiff_t>(out_rows_) * pitch_;
  sums.resize(kernels_.size() * static_cast<size_t>(map));
  std::array<int16_t, kStretch> products;
  for (ptrdiff_t start = 0; start < positions_; start += kStretch) {
    const ptrdiff_t count = std::min<ptrdiff_t>(kStretch, positions_ - start);
    for (size_t k = 0; k < kernels_.size(); ++k) {
      const Kernel& kernel = kernels_[k];
      int32_t* const out = sums.data() + static_cast<ptrdiff_t>(k) * map + start;
      std::fill_n(out, count, kernel.bias);
      for (size_t r = kernel.first_run; r < kernel.first_run + kernel.runs; ++r) {
        products.fill(0);
        const Run& run = runs_[r];
        for (size_t t = run.first_tap; t < run.first_tap + run.taps; t += kTogether) {
          const Tap* const tap = &taps_[t];
          const int16_t* const base = planes.data() + start;
          const int16_t* const p0 = base + tap[0].offset;
          const int16_t* const p1 = base + tap[1].offset;
          const int16_t* const p2 = base + tap[2].offset;
          const int16_t* const p3 = base + tap[3].offset;
          const int w0{tap[0].weight};
          const int w1{tap[1].weight};
          const int w2{tap[2].weight};
          const int w3{tap[3].weight};
          for (ptrdiff_t i = 0; i < count; ++i) {
            products[static_cast<size_t>(i)] =
                static_cast<int16_t>(products[static_cast<size_t>(i)] + w0 * p0[i] + w1 * p1[i] +
                                     w2 * p2[i] + w3 * p3[i]);
          }
        }
        for (ptrdiff_t i = 0; i < count; ++i) {
          out[i] += products[static_cast<size_t>(i)];
        }
      }
    }
  }
}

}  // namespace mcnn
