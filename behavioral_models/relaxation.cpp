// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/relaxation.h"

#include <algorithm>
#include <cmath>

#include "behavioral_models/portable_math.h"

namespace mcnn {
namespace {

constexpr double kLowestOctave = -32.0;  // 2.3e-10 s
constexpr double kOctaves = 64.0;        // to 136 years
constexpr double kLn2 = 0.69314718055994530942;

}  // namespace

RelaxationProcess::RelaxationProcess(const DeviceCard& card) : card_(card) {
  for (std::uint32_t place = 0; place <= kNodes; ++place) {
    const double octave = kLowestOctave + (place * (kOctaves / kNodes));
    const double age_s = portable_exp(octave * kLn2);
    decades_[place] = card.relaxation_decades(age_s);
    spread_[place] = card.relaxation_spread(age_s);
  }
}

std::uint32_t RelaxationProcess::leaf_of(double age_s) {
  const double octave = portable_log(age_s) / kLn2;
  const double place = (octave - kLowestOctave) * (kNodes / kOctaves);
  return static_cast<std::uint32_t>(std::clamp(std::floor(place), 0.0, kNodes - 1.0));
}

double RelaxationProcess::between(double low, double high, double low_variance,
                                  double high_variance, double at, double z) {
  const double width = high_variance - low_variance;
  if (!(width > 0.0)) return low;
  const double inside = std::clamp(at - low_variance, 0.0, width);
  const double weight = inside / width;
  return low + ((high - low) * weight) + (std::sqrt(inside * (1.0 - weight)) * z);
}

}  // namespace mcnn
