// SPDX-License-Identifier: Apache-2.0
// What mcnn learn says of a chip that learnt: text for people, JSON and CSV for programs.
#pragma once

#include <string>

#include "cli/run/learning_run.h"
#include "cli/run/provenance.h"

namespace mcnn::cli {

struct LearningReport {
  const LearnOptions& options;
  const LearningSettings& settings;
  const Workload& workload;
  const LearnRun& run;
  const EnergyCard& card;
  double programmed_s = 0.0;
};

std::string learning_table(const LearningReport& report);
std::string learning_csv(const LearningReport& report);
std::string learning_json(const LearningReport& report, const Provenance& made);

}  // namespace mcnn::cli
