// SPDX-License-Identifier: Apache-2.0
// The network as libtorch trains it, first in real numbers, then on the chip's integers.
//
// Trained are real master weights W and biases B. In the quantised network the layer computes with
//
//   w = clamp(round(W / step), -7, 7) + error     step: the size of a weight level
//   b = round(B / (in_scale * step))              in_scale: what an activation of 1 stands for at
//   the layer's input y = clamp(round((conv(x, w) + b) / 2^shift), 0, 255)
//
// with x and y in 0..255, so it is the integer network itself; W, B and the step only give the
// optimiser the scale of the real network. The scale at the output, in_scale * step * 2^shift, is
// that of the next layer's input: the shift is the only thing between two layers. round() passes
// gradients unchanged, clamp() passes them inside its range.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "host/network/network.h"

namespace mcnn::train {

struct LayerShape {
  const char* name;
  int channels;  // of the input
  int kernels;
  int kernel;  // rows and columns, stride 1, no padding
  int pool;  // rows, columns and stride of the pooling window, which may stick out of the map; 1 is
             // no pooling

  constexpr int weights_per_kernel() const { return channels * kernel * kernel; }
};

// A network to train, of square images, and how it is trained unless options say otherwise: few
// weights take longer and have no room for digits that are turned.
struct NetworkShape {
  const char* name;
  int image_size;  // rows and columns
  std::vector<LayerShape> layers;
  int epochs_float;
  int epochs_quantised;
  double max_shift;     // pixels of 28x28
  double max_rotation;  // degrees
};

// The networks of data/networks: `yao2020`, the published one, and `tiny` for the smallest
// configuration. A fully connected layer is a convolution with kernels as large as the map: its
// inputs are in the order channel, row, column.
const std::vector<NetworkShape>& network_shapes();

inline constexpr int kDigitSize = 28;  // rows and columns of MNIST's images
inline constexpr int kClasses = 10;

class Model {
 public:
  explicit Model(const NetworkShape& shape);

  // Logits of the real network. `pixels`: [image][1][row][column], 0..255.
  torch::Tensor forward_real(const torch::Tensor& pixels) const;

  // Chooses the weight steps and the shifts of the quantised network from the real one.
  //   weight_range: weights beyond this many standard deviations of their layer become +-7
  //   max_clipped: fraction of a layer's positive activations on `pixels` that may exceed 255
  void calibrate(const torch::Tensor& pixels, double weight_range, double max_clipped);

  // Logits of the quantised network, in the scale of the real one, with a Gaussian error of `sigma`
  // [weight levels] on every weight (drawn from libtorch's generator; the same for all images).
  torch::Tensor forward_quantised(const torch::Tensor& pixels, double sigma) const;

  // After a step of the optimiser: takes master weights back to where a level exists, so that none
  // drifts away where clamp() passes no gradient.
  void clamp_weights();

  // A running average of the weights: a copy with tensors of its own, moved by a fraction of the
  // way at every step.
  Model clone() const;
  void move_towards(const Model& other, double fraction);

  std::vector<torch::Tensor> parameters() const;

  // The integer network, checked against the rules of the network format (throws Error).
  Network to_network() const;

 private:
  struct Trained {
    torch::Tensor weight;  // [kernel][channel][row][column]
    torch::Tensor bias;    // [kernel]
    double step = 0;
    double in_scale = 0;
    int shift = 0;
  };

  torch::Tensor levels(const Trained& layer) const;
  torch::Tensor integer_bias(const Trained& layer) const;
  // The sums of layer `l` over integer activations, after pooling: as rounding, shift and clamp
  // keep the order of values, they may follow the maximum, on a fraction of the values.
  torch::Tensor pooled_sums(std::size_t l, const torch::Tensor& x, double sigma) const;

  NetworkShape shape_;
  std::vector<Trained> layers_;
};

}  // namespace mcnn::train
