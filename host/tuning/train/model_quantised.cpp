// SPDX-License-Identifier: Apache-2.0
// The model on the chip's integers: levels and shifts of the real network, the integer layers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "common/index.h"
#include "host/network/network_rules.h"
#include "host/tuning/train/evaluation.h"
#include "host/tuning/train/model.h"
#include "host/tuning/train/model_layers.h"
#include "host/tuning/train/quantise.h"

namespace mcnn::train {
namespace {

// The range of x - z.
double low(const Layer& layer) { return -layer.zero_point; }
double high(const Layer& layer) { return kMaxActivation - layer.zero_point; }

// The smallest scale at which at most `max_clipped` of the values that a layer stores are clipped,
// of those that are not 0. `values`: real, after the activation; a part of them is looked at.
double smallest_scale(const torch::Tensor& values, const Layer& layer, double max_clipped) {
  constexpr std::int64_t kLookedAt = 1 << 20;
  torch::Tensor all = values.reshape({-1});
  all = all.slice(0, 0, all.size(0), std::max<std::int64_t>(1, all.size(0) / kLookedAt));
  if (low(layer) < 0) all = torch::maximum(all / high(layer), all / low(layer)) * high(layer);
  all = std::get<0>(all.masked_select(all > 0).sort());
  if (all.size(0) == 0) return 0;
  const auto last = static_cast<double>(all.size(0) - 1);
  const auto index = static_cast<std::int64_t>(last * (1 - max_clipped));
  return all[index].item<double>() / (high(layer) + 0.5);
}

}  // namespace

Model::Model(const Network& network, torch::Device device)
    : network_(network),
      layers_(network.layers.size()),
      scales_(network.layers.size(), 1),
      device_(device) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = network_.layers[l];
    Trained& trained = layers_[l];
    trained.scale = input_scale(l);
    if (layer.has_weights()) {
      const torch::Tensor levels =
          torch::tensor(std::vector<float>(layer.weights.begin(), layer.weights.end()))
              .view(weight_shape(layer))
              .to(device);
      const torch::Tensor biases =
          torch::tensor(std::vector<float>(layer.biases.begin(), layer.biases.end())).to(device);
      // Weights as large as those that training in real numbers begins with.
      const double deviation = std::sqrt(levels.square().mean().item<double>());
      trained.step = std::sqrt(2.0 / layer.fan_in()) / std::max(deviation, 1e-3);
      trained.weight = (levels * trained.step).set_requires_grad(true);
      trained.bias = (biases * (trained.scale * trained.step)).set_requires_grad(true);
    }
    scales_[l] = output_scale(l);
  }
}

double Model::input_scale(std::size_t l) const {
  const Layer& layer = network_.layers[l];
  const int from = layer.inputs[0];
  const double scale = from == kImage ? 1.0 / kMaxActivation : scales_[to_index(from)];
  return layer.takes_sums() ? scale / pixels_of_window(layer) : scale;
}

double Model::output_scale(std::size_t l) const {
  const Layer& layer = network_.layers[l];
  const double scale = layers_[l].scale;
  switch (layer.type) {
    case LayerType::kConvolution:
    case LayerType::kFullyConnected:
      return std::ldexp(scale * layers_[l].step, layer.shift);
    case LayerType::kAdd:
      return std::ldexp(scale, layer.shift - layer.input_shifts[0]);
    case LayerType::kAveragePool:
      return layer.activation == Activation::kSum ? scale / pixels_of_window(layer) : scale;
    case LayerType::kMaxPool:
      break;
  }
  return scale;
}

std::vector<double> Model::tied_scales(const torch::Tensor& pixels, double max_clipped) const {
  std::vector<double> smallest(layers_.size(), 0);
  std::vector<std::size_t> root(layers_.size());  // the stored map that sets a layer's scale
  Values values = start(pixels);
  values.back() = values.back() / kMaxActivation;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = network_.layers[l];
    values[l] = real(l, values, false);
    root[l] = l;
    if (!layer.adds() || layer.inputs[1] == kImage) continue;
    const int stored = layer.inputs[1];
    root[l] = root[to_index(stored)];
    for (const std::size_t map : {l, to_index(stored)}) {
      smallest[root[l]] = std::max(smallest[root[l]],
                                   smallest_scale(values[map], network_.layers[map], max_clipped));
    }
  }
  return smallest;
}

void Model::calibrate(const torch::Tensor& pixels, double weight_range, double max_clipped) {
  const torch::NoGradGuard no_grad;
  const std::vector<double> smallest = tied_scales(pixels, max_clipped);
  Values values = start(pixels);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = network_.layers[l];
    Trained& trained = layers_[l];
    trained.scale = input_scale(l);
    if (layer.has_weights()) {
      const double largest_weight = trained.weight.abs().max().item<double>();
      const double range =
          std::min(largest_weight, weight_range * trained.weight.std().item<double>());
      trained.step = range / kMaxWeight;
      if (layer.adds()) tie(l);
    }
    const torch::Tensor all = sums(l, values, Errors(layers_.size()));
    if (layer.has_weights() && layer.gives_pixels() && !layer.adds()) {
      const auto stored = [&](const torch::Tensor& x) { return low(layer) < 0 ? x.abs() : x; }(all);
      const auto positive = (stored > 0).sum().item<double>();
      while (layer.shift < network_rules::kMaxShift &&
             ((stored > std::ldexp(high(layer) + 0.5, layer.shift)).sum().item<double>() >
                  max_clipped * positive ||
              output_scale(l) < smallest[l])) {
        ++layer.shift;
      }
    }
    values[l] = quantise(l, all);
    scales_[l] = output_scale(l);
  }
}

void Model::tie(std::size_t l) {
  Layer& layer = network_.layers[l];
  Trained& trained = layers_[l];
  const int stored = layer.inputs[1];
  const double target = stored == kImage ? 1.0 / kMaxActivation : scales_[to_index(stored)];
  const double exponent = std::round(std::log2(target / (trained.scale * trained.step)));
  layer.shift = static_cast<int>(std::clamp(exponent, 0.0, double{network_rules::kMaxShift}));
  trained.step = std::ldexp(target / trained.scale, -layer.shift);
}

Model::Errors Model::draw_errors(double sigma) const {
  const torch::NoGradGuard no_grad;
  Errors errors(layers_.size());
  if (sigma == 0) return errors;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const torch::Tensor& weight = layers_[l].weight;
    if (weight.defined()) errors[l] = sigma * torch::randn(weight.sizes()).to(device_);
  }
  return errors;
}

torch::Tensor Model::levels(const Trained& layer) const {
  return round_through((layer.weight / layer.step).clamp(-kMaxWeight, kMaxWeight));
}

torch::Tensor Model::integer_bias(const Trained& layer) const {
  return round_through(layer.bias / (layer.scale * layer.step));
}

torch::Tensor Model::sums(std::size_t l, const Values& values, const Errors& errors) const {
  const Layer& layer = network_.layers[l];
  switch (layer.type) {
    case LayerType::kConvolution:
    case LayerType::kFullyConnected: {
      torch::Tensor weight = levels(layers_[l]);
      if (errors[l].defined()) weight = weight + errors[l];
      torch::Tensor x = input(values, l, 0);
      if (layer.takes_sums()) x = mean(x, layer, true);
      torch::Tensor y = convolve(x, layer, weight, integer_bias(layers_[l]));
      if (layer.adds()) y = y + input(values, l, 1) * std::ldexp(1.0, layer.shift);
      return layer.type == LayerType::kConvolution && layer.pool ? largest(y, layer) : y;
    }
    case LayerType::kAdd:
      return input(values, l, 0) * std::ldexp(1.0, layer.input_shifts[0]) +
             input(values, l, 1) * std::ldexp(1.0, layer.input_shifts[1]);
    case LayerType::kMaxPool:
      return largest(input(values, l, 0), layer);
    case LayerType::kAveragePool:
      break;
  }
  return mean(input(values, l, 0), layer, layer.activation == Activation::kSum);
}

torch::Tensor Model::quantise(std::size_t l, const torch::Tensor& sums) const {
  const Layer& layer = network_.layers[l];
  if (layer.type == LayerType::kMaxPool || layer.activation == Activation::kSum) return sums;
  if (layer.type == LayerType::kAveragePool) return round_through(sums);
  if (layer.activation == Activation::kLogits) {
    return layer.shift == 0 ? sums : round_through(sums * std::ldexp(1.0, -layer.shift));
  }
  return shift_and_clamp(sums, layer.shift, low(layer), high(layer));
}

torch::Tensor Model::forward_quantised(const torch::Tensor& pixels, const Errors& errors) const {
  Values values = start(pixels);
  for (std::size_t l = 0; l < layers_.size(); ++l) values[l] = quantise(l, sums(l, values, errors));
  return values[layers_.size() - 1].flatten(1) * (scales_.back() * logit_gain_);
}

void Model::scale_logits(const torch::Tensor& pixels, const torch::Tensor& labels) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits = forward_quantised(pixels, Errors(layers_.size()));
  const double unit = logit_gain_ / std::max(logits.std().item<double>(), 1e-30);
  double least = 0;
  double best = logit_gain_;
  for (int i = -8; i <= 16; ++i) {
    const double gain = unit * std::exp2(i / 2.0);
    const double loss =
        torch::nn::functional::cross_entropy(logits * (gain / logit_gain_), labels).item<double>();
    if (i == -8 || loss < least) {
      least = loss;
      best = gain;
    }
  }
  logit_gain_ = best;
}

Network Model::to_network() const {
  const torch::NoGradGuard no_grad;
  Network network = network_;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = network.layers[l];
    if (!layer.has_weights()) continue;
    const torch::Tensor weights = levels(layers_[l]).to(torch::kCPU, torch::kInt8).contiguous();
    const torch::Tensor biases =
        integer_bias(layers_[l]).to(torch::kCPU, torch::kInt32).contiguous();
    layer.weights.assign(weights.data_ptr<std::int8_t>(),
                         weights.data_ptr<std::int8_t>() + weights.numel());
    layer.biases.assign(biases.data_ptr<std::int32_t>(),
                        biases.data_ptr<std::int32_t>() + biases.numel());
  }
  finish_network(network, "trained network");
  return network;
}

}  // namespace mcnn::train
