// SPDX-License-Identifier: Apache-2.0
// mcnn crossbar: the currents of a crossbar with resistive wires, from CSV files
// (behavioral_models/wire_network.h).
#pragma once

#include "tb/command.h"

namespace mcnn::tb {

Command crossbar_command(CLI::App& app);

}  // namespace mcnn::tb
