// SPDX-License-Identifier: Apache-2.0
// The timeline of images of a workload, as the file that --timeline writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "behavioral_models/macro.h"
#include "cli/run/workload.h"

namespace mcnn::cli {

// Images from..to (numbers) one after the other, on a chip with these macros.
std::string timeline_json(const Workload& workload, const std::vector<Macro>& macros,
                          std::uint32_t from, std::uint32_t to, bool skip);

}  // namespace mcnn::cli
