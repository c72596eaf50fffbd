// SPDX-License-Identifier: Apache-2.0
// Style sheet and script of the report, which CMake takes from report.css, dark.css and report.js.
#pragma once

#include <string_view>

namespace mcnn::cli::html {

extern const std::string_view kStyle;  // with a line DARK_RULES where the dark theme goes
extern const std::string_view kDark;   // variables of the dark theme
extern const std::string_view kScript;

}  // namespace mcnn::cli::html
