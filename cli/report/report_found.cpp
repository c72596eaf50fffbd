// SPDX-License-Identifier: Apache-2.0
// Sections of the report page that show what other commands left of its run: sweeps, learning
// curves, the run on the RTL. Each says which command makes its files where there are none, and
// names the files of other runs.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/html.h"
#include "cli/report/found_files.h"
#include "cli/report/report_sections.h"
#include "common/error.h"
#include "common/text_file.h"

namespace mcnn::cli {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Section sweeps_section(const ReportPage& page) {
  Section section{"sweeps", "Sweeps", ""};
  const FoundFiles found(page, "sweep", {".csv", ".svg"});
  if (found.none()) {
    section.html =
        absent(fmt::format("None has been run: <code>make sweep</code> leaves its tables and plots "
                           "in <code>{}</code>.",
                           escaped(found.folder().string())));
    return section;
  }
  Table table({{"sweep", Table::Align::kText},
               {"varied", Table::Align::kText},
               {"runs"},
               {"images a run"},
               {"lowest accuracy [%]"},
               {"mean [%]"},
               {"highest [%]"}});
  for (const FoundFile* file : found.with(".csv")) {
    const std::vector<Row> rows = csv_in(*file);
    if (rows.size() < 2) continue;
    const std::optional<std::size_t> accuracy = column_of(rows.front(), "accuracy");
    const std::optional<std::size_t> images = column_of(rows.front(), "images");
    if (!accuracy) continue;
    double low = 1.0;
    double high = 0.0;
    double sum = 0.0;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      const std::optional<double> value = finite_number(rows[i][*accuracy]);
      if (!value) {
        throw Error(fmt::format("{}: row {}: accuracy: found '{}', allowed is a number",
                                file->path.string(), i, rows[i][*accuracy]));
      }
      low = std::min(low, *value);
      high = std::max(high, *value);
      sum += *value;
    }
    // What is varied: the columns that hold more than one value.
    std::string varied;
    for (std::size_t column = 0; column < rows.front().size(); ++column) {
      const std::string& name = rows.front()[column];
      if (name == "run" || name == "images" || name == "seed") continue;
      if (name == "correct" || column >= *accuracy) break;
      const bool is_varied = std::any_of(rows.begin() + 2, rows.end(), [&](const Row& row) {
        return row[column] != rows[1][column];
      });
      if (is_varied) varied += fmt::format("{}{}", varied.empty() ? "" : ", ", escaped(name));
    }
    const auto runs = static_cast<std::int64_t>(rows.size() - 1);
    table.row({escaped(file->name()), "<code>" + varied + "</code>", grouped(runs),
               images ? escaped(rows[1][*images]) : std::string(),
               fmt::format("{:.2f}", 100.0 * low),
               fmt::format("{:.2f}", 100.0 * sum / static_cast<double>(runs)),
               fmt::format("{:.2f}", 100.0 * high)});
  }
  if (!table.empty()) section.html += table.str("sweep-table", "Sweeps that vary this run");
  section.html += pictures(found.with(".svg"), "sweep-", "Sweep") + found.left_out();
  return section;
}

Section tuning_section(const ReportPage& page) {
  Section section{"tuning", "Learning curves", ""};
  const FoundFiles found(page, "tune", {".csv", ".svg"});
  if (found.none()) {
    section.html = absent(
        fmt::format("The chip has not been tuned: <code>make tune</code> leaves its learning curve "
                    "in <code>{}</code>.",
                    escaped(found.folder().string())));
    return section;
  }
  section.html = pictures(found.with(".svg"), "tune-", "Learning curve");
  for (const FoundFile* file : found.with(".csv")) {
    const std::vector<Row> rows = csv_in(*file);
    if (rows.size() < 2) continue;
    std::vector<std::pair<std::string, std::string>> last;
    for (std::size_t column = 0; column < rows.front().size(); ++column) {
      last.emplace_back(escaped(words_of(rows.front()[column])), escaped(rows.back()[column]));
    }
    section.html += html::pairs(
        id_of("tune-table-", file->name()),
        fmt::format("{} <small>last of {} rows</small>", escaped(file->name()), rows.size() - 1),
        last);
  }
  section.html += found.left_out();
  return section;
}

Section rtl_section(const ReportPage& page) {
  Section section{"rtl", "The run on the RTL", ""};
  const Report& report = page.report;
  if (report.engine == Engine::kRtl) {
    section.html = html::paragraph(fmt::format(
        "This report itself is of a run on the RTL: {} images were compared with the chip model, "
        "every feature map, counter and logit, with {} differences.",
        report.comparison.images, report.mismatches()));
    return section;
  }
  const FoundFiles found(page, "sim", {".json"});
  const FoundFile* const file = found.named("result.json");
  if (file == nullptr) {
    section.html = absent(fmt::format(
                       "None of this run was found: <code>make sim</code> with its options makes "
                       "<code>{}</code>, then this section compares its logits with those of this "
                       "page.",
                       escaped((found.folder() / "result.json").string()))) +
                   found.left_out();
    return section;
  }
  const Json json = Json::parse(file->text);  // its provenance was read
  std::vector<std::pair<std::string, std::string>> rows = {
      {"command", fmt::format("<code>{}</code>", escaped(file->provenance.command))}};
  const auto add = [&](std::string_view title, std::string_view key, double scale,
                       std::string_view format) {
    const auto value = json.find(key);
    if (value == json.end() || !value->is_number()) return;
    rows.emplace_back(title, fmt::format(fmt::runtime(format), scale * value->get<double>()));
  };
  add("images", "images", 1.0, "{:.0f}");
  add("accuracy", "accuracy", 100.0, "{:.2f} %");
  add("clocks an image", "clocks_per_image", 1.0, "{:.1f}");
  add("images compared with the chip model", "checked_images", 1.0, "{:.0f}");
  add("differences found there", "mismatches", 1.0, "{:.0f}");
  section.html = html::pairs("rtl-table", "What it says of itself", rows);
  const auto is = [&json](std::string_view key, const Json& value) {
    return json.contains(key) && json[std::string(key)] == value;
  };
  const fs::path logits = found.folder() / "logits.csv";
  if (!is("engine", "rtl")) {
    section.html += absent("It is not of the RTL, so its logits are not compared.");
  } else if (!is("first", report.workload.first) || !is("images", report.workload.count)) {
    section.html +=
        absent("It is of other images than those of this page, so their logits are not compared.");
  } else if (!fs::exists(logits)) {
    section.html += absent(fmt::format("It left no logits (<code>{}</code>) to compare with.",
                                       escaped(logits.string())));
  } else {
    const bool equal = read_text(logits) == logits_csv(report.workload, report.run);
    section.html += fmt::format(
        "<p id=\"rtl-verdict\">{}</p>\n",
        equal ? fmt::format("Its logits, all of {} images, are byte for byte those of this page.",
                            grouped(report.workload.count))
              : std::string("<b>Its logits are not those of this page.</b> One of the two runs is "
                            "of another version of the chip or of its inputs."));
  }
  section.html += found.left_out();
  return section;
}

}  // namespace mcnn::cli
