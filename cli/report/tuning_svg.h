// SPDX-License-Identifier: Apache-2.0
// The learning curve as a picture.
#pragma once

#include <string>

#include "host/tuning/tuner.h"
#include "host/tuning/tuner_state.h"

namespace mcnn::cli {

// The learning curve as an SVG document, readable on light and dark ground. Above it what came of
// it: the errors of the whole chip before and after.
std::string tuning_svg(const TunerState& state, const std::string& title,
                       const Tuner::Measured& before, const Tuner::Measured& after);

}  // namespace mcnn::cli
