// SPDX-License-Identifier: Apache-2.0
// What mcnn tune says of a tuned chip: text for people, JSON for programs.
#pragma once

#include <string>

#include "cli/run/provenance.h"
#include "cli/run/tuning_run.h"
#include "cli/run/workload.h"
#include "host/cost/cost.h"
#include "host/cost/cost_summary.h"
#include "host/cost/energy_card.h"
#include "host/programming/refresh.h"
#include "host/tuning/tuner.h"

namespace mcnn::cli {

struct TuningReport {
  const TuneOptions& options;
  const Workload& workload;
  const Tuner& tuner;
  Tuner::Measured before;
  Tuner::Measured after;
  RefreshReport refresh;
  const EnergyCard& card;
  TuningCost cost;      // of tuning
  CostSummary summary;  // of the tuned chip
  double tuned_s = 0.0;
  double programmed_s = 0.0;
};

// The six figures of the chip as `after` found it: on the test images, without them on those that
// it was tuned with.
CostSummary tuned_summary(const Workload& workload, const Tuner& tuner,
                          const Tuner::Measured& before, const Tuner::Measured& after,
                          const EnergyCard& card);

std::string tuning_table(const TuningReport& report);  // the details: summary_text() leads
// `run`: what was asked for, as the checkpoint has it.
std::string tuning_json(const TuningReport& report, const std::string& run, const Provenance& made);

}  // namespace mcnn::cli
