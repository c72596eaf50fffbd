// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/device_units.h"

#include <algorithm>
#include <array>

namespace mcnn {
namespace {

struct Unit {
  std::string_view field;  // or the ending of its name
  std::string_view unit;
};

// Fields whose names do not end with their unit.
constexpr std::array kOfField = {
    Unit{"pulse_c2c", "relative, from pulse to pulse"},
    Unit{"pulse_d2d", "relative, from cell to cell"},
    Unit{"programming_sigma_slope", "uS/uS"},
    Unit{"relaxation_frozen_fraction", "of the variance"},
    Unit{"rtn_fraction", "of the cells"},
    Unit{"rtn_amplitude", "of the cell's conductance"},
    Unit{"flicker_noise", "relative, a decade of time"},
    Unit{"adc_sigma_full_scale", "of the full scale"},
    Unit{"wear_ceiling_uS_per_decade", "uS a decade of pulses"},
    Unit{"wear_floor_uS_per_decade", "uS a decade of pulses"},
    Unit{"drift_exponent", "(exponent)"},
    Unit{"drift_exponent_sigma", "(exponent)"},
    Unit{"stuck_high_rate", "of the cells"},
    Unit{"stuck_low_rate", "of the cells"},
    Unit{"read_noise", "of the cell's conductance"},
    Unit{"adc_gain_sigma", "relative"},
    Unit{"programming_set_start", "amplitude code"},
    Unit{"programming_set_step", "amplitude codes a pulse"},
    Unit{"programming_set_limit", "amplitude code"},
    Unit{"programming_reset_start", "amplitude code"},
    Unit{"programming_reset_step", "amplitude codes a pulse"},
    Unit{"programming_reset_limit", "amplitude code"},
    Unit{"programming_max_pulses", "pulses a cell"},
    Unit{"programming_range", "(converter range)"},
};

// Endings, the longer ones first.
constexpr std::array kOfEnding = {
    Unit{"_uS_per_decade", "uS a decade of time"},
    Unit{"_curvature_per_uS", "uS/uS^2"},
    Unit{"_per_code", "an amplitude code"},
    Unit{"_per_V", "1/V"},
    Unit{"_cells", "cells"},
    Unit{"_eV", "eV"},
    Unit{"_K", "K"},
    Unit{"_V", "V"},
    Unit{"_per_pulse", "a pulse"},
    Unit{"_decades", "decades"},
    Unit{"_pulses", "pulses"},
    Unit{"_codes", "codes"},
    Unit{"_ohm", "ohm a segment"},
    Unit{"_uS", "uS"},
    Unit{"_s", "s"},
};

}  // namespace

std::string_view device_field_unit(std::string_view name) {
  const auto* field = std::ranges::find(kOfField, name, &Unit::field);
  if (field != kOfField.end()) return field->unit;
  const auto* ending =
      std::ranges::find_if(kOfEnding, [&](const Unit& unit) { return name.ends_with(unit.field); });
  return ending == kOfEnding.end() ? "" : ending->unit;
}

}  // namespace mcnn
