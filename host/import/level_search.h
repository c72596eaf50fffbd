// SPDX-License-Identifier: Apache-2.0
// Levels -7..7 for the weights of one kernel, so that what it gives on given inputs is nearest to
// what it should give: rounding that knows the inputs, by coordinate descent on the squared error.
#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <vector>

namespace mcnn {

// Sums over all positions of some images, of one group of kernels: x the integer inputs under the
// kernels, t what the kernels should give.
class LevelFit {
 public:
  LevelFit(Eigen::Index fan_in, Eigen::Index kernels);

  // A column a position. `inputs`: fan_in rows, `targets`: kernels rows.
  template <typename Inputs, typename Targets>
  void add(const Inputs& inputs, const Targets& targets) {
    Eigen::MatrixXf squares = Eigen::MatrixXf::Zero(inputs.rows(), inputs.rows());
    squares.selfadjointView<Eigen::Lower>().rankUpdate(inputs);
    squares_ += squares.template cast<double>();
    products_ += (inputs * targets.transpose()).template cast<double>();
    input_sum_ += inputs.rowwise().sum().template cast<double>();
    target_sum_ += targets.rowwise().sum().template cast<double>();
    target_squares_ += targets.array().square().rowwise().sum().matrix().template cast<double>();
    count_ += static_cast<double>(inputs.cols());
  }
  // Takes the means out: the bias makes up for them. Call once, behind the last add().
  void centre();

  struct Levels {
    Eigen::MatrixXd levels;  // [kernel][input]
    double error = 0.0;      // squared, summed over positions and kernels
    int clipped = 0;         // weights beyond the largest level
  };
  // `weights`: [kernel][input], in units of target / input; `scale`: what a level is worth.
  Levels fit(const Eigen::MatrixXd& weights, double scale) const;
  // The bias, in units of the target, that keeps the mean.
  Eigen::VectorXd biases(const Eigen::MatrixXd& levels, double scale) const;

  double count() const { return count_; }  // of positions

 private:
  Eigen::MatrixXd squares_;  // until centre() the lower half alone
  Eigen::MatrixXd products_;
  Eigen::VectorXd input_sum_;
  Eigen::VectorXd target_sum_;
  Eigen::VectorXd target_squares_;
  double count_ = 0.0;
};

}  // namespace mcnn
