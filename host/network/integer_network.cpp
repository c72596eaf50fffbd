// SPDX-License-Identifier: Apache-2.0
#include "host/network/integer_network.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/error.h"
#include "common/index.h"

namespace mcnn {
namespace {

using Maps = std::vector<uint8_t>;  // [channel][row][column]

int32_t shift_rounded(int32_t value, int shift) {
  return shift == 0 ? value : (value + (int32_t{1} << (shift - 1))) >> shift;
}

// Sums and biases of every output position, [kernel][row][column], before shift and clamp.
std::vector<int32_t> convolve(const Layer& layer, std::span<const uint8_t> input) {
  const int in_height = layer.input.height;
  const int in_width = layer.input.width;
  const int out_height = layer.convolution.height;
  const int out_width = layer.convolution.width;
  std::vector<int32_t> sums(to_index(layer.convolution.size()));
  for (int k = 0; k < layer.kernels; ++k) {
    int32_t* plane = sums.data() + static_cast<ptrdiff_t>(k) * out_height * out_width;
    std::fill_n(plane, out_height * out_width, layer.biases[to_index(k)]);
    for (int c = 0; c < layer.input.channels; ++c) {
      const uint8_t* channel = input.data() + static_cast<ptrdiff_t>(c) * in_height * in_width;
      for (int r = 0; r < layer.kernel_rows; ++r) {
        for (int q = 0; q < layer.kernel_columns; ++q) {
          const int weight{layer.weight(k, c, r, q)};
          if (weight == 0) {
            continue;
          }
          // Output columns whose input column x*stride + shift is inside the map.
          const int shift = q - layer.padding_columns;
          const int first = shift >= 0 ? 0 : (-shift + layer.stride - 1) / layer.stride;
          const int last = shift > in_width - 1
                               ? -1
                               : std::min(out_width - 1, (in_width - 1 - shift) / layer.stride);
          for (int y = 0; y < out_height; ++y) {
            const int row = y * layer.stride + r - layer.padding_rows;
            if (row < 0 || row >= in_height) {
              continue;
            }
            const uint8_t* pixels = channel + static_cast<ptrdiff_t>(row) * in_width + shift;
            int32_t* out = plane + static_cast<ptrdiff_t>(y) * out_width;
            if (layer.stride == 1) {
              for (int x = first; x <= last; ++x) {
                out[x] += weight * pixels[x];
              }
            } else {
              for (int x = first; x <= last; ++x) {
                out[x] += weight * pixels[static_cast<ptrdiff_t>(x) * layer.stride];
              }
            }
          }
        }
      }
    }
  }
  return sums;
}

std::vector<int32_t> multiply(const Layer& layer, std::span<const uint8_t> input) {
  std::vector<int32_t> sums = layer.biases;
  const int8_t* weight = layer.weights.data();
  for (int32_t& sum : sums) {
    for (const uint8_t value : input) {
      sum += *weight++ * value;
    }
  }
  return sums;
}

Maps pool(const Layer& layer, const Maps& input) {
  const Pooling& pooling = *layer.pool;
  const int height = layer.convolution.height;
  const int width = layer.convolution.width;
  Maps output;
  output.reserve(to_index(layer.output.size()));
  for (int k = 0; k < layer.output.channels; ++k) {
    const uint8_t* channel = input.data() + static_cast<ptrdiff_t>(k) * height * width;
    for (int py = 0; py < layer.output.height; ++py) {
      const int top = py * pooling.row_stride;
      const int bottom = std::min(top + pooling.rows, height);
      for (int px = 0; px < layer.output.width; ++px) {
        const int left = px * pooling.column_stride;
        const int right = std::min(left + pooling.columns, width);
        uint8_t largest = 0;
        for (int y = top; y < bottom; ++y) {
          for (int x = left; x < right; ++x) {
            largest = std::max(largest, channel[y * width + x]);
          }
        }
        output.push_back(largest);
      }
    }
  }
  return output;
}

}  // namespace

int arg_max(std::span<const int32_t> values) {
  return static_cast<int>(std::max_element(values.begin(), values.end()) - values.begin());
}

IntegerNetwork::IntegerNetwork(Network network) : network_(std::move(network)) {
  finish_network(network_, network_.name);
}

IntegerResult IntegerNetwork::run(std::span<const uint8_t> pixels) const {
  if (pixels.size() != to_index(network_.input.size())) {
    throw Error(fmt::format("network {}: found {} pixels, allowed: {} ({}x{}x{})", network_.name,
                            pixels.size(), network_.input.size(), network_.input.channels,
                            network_.input.height, network_.input.width));
  }
  IntegerResult result;
  result.maps.reserve(network_.layers.size() - 1);
  std::span<const uint8_t> input = pixels;
  for (size_t i = 0; i < network_.layers.size(); ++i) {
    const Layer& layer = network_.layers[i];
    std::vector<int32_t> sums =
        layer.type == LayerType::kConvolution ? convolve(layer, input) : multiply(layer, input);
    for (int32_t& sum : sums) {
      sum = shift_rounded(sum, layer.shift);
    }
    if (i + 1 == network_.layers.size()) {
      result.digit = arg_max(sums);
      result.logits = std::move(sums);
      break;
    }
    Maps map(sums.size());
    std::transform(sums.begin(), sums.end(), map.begin(),
                   [](int32_t sum) { return static_cast<uint8_t>(std::clamp(sum, 0, 255)); });
    result.maps.push_back(layer.pool ? pool(layer, map) : std::move(map));
    input = result.maps.back();
  }
  return result;
}

}  // namespace mcnn
