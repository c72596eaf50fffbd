// SPDX-License-Identifier: Apache-2.0
// Device card: what a memristor cell and a converter are like, read from a TOML file
// (data/devices/*.toml). Every non-ideality is one named parameter, off (0) unless the card sets
// it, and independent of the others.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mcnn {

struct DeviceCard {
  std::string name;

  // Conductance window: level l of 0..7 has the target conductance g_min + l * (g_max - g_min) / 7.
  double g_min_uS = 0.0;
  double g_max_uS = 7.0;

  // Programming error: Gaussian, one draw a cell, with the standard deviation
  //   programming_sigma_uS + programming_sigma_slope * g + programming_sigma_curvature_per_uS * g^2
  // at the target conductance g; the programmed conductance is clamped at 0.
  double programming_sigma_uS = 0.0;                // [uS]
  double programming_sigma_slope = 0.0;             // [uS of sigma per uS of conductance]
  double programming_sigma_curvature_per_uS = 0.0;  // [uS of sigma per uS^2 of conductance]

  // Read noise: Gaussian, one draw a conversion, independent from cell to cell and from read to
  // read.
  double read_noise = 0.0;     // standard deviation as a fraction of the cell's conductance [1]
  double read_noise_uS = 0.0;  // standard deviation of every driven cell, whatever it holds [uS]

  // Converter noise: Gaussian, one draw a conversion; standard deviation in codes (LSB) at every
  // range.
  double adc_sigma_codes = 0.0;

  // One weight level in conductance [uS].
  double level_step_uS() const { return (g_max_uS - g_min_uS) / 7.0; }
  // Standard deviation of the programming error at a target conductance [uS].
  double programming_sigma_at(double g_uS) const {
    return programming_sigma_uS + (programming_sigma_slope * g_uS) +
           (programming_sigma_curvature_per_uS * g_uS * g_uS);
  }
  bool has_programming_error() const {
    return programming_sigma_uS != 0.0 || programming_sigma_slope != 0.0 ||
           programming_sigma_curvature_per_uS != 0.0;
  }
  bool has_read_noise() const {
    return read_noise != 0.0 || read_noise_uS != 0.0 || adc_sigma_codes != 0.0;
  }

  bool operator==(const DeviceCard&) const = default;
};

// Reads a card. Throws Error, naming file, field, what was found and what is allowed, when the file
// is missing or not TOML, a field is unknown, missing (name, g_min_uS, g_max_uS), of the wrong type
// or out of its range.
DeviceCard load_device_card(const std::filesystem::path& file);

// Throws Error if a parameter of `card` is out of its range; `where` begins the message.
void check_device_card(const DeviceCard& card, const std::string& where);

// Sets one field from text and checks the card. Throws Error; `where` begins the message.
void set_device_field(DeviceCard& card, std::string_view name, std::string_view value,
                      const std::string& where);
std::vector<std::string> device_field_names();

}  // namespace mcnn
