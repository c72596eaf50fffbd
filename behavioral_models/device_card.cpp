// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/device_card.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <sstream>
#include <string_view>
#include <vector>

#include "common/error.h"

namespace mcnn {
namespace {

struct Field {
  std::string_view name;
  double DeviceCard::*value;
  bool required;
  bool signed_value;  // may be negative
};

constexpr std::array kFields = {
    Field{"g_min_uS", &DeviceCard::g_min_uS, true, false},
    Field{"g_max_uS", &DeviceCard::g_max_uS, true, false},
    Field{"programming_sigma_uS", &DeviceCard::programming_sigma_uS, false, false},
    Field{"programming_sigma_slope", &DeviceCard::programming_sigma_slope, false, true},
    Field{"programming_sigma_curvature_per_uS", &DeviceCard::programming_sigma_curvature_per_uS,
          false, true},
    Field{"read_noise", &DeviceCard::read_noise, false, false},
    Field{"read_noise_uS", &DeviceCard::read_noise_uS, false, false},
    Field{"adc_sigma_codes", &DeviceCard::adc_sigma_codes, false, false},
};

std::string known_fields() {
  std::string names = "name";
  for (const Field& field : kFields) names += fmt::format(", {}", field.name);
  return names;
}

// The value as it is written, for messages.
std::string found(const toml::node& node) {
  std::ostringstream text;
  if (const toml::table* table = node.as_table()) {
    text << *table;
  } else if (const toml::array* array = node.as_array()) {
    text << *array;
  } else {
    node.visit([&text](const auto& value) { text << value; });
  }
  return text.str();
}

}  // namespace

void check_device_card(const DeviceCard& card, const std::string& where) {
  for (const Field& field : kFields) {
    const double value = card.*field.value;
    if (!std::isfinite(value) || (value < 0.0 && !field.signed_value)) {
      throw Error(fmt::format("{}: field {}: found {}, allowed: a finite number{}", where,
                              field.name, value, field.signed_value ? "" : " of 0 or more"));
    }
  }
  if (!(card.g_max_uS > card.g_min_uS)) {
    throw Error(fmt::format("{}: field g_max_uS: found {}, allowed: more than g_min_uS ({})", where,
                            card.g_max_uS, card.g_min_uS));
  }
  for (int level = 0; level < 8; ++level) {
    const double target = card.g_min_uS + level * card.level_step_uS();
    const double sigma = card.programming_sigma_at(target);
    if (!(sigma >= 0.0) || !std::isfinite(sigma)) {
      throw Error(
          fmt::format("{}: fields programming_sigma_*: found a standard deviation of {} uS at "
                      "level {} ({} uS), "
                      "allowed: 0 or more at every level",
                      where, sigma, level, target));
    }
  }
}

void set_device_field(DeviceCard& card, std::string_view name, std::string_view value,
                      const std::string& where) {
  const auto* field = std::ranges::find(kFields, name, &Field::name);
  if (field == kFields.end()) {
    throw Error(fmt::format("{}: field {}: unknown, allowed: {}", where, name, known_fields()));
  }
  double number = 0.0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw Error(fmt::format("{}: field {}: found '{}', allowed: a number", where, name, value));
  }
  card.*(field->value) = number;
  check_device_card(card, where);
}

std::vector<std::string> device_field_names() {
  std::vector<std::string> names;
  for (const Field& field : kFields) names.emplace_back(field.name);
  return names;
}

DeviceCard load_device_card(const std::filesystem::path& file) {
  const std::string where = fmt::format("device card {}", file.string());
  if (!std::filesystem::is_regular_file(file)) {
    throw Error(fmt::format("{}: no such file, expected a TOML file", where));
  }
  toml::table table;
  try {
    table = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("{}: not TOML: line {}, column {}: {}", where,
                            error.source().begin.line, error.source().begin.column,
                            error.description()));
  }

  DeviceCard card;
  for (const auto& [key, node] : table) {
    const std::string_view name = key.str();
    if (name == "name") {
      const auto text = node.value_exact<std::string>();
      if (!text || text->empty()) {
        throw Error(fmt::format("{}: field name: found {}, allowed: a text", where, found(node)));
      }
      card.name = *text;
      continue;
    }
    const auto* field = std::ranges::find(kFields, name, &Field::name);
    if (field == kFields.end()) {
      throw Error(fmt::format("{}: field {}: unknown, allowed: {}", where, name, known_fields()));
    }
    if (!node.is_number()) {
      throw Error(
          fmt::format("{}: field {}: found {}, allowed: a number", where, name, found(node)));
    }
    card.*(field->value) = *node.value<double>();
  }
  if (card.name.empty()) {
    throw Error(fmt::format("{}: field name: missing, allowed: a text", where));
  }
  for (const Field& field : kFields) {
    if (field.required && !table.contains(field.name)) {
      throw Error(
          fmt::format("{}: field {}: missing, allowed: a number of 0 or more", where, field.name));
    }
  }
  check_device_card(card, where);
  return card;
}

}  // namespace mcnn
