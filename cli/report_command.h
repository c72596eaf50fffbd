// SPDX-License-Identifier: Apache-2.0
// mcnn report: classifies images and writes what came out of it, and how, as one HTML page.
#pragma once

#include "cli/command.h"

namespace mcnn::cli {

Command report_command(CLI::App& app);

}  // namespace mcnn::cli
