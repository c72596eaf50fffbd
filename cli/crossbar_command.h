// SPDX-License-Identifier: Apache-2.0
// mcnn crossbar: the currents of a crossbar with resistive wires, from CSV files
// (behavioral_models/wire_network.h).
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command crossbar_command(CLI::App& app);

}  // namespace mcnn::cli
