// SPDX-License-Identifier: Apache-2.0
// Statistical tests with a known error probability: each rejects what is right for one seed in 10^6
// (the seeds are fixed, so a test that passes goes on passing).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace mcnn {

// Kolmogorov-Smirnov: sqrt(n) times the largest distance between the sample's distribution and
// `cdf` is above 2.69 with the probability 2 exp(-2 * 2.69^2) = 1.0e-6.
inline void expect_distribution(std::vector<double> sample,
                                const std::function<double(double)>& cdf) {
  ASSERT_GE(sample.size(), 500U) << "a sample too small to tell anything";
  std::ranges::sort(sample);
  const auto n = static_cast<double>(sample.size());
  double distance = 0.0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double p = cdf(sample[i]);
    distance = std::max(
        {distance, p - (static_cast<double>(i) / n), ((static_cast<double>(i) + 1.0) / n) - p});
  }
  EXPECT_LT(std::sqrt(n) * distance, 2.69);
}

inline double gaussian_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

inline void expect_gaussian(const std::vector<double>& sample, double mean, double sigma) {
  expect_distribution(sample, [=](double x) { return gaussian_cdf((x - mean) / sigma); });
}

// Correlation of independent Gaussians: beyond 4.9 / sqrt(n) with a probability of 1e-6.
inline void expect_uncorrelated(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double sa = 0;
  double sb = 0;
  double saa = 0;
  double sbb = 0;
  double sab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sa += a[i];
    sb += b[i];
    saa += a[i] * a[i];
    sbb += b[i] * b[i];
    sab += a[i] * b[i];
  }
  const double correlation =
      ((n * sab) - (sa * sb)) / std::sqrt(((n * saa) - (sa * sa)) * ((n * sbb) - (sb * sb)));
  EXPECT_LT(std::abs(correlation), 4.9 / std::sqrt(n));
}

// Hits of n trials with probability p: beyond 4.9 standard deviations with a probability of 1e-6.
inline void expect_hits(double hits, double n, double p) {
  EXPECT_NEAR(hits, n * p, 4.9 * std::sqrt(n * p * (1.0 - p)));
}

}  // namespace mcnn
