// SPDX-License-Identifier: Apache-2.0
// How good a trained network is: exactly as an integer network, and with an error on every weight.
// Independent of libtorch, so that what the trainer reports does not rest on the arithmetic that it
// trained with.
#pragma once

#include <cstdint>
#include <random>
#include <span>

#include "host/network/idx.h"
#include "host/network/network.h"

namespace mcnn::train {

inline constexpr int kMaxWeight = 7;
inline constexpr int kMaxActivation = 255;

// The weight error that networks are judged with: standard deviation / largest weight.
inline constexpr double kJudgedError = 0.06;

// Normal deviates (Box-Muller) that do not depend on the C++ library's distributions.
class Gaussian {
 public:
  explicit Gaussian(std::uint64_t seed) : generator_(seed) {}
  double operator()();

 private:
  std::mt19937_64 generator_;
};

// Fraction of the images that the integer network classifies as labelled.
double accuracy(const Network& network, const Dataset& data);

// A chain of convolutions with stride 1, without padding and groups, and fully connected layers:
// what the next function evaluates.
bool is_plain_chain(const Network& network);

// The same with a Gaussian error of standard deviation `sigma` [weight levels] on every weight,
// drawn once for all images from `seed`, as in an array that was programmed once. Sums are double
// precision; rounding, shift and clamp are those of the integer network. For plain chains.
double accuracy_with_weight_error(const Network& network, const Dataset& data, double sigma,
                                  std::uint64_t seed);

struct ErrorAccuracy {
  double mean = 0;
  double deviation = 0;  // standard deviation of the draws (n - 1)
};

// Of the fractions of several draws.
ErrorAccuracy summary(std::span<const double> values);

// Over `draws` arrays with errors of kJudgedError, from seeds first_seed, first_seed + 1, ...
ErrorAccuracy accuracy_over_draws(const Network& network, const Dataset& data, int draws,
                                  std::uint64_t first_seed);

}  // namespace mcnn::train
