// SPDX-License-Identifier: Apache-2.0
// Energy and area cards: what one event of each component costs, with unit, technology, source and
// grade of every figure (data/energy/*.toml). A figure that is not known has no value and is
// reported as missing wherever it would count; it is never taken as zero.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/mapping/chip_config.h"

namespace mcnn {

enum class FigureGroup { kParameter, kMacro, kDigital, kMemory, kArea };
std::string_view group_name(FigureGroup group);

// A figure that a card may have.
struct FigureKind {
  std::string_view key;
  FigureGroup group;
  std::string_view unit;
  std::string_view event;  // what is counted for it; empty for a parameter or an area
  std::string_view what;
};
std::span<const FigureKind> figure_kinds();
// It depends on the sizes of a chip: events of its logic and memories, and the area of its logic.
bool of_a_configuration(const FigureKind& kind);

struct Figure {
  std::optional<double> value;
  std::string technology;  // "65 nm"
  std::string source;
  std::string grade;                      // P, S, D, M (measured here), ? (assumed)
  std::string note;                       // of a missing one: why
  bool of_another_configuration = false;  // of a missing one: the card has it, for another chip
};

struct EnergyCard {
  std::string name;
  std::string description;
  double technology_nm = 0.0;
  // What the figures were measured on that depend on the sizes of a chip; "any": they hold for
  // every configuration; empty: the card has none of them.
  std::string configuration;
  // Of figures that were measured on a netlist (scripts/power.sh): the cells (constraints/cells),
  // the network and the images "1..10" that gave the activity; otherwise empty.
  std::string library;
  std::string network;
  std::string images;
  std::vector<Figure> figures;  // as figure_kinds()

  const Figure& figure(std::string_view key) const;  // throws Error on an unknown key
  std::optional<double> value(std::string_view key) const { return figure(key).value; }
  // Throws Error that names the figure when it is missing.
  double required(std::string_view key) const;
};

// Throws Error with file and field on an unknown figure, a wrong unit, a value that cannot be, a
// figure without source or grade, one of a configuration in a card that does not name it, and on a
// missing figure that does not say why.
EnergyCard load_energy_card(const std::filesystem::path& file);
EnergyCard energy_card_from_toml(std::string_view text, const std::string& where);

// Figures at another technology: energies (pJ an event) go with the square of the supply and with
// the length, C V^2 with C ~ length; areas with its square. Voltages, times and what the array
// dissipates stay. Documented in data/README.md.
EnergyCard scaled(const EnergyCard& card, double technology_nm, double supply_ratio);

// The figures of `card` that hold for `config`. If the configuration of the card is another one,
// those that depend on it are missing and say so. `measured_on`: its parameters, which count where
// they are known: a changed copy of a configuration is another one. Converters of fewer bits are no
// difference: the same logic serves them, its upper inputs at 0.
EnergyCard for_configuration(const EnergyCard& card, const ChipConfig& config,
                             const std::optional<ChipConfig>& measured_on);

// The figures of `card`, and those that it does not have from `other`.
EnergyCard merged(const EnergyCard& card, const EnergyCard& other);

}  // namespace mcnn
