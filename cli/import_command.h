// SPDX-License-Identifier: Apache-2.0
// mcnn import: a network of another framework, made one that the chip runs.
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command import_command(CLI::App& app);

}  // namespace mcnn::cli
