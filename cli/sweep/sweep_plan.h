// SPDX-License-Identifier: Apache-2.0
// Sweeps in a file.
#pragma once

#include <filesystem>
#include <vector>

#include "cli/sweep/sweep.h"

namespace mcnn::cli {

// A plan: TOML with [[sweep]] tables. `overrides` are put over the fixed settings of each. Throws
// Error that names the file, the sweep and the field.
std::vector<Sweep> load_plan(const std::filesystem::path& file, const Settings& overrides);

}  // namespace mcnn::cli
