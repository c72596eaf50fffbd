// SPDX-License-Identifier: Apache-2.0
// A programmed chip whose cells can be rewritten, for the tests of what rewrites them.
#pragma once

#include <vector>

#include "behavioral_models/device_card.h"
#include "behavioral_models/macro.h"
#include "common/index.h"
#include "host/engine/chip_model.h"
#include "host/mapping/mapper.h"
#include "host/network/network.h"
#include "host/programming/cell_writer.h"
#include "host/programming/program_model.h"
#include "host/tuning/tuned_layer.h"
#include "host_test_util.h"
#include "tests/support/device_cards.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {

inline MappingOptions mapping_for(const DeviceCard& card) {
  MappingOptions mapping;
  mapping.limits = device_limits(card);
  return mapping;
}

// The default configuration with a random network in its cells, its last layer as pairs of them.
struct WritableChip {
  explicit WritableChip(const DeviceCard& device)
      : card(device),
        network(random_yao2020(7)),
        config(named_config("yao2020")),
        mapped(map_network(network, config, mapping_for(device))),
        layer(tuned_layer(network, mapped)),
        macros(make_macros(config, card, 1)),
        port(config, macros),
        writer(port, config, card, program_settings(card, config), {}) {
    program_direct(macros, mapped.program);
  }

  double cell(const CellPair& pair, bool positive) const {  // [level steps]
    const auto at = to_index((pair.line + (positive ? 0 : 1)) * config.num_bl() + pair.bit_line);
    return static_cast<double>(macros[to_index(pair.pe)].conductances()[at]) / card.level_step_uS();
  }
  double difference(const CellPair& pair) const { return cell(pair, true) - cell(pair, false); }

  DeviceCard card;
  Network network;
  ChipConfig config;
  MappedNetwork mapped;
  TunedLayer layer;
  std::vector<Macro> macros;
  ProgramModel port;
  CellWriter writer;
};

}  // namespace mcnn::testing
