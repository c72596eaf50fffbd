// SPDX-License-Identifier: Apache-2.0
// mcnn faces: the published face experiment on ten chips, beside the processor of this machine.
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command faces_command(CLI::App& app);

}  // namespace mcnn::cli
