// SPDX-License-Identifier: Apache-2.0
// The sums of a convolution in plain integers, arranged so that the compiler makes vectors of the
// loops: the input lies in planes of 16 bits that hold what stands under one kernel position, one
// after the other, so that a weight multiplies a stretch of pixels whatever stride and padding are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "host/network/network.h"

namespace mcnn {

class IntegerConvolution {
 public:
  // A finished convolution; keeps nothing of it.
  explicit IntegerConvolution(const Layer& layer);

  // Sum of weight * (pixel - zero point) and bias of every output position, [kernel][row][pitch()];
  // what lies behind the columns of a row means nothing. `input`: [channel][row][column]. `planes`
  // is scratch.
  void run(std::span<const uint8_t> input, std::vector<int16_t>& planes,
           std::vector<int32_t>& sums) const;

  int pitch() const { return pitch_; }  // values of a row of sums

 private:
  // Weights other than 0, four at a time, whose products cannot leave 16 bits when all are added.
  struct Tap {
    ptrdiff_t offset = 0;  // of the first position's pixel, in the planes
    int16_t weight = 0;
  };
  struct Run {
    size_t first_tap = 0;
    size_t taps = 0;  // a multiple of 4
  };
  struct Kernel {
    int32_t bias = 0;
    size_t first_run = 0;
    size_t runs = 0;
  };

  ptrdiff_t plane_of(int channel, int row, int column) const;
  void add_kernel(const Layer& layer, int kernel);
  void fill_planes(std::span<const uint8_t> input, std::vector<int16_t>& planes) const;

  MapShape input_;
  Padding padding_;
  int zero_point_ = 0;
  int row_stride_ = 1;
  int column_stride_ = 1;
  int row_phases_ = 1;  // planes of a channel: pixels of row y lie in plane y modulo the stride
  int column_phases_ = 1;
  int plane_rows_ = 0;
  int pitch_ = 0;
  int positions_ = 0;  // from the first output position to the last, in a plane
  int out_rows_ = 0;
  std::vector<Tap> taps_;
  std::vector<Run> runs_;
  std::vector<Kernel> kernels_;
};

}  // namespace mcnn
