// SPDX-License-Identifier: Apache-2.0
// mcnn cost: what the images of a workload cost in energy, time and area.
#pragma once

#include <string>

#include "tb/programming.h"
#include "tb/workload.h"

namespace mcnn::tb {

struct CostOptions {
  WorkloadOptions workload;
  ProgrammingOptions programming;
  unsigned jobs = 1;
  bool skip = false;
  std::string card = "paper65";  // a name of data/energy, or a file
  std::string json;              // file; empty: none
};

// Exit status.
int run_cost(const CostOptions& options);

}  // namespace mcnn::tb
