// SPDX-License-Identifier: Apache-2.0
// The runs of a sweep on the chip model: checked before the first one starts, then a run a thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/run/provenance.h"
#include "cli/run/workload.h"
#include "cli/sweep/sweep.h"
#include "cli/sweep/sweep_file.h"

namespace mcnn::cli {

struct CheckedSweep {
  std::vector<std::uint32_t> images;  // of each run
  Provenance made;
  SweepOrigin origin;
};

// Loads the workload of every run, so that a bad value is found before the first one starts, and
// adds up the files that they are made of: a sum does not depend on where the files are. `command`:
// what repeats the sweep. Throws Error, Interrupted.
CheckedSweep check_runs(const Sweep& sweep, WorkloadLoader& loader, const std::string& command);

// Runs what is missing in the file, one run a thread. `images`: of each run. Throws Error,
// Interrupted.
void run_missing(const Sweep& sweep, SweepFile& file, WorkloadLoader& loader,
                 const std::vector<std::uint32_t>& images, unsigned jobs, const std::string& title);

}  // namespace mcnn::cli
