// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/refit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>

#include "behavioral_models/gaussian_stream.h"
#include "behavioral_models/kernels.h"
#include "common/index.h"

namespace mcnn {
namespace {

// A bias is fitted in the units of the weights, as that of one more input, which always is this.
constexpr double kBiasInput = 256.0;

// Parameters of the fit are [input][output], those of the bias input last.
std::vector<double> to_parameters(const LastLayer& layer, size_t inputs, size_t outputs) {
  std::vector<double> parameters((inputs + 1) * outputs);
  for (size_t k = 0; k < outputs; ++k) {
    for (size_t j = 0; j < inputs; ++j) {
      parameters[j * outputs + k] = layer.weights[k * inputs + j];
    }
    parameters[inputs * outputs + k] = layer.biases[k] / kBiasInput;
  }
  return parameters;
}

LastLayer to_layer(std::span<const double> parameters, size_t inputs, size_t outputs) {
  LastLayer layer;
  layer.weights.resize(inputs * outputs);
  for (size_t k = 0; k < outputs; ++k) {
    for (size_t j = 0; j < inputs; ++j) {
      layer.weights[k * inputs + j] = parameters[j * outputs + k];
    }
    layer.biases.push_back(kBiasInput * parameters[inputs * outputs + k]);
  }
  return layer;
}

// Bounds of the weights, [input][output].
std::vector<Reach> weight_bounds(const RefitSettings& settings, size_t inputs, size_t outputs) {
  std::vector<Reach> bounds(inputs * outputs, {-settings.largest, settings.largest});
  for (size_t i = 0; i < settings.bounds.size(); ++i) {
    bounds[i % inputs * outputs + i / inputs] = settings.bounds[i];
  }
  return bounds;
}

// Adds the gradient of one image's loss, in units of `unit`, which a parameter times its input is
// scaled by to make a logit. `error` is room for one number an output.
void add_gradient(std::span<const uint8_t> x, int label, std::span<const double> parameters,
                  double unit, std::span<double> error, std::span<double> gradient) {
  const size_t inputs = x.size();
  const size_t outputs = error.size();
  for (size_t k = 0; k < outputs; ++k) {
    error[k] = kBiasInput * parameters[inputs * outputs + k];
  }
  for (size_t j = 0; j < inputs; ++j) {
    if (x[j] == 0) continue;
    const double value = x[j];
    const double* row = &parameters[j * outputs];
    for (size_t k = 0; k < outputs; ++k) {
      error[k] += value * row[k];
    }
  }
  for (double& value : error) {
    value *= unit;
  }
  softmax(error);
  error[to_index(label)] -= 1.0;
  for (size_t j = 0; j < inputs; ++j) {
    if (x[j] == 0) continue;
    const double value = x[j];
    double* row = &gradient[j * outputs];
    for (size_t k = 0; k < outputs; ++k) {
      row[k] += value * error[k];
    }
  }
  for (size_t k = 0; k < outputs; ++k) {
    gradient[inputs * outputs + k] += kBiasInput * error[k];
  }
}

// D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
class Adam {
 public:
  explicit Adam(size_t parameters) : first_(parameters, 0.0), second_(parameters, 0.0) {}

  // Begins a step: `change` is then asked once for every parameter.
  void begin_step() {
    decay1_ *= kBeta1;
    decay2_ *= kBeta2;
  }
  // By how much parameter n goes down.
  double change(size_t n, double gradient, double rate) {
    first_[n] = kBeta1 * first_[n] + (1.0 - kBeta1) * gradient;
    second_[n] = kBeta2 * second_[n] + (1.0 - kBeta2) * gradient * gradient;
    const double mean = first_[n] / (1.0 - decay1_);
    const double square = second_[n] / (1.0 - decay2_);
    return rate * mean / (std::sqrt(square) + kEpsilon);
  }

 private:
  static constexpr double kBeta1 = 0.9;
  static constexpr double kBeta2 = 0.999;
  static constexpr double kEpsilon = 1e-12;

  std::vector<double> first_;  // moments
  std::vector<double> second_;
  double decay1_ = 1.0;
  double decay2_ = 1.0;
};

}  // namespace

LastLayer refit(const ForwardBatch& data, const LastLayer& start, double beta, int shift,
                const RefitSettings& settings) {
  const size_t inputs = to_index(data.inputs);
  const size_t outputs = to_index(data.outputs);
  const size_t weights = inputs * outputs;
  const size_t count = data.count();
  const double unit = beta / static_cast<double>(1 << shift);
  std::vector<double> parameters = to_parameters(start, inputs, outputs);
  const std::vector<double> anchor = parameters;
  const std::vector<Reach> bounds = weight_bounds(settings, inputs, outputs);
  Adam adam(parameters.size());
  std::vector<double> gradient(parameters.size());
  std::vector<double> noisy(parameters.size());
  std::vector<double> error(outputs);
  GaussianStream errors(settings.seed, 0, Purpose::kTuningError, supported_kernels().front());
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  uint32_t word = 0;
  const size_t batch = to_index(settings.batch);
  const auto steps = static_cast<int64_t>(settings.epochs * ((count + batch - 1) / batch));
  int64_t step = 0;
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    for (size_t i = count; i > 1; --i) {
      const uint32_t random = word_number(settings.seed, 0, Purpose::kTuningOrder, 0, word++);
      std::swap(order[i - 1], order[static_cast<uint64_t>(random) * i >> 32]);
    }
    for (size_t begin = 0; begin < count; begin += batch) {
      const size_t end = std::min(count, begin + batch);
      noisy = parameters;
      if (settings.weight_sigma > 0.0) {
        const float* z = errors.next(weights);
        for (size_t n = 0; n < weights; ++n) {
          noisy[n] += settings.weight_sigma * static_cast<double>(z[n]);
        }
      }
      std::fill(gradient.begin(), gradient.end(), 0.0);
      for (size_t n = begin; n < end; ++n) {
        add_gradient(data.feature(order[n]), data.labels[order[n]], noisy, unit, error, gradient);
      }
      adam.begin_step();
      const double scale = unit / static_cast<double>(end - begin);
      const double rate =
          settings.learning_rate * (1.0 - (static_cast<double>(step) / static_cast<double>(steps)));
      for (size_t n = 0; n < parameters.size(); ++n) {
        double g = gradient[n] * scale;
        if (n < weights) g += settings.penalty * (parameters[n] - anchor[n]);
        parameters[n] -= adam.change(n, g, rate);
        if (n < weights) {
          parameters[n] = bounds[n].nearest(parameters[n]);
        }
      }
      ++step;
    }
  }
  return to_layer(parameters, inputs, outputs);
}

std::vector<double> refit_biases(const ForwardBatch& data, double beta, int shift) {
  const size_t outputs = to_index(data.outputs);
  std::vector<double> added(outputs, 0.0);  // [logits]
  std::vector<double> p(outputs);
  std::vector<double> slope(outputs);
  std::vector<double> curvature(outputs);
  constexpr int kSteps = 30;
  for (int step = 0; step < kSteps; ++step) {
    std::fill(slope.begin(), slope.end(), 0.0);
    std::fill(curvature.begin(), curvature.end(), 1e-3);
    for (size_t i = 0; i < data.count(); ++i) {
      const std::span<const int32_t> logits = data.logit(i);
      for (size_t k = 0; k < outputs; ++k) {
        p[k] = beta * (logits[k] + added[k]);
      }
      softmax(p);
      for (size_t k = 0; k < outputs; ++k) {
        slope[k] += p[k] - (k == data.labels[i] ? 1.0 : 0.0);
        curvature[k] += p[k] * (1.0 - p[k]);
      }
    }
    // Half a step of the diagonal: the Hessian p_k [k = l] - p_k p_l is at most twice its diagonal.
    for (size_t k = 0; k < outputs; ++k) {
      added[k] -= 0.5 * slope[k] / (beta * curvature[k]);
    }
  }
  const double mean =
      std::accumulate(added.begin(), added.end(), 0.0) / static_cast<double>(outputs);
  for (double& value : added) {
    value = (value - mean) * static_cast<double>(1 << shift);
  }
  return added;
}

}  // namespace mcnn
