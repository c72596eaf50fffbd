// SPDX-License-Identifier: Apache-2.0
// mcnn program: programs a chip and says how well its cells lie and what that took.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/run/programming.h"
#include "cli/run/workload.h"

namespace mcnn::cli {

Command program_command(CLI::App& app);

// One row a cell: place, target, what the loop says, conductances.
std::string cells_csv(const Workload& workload, const ProgrammedChip& chip);
// The table on the terminal.
std::string program_table(const Workload& workload, const ProgrammedChip& chip, bool used_rtl);

}  // namespace mcnn::cli
