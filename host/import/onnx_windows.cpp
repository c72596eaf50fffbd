// SPDX-License-Identifier: Apache-2.0
// Nodes whose window moves over a map: convolutions and poolings.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "common/index.h"
#include "host/import/onnx_reader.h"

namespace mcnn {
namespace {

constexpr int64_t kMaxSize = network_rules::kMaxDimension;

// Zeros in front of and behind `size` pixels so that a window starts at every stride-th of them.
std::pair<int, int> same_padding(int size, int window, int stride, bool upper) {
  const int positions = (size + stride - 1) / stride;
  const int zeros = std::max((positions - 1) * stride + window - size, 0);
  const int less = zeros / 2;
  return upper ? std::pair{less, zeros - less} : std::pair{zeros - less, less};
}

}  // namespace

std::vector<int> OnnxReader::pair(const std::string& name, const Window& window,
                                  int otherwise) const {
  const OnnxAttribute* const found = attribute(name);
  if (found == nullptr || found->integers.empty()) return {otherwise, otherwise};
  std::vector<int64_t> numbers = found->integers;
  if (numbers.size() != (window.line ? 1U : 2U)) {
    fail(fmt::format("{}: found {}, allowed is a number an axis", name, fmt::join(numbers, ", ")));
  }
  if (window.line) numbers.insert(numbers.begin(), otherwise);
  if (window.turned) std::swap(numbers[0], numbers[1]);
  for (const int64_t number : numbers) {
    if (number < 1 || number > kMaxSize) {
      fail(fmt::format("{}: found {}, allowed are 1..{}", name, number, kMaxSize));
    }
  }
  return {static_cast<int>(numbers[0]), static_cast<int>(numbers[1])};
}

OnnxReader::Window OnnxReader::window(const OnnxValue& input, const std::vector<int64_t>& size,
                                      bool ceil) const {
  const size_t rank = input.axes.size();
  Window window;
  window.line = rank == 3;
  const Axis rows = input.map.height > 1 ? Axis{Dimension::kRow} : Axis{};
  const Axis columns = input.map.width > 1 ? Axis{Dimension::kColumn} : Axis{};
  const Axis channels = input.map.channels > 1 ? Axis{Dimension::kChannel} : Axis{};
  bool good = (rank == 3 || rank == 4) && input.axes[1] == channels;
  if (good && rank == 4 && (input.axes[2] != rows || input.axes[3] != columns)) {
    window.turned = true;
    good = input.axes[2] == columns && input.axes[3] == rows;
  } else if (good && rank == 3) {
    good = input.axes[2] == columns && rows.empty();
  }
  if (!good) {
    fail(fmt::format("reads {}, allowed are maps whose axes are batch, channel, row, column",
                     fmt::join(input.dims(), " x ")));
  }
  const auto fixed = [&](const std::vector<int64_t>& numbers) {
    std::vector<int> both;
    for (const int64_t number : numbers) {
      if (number < 1 || number > kMaxSize) {
        fail(fmt::format("found a window of {}, allowed are 1..{}", fmt::join(numbers, " x "),
                         kMaxSize));
      }
      both.push_back(static_cast<int>(number));
    }
    if (both.size() != rank - 2) fail(fmt::format("found {} axes of its window", both.size()));
    if (window.line) both.insert(both.begin(), 1);
    if (window.turned) std::swap(both[0], both[1]);
    return both;
  };
  window.size = fixed(size);
  window.stride = pair("strides", window, 1);
  window.dilation = pair("dilations", window, 1);
  for (size_t axis = 0; axis < 2; ++axis) {
    const int dilation = window.dilation[axis];
    if (dilation == 1) continue;
    if (node_->op != "Conv") {
      fail(fmt::format("dilations: found {}, allowed is 1, or a Conv", dilation));
    }
    const int64_t spread = int64_t{window.size[axis] - 1} * dilation + 1;
    if (spread > network_rules::kMaxKernelSize) {
      fail(fmt::format("dilations: found a kernel of {} that spreads over {}, allowed are {}",
                       window.size[axis], spread, network_rules::kMaxKernelSize));
    }
    window.size[axis] = static_cast<int>(spread);
  }
  const OnnxAttribute* const automatic = attribute("auto_pad");
  const std::string mode = automatic == nullptr ? "" : automatic->text;
  Padding& padding = window.padding;
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    const bool upper = mode == "SAME_UPPER";
    std::tie(padding.top, padding.bottom) =
        same_padding(input.map.height, window.size[0], window.stride[0], upper);
    std::tie(padding.left, padding.right) =
        same_padding(input.map.width, window.size[1], window.stride[1], upper);
  } else if (mode.empty() || mode == "NOTSET") {
    const OnnxAttribute* const pads = attribute("pads");
    std::vector<int64_t> zeros = pads == nullptr ? std::vector<int64_t>{} : pads->integers;
    if (zeros.empty()) zeros.assign(2 * (rank - 2), 0);
    for (const int64_t side : zeros) {
      if (side < 0 || side > kMaxSize)
        fail(fmt::format("pads: found {}, allowed is 0 or more", side));
    }
    if (zeros.size() != 2 * (rank - 2)) fail(fmt::format("pads: found {} of them", zeros.size()));
    if (window.line) zeros = {0, zeros[0], 0, zeros[1]};
    if (window.turned) {
      std::swap(zeros[0], zeros[1]);
      std::swap(zeros[2], zeros[3]);
    }
    padding = {static_cast<int>(zeros[0]), static_cast<int>(zeros[2]), static_cast<int>(zeros[1]),
               static_cast<int>(zeros[3])};
  } else if (mode != "VALID") {
    fail(fmt::format("auto_pad: found '{}'", mode));
  }
  if (ceil && node_->op == "Conv") fail("ceil_mode");
  return window;
}

// The weights of a convolution in the order of the map's rows and columns, with zeros between those
// of one with dilations.
std::vector<float> OnnxReader::spread(const OnnxTensor& weights, const Window& window) {
  const int rows = (window.size[0] - 1) / window.dilation[0] + 1;
  const int columns = (window.size[1] - 1) / window.dilation[1] + 1;
  const int second = window.turned ? rows : columns;
  const size_t taps = to_index(rows * columns);
  const size_t area = to_index(window.size[0] * window.size[1]);
  std::vector<float> result(weights.values.size() / taps * area, 0.0F);
  for (size_t i = 0; i < weights.values.size(); ++i) {
    const auto tap = static_cast<int>(i % taps);
    int row = tap / second;
    int column = tap % second;
    if (window.turned) std::swap(row, column);
    const int at = row * window.dilation[0] * window.size[1] + column * window.dilation[1];
    result[i / taps * area + to_index(at)] = static_cast<float>(weights.values[i]);
  }
  return result;
}

void OnnxReader::convolution() {
  const OnnxValue input = map_input(0, true);
  const OnnxTensor& weights = constant_input(1);
  if (weights.dims.size() < 3) fail(fmt::format("weights of {} axes", weights.dims.size()));
  const Window window = this->window(input, {weights.dims.begin() + 2, weights.dims.end()}, false);
  Layer layer;
  layer.type = LayerType::kConvolution;
  layer.inputs = {input.layer};
  layer.activation = Activation::kNone;
  const int64_t groups = integer("group", 1);
  const int64_t kernels = weights.dims[0];
  if (kernels < 1 || kernels > network_rules::kMaxKernels) {
    fail(fmt::format("found {} kernels, allowed are 1..{}", kernels, network_rules::kMaxKernels));
  }
  if (groups < 1 || groups > input.map.channels || weights.dims[1] * groups != input.map.channels) {
    fail(fmt::format("found weights of {} for {} channels in {} groups",
                     fmt::join(weights.dims, " x "), input.map.channels, groups));
  }
  layer.kernels = static_cast<int>(kernels);
  layer.groups = static_cast<int>(groups);
  layer.kernel_rows = window.size[0];
  layer.kernel_columns = window.size[1];
  layer.row_stride = window.stride[0];
  layer.column_stride = window.stride[1];
  const Padding& pad = input.padding;
  layer.padding = {window.padding.top + pad.top, window.padding.bottom + pad.bottom,
                   window.padding.left + pad.left, window.padding.right + pad.right};
  FloatParameters parameters;
  parameters.weights = spread(weights, window);
  if (has_input(2)) {
    const OnnxTensor& biases = constant_input(2);
    if (biases.values.size() != to_index(layer.kernels)) {
      fail(fmt::format("found {} biases for {} kernels", biases.values.size(), kernels));
    }
    parameters.biases.assign(biases.values.begin(), biases.values.end());
  }
  take_channels(input, layer, parameters);
  OnnxValue result = add_layer(std::move(layer), std::move(parameters), input.axes.size());
  if (window.turned) std::swap(result.axes[2], result.axes[3]);
  define(std::move(result));
}

void OnnxReader::pooling() {
  const OnnxValue input = map_input(0, true);
  expect_no_padding(input);
  const OnnxAttribute* const size = attribute("kernel_shape");
  if (size == nullptr) fail("kernel_shape is missing");
  const bool ceil = integer("ceil_mode", 0) != 0;
  const Window window = this->window(input, size->integers, ceil);
  Layer layer;
  layer.type = node_->op == "MaxPool" ? LayerType::kMaxPool : LayerType::kAveragePool;
  layer.inputs = {input.layer};
  layer.activation = Activation::kNone;
  Pooling& pool = layer.pool.emplace();
  pool.rows = window.size[0];
  pool.columns = window.size[1];
  pool.row_stride = window.stride[0];
  pool.column_stride = window.stride[1];
  pool.padding = window.padding;
  pool.ceil = ceil;
  pool.padding_counted = layer.type == LayerType::kAveragePool && window.padding != Padding{} &&
                         integer("count_include_pad", 0) != 0;
  OnnxValue result = add_layer(layer, {}, input.axes.size());
  pass_channels(input, layer, result);
  if (window.turned) std::swap(result.axes[2], result.axes[3]);
  define(std::move(result));
}

void OnnxReader::global_pooling() {
  const OnnxValue input = map_input(0, true);
  expect_no_padding(input);
  size_t rank = input.axes.size();
  if (node_->op == "ReduceMean") {
    // Over rows and columns, no more and no less.
    std::vector<size_t> axes = axes_of(axes_argument(), rank, failing());
    std::ranges::sort(axes);
    for (size_t axis = 0; axis < rank; ++axis) {
      const bool named = std::ranges::binary_search(axes, axis);
      for (const Dimension dimension : input.axes[axis]) {
        if (named != (dimension != Dimension::kChannel)) {
          fail("allowed is the mean over all rows and columns of a map, of each channel");
        }
      }
    }
    if (integer("keepdims", 1) == 0) rank = rank < axes.size() + 2 ? 2 : rank - axes.size();
  }
  Layer layer;
  layer.type = node_->op == "GlobalMaxPool" ? LayerType::kMaxPool : LayerType::kAveragePool;
  layer.inputs = {input.layer};
  layer.activation = Activation::kNone;
  Pooling& pool = layer.pool.emplace();
  pool.rows = pool.row_stride = input.map.height;
  pool.columns = pool.column_stride = input.map.width;
  OnnxValue result = add_layer(layer, {}, rank);
  pass_channels(input, layer, result);
  define(std::move(result));
}

}  // namespace mcnn
