// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/device_limits.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace mcnn {

DeviceLimits device_limits(const DeviceCard& card) {
  DeviceLimits limits;
  const double step = card.level_step_uS();
  limits.offset = card.g_min_uS / step;
  limits.converter_sigma = std::sqrt(card.adc_sigma_codes * card.adc_sigma_codes +
                                     card.adc_offset_sigma_codes * card.adc_offset_sigma_codes +
                                     card.adc_inl_codes * card.adc_inl_codes);
  limits.converter_gain = card.adc_gain_sigma;
  limits.any_code = card.has_stuck_cells() || card.has_endurance();
  for (size_t level = 0; level < limits.sigma.size(); ++level) {
    const double written = card.level_uS(static_cast<int>(level));
    double mean = 0.0;
    double square = 0.0;
    const auto [first, last] = card.measured_near(written);
    for (size_t i = first; i < last; ++i) {
      const double error = card.measured[i].measured_uS - card.measured[i].target_uS;
      mean += error / static_cast<double>(last - first);
      square += error * error / static_cast<double>(last - first);
    }
    const double factor =
        card.age_s > 0.0 ? card.drift_factor(card.drift_exponent, card.age_s) : 1.0;
    const double shift = mean + card.relaxation_mean_at(written, card.age_s);
    const double conductance =
        card.disturbed(std::max(0.0, written + shift) * factor, card.read_disturb_pulses);
    const double programming = card.programming_sigma_at(written);
    const double relaxation = card.relaxation_sigma_at(written, card.age_s);
    const double cell = std::sqrt(programming * programming + relaxation * relaxation +
                                  std::max(0.0, square - mean * mean)) *
                        factor;
    const double read = card.read_noise * conductance;
    limits.shift[level] = (conductance - written) / step;
    limits.sigma[level] =
        std::sqrt(cell * cell + read * read + card.read_noise_uS * card.read_noise_uS) / step;
  }
  return limits;
}

}  // namespace mcnn
