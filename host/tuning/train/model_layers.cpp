// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/model_layers.h"

#include <fmt/format.h>

#include "common/error.h"

namespace mcnn::train {
namespace {

namespace F = torch::nn::functional;

torch::Tensor padded(const torch::Tensor& x, const Padding& padding, double value) {
  return F::pad(
      x,
      F::PadFuncOptions({padding.left, padding.right, padding.top, padding.bottom}).value(value));
}

}  // namespace

std::vector<std::int64_t> weight_shape(const Layer& layer) {
  if (layer.type == LayerType::kFullyConnected) {
    return {layer.kernels, layer.weighted.channels, layer.weighted.height, layer.weighted.width};
  }
  return {layer.kernels, layer.input.channels / layer.groups, layer.kernel_rows,
          layer.kernel_columns};
}

torch::Tensor convolve(torch::Tensor x, const Layer& layer, const torch::Tensor& weight,
                       const torch::Tensor& bias) {
  auto options = F::Conv2dFuncOptions().bias(bias);
  if (layer.type == LayerType::kConvolution) {
    options.stride({layer.row_stride, layer.column_stride}).groups(layer.groups);
    const Padding& padding = layer.padding;
    if (padding.top == padding.bottom && padding.left == padding.right) {
      options.padding({padding.top, padding.left});
    } else {
      x = padded(x, padding, 0);
    }
  } else {
    x = x.reshape({x.size(0), weight.size(1), weight.size(2), weight.size(3)});
  }
  return F::conv2d(x, weight, options);
}

torch::Tensor largest(torch::Tensor x, const Layer& layer) {
  const Pooling& pool = *layer.pool;
  if (pool.padding != Padding{}) x = padded(x, pool.padding, -1e30);
  const torch::Tensor y = F::max_pool2d(x, F::MaxPool2dFuncOptions({pool.rows, pool.columns})
                                               .stride({pool.row_stride, pool.column_stride})
                                               .ceil_mode(pool.ceil));
  // A window that begins in the padding behind the map is none.
  return y.narrow(2, 0, layer.output.height).narrow(3, 0, layer.output.width);
}

torch::Tensor mean(const torch::Tensor& x, const Layer& layer, bool sums) {
  const Pooling& pool = *layer.pool;
  const Padding& padding = pool.padding;
  if (pool.rows == x.size(2) && pool.columns == x.size(3) && padding == Padding{}) {
    const torch::Tensor whole = x.to(torch::kFloat32);
    return sums ? whole.sum({2, 3}, true) : whole.mean({2, 3}, true);
  }
  if (padding.top != padding.bottom || padding.left != padding.right) {
    throw Error(
        fmt::format("layer {}: padding of its mean: found other numbers on opposite sides, "
                    "allowed to train it: equal ones",
                    layer.name));
  }
  return torch::avg_pool2d(x, {pool.rows, pool.columns}, {pool.row_stride, pool.column_stride},
                           {padding.top, padding.left}, pool.ceil, pool.padding_counted,
                           sums ? c10::optional<std::int64_t>(1) : c10::nullopt);
}

int pixels_of_window(const Layer& layer) { return layer.pool->rows * layer.pool->columns; }

}  // namespace mcnn::train
