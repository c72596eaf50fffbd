// SPDX-License-Identifier: Apache-2.0
// mcnn fit: a device card from measurements of cells.
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command fit_command(CLI::App& app);

}  // namespace mcnn::cli
