// SPDX-License-Identifier: Apache-2.0
// Small device cards that the tests of several rooms begin with.
#pragma once

#include <string>

#include "behavioral_models/device_card.h"

namespace mcnn {

// A conductance window of 2 to 20 uS, and no error.
inline DeviceCard window_card(const std::string& name = "window") {
  DeviceCard card;
  card.name = name;
  card.g_min_uS = 2.0;
  card.g_max_uS = 20.0;
  return card;
}

// The same window with an error of each kind: of a write, of a read, of a conversion.
struct CardNoise {
  double programming_sigma_uS = 0.0;
  double read_noise = 0.0;
  double adc_sigma_codes = 0.0;
};
inline DeviceCard noisy_card(const CardNoise& noise, const std::string& name = "noisy") {
  DeviceCard card = window_card(name);
  card.programming_sigma_uS = noise.programming_sigma_uS;
  card.read_noise = noise.read_noise;
  card.adc_sigma_codes = noise.adc_sigma_codes;
  return card;
}

}  // namespace mcnn
