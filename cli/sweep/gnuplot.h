// SPDX-License-Identifier: Apache-2.0
// Has gnuplot draw.
#pragma once

#include <optional>
#include <string>

namespace mcnn::cli {

// Runs gnuplot on a script; its exit status, or none if there is no such program.
std::optional<int> run_gnuplot(const std::string& script);
// Throws Error, as of --plot, if there is no gnuplot.
void check_gnuplot();

}  // namespace mcnn::cli
