// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/model.h"

#include <algorithm>
#include <cmath>

#include "host/tuning/train/evaluation.h"

namespace mcnn::train {
namespace {

namespace F = torch::nn::functional;

// round() half up, with the gradient of the identity. The second term is exactly zero.
torch::Tensor round_through(const torch::Tensor& x) {
  return torch::floor(x.detach() + 0.5) + (x - x.detach());
}

torch::Tensor pool(const torch::Tensor& x, const LayerShape& shape) {
  if (shape.pool == 1) return x;
  return F::max_pool2d(x, F::MaxPool2dFuncOptions(shape.pool).stride(shape.pool).ceil_mode(true));
}

torch::Tensor convolve(const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias) {
  return F::conv2d(x, weight, F::Conv2dFuncOptions().bias(bias));
}

}  // namespace

const std::vector<NetworkShape>& network_shapes() {
  static const std::vector<NetworkShape> shapes = {
      // 28x28 -> 26x26 -> 9x9 -> 7x7 -> 4x4 -> 10
      {"yao2020",
       28,
       {{"C1", 1, 8, 3, 3}, {"C3", 8, 12, 3, 2}, {"FC", 12, 10, 4, 1}},
       8,
       12,
       1.5,
       8},
      // 14x14 -> 12x12 -> 6x6 -> 4x4 -> 10: 4 + 4*2 + 2*10 blocks of a window, all that it has
      {"tiny", 14, {{"C1", 1, 4, 3, 2}, {"C3", 4, 2, 3, 1}, {"FC", 2, 10, 4, 1}}, 20, 40, 0.5, 0},
  };
  return shapes;
}

Model::Model(const NetworkShape& network_shape)
    : shape_(network_shape), layers_(network_shape.layers.size()) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const LayerShape& shape = shape_.layers[l];
    const double bound = std::sqrt(6.0 / shape.weights_per_kernel());  // He's, for ReLU
    layers_[l].weight = torch::empty({shape.kernels, shape.channels, shape.kernel, shape.kernel})
                            .uniform_(-bound, bound)
                            .set_requires_grad(true);
    layers_[l].bias = torch::zeros({shape.kernels}).set_requires_grad(true);
  }
}

torch::Tensor Model::forward_real(const torch::Tensor& pixels) const {
  torch::Tensor x = pixels / kMaxActivation;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    x = pool(convolve(x, layers_[l].weight, layers_[l].bias), shape_.layers[l]);
    if (l + 1 < layers_.size()) x = torch::relu(x);
  }
  return x.flatten(1);
}

void Model::calibrate(const torch::Tensor& pixels, double weight_range, double max_clipped) {
  const torch::NoGradGuard no_grad;
  double scale = 1.0 / kMaxActivation;
  torch::Tensor x = pixels;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Trained& layer = layers_[l];
    const double largest = layer.weight.abs().max().item<double>();
    const double range = std::min(largest, weight_range * layer.weight.std().item<double>());
    layer.step = range / kMaxWeight;
    layer.in_scale = scale;
    if (l + 1 == layers_.size()) break;
    const torch::Tensor sums = pooled_sums(l, x, 0);
    const auto positive = (sums > 0).sum().item<double>();
    while ((sums > std::ldexp(kMaxActivation + 0.5, layer.shift)).sum().item<double>() >
           max_clipped * positive) {
      ++layer.shift;
    }
    x = torch::floor(sums * std::ldexp(1.0, -layer.shift) + 0.5).clamp(0, kMaxActivation);
    scale *= std::ldexp(layer.step, layer.shift);
  }
}

torch::Tensor Model::levels(const Trained& layer) const {
  return round_through((layer.weight / layer.step).clamp(-kMaxWeight, kMaxWeight));
}

torch::Tensor Model::integer_bias(const Trained& layer) const {
  return round_through(layer.bias / (layer.in_scale * layer.step));
}

torch::Tensor Model::pooled_sums(std::size_t l, const torch::Tensor& x, double sigma) const {
  torch::Tensor weight = levels(layers_[l]);
  if (sigma > 0) weight = weight + sigma * torch::randn_like(weight);
  return pool(convolve(x, weight, integer_bias(layers_[l])), shape_.layers[l]);
}

torch::Tensor Model::forward_quantised(const torch::Tensor& pixels, double sigma) const {
  torch::Tensor x = pixels;
  for (std::size_t l = 0; l + 1 < layers_.size(); ++l) {
    const torch::Tensor sums = pooled_sums(l, x, sigma);
    x = round_through(sums * std::ldexp(1.0, -layers_[l].shift)).clamp(0, kMaxActivation);
  }
  const Trained& last = layers_.back();
  return pooled_sums(layers_.size() - 1, x, sigma).flatten(1) * (last.in_scale * last.step);
}

void Model::clamp_weights() {
  const torch::NoGradGuard no_grad;
  for (const Trained& layer : layers_) {
    const double range = kMaxWeight * layer.step;
    layer.weight.clamp_(-range, range);
  }
}

Model Model::clone() const {
  const torch::NoGradGuard no_grad;
  Model copy(*this);
  for (Trained& layer : copy.layers_) {
    layer.weight = layer.weight.clone();
    layer.bias = layer.bias.clone();
  }
  return copy;
}

void Model::move_towards(const Model& other, double fraction) {
  const torch::NoGradGuard no_grad;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].weight.lerp_(other.layers_[l].weight, fraction);
    layers_[l].bias.lerp_(other.layers_[l].bias, fraction);
  }
}

std::vector<torch::Tensor> Model::parameters() const {
  std::vector<torch::Tensor> result;
  for (const Trained& layer : layers_) {
    result.push_back(layer.weight);
    result.push_back(layer.bias);
  }
  return result;
}

Network Model::to_network() const {
  const torch::NoGradGuard no_grad;
  Network network;
  network.input = {1, shape_.image_size, shape_.image_size};
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const LayerShape& shape = shape_.layers[l];
    const bool last = l + 1 == layers_.size();
    const torch::Tensor weights = levels(layers_[l]).to(torch::kInt8).contiguous();
    const torch::Tensor biases = integer_bias(layers_[l]).to(torch::kInt32).contiguous();
    Layer& layer = network.layers.emplace_back();
    layer.type = last ? LayerType::kFullyConnected : LayerType::kConvolution;
    layer.name = shape.name;
    layer.kernels = shape.kernels;
    layer.kernel_rows = shape.kernel;
    layer.kernel_columns = shape.kernel;
    layer.weights.assign(weights.data_ptr<std::int8_t>(),
                         weights.data_ptr<std::int8_t>() + weights.numel());
    layer.biases.assign(biases.data_ptr<std::int32_t>(),
                        biases.data_ptr<std::int32_t>() + biases.numel());
    layer.shift = layers_[l].shift;
    if (!last && shape.pool > 1)
      layer.pool = Pooling{shape.pool, shape.pool, shape.pool, shape.pool, true};
  }
  finish_network(network, "trained network");
  return network;
}

}  // namespace mcnn::train
