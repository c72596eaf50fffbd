// SPDX-License-Identifier: Apache-2.0
#include "cli/report/report_page.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <vector>

#include "cli/output/html.h"
#include "cli/report/assets.h"
#include "cli/report/report_sections.h"

namespace mcnn::cli {
namespace {

// The dark theme is chosen by the system or by the reader, never for print.
std::string style() {
  std::string text(html::kStyle);
  const std::string dark(html::kDark);
  const std::string rules =
      "@media screen and (prefers-color-scheme: dark) {\n"
      ":root:not([data-theme=light]) {\n" +
      dark +
      "}\n}\n"
      "@media screen { :root[data-theme=dark] {\n" +
      dark + "} }\n";
  constexpr std::string_view kPlace = "DARK_RULES";
  text.replace(text.find(kPlace), kPlace.size(), rules);
  return text;
}

// The six lines that lead the page: value, how it was come by, and from what.
std::string key_figures(const ReportPage& page) {
  std::string text = "<dl class=\"key\" id=\"key-figures\">\n";
  for (const SummaryLine& line : page.cost.summary) {
    std::string value = quantity_text(escaped(line.value_text()));
    if (line.name == "accuracy") {
      value = datum("accuracy", page.report.run.accuracy(), value);
    }
    fmt::format_to(std::back_inserter(text),
                   "<div><dt>{} <span class=\"origin {}\">{}</span></dt><dd>{}</dd>"
                   "<dd class=\"from\">{}</dd></div>\n",
                   line.name, origin_name(line.origin), origin_name(line.origin), value,
                   figure_titles(line.from));
  }
  return text + "</dl>\n";
}

// What they are to be compared with.
std::string beside_key_figures(const ReportPage& page) {
  const Report& report = page.report;
  ReadCounts counts;
  for (const ReadCounts& row : report.run.rows) counts += row;
  std::string text = fmt::format(
      "<p class=\"beside\">The integer network, with no device in it, has {}. {} images, {} clocks "
      "each on the {}; {:.4f} % of the conversions were clipped",
      datum("integer_accuracy", report.integer.accuracy(),
            fmt::format("{:.2f} %", 100.0 * report.integer.accuracy())),
      datum("images", static_cast<std::int64_t>(report.workload.count),
            grouped(report.workload.count)),
      datum("clocks_per_image", report.run.clocks_per_image,
            fmt::format("{:.1f}", report.run.clocks_per_image)),
      engine_title(report.engine),
      percent_of(static_cast<double>(counts.clipped_low + counts.clipped_high),
                 static_cast<double>(counts.conversions)));
  if (report.chip->loop) {
    const CellStatistics cells = cell_statistics(report.workload, *report.chip);
    fmt::format_to(std::back_inserter(text),
                   "; {:.2f} % of the cells were programmed to within their tolerance",
                   percent_of(static_cast<double>(cells.done), static_cast<double>(cells.cells)));
  }
  return text + ".</p>\n";
}

}  // namespace

std::string report_page(const ReportPage& page) {
  const Workload& workload = page.report.workload;
  const ConductanceView view = conductance_view(workload, *page.report.chip);
  const std::array<Section, 12> sections = {accuracy_section(page),
                                            run_section(page),
                                            followed_section(page),
                                            arrays_section(page, view),
                                            programming_section(page, view),
                                            clipping_section(page),
                                            clocks_section(page),
                                            timeline_section(page),
                                            cost_section(page),
                                            sweeps_section(page),
                                            tuning_section(page),
                                            rtl_section(page)};

  const std::string title =
      fmt::format("{} on {}, device {}, seed {}", workload.network.name, workload.config.name,
                  workload.card.name, workload.options.seed);
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(
      out,
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>mcnn report: {}</title>\n<link rel=\"icon\" href=\"data:,\">\n"
      "<style>\n{}</style>\n</head>\n<body>\n"
      "<a class=\"skip\" href=\"#accuracy\">Skip to the report</a>\n<div class=\"sheet\">\n",
      escaped(title), style());
  fmt::format_to(
      out,
      "<header><div><h1>{}</h1>\n<p class=\"what\">Images {} to {} on the {}: {}.</p></div>\n"
      "<fieldset class=\"theme\"><legend>Theme</legend>"
      "<label><input type=\"radio\" name=\"theme\" value=\"auto\" checked>Auto</label>"
      "<label><input type=\"radio\" name=\"theme\" value=\"light\">Light</label>"
      "<label><input type=\"radio\" name=\"theme\" value=\"dark\">Dark</label>"
      "</fieldset></header>\n",
      escaped(title), grouped(workload.first), grouped(workload.first + workload.count - 1),
      engine_title(page.report.engine), escaped(describe(workload.config)));
  text += key_figures(page) + beside_key_figures(page);
  text += "<div class=\"body\">\n<nav aria-label=\"Contents\"><h2>Contents</h2><ol>\n";
  for (const Section& section : sections) {
    fmt::format_to(out, "<li><a href=\"#{}\">{}</a></li>\n", section.id, section.title);
  }
  text += "</ol></nav>\n<main>\n";
  for (const Section& section : sections) {
    fmt::format_to(out, "<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", section.id,
                   section.title, section.html);
  }
  fmt::format_to(out,
                 "</main>\n</div>\n</div>\n<div id=\"tip\" role=\"status\" hidden></div>\n"
                 "<script>\n{}</script>\n</body>\n</html>\n",
                 html::kScript);
  return text;
}

}  // namespace mcnn::cli
