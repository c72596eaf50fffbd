// SPDX-License-Identifier: Apache-2.0
#include "host/cost/energy_card.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "common/error.h"

namespace mcnn {
namespace {

using enum FigureGroup;

constexpr std::string_view kNotInCard = "not in the card";

constexpr auto kKinds = std::to_array<FigureKind>({
    {"read_voltage", kParameter, "V", "", "read pulse on a bit line"},
    {"read_pulse", kParameter, "ns", "", "length of a read pulse"},
    {"logic_clock", kParameter, "ns", "", "shortest clock of the digital part"},
    {"set_voltage", kParameter, "V", "", "SET pulse across a cell"},
    {"reset_voltage", kParameter, "V", "", "RESET pulse across a cell"},
    {"program_pulse", kParameter, "ns", "", "length of a SET or RESET pulse"},
    {"adc_bits", kParameter, "bits", "", "resolution that the converter's figure is for"},

    {"bit_line_driver", kMacro, "pJ", "bit line pulses", "driver of a bit line"},
    {"source_line_mux", kMacro, "pJ", "lines selected", "multiplexer of a source line"},
    {"sample_hold", kMacro, "pJ", "samples", "sample and hold of a source line"},
    {"adc", kMacro, "pJ", "conversions", "converter"},
    {"macro_shift_add", kMacro, "pJ", "conversions",
     "what the published total has beyond its listed parts"},

    {"pe_plane", kDigital, "pJ", "PE planes", "PE: a plane driven and accumulated"},
    {"fetch_column", kDigital, "pJ", "columns", "window fetch: a column"},
    {"reduce_group", kDigital, "pJ", "groups reduced", "reduce: pair sums of two kernels"},
    {"activate_group", kDigital, "pJ", "groups activated", "activate: sums of two kernels"},
    {"pool_group", kDigital, "pJ", "pixels pooled", "pool write: a pixel written"},
    {"logic_clock_tree", kDigital, "pJ", "clocks", "all logic: a clock, data at rest"},
    {"programmer_read", kDigital, "pJ", "verify reads",
     "programmer: a verify read and the pulse that may follow"},

    {"map_read", kMemory, "pJ", "map words read", "feature-map bank: a word read"},
    {"map_write", kMemory, "pJ", "map pixels written", "feature-map bank: a pixel written"},
    {"table_read", kMemory, "pJ", "table rows read", "tables: a row read"},
    {"logit_access", kMemory, "pJ", "logit pairs", "result memory: a pair written or read"},

    {"area_cell", kArea, "um2", "", "a cell"},
    {"area_bit_line_driver", kArea, "um2", "", "driver of a bit line"},
    {"area_source_line", kArea, "um2", "", "multiplexer and sample and hold of a source line"},
    {"area_adc", kArea, "um2", "", "a converter lane"},
    {"area_logic", kArea, "um2", "", "all logic of the chip"},
    {"area_memory_bit", kArea, "um2", "", "a bit of memory"},
    {"area_macro_128", kArea, "um2", "", "the published macro of 128 x 128 cells, whole"},
});

[[noreturn]] void fail(std::string_view where, std::string_view field, std::string_view found,
                       std::string_view allowed) {
  throw Error(fmt::format("{}: {}: found {}, allowed: {}", where, field, found, allowed));
}

std::string text_of(const toml::table& table, std::string_view key, std::string_view where,
                    std::string_view field, bool required) {
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    if (required) fail(where, fmt::format("{}.{}", field, key), "nothing", "text");
    return {};
  }
  const auto text = node->value_exact<std::string>();
  if (!text || (required && text->empty())) {
    fail(where, fmt::format("{}.{}", field, key), text ? "empty text" : "no text", "text");
  }
  return *text;
}

Figure read_figure(const toml::table& table, const FigureKind& kind, std::string_view where) {
  const std::string field = fmt::format("figures.{}", kind.key);
  static const std::set<std::string_view> known = {"value",  "unit",  "technology",
                                                   "source", "grade", "note"};
  for (const auto& [key, node] : table) {
    if (!known.contains(key.str())) {
      fail(where, field, fmt::format("'{}'", key.str()),
           "value, unit, technology, source, grade, note");
    }
  }
  Figure figure;
  figure.note = text_of(table, "note", where, field, !table.contains("value"));
  if (!table.contains("value")) return figure;
  figure.value = table.get("value")->value<double>();
  if (!figure.value || !std::isfinite(*figure.value) || *figure.value <= 0.0) {
    fail(where, fmt::format("{}.value", field),
         figure.value ? fmt::format("{}", *figure.value) : "no number",
         "a number above 0 (leave `value` out, with a `note`, when it is not known)");
  }
  const std::string unit = text_of(table, "unit", where, field, true);
  if (unit != kind.unit) fail(where, fmt::format("{}.unit", field), unit, kind.unit);
  figure.technology = text_of(table, "technology", where, field, true);
  figure.source = text_of(table, "source", where, field, true);
  figure.grade = text_of(table, "grade", where, field, true);
  static const std::set<std::string_view> grades = {"P", "S", "D", "M", "?"};
  if (!grades.contains(figure.grade))
    fail(where, fmt::format("{}.grade", field), figure.grade, "P, S, D, M, ?");
  return figure;
}

}  // namespace

std::string_view group_name(FigureGroup group) {
  switch (group) {
    case kParameter:
      return "parameter";
    case kMacro:
      return "macro";
    case kDigital:
      return "digital";
    case kMemory:
      return "memory";
    case kArea:
      return "area";
  }
  return "";
}

std::span<const FigureKind> figure_kinds() { return kKinds; }

const Figure& EnergyCard::figure(std::string_view key) const {
  const auto* const found = std::ranges::find(kKinds, key, &FigureKind::key);
  if (found == kKinds.end()) throw Error(fmt::format("energy card: no figure '{}'", key));
  return figures.at(static_cast<std::size_t>(found - kKinds.begin()));
}

double EnergyCard::required(std::string_view key) const {
  const Figure& found = figure(key);
  if (!found.value) {
    throw Error(fmt::format("energy card {}: figures.{}: found no value ({}), allowed: a number",
                            name, key, found.note));
  }
  return *found.value;
}

EnergyCard energy_card_from_toml(std::string_view text, std::string_view where) {
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw Error(
        fmt::format("{}: line {}: {}", where, error.source().begin.line, error.description()));
  }
  EnergyCard card;
  for (const auto& [key, node] : root) {
    if (key != "name" && key != "description" && key != "technology_nm" && key != "figures") {
      fail(where, key.str(), "an unknown field", "name, description, technology_nm, figures");
    }
  }
  card.name = text_of(root, "name", where, "card", true);
  card.description = text_of(root, "description", where, "card", false);
  const auto nm = root["technology_nm"].value<double>();
  if (!nm || !(*nm >= 1.0 && *nm <= 10'000.0)) {
    fail(where, "technology_nm", nm ? fmt::format("{}", *nm) : "no number", "1 to 10000");
  }
  card.technology_nm = *nm;
  const toml::table* figures = root["figures"].as_table();
  if (figures == nullptr) fail(where, "figures", "no table", "a table of figures");
  for (const auto& [key, node] : *figures) {
    if (std::ranges::find(kKinds, key.str(), &FigureKind::key) == kKinds.end()) {
      std::vector<std::string_view> names;
      for (const FigureKind& kind : kKinds) names.push_back(kind.key);
      fail(where, fmt::format("figures.{}", key.str()), "an unknown figure",
           fmt::format("{}", fmt::join(names, ", ")));
    }
    if (!node.is_table()) fail(where, fmt::format("figures.{}", key.str()), "no table", "a table");
  }
  for (const FigureKind& kind : kKinds) {
    const toml::table* table = (*figures)[kind.key].as_table();
    if (table == nullptr) {
      Figure missing;
      missing.note = std::string(kNotInCard);
      card.figures.push_back(std::move(missing));
      continue;
    }
    card.figures.push_back(read_figure(*table, kind, where));
  }
  return card;
}

EnergyCard load_energy_card(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Error(fmt::format("cannot read '{}'", path));
  return energy_card_from_toml(text.str(), path);
}

EnergyCard scaled(const EnergyCard& card, double technology_nm, double supply_ratio) {
  EnergyCard result = card;
  const double length = technology_nm / card.technology_nm;
  result.name = fmt::format("{} at {} nm", card.name, technology_nm);
  result.technology_nm = technology_nm;
  for (std::size_t i = 0; i < result.figures.size(); ++i) {
    Figure& figure = result.figures[i];
    if (!figure.value || kKinds[i].group == kParameter) continue;
    *figure.value *=
        kKinds[i].group == kArea ? length * length : length * supply_ratio * supply_ratio;
    figure.technology += fmt::format(", scaled to {} nm", technology_nm);
    figure.grade = std::string(1, 'D');
  }
  return result;
}

EnergyCard merged(const EnergyCard& card, const EnergyCard& other) {
  EnergyCard result = card;
  result.name = fmt::format("{} + {}", card.name, other.name);
  result.description = fmt::format("{}; {}", card.description, other.description);
  for (std::size_t i = 0; i < result.figures.size(); ++i) {
    Figure& figure = result.figures[i];
    const Figure& theirs = other.figures[i];
    if (figure.value) continue;
    if (theirs.value || figure.note == kNotInCard) figure = theirs;
  }
  return result;
}

}  // namespace mcnn
