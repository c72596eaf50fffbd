// SPDX-License-Identifier: Apache-2.0
// Refit of the last layer in the host, on the features that the chip gave. Same bits everywhere, as
// the gradients (gradients.h).
#pragma once

#include <cstdint>
#include <vector>

#include "host/programming/fault_map.h"
#include "host/tuning/gradients.h"

namespace mcnn {

struct RefitSettings {
  int epochs = 60;
  int batch = 100;
  double learning_rate = 0.1;  // of Adam, at the start, in level steps
  double weight_sigma = 0.0;   // [level steps] error that a written weight will have
  double penalty = 0.0;        // on the squared distance of the weights from the start
  double largest = 7.0;        // bound of a weight [level steps]
  // Instead of it, one for each weight: what its pair of cells can do. Empty: `largest` for all.
  std::vector<Reach> bounds;
  uint64_t seed = 1;  // of the errors and of the order of the images
};

// Weights [level steps] and biases [units of a logit's sum] of a last layer, real numbers.
struct LastLayer {
  std::vector<double> weights;  // [output * inputs + input]
  std::vector<double> biases;
};

// Multinomial logistic regression on the features: fits weights and biases so that softmax(beta *
// (W x + b) / 2^shift) gives the labels while every weight has a fresh Gaussian error in every
// mini-batch, which is what writing will do to it. Starts from `start`.
LastLayer refit(const ForwardBatch& data, const LastLayer& start, double beta, int shift,
                const RefitSettings& settings);

// Biases alone, on the logits that the chip gave: Newton's method on the full set.
// Returns what to add to the biases, in units of a logit's sum.
std::vector<double> refit_biases(const ForwardBatch& data, double beta, int shift);

}  // namespace mcnn
