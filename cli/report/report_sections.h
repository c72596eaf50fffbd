// SPDX-License-Identifier: Apache-2.0
// The sections of the report page, in its order.
#pragma once

#include <string>

#include "cli/report/conductance_view.h"
#include "cli/report/report_page.h"

namespace mcnn::cli {

struct Section {
  std::string id;
  std::string title;
  std::string html;
};

// report_run.cpp: what ran, and what came out of it.
Section run_section(const ReportPage& page);
Section accuracy_section(const ReportPage& page);
Section followed_section(const ReportPage& page);
// report_chip.cpp: the chip while it did.
Section arrays_section(const ReportPage& page, const ConductanceView& view);
Section programming_section(const ReportPage& page, const ConductanceView& view);
Section clipping_section(const ReportPage& page);
Section clocks_section(const ReportPage& page);
Section timeline_section(const ReportPage& page);
// report_found.cpp: what other commands left.
Section rtl_section(const ReportPage& page);
Section cost_section(const ReportPage& page);
Section sweeps_section(const ReportPage& page);
Section tuning_section(const ReportPage& page);

// Helpers of the sections.
double percent_of(double part, double whole);
// A sentence where there is nothing to show.
std::string absent(const std::string& html);

}  // namespace mcnn::cli
