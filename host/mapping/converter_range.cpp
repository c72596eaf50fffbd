// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/converter_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>

#include "common/index.h"

namespace mcnn {
namespace {

// Largest codes that the pair of source lines of a kernel gives in a window, with margin: every
// bit line driven. The converter may clip them.
std::array<double, 2> peak_codes(const MappingTask& task, const LayerPlan& plan, int kernel,
                                 const KernelWindow& window, int range) {
  const DeviceLimits& limits = task.options.limits;
  std::array<double, 2> sum{};
  std::array<double, 2> variance{};
  const auto add_cell = [&](size_t line, int level) {
    const double sigma = limits.sigma[to_index(level)];
    sum[line] += level + limits.offset + limits.shift[to_index(level)];
    variance[line] += sigma * sigma;
  };
  for (int i = 0; i < window.channels; ++i) {
    for (int r = 0; r < window.rows; ++r) {
      for (int c = 0; c < window.columns; ++c) {
        const int weight = plan.weight(kernel, window, i, r, c);
        add_cell(0, positive_part(weight));
        add_cell(1, positive_part(-weight));
      }
    }
  }
  // Other output rows of the array, and channels that are only driven, meet cells of level 0.
  const int empty = plan.array_rows - 1 + window.lead;
  for (int i = 0; i < empty * window.rows * window.columns; ++i) {
    add_cell(0, 0);
    add_cell(1, 0);
  }
  const double scale = static_cast<double>(1 << range);
  std::array<double, 2> codes{};
  for (size_t line = 0; line < 2; ++line) {
    const double gain = limits.converter_gain * sum[line];
    const double noise = std::sqrt(scale * scale * (variance[line] + gain * gain) +
                                   limits.converter_sigma * limits.converter_sigma);
    codes[line] = scale * sum[line] + limits.margin * noise;
  }
  return codes;
}

// Largest code that a source line of the layer can give.
double peak(const MappingTask& task, const LayerPlan& plan, int range) {
  double largest = 0.0;
  for (int kernel = 0; kernel < plan.kernels; ++kernel) {
    for (const KernelWindow& window : plan.windows) {
      for (const double code : peak_codes(task, plan, kernel, window, range)) {
        largest = std::max(largest, code);
      }
    }
  }
  return largest;
}

// Sum of the weights of all pixels that a kernel sees.
int64_t sum_of_weights(const Layer& layer, int kernel) {
  int64_t sum = 0;
  for (int c = 0; c < layer.input.channels; ++c) {
    for (int r = 0; r < layer.kernel_rows; ++r) {
      for (int q = 0; q < layer.kernel_columns; ++q) sum += layer.weight(kernel, c, r, q);
    }
  }
  return sum;
}

// The bias of a kernel for pixels as they are stored: it takes the zero points of the input and of
// the map that the layer adds to out, and adds that of the output, which the shift divides.
int64_t chip_bias(const MappingTask& task, const Layer& layer, int kernel) {
  int64_t bias = layer.biases[to_index(kernel)];
  if (layer.input_zero_point != 0) bias -= layer.input_zero_point * sum_of_weights(layer, kernel);
  const int added = layer.adds() ? task.network.zero_point_of(layer.inputs[1]) : 0;
  return bias + int64_t{layer.zero_point - added} * (int64_t{1} << layer.shift);
}

std::optional<int> forced_range(const MappingTask& task, const LayerPlan& plan) {
  return plan.layer->range ? plan.layer->range : task.options.range;
}

int largest_code(const MappingTask& task) { return (1 << task.config.adc_bits) - 1; }
int64_t psum_limit(const MappingTask& task) {
  return (int64_t{1} << (task.config.psum_bits - 1)) - 1;
}

// How far the partial sum of a kernel gets up and down at the plan's range: every pixel at its
// largest, and the codes of its lines at their peaks or at the end of the converter.
std::array<int64_t, 2> reach(const MappingTask& task, const LayerPlan& plan, int kernel) {
  std::array<int64_t, 2> sum{};
  for (const KernelWindow& window : plan.windows) {
    const std::array<double, 2> codes = peak_codes(task, plan, kernel, window, plan.range);
    for (size_t line = 0; line < 2; ++line) {
      sum[line] += task.options.limits.any_code
                       ? largest_code(task)
                       : std::min(static_cast<int64_t>(std::ceil(codes[line])),
                                  static_cast<int64_t>(largest_code(task)));
    }
  }
  return {kMaxPixel * sum[0], kMaxPixel * sum[1]};
}

// The largest magnitude of a biased partial sum of the layer at the plan's range.
struct LargestSum {
  int64_t sum = 0;
  int64_t windows = 0;  // of it
  int64_t bias = 0;
  int kernel = 0;
};
LargestSum largest_sum(const MappingTask& task, const LayerPlan& plan) {
  LargestSum largest;
  for (int kernel = 0; kernel < plan.kernels; ++kernel) {
    const std::array<int64_t, 2> windows = reach(task, plan, kernel);
    // A dummy needs a bias that takes away all that its windows may add.
    const int64_t bias = kernel < plan.layer->kernels ? bias_of(task, plan, kernel) : -windows[0];
    const int64_t up = windows[0] + bias;
    const int64_t down = windows[1] - bias;
    if (std::max(up, down) > largest.sum) {
      largest = {std::max(up, down), up > down ? windows[0] : windows[1], bias, kernel};
    }
  }
  return largest;
}

void check_sums(const MappingTask& task, const LayerPlan& plan) {
  const LargestSum largest = largest_sum(task, plan);
  if (largest.sum > psum_limit(task)) {
    task.fail(fmt::format(
        "partial sums: kernel {} of layer {} can reach {} at range {} ({} "
        "in {} windows and a bias of {}), {} there ({} too much)",
        largest.kernel, plan.layer->name, largest.sum, plan.range, largest.windows,
        plan.windows.size(), largest.bias, psum_limit(task), largest.sum - psum_limit(task)));
  }
}

}  // namespace

bool clips(const MappingTask& task, const LayerPlan& plan) {
  return peak(task, plan, forced_range(task, plan).value_or(0)) > largest_code(task);
}

void choose_range(const MappingTask& task, LayerPlan& plan) {
  const int most = std::min(kMaxRange, task.config.psum_bits - 1 - plan.layer->shift);
  if (most < 0) {
    task.fail(fmt::format("shift: layer {} shifts by {}, at most {} there", plan.layer->name,
                          plan.layer->shift, task.config.psum_bits - 1));
  }
  const std::optional<int> forced = forced_range(task, plan);
  if (forced && *forced > most) {
    task.fail(fmt::format("shift: layer {} shifts by {} and {} for its range, at most {} there",
                          plan.layer->name, plan.layer->shift, *forced, task.config.psum_bits - 1));
  }
  plan.range = forced.value_or(most);
  while (!forced && plan.range > 0 &&
         (peak(task, plan, plan.range) > largest_code(task) ||
          largest_sum(task, plan).sum > psum_limit(task))) {
    --plan.range;
  }
  plan.peak_codes = peak(task, plan, plan.range);
  check_sums(task, plan);
}

int64_t bias_of(const MappingTask& task, const LayerPlan& plan, int kernel) {
  if (kernel >= plan.layer->kernels) {
    // A dummy: always clamped to 0.
    const int64_t clamped =
        static_cast<int64_t>(plan.windows.size()) * kMaxPixel * largest_code(task);
    return -std::min(clamped, psum_limit(task) - reach(task, plan, kernel)[1]);
  }
  const int shift = plan.layer->shift + plan.range;
  const int64_t half = shift == 0 ? 0 : int64_t{1} << (shift - 1);
  return chip_bias(task, *plan.layer, kernel) * (1 << plan.range) + half;
}

}  // namespace mcnn
