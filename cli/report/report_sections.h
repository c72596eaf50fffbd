// SPDX-License-Identifier: Apache-2.0
// The sections of the report page, in its order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/output/html.h"
#include "cli/report/conductance_view.h"
#include "cli/report/report_page.h"

namespace mcnn::cli {

// What sections are written with.
using html::datum;
using html::escaped;
using html::grouped;
using html::Table;

struct Section {
  std::string id;
  std::string title;
  std::string html;
};

Section accuracy_section(const ReportPage& page);
Section run_section(const ReportPage& page);
Section followed_section(const ReportPage& page);
// The chip while it did.
Section arrays_section(const ReportPage& page, const ConductanceView& view);
Section programming_section(const ReportPage& page, const ConductanceView& view);
Section clipping_section(const ReportPage& page);
Section clocks_section(const ReportPage& page);
Section timeline_section(const ReportPage& page);
Section cost_section(const ReportPage& page);
// What other commands left of this run.
Section sweeps_section(const ReportPage& page);
Section tuning_section(const ReportPage& page);
Section rtl_section(const ReportPage& page);

// Helpers of the sections.
double percent_of(double part, double whole);
// A sentence where there is nothing to show.
std::string absent(const std::string& html);
// A quantity with SI prefix as the page writes it, and what common/si.h makes as such: µ, mm².
std::string quantity(double value, std::string_view unit);
std::string quantity_text(std::string text);
// What the figures of energy cards are of, for their keys in a text: "a converter lane" for
// "area_adc". HTML.
std::string figure_titles(std::string_view text);
// The class of the style sheet that has a network layer's colour, and which layer has which.
std::string layer_class(std::size_t layer);
std::string layer_legend(const Workload& workload);
std::string shape_text(const MapShape& shape);                          // "8 × 9 × 9"
std::string image_png(const Workload& workload, std::uint32_t number);  // as a data URI

}  // namespace mcnn::cli
