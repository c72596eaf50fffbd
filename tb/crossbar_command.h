// SPDX-License-Identifier: Apache-2.0
// mcnn crossbar: the currents of a crossbar with resistive wires, from CSV files
// (behavioral_models/wire_network.h).
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace mcnn::tb {

struct CrossbarOptions {
  std::string conductance;       // file, S
  std::string inputs;            // file, V
  double wire_resistance = 0.0;  // ohm a segment
  std::string topology;
  std::string window;  // FIRST:COUNT, empty for all output lines
  std::string out;     // file, A
};

CLI::App& add_crossbar_command(CLI::App& app, CrossbarOptions& options);

// Returns the exit status. Throws mcnn::Error on bad input.
int run_crossbar(const CrossbarOptions& options);

}  // namespace mcnn::tb
