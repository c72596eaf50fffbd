// SPDX-License-Identifier: Apache-2.0
// The same training in floating point on the processor of this machine: how long an iteration
// takes, and its energy, which the processor counts or a figure says.
#pragma once

#include <cstdint>
#include <optional>

#include "host/network/image_set.h"

namespace mcnn::cli {

struct CpuTraining {
  int iterations = 0;        // of the run that was measured, until all training images are right
  int test_errors = 0;       // then
  double iteration_s = 0.0;  // wall clock, one thread, mean over many runs
  std::optional<double> package_W;  // counted by the processor (RAPL) meanwhile, all of it; none:
                                    // not readable here
};

// Delta rule of one layer with softmax, all images an iteration. `classes`: outputs.
CpuTraining train_on_cpu(const Dataset& training, const Dataset& test, int classes,
                         std::uint64_t seed);

}  // namespace mcnn::cli
