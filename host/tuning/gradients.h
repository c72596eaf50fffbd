// SPDX-License-Identifier: Apache-2.0
// What the chip gave for a set of images, and what the last layer's loss says about it: cross
// entropy of the softmax of scaled logits, and its gradients. docs/tuning.md has the equations.
//
// Everything is IEEE double in a fixed order (images ascending, then inputs, then outputs), with
// the project's own exponential and logarithm, so that results do not depend on threads, engine or
// machine. Weights are in level steps Gs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mcnn {

// What the chip gave for a set of images.
struct ForwardBatch {
  int inputs = 0;
  int outputs = 0;
  std::vector<uint8_t> features;  // [image][input], the last hidden map
  std::vector<int32_t> logits;    // [image][output]
  std::vector<uint8_t> labels;    // [image]

  size_t count() const { return labels.size(); }
  std::span<const uint8_t> feature(size_t image) const {
    return std::span(features).subspan(image * static_cast<size_t>(inputs),
                                       static_cast<size_t>(inputs));
  }
  std::span<const int32_t> logit(size_t image) const {
    return std::span(logits).subspan(image * static_cast<size_t>(outputs),
                                     static_cast<size_t>(outputs));
  }
};

// Images whose largest logit (the lowest of equal ones) is not their label.
int count_errors(const ForwardBatch& batch);

// Mean cross entropy of softmax(beta * logits).
double cross_entropy(const ForwardBatch& batch, double beta);
// The beta > 0 at which cross_entropy is smallest: how much a logit is worth.
double fit_beta(const ForwardBatch& batch);

// d cross_entropy / d weight of the last layer [1 / level step], [output * inputs + input]:
//   beta / 2^shift * mean over images of (p_output - [output is the label]) * x_input
std::vector<double> weight_gradient(const ForwardBatch& batch, double beta, int shift);
// d cross_entropy / d bias of the last layer.
std::vector<double> bias_gradient(const ForwardBatch& batch, double beta, int shift);

// Softmax of scaled values, in place; returns the logarithm of the sum it divided by, of the values
// as they were.
double softmax(std::span<double> values);

}  // namespace mcnn
