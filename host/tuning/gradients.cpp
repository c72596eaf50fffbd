// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/gradients.h"

#include <algorithm>

#include "behavioral_models/portable_math.h"
#include "common/index.h"

namespace mcnn {
namespace {

// p - [label], of the logits of one image.
void logit_error(std::span<const int32_t> logits, int label, double beta, std::span<double> error) {
  for (size_t k = 0; k < error.size(); ++k) {
    error[k] = beta * logits[k];
  }
  softmax(error);
  error[to_index(label)] -= 1.0;
}

// d cross_entropy / d beta.
double beta_slope(const ForwardBatch& batch, double beta) {
  std::vector<double> p(to_index(batch.outputs));
  double slope = 0.0;
  for (size_t i = 0; i < batch.count(); ++i) {
    const std::span<const int32_t> logits = batch.logit(i);
    logit_error(logits, batch.labels[i], beta, p);
    for (size_t k = 0; k < p.size(); ++k) {
      slope += p[k] * logits[k];
    }
  }
  return slope;
}

}  // namespace

double softmax(std::span<double> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0.0;
  for (double& value : values) {
    value = portable_exp(value - largest);
    sum += value;
  }
  for (double& value : values) {
    value /= sum;
  }
  return largest + portable_log(sum);
}

int count_errors(const ForwardBatch& batch) {
  int errors = 0;
  for (size_t i = 0; i < batch.count(); ++i) {
    const std::span<const int32_t> logits = batch.logit(i);
    errors += std::max_element(logits.begin(), logits.end()) - logits.begin() != batch.labels[i];
  }
  return errors;
}

double cross_entropy(const ForwardBatch& batch, double beta) {
  std::vector<double> p(to_index(batch.outputs));
  double sum = 0.0;
  for (size_t i = 0; i < batch.count(); ++i) {
    const std::span<const int32_t> logits = batch.logit(i);
    for (size_t k = 0; k < p.size(); ++k) {
      p[k] = beta * logits[k];
    }
    sum += softmax(p) - beta * logits[batch.labels[i]];
  }
  return sum / static_cast<double>(batch.count());
}

double fit_beta(const ForwardBatch& batch) {
  int32_t largest = 1;
  for (const int32_t logit : batch.logits) {
    largest = std::max(largest, logit < 0 ? -logit : logit);
  }
  // The cross entropy is convex in beta: its slope has one zero. Where every image is right there
  // is none; a logit difference of largest / 16 is then worth e^16.
  double low = 1.0 / (64.0 * largest);
  double high = 256.0 / largest;
  if (beta_slope(batch, low) >= 0.0) {
    return low;
  }
  constexpr int kHalvings = 40;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    (beta_slope(batch, middle) < 0.0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

std::vector<double> weight_gradient(const ForwardBatch& batch, double beta, int shift) {
  const size_t inputs = to_index(batch.inputs);
  const size_t outputs = to_index(batch.outputs);
  std::vector<double> gradient(inputs * outputs, 0.0);
  std::vector<double> error(outputs);
  for (size_t i = 0; i < batch.count(); ++i) {
    logit_error(batch.logit(i), batch.labels[i], beta, error);
    const std::span<const uint8_t> x = batch.feature(i);
    for (size_t k = 0; k < outputs; ++k) {
      for (size_t j = 0; j < inputs; ++j) {
        gradient[k * inputs + j] += error[k] * x[j];
      }
    }
  }
  const double scale =
      beta / (static_cast<double>(1 << shift) * static_cast<double>(batch.count()));
  for (double& value : gradient) {
    value *= scale;
  }
  return gradient;
}

std::vector<double> bias_gradient(const ForwardBatch& batch, double beta, int shift) {
  std::vector<double> gradient(to_index(batch.outputs), 0.0);
  std::vector<double> error(gradient.size());
  for (size_t i = 0; i < batch.count(); ++i) {
    logit_error(batch.logit(i), batch.labels[i], beta, error);
    for (size_t k = 0; k < error.size(); ++k) {
      gradient[k] += error[k];
    }
  }
  const double scale =
      beta / (static_cast<double>(1 << shift) * static_cast<double>(batch.count()));
  for (double& value : gradient) {
    value *= scale;
  }
  return gradient;
}

}  // namespace mcnn
