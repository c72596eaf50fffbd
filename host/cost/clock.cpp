// SPDX-License-Identifier: Apache-2.0
#include "host/cost/clock.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/cost/energy_card.h"
#include "host/mapping/chip_config.h"

namespace mcnn {

double Clock::ns() const { return std::max(logic_ns, read_ns / read_clocks); }

std::string Clock::text() const {
  return fmt::format("{:g} ns (a read of {:g} ns in {} clock{}, logic of {:g} ns)", ns(), read_ns,
                     read_clocks, read_clocks == 1 ? "" : "s", logic_ns);
}

Clock clock_of(const EnergyCard& card, const ChipConfig& config) {
  return {card.required("logic_clock"), card.required("read_pulse"), config.read_clocks};
}

}  // namespace mcnn
