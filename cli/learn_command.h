// SPDX-License-Identifier: Apache-2.0
// mcnn learn: a chip learns the last layer of a network in its cells.
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command learn_command(CLI::App& app);

}  // namespace mcnn::cli
