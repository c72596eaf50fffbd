// SPDX-License-Identifier: Apache-2.0
// Relaxation as a process: what a cell has moved by age t after a write is a Gaussian process with
// independent increments, whose variance at age t is sigma(g, t)^2 of the device card. So what a
// cell did in its first minute says nothing about what it does in the next hour, but where it
// stands.
//
// The path of a write is a function of its random numbers alone, not of the ages at which it is
// looked at: P. Levy's construction on the logarithm of the age. Both ends of 2^-32 s .. 2^32 s are
// drawn, then the middle (on the logarithm) of the interval that the age is in, given its ends,
//
//   W(m) = W(a) + (W(b) - W(a)) w + sqrt((T(m) - T(a)) (1 - w)) z,   w = (T(m) - T(a)) / (T(b) -
//   T(a))
//
// with T = sigma(g, .)^2, eleven times, down to intervals of a factor 2^(1/32) in age; within the
// last one W is linear in T.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "behavioral_models/device_card.h"

namespace mcnn {

class RelaxationProcess {
 public:
  static constexpr int kDepth = 11;
  static constexpr std::uint32_t kNodes = 1U << kDepth;  // random numbers of a path but the end's

  static constexpr double kLongest_s = 4294967296.0;  // the right end

  explicit RelaxationProcess(const DeviceCard& card);

  // W of a cell that was written to g_uS, at an age above 0 [uS]. z(n): standard Gaussian n of the
  // path, n < kNodes; `end`: that of the right end.
  template <class Gaussian>
  double at(double g_uS, double age_s, const Gaussian& z, double end) const {
    const RelaxationLaw law = card_.relaxation_law(g_uS);
    std::uint32_t low = 0;
    std::uint32_t high = kNodes;
    double low_variance = variance(law, low);
    double high_variance = variance(law, high);
    double low_value = std::sqrt(low_variance) * z(0);
    double high_value = low_value + (std::sqrt(high_variance - low_variance) * end);
    const std::uint32_t leaf = leaf_of(age_s);
    for (std::uint32_t node = 1; node < kNodes;) {
      const std::uint32_t middle = (low + high) / 2;
      const double middle_variance = variance(law, middle);
      const double middle_value =
          between(low_value, high_value, low_variance, high_variance, middle_variance, z(node));
      const bool above = leaf >= middle;
      (above ? low : high) = middle;
      (above ? low_variance : high_variance) = middle_variance;
      (above ? low_value : high_value) = middle_value;
      node = (2 * node) + (above ? 1 : 0);
    }
    const double sigma = card_.relaxation_sigma_at(g_uS, age_s);
    return between(low_value, high_value, low_variance, high_variance, sigma * sigma, 0.0);
  }

 private:
  // Of the interval that holds the age; ages beyond the ends count as in the first or last.
  static std::uint32_t leaf_of(double age_s);
  double variance(const RelaxationLaw& law, std::uint32_t place) const {
    const double sigma = law.sigma(decades_[place], spread_[place]);
    return sigma * sigma;
  }
  static double between(double low, double high, double low_variance, double high_variance,
                        double at, double z);

  DeviceCard card_;
  std::array<double, kNodes + 1> decades_{};  // of each place on the axis (RelaxationLaw)
  std::array<double, kNodes + 1> spread_{};
};

}  // namespace mcnn
