// SPDX-License-Identifier: Apache-2.0
#include "cli/run/energy_cards.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>

#include "cli/run/workload.h"
#include "common/error.h"

namespace mcnn::cli {
namespace {

// A name: the card of this configuration, or one that is of none, or of the default configuration,
// which then says that it is of another one.
EnergyCard load_chosen_energy_card(const std::string& name, const ChipConfig& config) {
  const std::filesystem::path folder = std::filesystem::path(data_folder()) / "energy";
  if (!name.empty() && name.find('/') == std::string::npos) {
    for (const std::filesystem::path& room : {folder / config.name, folder, folder / "yao2020"}) {
      const std::filesystem::path named = room / (name + ".toml");
      if (std::filesystem::exists(named)) return load_energy_card(named);
    }
  }
  if (name.empty() || !std::filesystem::is_regular_file(name)) {
    throw Error(fmt::format("--card: '{}' is neither an energy card of {} nor a file", name,
                            folder.string()));
  }
  return load_energy_card(name);
}

double number(const std::string& text, const std::string& option) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value > 0.0)) {
    throw Error(fmt::format(
        "--card: {}: found '{}', allowed is name@NM:RATIO with two numbers above 0", option, text));
  }
  return value;
}

// What holds for `config` of a card. A configuration that constraints/ does not have is known by
// its name alone.
EnergyCard figures_for(const EnergyCard& card, const ChipConfig& config) {
  const std::filesystem::path file =
      std::filesystem::path(MCNN_CONSTRAINTS_DIR) / (card.configuration + ".params");
  std::optional<ChipConfig> measured_on;
  if (std::filesystem::is_regular_file(file)) measured_on = load_chip_config(file.string());
  return for_configuration(card, config, measured_on);
}

}  // namespace

EnergyCard load_energy_cards(const std::string& list, const ChipConfig& config) {
  std::optional<EnergyCard> cards;
  std::istringstream names(list);
  for (std::string name; std::getline(names, name, ',');) {
    const std::size_t at = name.find('@');
    EnergyCard card = load_chosen_energy_card(name.substr(0, at), config);
    if (at != std::string::npos) {
      const std::size_t colon = name.find(':', at);
      const std::string ratio = colon == std::string::npos ? "" : name.substr(colon + 1);
      card = scaled(card, number(name.substr(at + 1, colon - at - 1), name), number(ratio, name));
    }
    card = figures_for(card, config);
    cards = cards ? merged(*cards, card) : card;
  }
  if (!cards) throw Error("--card: found nothing, allowed are names of data/energy and files");
  return *cards;
}

Clock standard_clock(const ChipConfig& config) {
  return clock_of(load_energy_cards(kStandardCards, config), config);
}

}  // namespace mcnn::cli
