// SPDX-License-Identifier: Apache-2.0
#include "host/import/level_search.h"

#include <algorithm>
#include <cmath>

#include "host/network/network_rules.h"

namespace mcnn {
namespace {

constexpr double kMaxLevel = network_rules::kMaxWeight;
constexpr int kMaxSweeps = 20;
// Of the mean square of an input, added to all: where the images say little of a weight, it stays
// near the trained one.
constexpr double kRegularisation = 0.01;

double nearest_level(double value) { return std::clamp(std::round(value), -kMaxLevel, kMaxLevel); }

}  // namespace

LevelFit::LevelFit(Eigen::Index fan_in, Eigen::Index kernels)
    : squares_(Eigen::MatrixXd::Zero(fan_in, fan_in)),
      products_(Eigen::MatrixXd::Zero(fan_in, kernels)),
      input_sum_(Eigen::VectorXd::Zero(fan_in)),
      target_sum_(Eigen::VectorXd::Zero(kernels)),
      target_squares_(Eigen::VectorXd::Zero(kernels)) {}

void LevelFit::centre() {
  squares_ -= input_sum_ * input_sum_.transpose() / count_;
  products_ -= input_sum_ * target_sum_.transpose() / count_;
}

LevelFit::Levels LevelFit::fit(const Eigen::MatrixXd& weights, double scale) const {
  const Eigen::Index fan_in = squares_.rows();
  const double ridge =
      kRegularisation * squares_.trace() / static_cast<double>(std::max<Eigen::Index>(fan_in, 1));
  Levels best;
  best.levels.resize(weights.rows(), fan_in);
  for (Eigen::Index k = 0; k < weights.rows(); ++k) {
    const Eigen::VectorXd wanted = weights.row(k).transpose() / scale;
    Eigen::VectorXd levels = wanted.unaryExpr(&nearest_level);
    best.clipped += static_cast<int>((wanted.array().abs() > kMaxLevel + 0.5).count());
    // Half the gradient of q'Hq - 2 q'g, with what keeps q near the wanted weights.
    Eigen::VectorXd gradient =
        squares_ * levels - products_.col(k) / scale + ridge * (levels - wanted);
    for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
      bool moved = false;
      for (Eigen::Index i = 0; i < fan_in; ++i) {
        const double curvature = squares_(i, i) + ridge;
        if (curvature <= 0.0) continue;
        const double step = nearest_level(levels[i] - gradient[i] / curvature) - levels[i];
        if (step == 0.0) continue;
        levels[i] += step;
        gradient += step * squares_.col(i);
        gradient[i] += step * ridge;
        moved = true;
      }
      if (!moved) break;
    }
    const double spread = target_squares_[k] - target_sum_[k] * target_sum_[k] / count_;
    best.error += spread - 2.0 * scale * levels.dot(products_.col(k)) +
                  scale * scale * levels.dot(squares_ * levels);
    best.levels.row(k) = levels.transpose();
  }
  return best;
}

Eigen::VectorXd LevelFit::biases(const Eigen::MatrixXd& levels, double scale) const {
  return (target_sum_ - scale * (levels * input_sum_)) / count_;
}

}  // namespace mcnn
