// SPDX-License-Identifier: Apache-2.0
// The learning curve as a picture.
#pragma once

#include <string>

#include "host/tuning/tuner_state.h"

namespace mcnn::cli {

// The learning curve as an SVG document, readable on light and dark ground.
std::string tuning_svg(const TunerState& state, const std::string& title);

}  // namespace mcnn::cli
