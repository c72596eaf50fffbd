// SPDX-License-Identifier: Apache-2.0
// The plot of a sweep, as a gnuplot script: accuracy against the first varied number, with a curve
// for each combination of the other varied keys. Without a number to vary, unordered values as
// device cards stand side by side as points; drawn values make a cloud of points.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "cli/sweep/sweep.h"
#include "cli/sweep/sweep_file.h"

namespace mcnn::cli {

// "wire_resistance_ohm" is "wire resistance [ohm]".
std::string axis_label(std::string_view key);

// Throws Error if the plot had more curves than a reader can tell apart.
void check_plot(const Sweep& sweep, const std::string& where);
// The script that draws `rows` into the file `svg`.
std::string plot_script(const Sweep& sweep, const std::map<std::uint64_t, RunResult>& rows,
                        const std::string& svg);

}  // namespace mcnn::cli
