// SPDX-License-Identifier: Apache-2.0
// A device card as a picture: what the models make of 2,048 of its cells a level. Everything that
// the card has on acts together.
#pragma once

#include <cstdint>
#include <string>

#include "behavioral_models/device_card.h"

namespace mcnn::cli {

// States at the card's age (cells programmed directly), spread and mean of what time makes of three
// levels from a microsecond to ten years, and the noise of a read against the conductance. An SVG
// document.
std::string card_svg(const DeviceCard& card, std::uint64_t seed);

}  // namespace mcnn::cli
