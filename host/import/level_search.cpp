// SPDX-License-Identifier: Apache-2.0
#include "host/import/level_search.h"

#include <algorithm>

#include "host/network/network_rules.h"

namespace mcnn {
namespace {

constexpr double kMaxLevel = network_rules::kMaxWeight;
constexpr int kMaxSweeps = 20;
// Of the mean square of an input, added to all: where the images say little of a weight, it stays
// near the trained one.
constexpr double kRegularisation = 0.01;

double nearest_level(double value) {
  const double level = std::min(kMaxLevel, std::max(-kMaxLevel, value));  // of no number: -7
  return static_cast<int>(level < 0.0 ? level - 0.5 : level + 0.5);       // std::round is a call
}

}  // namespace

LevelFit::LevelFit(Eigen::Index fan_in, Eigen::Index kernels)
    : squares_(Eigen::MatrixXd::Zero(fan_in, fan_in)),
      products_(Eigen::MatrixXd::Zero(fan_in, kernels)),
      input_sum_(Eigen::VectorXd::Zero(fan_in)),
      target_sum_(Eigen::VectorXd::Zero(kernels)),
      target_squares_(Eigen::VectorXd::Zero(kernels)) {}

void LevelFit::centre() {
  squares_ = Eigen::MatrixXd(squares_.selfadjointView<Eigen::Lower>());
  squares_ -= input_sum_ * input_sum_.transpose() / count_;
  products_ -= input_sum_ * target_sum_.transpose() / count_;
}

LevelFit::Levels LevelFit::fit(const Eigen::MatrixXd& weights, double scale) const {
  const Eigen::Index fan_in = squares_.rows();
  const double ridge =
      kRegularisation * squares_.trace() / static_cast<double>(std::max<Eigen::Index>(fan_in, 1));
  Levels best;
  const Eigen::MatrixXd wanted = weights.transpose() / scale;
  Eigen::MatrixXd levels = wanted.unaryExpr(&nearest_level);
  best.clipped = static_cast<int>((wanted.array().abs() > kMaxLevel + 0.5).count());
  // Half the gradients of q'Hq - 2 q'g, with what keeps q near the wanted weights.
  Eigen::MatrixXd gradients = squares_ * levels - products_ / scale + ridge * (levels - wanted);
  for (Eigen::Index k = 0; k < weights.rows(); ++k) {
    auto q = levels.col(k);
    auto gradient = gradients.col(k);
    for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
      bool moved = false;
      for (Eigen::Index i = 0; i < fan_in; ++i) {
        const double curvature = squares_(i, i) + ridge;
        if (curvature <= 0.0) continue;
        const double step = nearest_level(q[i] - gradient[i] / curvature) - q[i];
        if (step == 0.0) continue;
        q[i] += step;
        gradient += step * squares_.col(i);
        gradient[i] += step * ridge;
        moved = true;
      }
      if (!moved) break;
    }
    // The gradient holds what the squares make of the levels.
    const double spread = target_squares_[k] - target_sum_[k] * target_sum_[k] / count_;
    best.error += spread - scale * q.dot(products_.col(k)) +
                  scale * scale * q.dot(gradient - ridge * (q - wanted.col(k)));
  }
  best.levels = levels.transpose();
  return best;
}

Eigen::VectorXd LevelFit::biases(const Eigen::MatrixXd& levels, double scale) const {
  return (target_sum_ - scale * (levels * input_sum_)) / count_;
}

}  // namespace mcnn
