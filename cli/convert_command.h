// SPDX-License-Identifier: Apache-2.0
// mcnn convert: a network file of either format, written in the newer one.
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command convert_command(CLI::App& app);

}  // namespace mcnn::cli
