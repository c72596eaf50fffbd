// SPDX-License-Identifier: Apache-2.0
// mcnn sweep: many runs of the chip model, their accuracies as CSV, table and plot.
// sweeps/README.md documents it.
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command sweep_command(CLI::App& app);

}  // namespace mcnn::cli
