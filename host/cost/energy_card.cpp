// SPDX-License-Identifier: Apache-2.0
#include "host/cost/energy_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/error.h"
#include "common/toml_table.h"

namespace mcnn {
namespace {

using enum FigureGroup;

constexpr std::string_view kNotInCard = "not in the card";
constexpr std::string_view kAnyConfiguration = "any";

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

    {"pe_read", kDigital, "pJ", "PE reads", "PE: a plane read and accumulated"},
    {"fetch_column", kDigital, "pJ", "columns", "window fetch: a column"},
    {"reduce_group", kDigital, "pJ", "groups reduced", "reduce: pair sums of two kernels"},
    {"activate_group", kDigital, "pJ", "groups activated", "activate: sums of two kernels"},
    {"pool_group", kDigital, "pJ", "pixels pooled", "pool write: a pixel written"},
    {"control_clock", kDigital, "pJ", "clocks of images",
     "sequencer, tables, counters and the like: a clock of an image, above rest"},
    {"logic_clock_tree", kDigital, "pJ", "clocks", "all logic: a clock, data at rest"},
    {"logic_leakage", kDigital, "uW", "ns", "all logic: leakage"},
    {"programmer_read", kDigital, "pJ", "verify reads",
     "programmer: a verify read and the pulse that may follow"},

    {"map_read", kMemory, "pJ", "map pixels read", "feature-map bank: a pixel read"},
    {"map_write", kMemory, "pJ", "map pixels written", "feature-map bank: a pixel written"},
    {"record_read", kMemory, "pJ", "table rows read", "tables: a step record or layer row read"},
    {"bias_read", kMemory, "pJ", "bias rows read", "tables: a row of Lanes biases read"},
    {"logit_access", kMemory, "pJ", "logit pairs", "result memory: a pair written or read"},

    {"area_cell", kArea, "um2", "", "a cell"},
    {"area_bit_line_driver", kArea, "um2", "", "driver of a bit line"},
    {"area_source_line", kArea, "um2", "", "multiplexer and sample and hold of a source line"},
    {"area_adc", kArea, "um2", "", "a converter lane"},
    {"area_logic", kArea, "um2", "", "all logic of the chip"},
    {"area_memory_bit", kArea, "um2", "", "a bit of memory"},
    {"area_macro_128", kArea, "um2", "", "the published macro of 128 x 128 cells, whole"},
});

// A figure without a value says why there is none.
Figure read_figure(const TomlTable& table, const FigureKind& kind) {
  table.allow_only({"value", "unit", "technology", "source", "grade", "note"});
  Figure figure;
  if (!table.has("value")) {
    figure.note = table.text("note");
    return figure;
  }
  figure.note = table.text_or_none("note");
  figure.value = table.number("value", {.lowest = 0.0, .above_lowest = true});
  table.choice("unit", {kind.unit});
  figure.technology = table.text("technology");
  figure.source = table.text("source");
  figure.grade = table.choice("grade", {"P", "S", "D", "M", "?"});
  return figure;
}

EnergyCard read_energy_card(const TomlTable& table) {
  table.allow_only({"name", "description", "technology_nm", "configuration", "library", "network",
                    "images", "figures"});
  EnergyCard card;
  card.name = table.text("name");
  card.description = table.text_or_none("description");
  card.technology_nm = table.number("technology_nm", {.lowest = 1.0, .highest = 10'000.0});
  card.configuration = table.text_or_none("configuration");
  card.library = table.text_or_none("library");
  card.network = table.text_or_none("network");
  card.images = table.text_or_none("images");
  const TomlTable figures = table.table("figures");
  std::vector<std::string_view> keys;
  for (const FigureKind& kind : kKinds) keys.push_back(kind.key);
  figures.allow_only(keys);
  for (const FigureKind& kind : kKinds) {
    if (figures.has(kind.key)) {
      card.figures.push_back(read_figure(figures.table(kind.key), kind));
      if (card.figures.back().value && of_a_configuration(kind) && card.configuration.empty()) {
        throw Error(fmt::format(
            "{}: field configuration: missing, allowed: the configuration that figures.{} was "
            "measured on, or 'any'",
            table.where(), kind.key));
      }
    } else {
      Figure missing;
      missing.note = std::string(kNotInCard);
      card.figures.push_back(std::move(missing));
    }
  }
  return card;
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

bool of_a_configuration(const FigureKind& kind) {
  return kind.group == kDigital || kind.group == kMemory || kind.key == "area_logic";
}

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

EnergyCard energy_card_from_toml(std::string_view text, const std::string& where) {
  return read_energy_card(TomlTable::parse(text, where));
}

EnergyCard load_energy_card(const std::filesystem::path& file) {
  return read_energy_card(TomlTable::load(file, fmt::format("energy card {}", file.string())));
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

EnergyCard for_configuration(const EnergyCard& card, const ChipConfig& config,
                             const std::optional<ChipConfig>& measured_on) {
  if (card.configuration.empty() || card.configuration == kAnyConfiguration) return card;
  std::string apart;
  if (measured_on) {
    ChipConfig measured = *measured_on;
    if (config.adc_bits < measured.adc_bits) measured.adc_bits = config.adc_bits;
    apart = differences(measured, config);
    if (apart.empty()) return card;
  }
  const bool same_name = card.configuration == config.name;
  if (!measured_on && same_name) return card;
  const std::string note =
      same_name ? fmt::format("card {} was measured on {} with other parameters ({})", card.name,
                              config.name, apart)
                : fmt::format("card {} was measured on {}, not on {}", card.name,
                              card.configuration, config.name);
  EnergyCard result = card;
  for (std::size_t i = 0; i < result.figures.size(); ++i) {
    if (!result.figures[i].value || !of_a_configuration(kKinds[i])) continue;
    result.figures[i] = Figure{};
    result.figures[i].note = note;
    result.figures[i].of_another_configuration = true;
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
    if (theirs.value || theirs.of_another_configuration || figure.note == kNotInCard) {
      figure = theirs;
    }
  }
  return result;
}

}  // namespace mcnn
