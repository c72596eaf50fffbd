// SPDX-License-Identifier: Apache-2.0
// What a command tells about a run: the table on the terminal, the logits file, the result file.
#pragma once

#include <string>

#include "tb/engines.h"
#include "tb/programming.h"
#include "tb/workload.h"

namespace mcnn::tb {

enum class Engine { kRtl, kModel, kInteger };

struct Report {
  Engine engine = Engine::kRtl;
  const Workload& workload;
  const EngineRun& run;
  const EngineRun& integer;
  const Comparison& comparison;
  bool skip = false;
  const ProgrammedChip* chip = nullptr;  // none with the integer network
  std::string command;                   // that reproduces the run

  std::uint64_t mismatches() const {
    return comparison.mismatches + run.timing_mismatches.size() +
           (chip != nullptr ? chip->comparison.mismatches : 0);
  }
};

std::string report_table(const Report& report);
std::string result_json(const Report& report);
// image,label,class,logit0,...: the same bytes from every engine that gives the same logits.
std::string logits_csv(const Workload& workload, const EngineRun& run);

}  // namespace mcnn::tb
