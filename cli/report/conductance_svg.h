// SPDX-License-Identifier: Apache-2.0
// The conductances of a programmed chip as a picture: for each PE what each cell should hold, what
// it holds, the error when programming ended and at the first image; and the errors by level.
#pragma once

#include <string>

#include "cli/run/programming.h"
#include "cli/run/workload.h"

namespace mcnn::cli {

// An SVG document, readable on light and dark ground. Source lines run to the right, bit lines
// down; cells that the closed loop gave up are crossed. The chip must have been programmed by the
// loop.
std::string conductance_svg(const Workload& workload, const ProgrammedChip& chip);

}  // namespace mcnn::cli
