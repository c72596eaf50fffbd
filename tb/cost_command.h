// SPDX-License-Identifier: Apache-2.0
// mcnn cost: what the images of a workload cost in energy, time and area.
#pragma once

#include <string>

#include "host/cost/energy_card.h"
#include "tb/command.h"

namespace mcnn::tb {

// Of --card: names of data/energy or files, with commas: a figure is from the first one that has
// it. "name@65:0.6" scales a card to 65 nm and a supply of 0.6 times its own.
inline constexpr const char* kStandardCards = "paper65,osu018,gf180sram";
EnergyCard load_energy_cards(const std::string& list);  // throws Error

Command cost_command(CLI::App& app);

}  // namespace mcnn::tb
