// SPDX-License-Identifier: Apache-2.0
// What mcnn cost and mcnn tune say of energy, time and area: text for people, JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "host/cost/cost.h"
#include "host/cost/cost_summary.h"
#include "host/cost/energy_card.h"
#include "host/cost/macro_peak.h"
#include "host/cost/wide_macro.h"
#include "host/mapping/chip_config.h"

namespace mcnn {

struct CostReport {
  ChipConfig config;
  EnergyCard card;
  CostSummary summary;
  Cost cost;
  MacroPeak peak;
  std::vector<LayerGap> gaps;
  std::vector<WideLayer> wide;  // may be empty
};

std::string cost_table(const CostReport& report);  // the details: summary_text() leads
std::string cost_json(const CostReport& report);
std::string summary_json(const CostSummary& summary);  // a list

std::string tuning_cost_table(const TuningCost& cost, const EnergyCard& card);
std::string tuning_cost_json(const TuningCost& cost);

}  // namespace mcnn
