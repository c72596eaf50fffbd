// SPDX-License-Identifier: Apache-2.0
// What the mapper has to know about the devices to choose a converter range that does not clip.
#pragma once

#include <array>

#include "behavioral_models/device_card.h"

namespace mcnn {

// In units of one weight level.
struct DeviceLimits {
  double offset = 0.0;            // conductance of a cell at level 0
  std::array<double, 8> shift{};  // what a cell of each level gains or loses on average until it is
                                  // read: measured states, drift, read disturb
  // Standard deviation of a cell at each level: write error, relaxation and read noise.
  std::array<double, 8> sigma{};
  double converter_sigma = 0.0;  // standard deviation: noise, offset and non-linearity [codes]
  double converter_gain = 0.0;   // standard deviation of the gain [1]
  double margin = 4.0;           // standard deviations of a line's code to leave room for
  // Stuck cells may give any code: no partial sum may overflow even if all are the largest one.
  bool any_code = false;
};

// At the card's age_s and read_disturb_pulses. What stuck cells add to a code, whose sum may be
// anything, and wires, which only lower it, are left out.
DeviceLimits device_limits(const DeviceCard& card);

}  // namespace mcnn
