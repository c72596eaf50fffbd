// SPDX-License-Identifier: Apache-2.0
// The energy cards that --card names.
#pragma once

#include <string>

#include "host/cost/clock.h"
#include "host/cost/energy_card.h"
#include "host/mapping/chip_config.h"

namespace mcnn::cli {

// Of --card: names or files, with commas: a figure is from the first one that has it. A name is a
// card of data/energy/<configuration> or data/energy. "name@65:0.6" scales a card to 65 nm and a
// supply of 0.6 times its own.
inline constexpr const char* kStandardCards = "paper65,osu018-gated,gf180sram";
// Figures of another configuration than `config` are missing; throws Error.
EnergyCard load_energy_cards(const std::string& list, const ChipConfig& config);

// What a clock of `config` lasts by the standard cards.
Clock standard_clock(const ChipConfig& config);

}  // namespace mcnn::cli
