// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/evaluation.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <numbers>
#include <span>
#include <thread>
#include <vector>

#include "host/network/integer_network.h"

namespace mcnn::train {
namespace {

using Values = std::vector<double>;

// Counts the images that `classify` gets right, on every processor; the count does not depend on
// their number.
double fraction_right(const Dataset& data,
                      const std::function<int(std::span<const std::uint8_t>)>& classify) {
  std::atomic<int> next = 0;
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> workers;
    for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t) {
      workers.emplace_back([&] {
        int count = 0;
        for (int i = next++; i < data.images.count; i = next++) {
          if (classify(data.images.image(i)) == data.labels[static_cast<std::size_t>(i)]) ++count;
        }
        right += count;
      });
    }
  }
  return static_cast<double>(right) / data.images.count;
}

// weights: those of the layer with their errors. A fully connected layer is a convolution with one
// position.
Values convolve(const Layer& layer, const Values& weights, const Values& input) {
  const int height = layer.convolution.height;
  const int width = layer.convolution.width;
  Values sums(static_cast<std::size_t>(layer.convolution.size()));
  const double* weight = weights.data();
  for (int k = 0; k < layer.kernels; ++k) {
    double* const map = sums.data() + k * height * width;
    std::fill_n(map, height * width, layer.biases[static_cast<std::size_t>(k)]);
    for (int c = 0; c < layer.input.channels; ++c) {
      for (int dy = 0; dy < layer.kernel_rows; ++dy) {
        for (int dx = 0; dx < layer.kernel_columns; ++dx, ++weight) {
          for (int y = 0; y < height; ++y) {
            const double* const row =
                input.data() + (c * layer.input.height + y + dy) * layer.input.width + dx;
            double* const sum = map + y * width;
            for (int x = 0; x < width; ++x) sum[x] += *weight * row[x];
          }
        }
      }
    }
  }
  return sums;
}

double activate(double sum, int shift) {
  const double scaled = sum * std::ldexp(1.0, -shift);
  // Half up where something is shifted out, down where nothing is: as in the integer network.
  return std::clamp(std::floor(shift > 0 ? scaled + 0.5 : scaled), 0.0, double{kMaxActivation});
}

Values activate_and_pool(const Layer& layer, const Values& sums) {
  const Pooling pooling = layer.pool.value_or(Pooling{});
  Values output(static_cast<std::size_t>(layer.output.size()));
  double* result = output.data();
  for (int k = 0; k < layer.kernels; ++k) {
    const double* const map = sums.data() + k * layer.convolution.height * layer.convolution.width;
    for (int py = 0; py < layer.output.height; ++py) {
      const int top = py * pooling.row_stride;
      const int bottom = std::min(top + pooling.rows, layer.convolution.height);
      for (int px = 0; px < layer.output.width; ++px, ++result) {
        const int left = px * pooling.column_stride;
        const int right = std::min(left + pooling.columns, layer.convolution.width);
        for (int y = top; y < bottom; ++y) {
          for (int x = left; x < right; ++x) {
            *result =
                std::max(*result, activate(map[y * layer.convolution.width + x], layer.shift));
          }
        }
      }
    }
  }
  return output;
}

}  // namespace

double Gaussian::operator()() {
  constexpr double kUnit = 0x1p-53;
  // (0, 1] for the logarithm, [0, 1) for the angle.
  const double u = static_cast<double>((generator_() >> 11) + 1) * kUnit;
  const double v = static_cast<double>(generator_() >> 11) * kUnit;
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

double accuracy(const Network& network, const Dataset& data) {
  const IntegerNetwork integer_network(network);
  return fraction_right(data, [&](std::span<const std::uint8_t> pixels) {
    return integer_network.run(pixels).digit;
  });
}

bool is_plain_chain(const Network& network) {
  const auto plain = [&](const Layer& layer) {
    const bool first = &layer == network.layers.data();
    const bool convolution = layer.type == LayerType::kConvolution && layer.row_stride == 1 &&
                             layer.column_stride == 1 && layer.padding == Padding{} &&
                             layer.groups == 1 && !layer.adds() &&
                             (!layer.pool || layer.pool->padding == Padding{});
    const bool matrix = layer.type == LayerType::kFullyConnected && !layer.takes_sums();
    return (convolution || matrix) && layer.activation != Activation::kNone &&
           layer.input_zero_point == 0 &&
           layer.inputs[0] ==
               (first ? kImage : static_cast<int>(&layer - network.layers.data()) - 1);
  };
  return network.zero_point == 0 && std::ranges::all_of(network.layers, plain);
}

double accuracy_with_weight_error(const Network& network, const Dataset& data, double sigma,
                                  std::uint64_t seed) {
  Gaussian gaussian(seed);
  std::vector<Values> weights;
  for (const Layer& layer : network.layers) {
    Values& values = weights.emplace_back(layer.weights.begin(), layer.weights.end());
    for (double& value : values) value += sigma * gaussian();
  }
  return fraction_right(data, [&](std::span<const std::uint8_t> pixels) {
    Values map(pixels.begin(), pixels.end());
    for (std::size_t i = 0; i < network.layers.size(); ++i) {
      const Layer& layer = network.layers[i];
      map = convolve(layer, weights[i], map);
      if (i + 1 < network.layers.size()) map = activate_and_pool(layer, map);
    }
    return static_cast<int>(std::ranges::max_element(map) - map.begin());
  });
}

ErrorAccuracy summary(std::span<const double> values) {
  ErrorAccuracy result;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) result.mean += value / count;
  for (const double value : values) result.deviation += std::pow(value - result.mean, 2);
  result.deviation = values.size() > 1 ? std::sqrt(result.deviation / (count - 1)) : 0;
  return result;
}

ErrorAccuracy accuracy_over_draws(const Network& network, const Dataset& data, int draws,
                                  std::uint64_t first_seed) {
  Values values;
  for (int draw = 0; draw < draws; ++draw) {
    values.push_back(accuracy_with_weight_error(network, data, kJudgedError * kMaxWeight,
                                                first_seed + static_cast<std::uint64_t>(draw)));
  }
  return summary(values);
}

}  // namespace mcnn::train
