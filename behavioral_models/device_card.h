// SPDX-License-Identifier: Apache-2.0
// Device card: what a memristor cell, its wires and a converter are like, read from a TOML file
// (data/devices/*.toml). Every non-ideality is one named parameter (or one small group), off unless
// the card sets it, and independent of the others. README.md has the equations.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mcnn {

// A row of a table of measured states.
struct MeasuredState {
  double target_uS = 0.0;
  double measured_uS = 0.0;

  bool operator==(const MeasuredState&) const = default;
};

// Standard deviation of the relaxation at one conductance.
struct RelaxationLaw {
  double sigma_uS = 0.0;   // at the reference time
  double growth_uS = 0.0;  // a decade

  // `decades` from the reference time on, `spread` the part that has appeared before it.
  double sigma(double decades, double spread) const {
    return std::max(0.0, sigma_uS + (growth_uS * decades)) * spread;
  }
};

struct DeviceCard {
  std::string name;
  std::string description;  // a line for people; may be empty

  // Conductance window: level l of 0..7 has the target conductance g_min + l * (g_max - g_min) / 7.
  double g_min_uS = 0.0;
  double g_max_uS = 7.0;

  // ---- programming pulses. A pulse of amplitude code a moves a cell by
  //   A = step_uS * (1 + slope_per_code * a)
  // up (SET) or down (RESET). A step of 0 stands for a quarter of a level.
  double set_step_uS = 0.0;           // [uS]
  double set_slope_per_code = 1.0;    // [1]
  double reset_step_uS = 0.0;         // [uS]
  double reset_slope_per_code = 1.0;  // [1]
  // Saturation, on with a ceiling above 0: SET moves by A * (ceiling - G) / (ceiling - floor),
  // RESET by A * (G - floor) / (ceiling - floor).
  double pulse_floor_uS = 0.0;
  double pulse_ceiling_uS = 0.0;
  // Spread of A from pulse to pulse (Gaussian, at least 0) and from cell to cell (log-normal with
  // mean 1, SET and RESET apart): relative standard deviations [1].
  double pulse_c2c = 0.0;
  double pulse_d2d = 0.0;
  // Correlation of the spread from cell to cell: exp(-d^2 / (2 L^2)) at a distance of d cells.
  double pulse_d2d_length_cells = 0.0;  // L; 0: independent

  // ---- programming error: Gaussian, one draw a cell and write, with the standard deviation
  //   programming_sigma_uS + programming_sigma_slope * g + programming_sigma_curvature_per_uS * g^2
  // at the conductance g that was written; it appears when time first passes after pulses, and at
  // once with direct programming. The conductance is clamped at 0.
  double programming_sigma_uS = 0.0;                // [uS]
  double programming_sigma_slope = 0.0;             // [uS of sigma per uS of conductance]
  double programming_sigma_curvature_per_uS = 0.0;  // [uS of sigma per uS^2 of conductance]

  // Measured states: a CSV file of (target, measured) conductances. The error of a write, added to
  // the above, is that of one of the rows whose target is nearest to what was written.
  std::string measured_states;          // path; empty: none
  std::vector<MeasuredState> measured;  // its rows, by target

  // ---- relaxation: Gaussian, with the standard deviation at age t
  //   sigma(g) + growth(g) * log10(t / relaxation_reference_s),   at least 0; 0 at t = 0
  // sigma and growth are linear in g between the conductances of the table and constant beyond.
  // With an onset t0 above 0 the variance grows with the logarithm of time from the first pulse on:
  //   sigma(g)^2 * ln(1 + t / t0) / ln(1 + relaxation_reference_s / t0)   below the reference time.
  // The frozen part of the variance is one draw a write that grows with time; the rest is a process
  // with independent increments (relaxation.h).
  std::vector<double> relaxation_conductance_uS;        // ascending; empty: none
  std::vector<double> relaxation_sigma_uS;              // as many
  std::vector<double> relaxation_growth_uS_per_decade;  // as many, or empty: no growth
  double relaxation_reference_s = 1.0;
  double relaxation_onset_s = 0.0;          // 0: none
  double relaxation_frozen_fraction = 1.0;  // of the variance
  double relaxation_floor_uS = 0.0;         // no cell relaxes below it
  // Mean of the relaxation: what it has moved by at the reference time [uS], as many as
  // conductances or empty; grows as log10(1 + t / reference) / log10(2).
  std::vector<double> relaxation_mean_uS;

  // ---- retention drift: a factor (1 + t / drift_onset_s)^-nu at age t, with a nu for each cell of
  // mean drift_exponent and standard deviation drift_exponent_sigma.
  double drift_exponent = 0.0;
  double drift_exponent_sigma = 0.0;
  double drift_onset_s = 1.0;

  // ---- slow noise, a factor of a cell's conductance that is the same in every read until time
  // passes, so that verify reads do not average it out.
  // Random telegraph noise: a fraction of the cells has a trap, which is full half of the time and
  // takes a part of the conductance then; it is drawn anew every tau, log-uniform from cell to
  // cell.
  double rtn_fraction = 0.0;   // of the cells
  double rtn_amplitude = 0.0;  // part of the conductance
  double rtn_fastest_s = 1e-3;
  double rtn_slowest_s = 1e3;
  // 1/f noise: every decade of time since the write adds this relative standard deviation,
  // independently: variance flicker_noise^2 * log10(1 + t / flicker_onset_s).
  double flicker_noise = 0.0;
  double flicker_onset_s = 1e-6;

  // ---- current and voltage: I = G V sinh(k V) / (k V), scaled so that G holds at iv_reference_V;
  // k falls linearly from this at g_min to 0 at g_max.
  double iv_nonlinearity_per_V = 0.0;
  double iv_reference_V = 0.2;
  double read_voltage_V = 0.2;

  // ---- temperature of the time after programming, which is done at 300 K. Conductance by
  // Arrhenius, activation energy linear between the conductances of its table; time passes faster
  // with retention_energy_eV; the variance of the read noise is proportional to it.
  double temperature_K = 300.0;
  std::vector<double> activation_conductance_uS;  // ascending; empty: none
  std::vector<double> activation_energy_eV;       // as many; positive: conducts more when hot
  double retention_energy_eV = 0.0;

  // ---- wear: every decade of pulses beyond the onset closes the window of the pulses.
  double wear_onset_pulses = 0.0;  // 0: none
  double wear_ceiling_uS_per_decade = 0.0;
  double wear_floor_uS_per_decade = 0.0;

  // ---- read disturb: a read pulse moves a cell by this fraction of the way to pulse_ceiling_uS
  // (g_max_uS without one).
  double read_disturb_per_pulse = 0.0;

  // ---- cells that never move: the fraction of the cells, and what they hold (negative: g_max_uS
  // and g_min_uS).
  double stuck_high_rate = 0.0;
  double stuck_low_rate = 0.0;
  double stuck_high_uS = -1.0;
  double stuck_low_uS = -1.0;

  // ---- endurance: a cell stops moving after endurance_pulses * 10^(endurance_sigma_decades * z)
  // pulses, of which endurance_used_pulses were given before. 0: never.
  double endurance_pulses = 0.0;
  double endurance_sigma_decades = 0.0;
  double endurance_used_pulses = 0.0;

  // ---- read noise: Gaussian, one draw a conversion, independent from cell to cell and from read
  // to read.
  double read_noise = 0.0;     // standard deviation as a fraction of the cell's conductance [1]
  double read_noise_uS = 0.0;  // standard deviation of every driven cell, whatever it holds [uS]

  // ---- wires: resistance of a segment of a bit line or a source line [ohm].
  double wire_resistance_ohm = 0.0;
  // Resistances of the drivers: of each bit line, and of the supply that all bit lines of a macro
  // share.
  double driver_resistance_ohm = 0.0;
  double supply_resistance_ohm = 0.0;

  // ---- converter. Noise: Gaussian, one draw a conversion; standard deviation in codes (LSB) at
  // every range. Gain (relative), offset and integral non-linearity (peak of its bow): Gaussian,
  // one draw for each lane of each macro.
  double adc_sigma_codes = 0.0;
  // More noise, a fraction of the full scale: the same voltage at every number of bits.
  double adc_sigma_full_scale = 0.0;
  double verify_sigma_codes = 0.0;  // more noise of the reads of a programming run
  double adc_gain_sigma = 0.0;
  double adc_offset_sigma_codes = 0.0;
  double adc_inl_codes = 0.0;

  // ---- what happens between programming and inference.
  double age_s = 0.0;                // time [s]
  double read_disturb_pulses = 0.0;  // read pulses that every cell sees

  // ---- the closed loop that suits the device.
  double programming_tolerance_uS = 0.0;  // 0: an eighth of a level; use loop_tolerance_uS()
  int programming_set_start = 0;          // amplitude codes 0..63
  int programming_set_step = 1;
  int programming_set_limit = 63;
  int programming_reset_start = 0;
  int programming_reset_step = 1;
  int programming_reset_limit = 63;
  int programming_max_pulses = 64;  // of a cell, 0..255
  // Converter range of verify reads, 0..7; -1: what suits the converter. Use verify_range().
  int programming_range = -1;

  // One weight level in conductance [uS].
  double level_step_uS() const { return (g_max_uS - g_min_uS) / 7.0; }
  // Conductance of a level [uS].
  double level_uS(int level) const { return g_min_uS + (level * level_step_uS()); }
  // Tolerance of the closed loop, whether set or not [uS].
  double loop_tolerance_uS() const {
    return programming_tolerance_uS > 0.0 ? programming_tolerance_uS : level_step_uS() / 8.0;
  }
  // Range of verify reads with converters of adc_bits: the one that is set, otherwise the finest of
  // 0..7 at which a cell of level 7 and the tolerance above it stay below the largest code,
  //   (g_max + tolerance) / Gs * 2^range < 2^adc_bits - 1,   Gs one level;
  // 0 when there is none.
  int verify_range(int adc_bits) const;
  // Standard deviation of the programming error at a target conductance [uS].
  double programming_sigma_at(double g_uS) const {
    return programming_sigma_uS + (programming_sigma_slope * g_uS) +
           (programming_sigma_curvature_per_uS * g_uS * g_uS);
  }
  // Standard deviation of the relaxation of a cell written to g_uS, at an age [uS].
  double relaxation_sigma_at(double g_uS, double age_seconds) const;
  // Its parts: of the conductance, and of the age (above 0).
  RelaxationLaw relaxation_law(double g_uS) const;
  double relaxation_decades(double age_seconds) const;
  double relaxation_spread(double age_seconds) const;
  // Its mean [uS].
  double relaxation_mean_at(double g_uS, double age_seconds) const;
  // The rows of `measured` whose target is nearest to g_uS (of two as near, the lower): first,
  // last.
  std::pair<std::size_t, std::size_t> measured_near(double g_uS) const;
  double drift_factor(double exponent, double age_seconds) const;
  // What a cell of g_uS conducts at the read voltage, and at the temperature, relative to g_uS.
  double iv_factor(double g_uS) const;
  double temperature_factor(double g_uS) const;
  double equivalent_age_s(double seconds) const;  // at 300 K
  // Where pulses saturate after so many of them [uS].
  struct Window {
    double floor_uS = 0.0;
    double ceiling_uS = 0.0;
  };
  Window worn_window(double pulses) const;
  // Standard deviation of a converter's noise, all of it but that of verify reads [codes].
  double converter_sigma_codes(int adc_bits) const;
  // Where a conductance goes that sees so many read pulses [uS].
  double disturbed(double g_uS, double read_pulses) const;

  bool has_programming_error() const {
    return programming_sigma_uS != 0.0 || programming_sigma_slope != 0.0 ||
           programming_sigma_curvature_per_uS != 0.0;
  }
  bool has_read_noise() const {
    return read_noise != 0.0 || read_noise_uS != 0.0 || adc_sigma_codes != 0.0 ||
           adc_sigma_full_scale != 0.0 || verify_sigma_codes != 0.0;
  }
  bool has_telegraph_noise() const { return rtn_fraction != 0.0 && rtn_amplitude != 0.0; }
  bool is_nonlinear() const {
    return iv_nonlinearity_per_V != 0.0 && read_voltage_V != iv_reference_V;
  }
  bool is_hot() const { return temperature_K != 300.0; }
  // What reads see is not what pulses made.
  bool has_factors() const {
    return has_telegraph_noise() || flicker_noise != 0.0 || is_nonlinear() || is_hot();
  }
  bool has_wear() const { return wear_onset_pulses > 0.0; }
  bool has_wires() const { return wire_resistance_ohm != 0.0 || driver_resistance_ohm != 0.0; }
  bool has_saturation() const { return pulse_ceiling_uS > 0.0; }
  bool has_relaxation() const { return !relaxation_conductance_uS.empty(); }
  bool has_drift() const { return drift_exponent != 0.0 || drift_exponent_sigma != 0.0; }
  bool has_stuck_cells() const { return stuck_high_rate != 0.0 || stuck_low_rate != 0.0; }
  bool has_endurance() const { return endurance_pulses != 0.0; }
  bool has_converter_errors() const {
    return adc_gain_sigma != 0.0 || adc_offset_sigma_codes != 0.0 || adc_inl_codes != 0.0;
  }

  bool operator==(const DeviceCard&) const = default;
};

// Reads a card. Throws Error, naming file, field, what was found and what is allowed, when the file
// is missing or not TOML, a field is unknown (with the nearest one), missing (name, g_min_uS,
// g_max_uS), of the wrong type or out of its range, or when its file of measured states is bad.
DeviceCard load_device_card(const std::filesystem::path& file);

// Throws Error if a parameter of `card` is out of its range; `where` begins the message.
void check_device_card(const DeviceCard& card, const std::string& where);

// Sets one field from its text: a number, a list of numbers [a, b], or a text without quotes. A
// path is relative to the working directory. Throws Error, `where` first, on an unknown field or a
// text that is no value for it; relations between fields are left to check_device_card (and to
// Macro, which calls it).
void set_device_field(DeviceCard& card, std::string_view name, std::string_view value,
                      const std::string& where);

std::vector<std::string> device_field_names();  // in the order of the card

// The card as a TOML file that load_device_card reads back; only what differs from "off", and a
// path of measured states made absolute.
std::string device_card_toml(const DeviceCard& card);

}  // namespace mcnn
