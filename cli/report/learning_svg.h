// SPDX-License-Identifier: Apache-2.0
// Pictures of a chip that learnt: the curve, and the cells of its outputs laid out as their inputs.
#pragma once

#include <string>

#include "cli/run/learning_run.h"

namespace mcnn::cli {

// Accuracy and pulses against the iterations.
std::string learning_svg(const LearnRun& run, const std::string& title);
// A row an epoch, a column an output: each pixel of its inputs in the colour of its cell, of a pair
// the difference. Channels lie below each other.
std::string learnt_cells_svg(const LearnRun& run, const Workload& workload,
                             const std::string& title);

}  // namespace mcnn::cli
