// SPDX-License-Identifier: Apache-2.0
// mcnn cost: what the images of a workload cost in energy, time and area.
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command cost_command(CLI::App& app);

}  // namespace mcnn::cli
