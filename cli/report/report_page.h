// SPDX-License-Identifier: Apache-2.0
// The report of a run as one HTML page that needs nothing but itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "cli/run/run_report.h"
#include "host/cost/cost_output.h"

namespace mcnn::cli {

struct ReportPage {
  const Report& report;        // of the chip, on RTL or chip model
  std::uint32_t followed = 0;  // number of the image that is followed through the layers
  std::filesystem::path runs;  // folder with what other commands left: sim, sweep, tune
  const CostReport& cost;      // of the run
  std::string command;         // that makes the page
  bool skip = false;           // MODE.SKIP
};

// The page. What depends on wall-clock time is left out: the same command gives the same bytes as
// long as `runs` holds the same. Throws Error on a file of `runs` that cannot be read.
std::string report_page(const ReportPage& page);

}  // namespace mcnn::cli
