// SPDX-License-Identifier: Apache-2.0
#include "host/import/float_network.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/index.h"

namespace mcnn {
namespace {

// The pixels of a window that are inside the map, from first to last excluded.
struct Stretch {
  int first = 0;
  int last = 0;
};

Stretch stretch(int position, int stride, int before, int window, int size) {
  const int first = position * stride - before;
  return {std::max(first, 0), std::min(first + window, size)};
}

// Calls visit(tap, channel, row, column) for every tap of a group's kernels; row and column are
// those of its pixel at the first position, outside of the map where there is padding.
template <typename Visit>
void for_each_tap(const Layer& layer, int group, const Visit& visit) {
  const int channels = layer.input.channels / layer.groups;
  Eigen::Index tap = 0;
  for (int channel = group * channels; channel < (group + 1) * channels; ++channel) {
    for (int row = 0; row < layer.kernel_rows; ++row) {
      for (int column = 0; column < layer.kernel_columns; ++column) {
        visit(tap++, channel, row - layer.padding.top, column - layer.padding.left);
      }
    }
  }
}

std::vector<float> pooled(const Layer& layer, std::span<const float> map) {
  const Pooling& pool = *layer.pool;
  const MapShape& in = layer.input;
  const bool mean = layer.type == LayerType::kAveragePool;
  std::vector<float> values;
  values.reserve(to_index(layer.output.size()));
  for (int c = 0; c < in.channels; ++c) {
    const auto channel = map.subspan(to_index(c * in.height * in.width));
    for (int y = 0; y < layer.output.height; ++y) {
      const Padding& padding = pool.padding;
      const Stretch rows = stretch(y, pool.row_stride, padding.top, pool.rows, in.height);
      const Stretch all_rows =
          stretch(y, pool.row_stride, 0, pool.rows, padding.top + in.height + padding.bottom);
      for (int x = 0; x < layer.output.width; ++x) {
        const Stretch columns =
            stretch(x, pool.column_stride, padding.left, pool.columns, in.width);
        const Stretch all_columns = stretch(x, pool.column_stride, 0, pool.columns,
                                            padding.left + in.width + padding.right);
        float largest = std::numeric_limits<float>::lowest();
        double sum = 0.0;
        for (int row = rows.first; row < rows.last; ++row) {
          for (int column = columns.first; column < columns.last; ++column) {
            const float value = channel[to_index(row * in.width + column)];
            largest = std::max(largest, value);
            sum += value;
          }
        }
        const Stretch& r = pool.padding_counted ? all_rows : rows;
        const Stretch& k = pool.padding_counted ? all_columns : columns;
        const int count = (r.last - r.first) * (k.last - k.first);
        values.push_back(mean ? static_cast<float>(sum / count) : largest);
      }
    }
  }
  return values;
}

std::vector<float> connected(const Layer& layer, const FloatParameters& parameters,
                             std::span<const float> map) {
  const int positions = layer.convolution.height * layer.convolution.width;
  const int kernels = layer.kernels / layer.groups;
  const int fan_in = layer.fan_in();
  std::vector<float> values(to_index(layer.kernels * positions));
  TapMatrix taps;
  for (int group = 0; group < layer.groups; ++group) {
    unfold(layer, group, map, taps);
    const auto first = to_index(group * kernels);
    const Eigen::Map<const TapMatrix> weights(parameters.weights.data() + first * to_index(fan_in),
                                              kernels, fan_in);
    const Eigen::Map<const Eigen::VectorXf> biases(parameters.biases.data() + first, kernels);
    Eigen::Map<TapMatrix> result(values.data() + first * to_index(positions), kernels, positions);
    result.noalias() = weights * taps;
    result.colwise() += biases;
  }
  return values;
}

}  // namespace

template <typename Pixel>
void unfold(const Layer& layer, int group, std::span<const Pixel> map, TapMatrix& taps) {
  const MapShape& in = layer.input;
  const MapShape& out = layer.convolution;
  taps.setZero(layer.fan_in(), out.height * out.width);
  for_each_tap(layer, group, [&](Eigen::Index tap, int channel, int row, int column) {
    // The positions whose pixel is inside, from first to last excluded.
    const int stride = layer.column_stride;
    const int first = column < 0 ? (-column + stride - 1) / stride : 0;
    const int last = std::min(out.width, (in.width - column + stride - 1) / stride);
    for (int y = 0; y < out.height; ++y) {
      const int from = y * layer.row_stride + row;
      if (from < 0 || from >= in.height) continue;
      const Pixel* const line =
          map.data() + static_cast<ptrdiff_t>(channel * in.height + from) * in.width + column;
      float* const to = &taps(tap, y * out.width);
      if (stride == 1) {
        for (int x = first; x < last; ++x) to[x] = static_cast<float>(line[x]);
      } else {
        for (int x = first; x < last; ++x) to[x] = static_cast<float>(line[x * stride]);
      }
    }
  });
}

template void unfold<float>(const Layer&, int, std::span<const float>, TapMatrix&);
template void unfold<int32_t>(const Layer&, int, std::span<const int32_t>, TapMatrix&);

void unfold_some(const Layer& layer, int group, std::span<const int32_t> map,
                 std::span<const int> positions, TapMatrix& taps, Eigen::Index column_of_taps) {
  const MapShape& in = layer.input;
  const int width = layer.convolution.width;
  for_each_tap(layer, group, [&](Eigen::Index tap, int channel, int row, int column) {
    float* to = &taps(tap, column_of_taps);
    for (const int position : positions) {
      const int y = position / width * layer.row_stride + row;
      const int x = position % width * layer.column_stride + column;
      const bool inside = y >= 0 && y < in.height && x >= 0 && x < in.width;
      *to++ = inside ? static_cast<float>(map[to_index((channel * in.height + y) * in.width + x)])
                     : 0.0F;
    }
  });
}

std::vector<float> float_image(const FloatNetwork& network, std::span<const uint8_t> pixels) {
  std::vector<float> values;
  values.reserve(pixels.size());
  const size_t size = pixels.size() / network.input.size();
  for (size_t i = 0; i < pixels.size(); ++i) {
    const InputChannel& channel = network.input[i / size];
    values.push_back(static_cast<float>(pixels[i] * channel.scale + channel.offset));
  }
  return values;
}

std::vector<float> evaluate_layer(const Layer& layer, const FloatParameters& parameters,
                                  const std::vector<std::span<const float>>& inputs) {
  if (layer.has_weights()) return connected(layer, parameters, inputs.front());
  if (layer.type != LayerType::kAdd) return pooled(layer, inputs.front());
  std::vector<float> sum(inputs[0].begin(), inputs[0].end());
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += inputs[1][i];
  return sum;
}

void activate(const Layer& layer, const FloatParameters& parameters, std::span<float> values) {
  if (layer.activation != Activation::kRelu) return;
  for (float& value : values) value = std::clamp(value, 0.0F, parameters.upper);
}

std::vector<std::vector<float>> evaluate_maps(const FloatNetwork& network,
                                              std::span<const uint8_t> pixels) {
  const std::vector<float> image = float_image(network, pixels);
  std::vector<std::vector<float>> maps;
  for (size_t i = 0; i < network.layers.layers.size(); ++i) {
    const Layer& layer = network.layers.layers[i];
    std::vector<std::span<const float>> inputs;
    for (const int input : layer.inputs) {
      inputs.emplace_back(input == kImage ? image : maps[to_index(input)]);
    }
    maps.push_back(evaluate_layer(layer, network.parameters[i], inputs));
    activate(layer, network.parameters[i], maps.back());
  }
  return maps;
}

std::vector<float> evaluate(const FloatNetwork& network, std::span<const uint8_t> pixels) {
  return std::move(evaluate_maps(network, pixels).back());
}

}  // namespace mcnn
