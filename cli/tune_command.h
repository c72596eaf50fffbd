// SPDX-License-Identifier: Apache-2.0
// mcnn tune: programs a chip and tunes it in place (cli/run/tuning_run.h).
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command tune_command(CLI::App& app);

}  // namespace mcnn::cli
