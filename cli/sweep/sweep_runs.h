// SPDX-License-Identifier: Apache-2.0
// The runs of a sweep on the chip model: checked before the first one starts, then a run a thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/run/provenance.h"
#include "cli/run/workload.h"
#include "cli/sweep/sweep.h"
#include "cli/sweep/sweep_file.h"

namespace mcnn::cli {

struct CheckedSweep {
  double images_a_run = 0.0;  // mean of the runs that were checked
  Provenance made;
  SweepOrigin origin;
};

// The runs that are set up before the first one starts: every varied value once, combinations of
// them up to kMostChecked, all of these with the first seed, a second seed and the first samples.
// The number does not grow with the seeds and samples of a sweep; what only another run would show
// is found when that run begins.
inline constexpr std::size_t kMostChecked = 256;
inline constexpr std::uint64_t kSamplesChecked = 16;
std::vector<std::uint64_t> runs_to_check(const Sweep& sweep);

// Loads the workload of these runs, so that a bad value is found before the first one starts, and
// adds up the files that the runs are made of (each is the value of one key): a sum does not depend
// on where the files are. `command`: what repeats the sweep. Throws Error, Interrupted.
CheckedSweep check_runs(const Sweep& sweep, WorkloadLoader& loader, const std::string& command);

// Runs what is missing in the file, one run a thread. A run that is tuned leaves a checkpoint when
// it is stopped and every minute, and goes on from it. Throws Error, Interrupted.
void run_missing(const Sweep& sweep, SweepFile& file, WorkloadLoader& loader, double images_a_run,
                 unsigned jobs, const std::string& title);

}  // namespace mcnn::cli
