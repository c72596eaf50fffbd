// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/device_card.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "behavioral_models/portable_math.h"
#include "common/error.h"
#include "common/number_table.h"
#include "common/toml_table.h"

namespace mcnn {
namespace {

constexpr int kLevels = 8;
constexpr int kFinestVerifyRange = 7;
constexpr double kBoltzmann_eV_per_K = 8.617333262e-5;
constexpr double kRoom_K = 300.0;

using Member = std::variant<double DeviceCard::*, int DeviceCard::*, std::string DeviceCard::*,
                            std::vector<double> DeviceCard::*>;

struct Field {
  std::string_view name;
  Member member;
  NumberRange range = {.lowest = 0.0};  // of a number, or of each number of a list
  bool required = false;
};

constexpr NumberRange kAnyNumber = {};
constexpr NumberRange kAboveZero = {.lowest = 0.0, .above_lowest = true};
constexpr NumberRange kFraction = {.lowest = 0.0, .highest = 1.0};
constexpr NumberRange kAmplitude = {.lowest = 0.0, .highest = 63.0};

const std::array kFields = {
    Field{"name", &DeviceCard::name, {}, true},
    Field{"description", &DeviceCard::description},
    Field{"g_min_uS", &DeviceCard::g_min_uS, {.lowest = 0.0}, true},
    Field{"g_max_uS", &DeviceCard::g_max_uS, {.lowest = 0.0}, true},
    Field{"set_step_uS", &DeviceCard::set_step_uS},
    Field{"set_slope_per_code", &DeviceCard::set_slope_per_code},
    Field{"reset_step_uS", &DeviceCard::reset_step_uS},
    Field{"reset_slope_per_code", &DeviceCard::reset_slope_per_code},
    Field{"pulse_floor_uS", &DeviceCard::pulse_floor_uS},
    Field{"pulse_ceiling_uS", &DeviceCard::pulse_ceiling_uS},
    Field{"pulse_c2c", &DeviceCard::pulse_c2c},
    Field{"pulse_d2d", &DeviceCard::pulse_d2d},
    Field{"pulse_d2d_length_cells",
          &DeviceCard::pulse_d2d_length_cells,
          {.lowest = 0.0, .highest = 64.0}},
    Field{"programming_sigma_uS", &DeviceCard::programming_sigma_uS},
    Field{"programming_sigma_slope", &DeviceCard::programming_sigma_slope, kAnyNumber},
    Field{"programming_sigma_curvature_per_uS", &DeviceCard::programming_sigma_curvature_per_uS,
          kAnyNumber},
    Field{"measured_states", &DeviceCard::measured_states},
    Field{"relaxation_conductance_uS", &DeviceCard::relaxation_conductance_uS},
    Field{"relaxation_sigma_uS", &DeviceCard::relaxation_sigma_uS},
    Field{"relaxation_growth_uS_per_decade", &DeviceCard::relaxation_growth_uS_per_decade,
          kAnyNumber},
    Field{"relaxation_reference_s", &DeviceCard::relaxation_reference_s, kAboveZero},
    Field{"relaxation_onset_s", &DeviceCard::relaxation_onset_s},
    Field{"relaxation_frozen_fraction", &DeviceCard::relaxation_frozen_fraction, kFraction},
    Field{"relaxation_floor_uS", &DeviceCard::relaxation_floor_uS},
    Field{"relaxation_mean_uS", &DeviceCard::relaxation_mean_uS, kAnyNumber},
    Field{"drift_exponent", &DeviceCard::drift_exponent, kAnyNumber},
    Field{"drift_exponent_sigma", &DeviceCard::drift_exponent_sigma},
    Field{"drift_onset_s", &DeviceCard::drift_onset_s, kAboveZero},
    Field{"rtn_fraction", &DeviceCard::rtn_fraction, kFraction},
    Field{"rtn_amplitude", &DeviceCard::rtn_amplitude, kFraction},
    Field{"rtn_fastest_s", &DeviceCard::rtn_fastest_s, kAboveZero},
    Field{"rtn_slowest_s", &DeviceCard::rtn_slowest_s, kAboveZero},
    Field{"flicker_noise", &DeviceCard::flicker_noise},
    Field{"flicker_onset_s", &DeviceCard::flicker_onset_s, kAboveZero},
    Field{"iv_nonlinearity_per_V", &DeviceCard::iv_nonlinearity_per_V},
    Field{"iv_reference_V", &DeviceCard::iv_reference_V, kAboveZero},
    Field{"read_voltage_V", &DeviceCard::read_voltage_V, kAboveZero},
    Field{"temperature_K", &DeviceCard::temperature_K, {.lowest = 77.0, .highest = 600.0}},
    Field{"activation_conductance_uS", &DeviceCard::activation_conductance_uS},
    Field{"activation_energy_eV", &DeviceCard::activation_energy_eV, kAnyNumber},
    Field{"retention_energy_eV", &DeviceCard::retention_energy_eV},
    Field{"wear_onset_pulses", &DeviceCard::wear_onset_pulses},
    Field{"wear_ceiling_uS_per_decade", &DeviceCard::wear_ceiling_uS_per_decade},
    Field{"wear_floor_uS_per_decade", &DeviceCard::wear_floor_uS_per_decade},
    Field{"read_disturb_per_pulse", &DeviceCard::read_disturb_per_pulse, kFraction},
    Field{"stuck_high_rate", &DeviceCard::stuck_high_rate, kFraction},
    Field{"stuck_low_rate", &DeviceCard::stuck_low_rate, kFraction},
    Field{"stuck_high_uS", &DeviceCard::stuck_high_uS, kAnyNumber},
    Field{"stuck_low_uS", &DeviceCard::stuck_low_uS, kAnyNumber},
    Field{"endurance_pulses", &DeviceCard::endurance_pulses},
    Field{"endurance_sigma_decades", &DeviceCard::endurance_sigma_decades},
    Field{"endurance_used_pulses", &DeviceCard::endurance_used_pulses},
    Field{"read_noise", &DeviceCard::read_noise},
    Field{"read_noise_uS", &DeviceCard::read_noise_uS},
    Field{"wire_resistance_ohm", &DeviceCard::wire_resistance_ohm},
    Field{"driver_resistance_ohm", &DeviceCard::driver_resistance_ohm},
    Field{"supply_resistance_ohm", &DeviceCard::supply_resistance_ohm},
    Field{"adc_sigma_codes", &DeviceCard::adc_sigma_codes},
    Field{"adc_sigma_full_scale", &DeviceCard::adc_sigma_full_scale, kFraction},
    Field{"verify_sigma_codes", &DeviceCard::verify_sigma_codes},
    Field{"adc_gain_sigma", &DeviceCard::adc_gain_sigma},
    Field{"adc_offset_sigma_codes", &DeviceCard::adc_offset_sigma_codes},
    Field{"adc_inl_codes", &DeviceCard::adc_inl_codes},
    Field{"age_s", &DeviceCard::age_s},
    Field{"read_disturb_pulses", &DeviceCard::read_disturb_pulses},
    Field{"programming_tolerance_uS", &DeviceCard::programming_tolerance_uS},
    Field{"programming_set_start", &DeviceCard::programming_set_start, kAmplitude},
    Field{"programming_set_step", &DeviceCard::programming_set_step, kAmplitude},
    Field{"programming_set_limit", &DeviceCard::programming_set_limit, kAmplitude},
    Field{"programming_reset_start", &DeviceCard::programming_reset_start, kAmplitude},
    Field{"programming_reset_step", &DeviceCard::programming_reset_step, kAmplitude},
    Field{"programming_reset_limit", &DeviceCard::programming_reset_limit, kAmplitude},
    Field{"programming_max_pulses",
          &DeviceCard::programming_max_pulses,
          {.lowest = 0.0, .highest = 255.0}},
    Field{"programming_range",
          &DeviceCard::programming_range,
          {.lowest = -1.0, .highest = kFinestVerifyRange}},
};

std::vector<std::string_view> field_names() {
  std::vector<std::string_view> names;
  for (const Field& field : kFields) names.push_back(field.name);
  return names;
}

const Field* find_field(std::string_view name) {
  const auto* field = std::ranges::find(kFields, name, &Field::name);
  return field == kFields.end() ? nullptr : field;
}

// What a field takes, for messages.
std::string allowed(const Field& field) {
  if (std::holds_alternative<std::string DeviceCard::*>(field.member)) return "a text";
  const bool whole = std::holds_alternative<int DeviceCard::*>(field.member);
  const bool list = std::holds_alternative<std::vector<double> DeviceCard::*>(field.member);
  return field.range.text(list    ? "a list of finite numbers"
                          : whole ? "a whole number"
                                  : "a finite number");
}

void check_value(const Field& field, double value, const std::string& where) {
  if (!field.range.contains(value)) {
    fail_field(field.name, fmt::format("{}", value), allowed(field), where);
  }
}

// Sets a field from that of a table. Throws Error if it has another type or is out of its range.
void set_field(DeviceCard& card, const Field& field, const TomlTable& table) {
  if (const auto* number = std::get_if<double DeviceCard::*>(&field.member)) {
    card.** number = table.number(field.name, field.range);
  } else if (const auto* whole = std::get_if<int DeviceCard::*>(&field.member)) {
    card.** whole = static_cast<int>(table.whole(field.name, field.range));
  } else if (const auto* text = std::get_if<std::string DeviceCard::*>(&field.member)) {
    card.** text = table.text(field.name);
  } else {
    card.*std::get<std::vector<double> DeviceCard::*>(field.member) =
        table.numbers(field.name, field.range);
  }
}

// Reads a file of measured states: target and measured conductance [uS] a line, a header line
// allowed.
std::vector<MeasuredState> load_measured_states(const std::filesystem::path& file,
                                                const std::string& where) {
  const NumberTable table = read_number_table(
      file.string(), {.what = "two numbers of 0 or more, \"target,measured\" conductance in uS",
                      .where = where + ": field measured_states: ",
                      .lowest = 0.0,
                      .columns = 2,
                      .skips_blank = true});
  std::vector<MeasuredState> states;
  states.reserve(static_cast<std::size_t>(table.rows));
  for (int row = 0; row < table.rows; ++row) states.push_back({table.at(row, 0), table.at(row, 1)});
  std::ranges::stable_sort(states, {}, &MeasuredState::target_uS);
  return states;
}

// Linear between the points, constant beyond the ends.
double interpolate(const std::vector<double>& x, const std::vector<double>& y, double at) {
  if (at <= x.front()) return y.front();
  if (at >= x.back()) return y.back();
  const auto next = static_cast<std::size_t>(std::ranges::upper_bound(x, at) - x.begin());
  const double part = (at - x[next - 1]) / (x[next] - x[next - 1]);
  return y[next - 1] + (part * (y[next] - y[next - 1]));
}

// The conductances of a table, and the names and sizes of its columns; `optional`: may be empty.
struct Column {
  std::string_view name;
  std::size_t size;
  bool optional = false;
};
void check_table(std::string_view name, const std::vector<double>& conductance,
                 std::initializer_list<Column> columns, const std::string& where) {
  for (std::size_t i = 1; i < conductance.size(); ++i) {
    if (!(conductance[i] > conductance[i - 1])) {
      throw Error(fmt::format("{}: field {}: found {} after {}, allowed: ascending numbers", where,
                              name, conductance[i], conductance[i - 1]));
    }
  }
  for (const Column& column : columns) {
    if (column.size != conductance.size() && !(column.optional && column.size == 0)) {
      throw Error(fmt::format("{}: field {}: found {} numbers, allowed: as many as {} has ({})",
                              where, column.name, column.size, name, conductance.size()));
    }
  }
}

void check_relaxation(const DeviceCard& card, const std::string& where) {
  check_table(
      "relaxation_conductance_uS", card.relaxation_conductance_uS,
      {{"relaxation_sigma_uS", card.relaxation_sigma_uS.size()},
       {"relaxation_growth_uS_per_decade", card.relaxation_growth_uS_per_decade.size(), true},
       {"relaxation_mean_uS", card.relaxation_mean_uS.size(), true}},
      where);
  for (const double growth : card.relaxation_growth_uS_per_decade) {
    // A variance that falls has no independent increments.
    if (card.relaxation_frozen_fraction < 1.0 && growth < 0.0) {
      throw Error(
          fmt::format("{}: field relaxation_growth_uS_per_decade: found {}, allowed with a "
                      "relaxation_frozen_fraction below 1: 0 or more",
                      where, growth));
    }
  }
}

}  // namespace

RelaxationLaw DeviceCard::relaxation_law(double g_uS) const {
  if (!has_relaxation()) return {};
  RelaxationLaw law{.sigma_uS = interpolate(relaxation_conductance_uS, relaxation_sigma_uS, g_uS)};
  if (!relaxation_growth_uS_per_decade.empty()) {
    law.growth_uS = interpolate(relaxation_conductance_uS, relaxation_growth_uS_per_decade, g_uS);
  }
  return law;
}

double DeviceCard::relaxation_decades(double age_seconds) const {
  if (relaxation_onset_s > 0.0 && age_seconds < relaxation_reference_s) return 0.0;
  return portable_log10(age_seconds / relaxation_reference_s);
}

double DeviceCard::relaxation_spread(double age_seconds) const {
  if (!(relaxation_onset_s > 0.0) || age_seconds >= relaxation_reference_s) return 1.0;
  return std::sqrt(portable_log(1.0 + (age_seconds / relaxation_onset_s)) /
                   portable_log(1.0 + (relaxation_reference_s / relaxation_onset_s)));
}

double DeviceCard::relaxation_sigma_at(double g_uS, double age_seconds) const {
  if (!has_relaxation() || !(age_seconds > 0.0)) return 0.0;
  return relaxation_law(g_uS).sigma(relaxation_decades(age_seconds),
                                    relaxation_spread(age_seconds));
}

double DeviceCard::relaxation_mean_at(double g_uS, double age_seconds) const {
  if (relaxation_mean_uS.empty() || !(age_seconds > 0.0)) return 0.0;
  return interpolate(relaxation_conductance_uS, relaxation_mean_uS, g_uS) *
         portable_log10(1.0 + (age_seconds / relaxation_reference_s)) / portable_log10(2.0);
}

int DeviceCard::verify_range(int adc_bits) const {
  if (programming_range >= 0) return programming_range;
  const double highest = (g_max_uS + loop_tolerance_uS()) / level_step_uS();  // [levels]
  const double largest_code = std::ldexp(1.0, adc_bits) - 1.0;
  int range = kFinestVerifyRange;
  while (range > 0 && std::ldexp(highest, range) >= largest_code) --range;
  return range;
}

std::pair<std::size_t, std::size_t> DeviceCard::measured_near(double g_uS) const {
  if (measured.empty()) return {0, 0};
  const auto above = std::ranges::lower_bound(measured, g_uS, {}, &MeasuredState::target_uS);
  double nearest = above == measured.end() ? measured.back().target_uS : above->target_uS;
  if (above != measured.begin()) {
    const double below = (above - 1)->target_uS;
    if (g_uS - below <= std::abs(nearest - g_uS)) nearest = below;
  }
  const auto first = std::ranges::lower_bound(measured, nearest, {}, &MeasuredState::target_uS);
  const auto last = std::ranges::upper_bound(measured, nearest, {}, &MeasuredState::target_uS);
  return {static_cast<std::size_t>(first - measured.begin()),
          static_cast<std::size_t>(last - measured.begin())};
}

double DeviceCard::drift_factor(double exponent, double age_seconds) const {
  return portable_power(1.0 + (age_seconds / drift_onset_s), -exponent);
}

double DeviceCard::iv_factor(double g_uS) const {
  const double part = std::clamp((g_max_uS - g_uS) / (g_max_uS - g_min_uS), 0.0, 1.0);
  const double k = iv_nonlinearity_per_V * part;
  if (k == 0.0) return 1.0;
  const auto relative = [k](double voltage) {  // sinh(x) / x
    const double x = k * voltage;
    if (x < 1e-4) return 1.0 + (x * x / 6.0);
    return (portable_exp(x) - portable_exp(-x)) / (2.0 * x);
  };
  return relative(read_voltage_V) / relative(iv_reference_V);
}

double DeviceCard::temperature_factor(double g_uS) const {
  if (!is_hot() || activation_conductance_uS.empty()) return 1.0;
  const double energy = interpolate(activation_conductance_uS, activation_energy_eV, g_uS);
  return portable_exp(energy / kBoltzmann_eV_per_K * ((1.0 / kRoom_K) - (1.0 / temperature_K)));
}

double DeviceCard::equivalent_age_s(double seconds) const {
  if (!is_hot() || retention_energy_eV == 0.0) return seconds;
  return seconds * portable_exp(retention_energy_eV / kBoltzmann_eV_per_K *
                                ((1.0 / kRoom_K) - (1.0 / temperature_K)));
}

DeviceCard::Window DeviceCard::worn_window(double pulses) const {
  Window window{.floor_uS = pulse_floor_uS, .ceiling_uS = pulse_ceiling_uS};
  if (!has_wear()) return window;
  const double decades = portable_log10(1.0 + (pulses / wear_onset_pulses));
  window.floor_uS += wear_floor_uS_per_decade * decades;
  window.ceiling_uS -= wear_ceiling_uS_per_decade * decades;
  if (window.floor_uS >= window.ceiling_uS) {  // closed: in proportion to how fast the ends move
    const double all = wear_floor_uS_per_decade + wear_ceiling_uS_per_decade;
    const double at =
        pulse_floor_uS + ((pulse_ceiling_uS - pulse_floor_uS) * wear_floor_uS_per_decade / all);
    window = {.floor_uS = at, .ceiling_uS = at};
  }
  return window;
}

double DeviceCard::converter_sigma_codes(int adc_bits) const {
  const double full = adc_sigma_full_scale * std::ldexp(1.0, adc_bits);
  return full == 0.0 ? adc_sigma_codes
                     : std::sqrt((adc_sigma_codes * adc_sigma_codes) + (full * full));
}

double DeviceCard::disturbed(double g_uS, double read_pulses) const {
  const double ceiling = has_saturation() ? pulse_ceiling_uS : g_max_uS;
  if (read_disturb_per_pulse == 0.0 || read_pulses == 0.0 || g_uS >= ceiling) return g_uS;
  // What is left of the way after n pulses: (1 - p)^n.
  const double left = read_disturb_per_pulse < 1.0
                          ? portable_power(1.0 - read_disturb_per_pulse, read_pulses)
                          : 0.0;
  return ceiling - ((ceiling - g_uS) * left);
}

void check_device_card(const DeviceCard& card, const std::string& where) {
  for (const Field& field : kFields) {
    if (const auto* number = std::get_if<double DeviceCard::*>(&field.member)) {
      check_value(field, card.**number, where);
    } else if (const auto* whole = std::get_if<int DeviceCard::*>(&field.member)) {
      check_value(field, card.**whole, where);
    } else if (const auto* list = std::get_if<std::vector<double> DeviceCard::*>(&field.member)) {
      for (const double value : card.**list) check_value(field, value, where);
    }
  }
  if (!(card.g_max_uS > card.g_min_uS)) {
    throw Error(fmt::format("{}: field g_max_uS: found {}, allowed: more than g_min_uS ({})", where,
                            card.g_max_uS, card.g_min_uS));
  }
  if (card.has_saturation() && !(card.pulse_ceiling_uS > card.pulse_floor_uS)) {
    throw Error(
        fmt::format("{}: field pulse_ceiling_uS: found {}, allowed: more than pulse_floor_uS ({})",
                    where, card.pulse_ceiling_uS, card.pulse_floor_uS));
  }
  if (card.stuck_high_rate + card.stuck_low_rate > 1.0) {
    throw Error(fmt::format(
        "{}: fields stuck_high_rate, stuck_low_rate: found {} and {}, allowed: a sum of at most 1",
        where, card.stuck_high_rate, card.stuck_low_rate));
  }
  for (int level = 0; level < kLevels; ++level) {
    const double target = card.level_uS(level);
    const double sigma = card.programming_sigma_at(target);
    if (!(sigma >= 0.0) || !std::isfinite(sigma)) {
      throw Error(
          fmt::format("{}: fields programming_sigma_*: found a standard deviation of {} uS at "
                      "level {} ({} uS), "
                      "allowed: 0 or more at every level",
                      where, sigma, level, target));
    }
  }
  check_relaxation(card, where);
  check_table("activation_conductance_uS", card.activation_conductance_uS,
              {{"activation_energy_eV", card.activation_energy_eV.size()}}, where);
  if (card.rtn_slowest_s < card.rtn_fastest_s) {
    throw Error(
        fmt::format("{}: field rtn_slowest_s: found {}, allowed: rtn_fastest_s ({}) or more", where,
                    card.rtn_slowest_s, card.rtn_fastest_s));
  }
  if (card.has_wear() && !card.has_saturation()) {
    throw Error(
        fmt::format("{}: field wear_onset_pulses: found {}, allowed with a "
                    "pulse_ceiling_uS alone: wear closes that window",
                    where, card.wear_onset_pulses));
  }
}

DeviceCard load_device_card(const std::filesystem::path& file) {
  const std::string where = fmt::format("device card {}", file.string());
  const TomlTable table = TomlTable::load(file, where);
  table.allow_only(field_names());
  DeviceCard card;
  for (const Field& field : kFields) {
    if (field.required || table.has(field.name)) set_field(card, field, table);
  }
  if (!card.measured_states.empty()) {
    const std::filesystem::path states = file.parent_path() / card.measured_states;
    card.measured_states = states.string();
    card.measured = load_measured_states(states, where);
  }
  check_device_card(card, where);
  return card;
}

void set_device_field(DeviceCard& card, std::string_view name, std::string_view value,
                      const std::string& where) {
  const Field* field = find_field(name);
  if (field == nullptr) fail_unknown_field(name, field_names(), where);
  if (name == "measured_states") {
    card.measured = value.empty() ? std::vector<MeasuredState>{}
                                  : load_measured_states(std::filesystem::path(value), where);
    card.measured_states = value;
    return;
  }
  const bool is_text = std::holds_alternative<std::string DeviceCard::*>(field->member);
  const std::string line =
      fmt::format("{} = {}", name, is_text ? toml_quoted(std::string(value)) : std::string(value));
  std::optional<TomlTable> table;
  if (is_text || value.find_first_of("\r\n#") == std::string_view::npos) {
    try {
      table = TomlTable::parse(line, where);
    } catch (const Error&) {
      // Not even TOML: the value is shown as it was given.
    }
  }
  if (!table) fail_field(name, fmt::format("\"{}\"", value), allowed(*field), where);
  set_field(card, *field, *table);
}

std::vector<std::string> device_field_names() {
  const std::vector<std::string_view> names = field_names();
  return {names.begin(), names.end()};
}

std::string device_card_toml(const DeviceCard& card) {
  const DeviceCard off;
  std::string toml;
  for (const Field& field : kFields) {
    std::visit(
        [&](const auto member) {
          const auto& value = card.*member;
          if (value == off.*member && !field.required) return;
          using Value = std::remove_cvref_t<decltype(value)>;
          std::string written;
          if constexpr (std::is_same_v<Value, std::string>) {
            written = toml_quoted(&field == find_field("measured_states")
                                      ? std::filesystem::absolute(value).string()
                                      : value);
          } else if constexpr (std::is_same_v<Value, std::vector<double>>) {
            written = fmt::format("[{}]", fmt::join(value, ", "));
          } else {
            written = fmt::format("{}", value);
          }
          toml += fmt::format("{} = {}\n", field.name, written);
        },
        field.member);
  }
  return toml;
}

}  // namespace mcnn
