// SPDX-License-Identifier: Apache-2.0
// What a run cost: its events by the figures of energy cards.
#pragma once

#include "cli/run/engines.h"
#include "cli/run/programming.h"
#include "cli/run/workload.h"
#include "host/cost/cost_output.h"
#include "host/cost/energy_card.h"

namespace mcnn::cli {

// `run`: of the chip model on `chip`, its events are what is counted. Throws Error when a needed
// figure is missing.
CostReport cost_report(const Workload& workload, const ProgrammedChip& chip, const EngineRun& run,
                       EnergyCard card);

}  // namespace mcnn::cli
