// SPDX-License-Identifier: Apache-2.0
// mcnn report: classifies images and writes what came out of it, and how, as one HTML page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tb/programming.h"
#include "tb/workload.h"

namespace CLI {
class App;
}

namespace mcnn::tb {

struct ReportCommandOptions {
  WorkloadOptions workload;
  ProgrammingOptions programming;
  bool skip = false;
  std::int64_t check = -1;            // -1: the engine's default
  std::string result;                 // file, JSON
  std::string logits;                 // file, CSV
  std::string engine = "model";       // model or rtl
  std::string out;                    // file; empty: <runs>/report/report.html, its folder made
  std::string runs = "build";         // folder with what other commands left
  std::optional<std::int64_t> image;  // that is followed; none: the first of the run
};

// Options of the command that other commands do not have.
void add_report_options(CLI::App& command, ReportCommandOptions& options);

// Returns the exit status. Throws Error, Interrupted.
int run_report(const ReportCommandOptions& options, unsigned jobs);

}  // namespace mcnn::tb
