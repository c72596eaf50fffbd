// SPDX-License-Identifier: Apache-2.0
// The network as libtorch trains it, first in real numbers, then on the chip's integers.
//
// Trained are real master weights W and biases B. In the quantised network a layer computes with
//
//   w = clamp(round(W / step), -7, 7) + error     step: the size of a weight level
//   b = round(B / (scale * step))                 scale: what a pixel of 1 stands for at its input
//   y = clamp(round((conv(x, w) + b) / 2^shift), 0, 255)
//
// with x and y in 0..255, so it is the integer network itself; W, B and the step only give the
// optimiser the scale of the real network. The scale at the output, scale * step * 2^shift, is that
// of the next layer's input: the shift is the only thing between two layers. Maps with a zero point
// z are kept as x - z. A residual sum adds the sums of its convolution to the stored map, shifted
// by as much as the result is shifted back, so that both maps have one scale. round() passes
// gradients unchanged, clamp() passes them inside its range.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "host/network/network.h"
#include "host/tuning/train/topology.h"

namespace mcnn::train {

inline constexpr int kDigitSize = 28;  // rows and columns of MNIST's images
inline constexpr int kClasses = 10;

class Model {
 public:
  // Random weights; `normalised`: see Topology.
  Model(const Network& network, bool normalised, torch::Device device);
  // The weights, biases and shifts of an integer network, to train it on.
  Model(const Network& network, torch::Device device);

  // Logits of the real network. `pixels`: [image][channel][row][column], 0..255. `training`: a
  // batch normalisation takes the statistics of these images, and learns them.
  torch::Tensor forward_real(const torch::Tensor& pixels, bool training = false) const;

  // Makes batch normalisations part of the weights and biases.
  void fold();

  // Chooses the weight steps and the shifts of the quantised network from the real one.
  //   weight_range: weights beyond this many standard deviations of their layer become +-7
  //   max_clipped: fraction of a layer's positive activations on `pixels` that may exceed 255
  void calibrate(const torch::Tensor& pixels, double weight_range, double max_clipped);

  // An error for every weight, per layer, as writing an array makes them.
  using Errors = std::vector<torch::Tensor>;
  // Gaussian ones of `sigma` levels, from libtorch's generator; none for 0.
  Errors draw_errors(double sigma) const;

  // Logits of the quantised network, in the scale of the real one. `errors`: of draw_errors, the
  // same for all images.
  torch::Tensor forward_quantised(const torch::Tensor& pixels, const Errors& errors) const;

  // What 1 of the integer network's logits is worth in those of forward_quantised.
  double logit_unit() const { return scales_.back() * logit_gain_; }

  // Of a network that was trained: chooses what its logits are worth, where the loss on these
  // images is least.
  void scale_logits(const torch::Tensor& pixels, const torch::Tensor& labels);

  // After a step of the optimiser: takes master weights back to where a level exists, so that none
  // drifts away where clamp() passes no gradient.
  void clamp_weights();

  // A running average of the weights: a copy with tensors of its own, moved by a fraction of the
  // way at every step.
  Model clone() const;
  void move_towards(const Model& other, double fraction);

  // A model that trains the same weights on a part of the images: their values are shared,
  // gradients and batch statistics are its own.
  Model replica() const;
  // Means of the gradients and of the batch statistics of replicas.
  void gather(const std::vector<Model>& replicas);

  std::vector<torch::Tensor> parameters() const;  // all that are trained
  std::vector<torch::Tensor> weights() const;     // of the layers alone

  // The integer network, checked against the rules of the network format (throws Error).
  Network to_network() const;

  // All that training changes, for a checkpoint.
  std::map<std::string, torch::Tensor> state() const;
  void set_state(const std::map<std::string, torch::Tensor>& state);

 private:
  struct Trained {
    torch::Tensor weight;  // [kernel][channel of its group][row][column]
    torch::Tensor bias;    // [kernel]
    // Of a batch normalisation, undefined without; its offset is the bias.
    torch::Tensor gain, mean, variance;
    double step = 0;
    double scale = 0;  // at the input
  };
  static constexpr std::array kTensors = {&Trained::weight, &Trained::bias, &Trained::gain,
                                          &Trained::mean, &Trained::variance};
  static constexpr std::size_t kTrainedTensors = 3;  // those that have gradients come first
  using Values = std::vector<torch::Tensor>;         // what each layer gave

  const torch::Tensor& input(const Values& values, std::size_t l, std::size_t i) const;
  torch::Tensor levels(const Trained& layer) const;
  torch::Tensor integer_bias(const Trained& layer) const;
  // The sums of layer `l` over integer activations, after pooling: as rounding, shift and clamp
  // keep the order of values, they may follow the maximum, on a fraction of the values.
  torch::Tensor sums(std::size_t l, const Values& values, const Errors& errors) const;
  // What the layer gives of them, as x - z.
  torch::Tensor quantise(std::size_t l, const torch::Tensor& sums) const;
  torch::Tensor real(std::size_t l, const Values& values, bool training) const;
  double input_scale(std::size_t l) const;
  double output_scale(std::size_t l) const;
  // Per layer whose map a residual sum is added to, the smallest scale at which neither that map
  // nor the results, which share it, are clipped; 0 of the others.
  std::vector<double> tied_scales(const torch::Tensor& pixels, double max_clipped) const;
  // The step and the shift of a convolution that adds to a stored map, by the scale of that.
  void tie(std::size_t l);
  Values start(const torch::Tensor& pixels) const;

  Network network_;
  std::vector<Trained> layers_;
  std::vector<double> scales_;  // per layer: what 1 of its output stands for
  double logit_gain_ = 1;
  torch::Device device_;
};

}  // namespace mcnn::train
