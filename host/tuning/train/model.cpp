// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/index.h"
#include "host/tuning/train/evaluation.h"
#include "host/tuning/train/model_layers.h"

namespace mcnn::train {
namespace {

constexpr double kVarianceFloor = 1e-5;
constexpr double kStatisticsStep = 0.1;  // of the way, at each mini-batch

}  // namespace

Model::Model(const Network& network, bool normalised, torch::Device device)
    : network_(network),
      layers_(network.layers.size()),
      scales_(network.layers.size(), 1),
      device_(device) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = network_.layers[l];
    if (!layer.has_weights()) continue;
    Trained& trained = layers_[l];
    const double bound = std::sqrt(6.0 / layer.fan_in());  // He's, for ReLU
    trained.weight = torch::empty(weight_shape(layer))
                         .uniform_(-bound, bound)
                         .to(device)
                         .set_requires_grad(true);
    trained.bias = torch::zeros({layer.kernels}, device).set_requires_grad(true);
    if (normalised && layer.type == LayerType::kConvolution) {
      trained.gain = torch::ones({layer.kernels}, device).set_requires_grad(true);
      trained.mean = torch::zeros({layer.kernels}, device);
      trained.variance = torch::ones({layer.kernels}, device);
    }
  }
}

const torch::Tensor& Model::input(const Values& values, std::size_t l, std::size_t i) const {
  // The image lies behind what the layers gave.
  const int from = network_.layers[l].inputs[i];
  return from == kImage ? values.back() : values[to_index(from)];
}

Model::Values Model::start(const torch::Tensor& pixels) const {
  Values values(layers_.size() + 1);
  values.back() = pixels;
  if (network_.zero_point != 0) values.back() = pixels - network_.zero_point;
  return values;
}

torch::Tensor Model::real(std::size_t l, const Values& values, bool training) const {
  const Layer& layer = network_.layers[l];
  const Trained& trained = layers_[l];
  torch::Tensor x = input(values, l, 0);
  torch::Tensor y;
  switch (layer.type) {
    case LayerType::kConvolution:
    case LayerType::kFullyConnected:
      if (layer.takes_sums()) x = mean(x, layer, true) / pixels_of_window(layer);
      if (trained.gain.defined()) {
        y = convolve(x, layer, trained.weight, {});
        y = torch::batch_norm(y, trained.gain, trained.bias, trained.mean, trained.variance,
                              training, kStatisticsStep, kVarianceFloor, false);
      } else {
        y = convolve(x, layer, trained.weight, trained.bias);
      }
      if (layer.adds()) y = y + input(values, l, 1);
      if (layer.type == LayerType::kConvolution && layer.pool) y = largest(y, layer);
      break;
    case LayerType::kAdd:
      y = x + input(values, l, 1);
      break;
    case LayerType::kMaxPool:
      return largest(x, layer);
    case LayerType::kAveragePool:
      y = mean(x, layer, layer.activation == Activation::kSum);
      return layer.activation == Activation::kSum ? y / pixels_of_window(layer) : y;
  }
  return layer.activation == Activation::kRelu ? torch::relu(y) : y;
}

torch::Tensor Model::forward_real(const torch::Tensor& pixels, bool training) const {
  Values values = start(pixels);
  values.back() = values.back() / kMaxActivation;
  for (std::size_t l = 0; l < layers_.size(); ++l) values[l] = real(l, values, training);
  return values[layers_.size() - 1].flatten(1);
}

void Model::fold() {
  const torch::NoGradGuard no_grad;
  for (Trained& layer : layers_) {
    if (!layer.gain.defined()) continue;
    const torch::Tensor factor = layer.gain / torch::sqrt(layer.variance + kVarianceFloor);
    layer.weight = (layer.weight * factor.view({-1, 1, 1, 1})).detach().set_requires_grad(true);
    layer.bias = (layer.bias - layer.mean * factor).detach().set_requires_grad(true);
    layer.gain = layer.mean = layer.variance = torch::Tensor();
  }
}

void Model::clamp_weights() {
  const torch::NoGradGuard no_grad;
  for (const Trained& layer : layers_) {
    if (!layer.weight.defined()) continue;
    const double range = kMaxWeight * layer.step;
    layer.weight.clamp_(-range, range);
  }
}

Model Model::clone() const {
  const torch::NoGradGuard no_grad;
  Model copy(*this);
  for (Trained& layer : copy.layers_) {
    for (torch::Tensor Trained::*const tensor : kTensors) {
      if ((layer.*tensor).defined()) layer.*tensor = (layer.*tensor).clone();
    }
  }
  return copy;
}

Model Model::replica() const {
  Model copy(*this);
  for (Trained& layer : copy.layers_) {
    for (std::size_t i = 0; i < kTensors.size(); ++i) {
      torch::Tensor& tensor = layer.*kTensors[i];
      if (!tensor.defined()) continue;
      tensor = i < kTrainedTensors ? tensor.detach().set_requires_grad(true) : tensor.clone();
    }
  }
  return copy;
}

void Model::gather(const std::vector<Model>& replicas) {
  const torch::NoGradGuard no_grad;
  const double part = 1.0 / static_cast<double>(replicas.size());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    for (std::size_t i = 0; i < kTensors.size(); ++i) {
      const auto of = [&](const Model& model) { return model.layers_[l].*kTensors[i]; };
      if (!of(*this).defined()) continue;
      const bool trained = i < kTrainedTensors;
      torch::Tensor sum = torch::zeros_like(of(*this));
      for (const Model& replica : replicas) sum += trained ? of(replica).grad() : of(replica);
      sum *= part;
      if (trained) {
        of(*this).mutable_grad() = sum;
      } else {
        of(*this).copy_(sum);
      }
    }
  }
}

void Model::move_towards(const Model& other, double fraction) {
  const torch::NoGradGuard no_grad;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    for (torch::Tensor Trained::*const tensor : kTensors) {
      if ((layers_[l].*tensor).defined())
        (layers_[l].*tensor).lerp_(other.layers_[l].*tensor, fraction);
    }
  }
}

std::vector<torch::Tensor> Model::parameters() const {
  std::vector<torch::Tensor> result;
  for (const Trained& layer : layers_) {
    for (const torch::Tensor& tensor : {layer.weight, layer.bias, layer.gain}) {
      if (tensor.defined()) result.push_back(tensor);
    }
  }
  return result;
}

std::vector<torch::Tensor> Model::weights() const {
  std::vector<torch::Tensor> result;
  for (const Trained& layer : layers_) {
    if (layer.weight.defined()) result.push_back(layer.weight);
  }
  return result;
}

std::map<std::string, torch::Tensor> Model::state() const {
  std::map<std::string, torch::Tensor> state;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    for (std::size_t i = 0; i < kTensors.size(); ++i) {
      const torch::Tensor& tensor = layers_[l].*kTensors[i];
      if (tensor.defined()) state[fmt::format("layer{}.{}", l, i)] = tensor.detach().clone();
    }
    const Layer& layer = network_.layers[l];
    state[fmt::format("layer{}.scales", l)] =
        torch::tensor({layers_[l].step, layers_[l].scale, scales_[l],
                       static_cast<double>(layer.shift), logit_gain_},
                      torch::kFloat64);
  }
  return state;
}

void Model::set_state(const std::map<std::string, torch::Tensor>& state) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    for (std::size_t i = 0; i < kTensors.size(); ++i) {
      torch::Tensor& tensor = layers_[l].*kTensors[i];
      const auto found = state.find(fmt::format("layer{}.{}", l, i));
      tensor = found == state.end() ? torch::Tensor() : found->second.to(device_);
      if (tensor.defined() && i < kTrainedTensors) tensor.set_requires_grad(true);
    }
    const auto& scales = state.at(fmt::format("layer{}.scales", l));
    const auto number = [&](int i) { return scales[i].item<double>(); };
    layers_[l].step = number(0);
    layers_[l].scale = number(1);
    scales_[l] = number(2);
    network_.layers[l].shift = static_cast<int>(number(3));
    logit_gain_ = number(4);
  }
}

}  // namespace mcnn::train
