// SPDX-License-Identifier: Apache-2.0
// mcnn map, mcnn info: how a network lies in the arrays; configuration, device and network.
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command map_command(CLI::App& app);
Command info_command(CLI::App& app);

}  // namespace mcnn::cli
