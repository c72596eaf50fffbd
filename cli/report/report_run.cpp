// SPDX-License-Identifier: Apache-2.0
// Section of the report page: what ran, and how to repeat it.
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/html.h"
#include "cli/report/report_sections.h"
#include "host/network/network.h"

namespace mcnn::cli {
namespace {

// The unit of a field of the device card or a parameter, from the end of its name.
std::string_view unit_of(std::string_view name) {
  struct Ending {
    std::string_view ending;
    std::string_view unit;
  };
  // The longer endings first.
  static constexpr std::array<Ending, 10> kEndings = {{{"_curvature_per_uS", "1/µS"},
                                                       {"_uS_per_decade", "µS/decade"},
                                                       {"_per_pulse", "1/pulse"},
                                                       {"_per_code", "1/code"},
                                                       {"_decades", "decades"},
                                                       {"_pulses", "pulses"},
                                                       {"_codes", "codes"},
                                                       {"_ohm", "Ω"},
                                                       {"_uS", "µS"},
                                                       {"_s", "s"}}};
  for (const Ending& ending : kEndings) {
    if (name.ends_with(ending.ending)) return ending.unit;
  }
  return "";
}

std::string commands(const ReportPage& page) {
  const Report& report = page.report;
  std::string text = html::paragraph("This page, again:");
  text += fmt::format("<pre id=\"command-report\">{}</pre>\n", escaped(page.command));
  text += html::paragraph("Its figures as a table and as JSON (the same run):");
  text += fmt::format("<pre id=\"command-run\">{} --result result.json</pre>\n",
                      escaped(report.provenance.command));
  if (report.engine == Engine::kModel && !report.workload.options.adc_bits) {
    text += html::paragraph(
        "The chip model executes the chip's tables on the macro models and gives the RTL's results "
        "bit for bit. The same run on the RTL itself, its first 100 images checked:");
    text += fmt::format(
        "<pre id=\"command-rtl\">mcnn sim {}</pre>\n",
        escaped(report.provenance.command.substr(std::string_view("mcnn model ").size())));
  }
  return text;
}

std::string card_table(const Workload& workload) {
  Table table({{"field", Table::Align::kText},
               {"value", Table::Align::kNumber},
               {"unit", Table::Align::kText}});
  std::istringstream lines(device_card_toml(workload.card));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    const std::string name = line.substr(0, equals);
    std::string value = line.substr(equals + 3);
    if (value.size() > 1 && (value.front() == '"' || value.front() == '\'')) {
      value = value.substr(1, value.size() - 2);
    }
    table.row({"<code>" + escaped(name) + "</code>", escaped(value), std::string(unit_of(name))});
  }
  return table.str("device-card",
                   fmt::format("Device card {} <small>every field that is not off</small>",
                               escaped(workload.card.name)));
}

std::string config_table(const Workload& workload) {
  Table table({{"parameter", Table::Align::kText}, {"value", Table::Align::kNumber}});
  std::istringstream lines(to_params(workload.config));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || line.front() == '#') continue;
    table.row(
        {"<code>" + escaped(line.substr(0, equals)) + "</code>", escaped(line.substr(equals + 1))});
  }
  return table.str("configuration", fmt::format("Configuration {}", escaped(workload.config.name)));
}

std::string network_table(const Workload& workload) {
  Table table({{"layer", Table::Align::kText},
               {"kind", Table::Align::kText},
               {"input", Table::Align::kText},
               {"output", Table::Align::kText},
               {"weights"},
               {"replicas"},
               {"PEs a replica"},
               {"passes"},
               {"range"}});
  std::int64_t weights = 0;
  for (std::size_t i = 0; i < workload.network.layers.size(); ++i) {
    const Layer& layer = workload.network.layers[i];
    const LayerMapping& mapping = workload.mapped.layers[i];
    std::string kind = "fully connected";
    if (layer.type == LayerType::kConvolution) {
      kind =
          fmt::format("{} kernels {} × {}", layer.kernels, layer.kernel_rows, layer.kernel_columns);
      if (layer.pool) {
        kind += fmt::format(", max pool {} × {}", layer.pool->rows, layer.pool->columns);
      }
      if (layer.adds()) {
        kind += ", added to " + escaped(std::string(workload.network.input_name(i, 1)));
      }
    } else if (layer.takes_sums()) {
      kind += fmt::format(" of sums of {} × {}", layer.pool->rows, layer.pool->columns);
    }
    weights += static_cast<std::int64_t>(layer.weights.size());
    table.row({escaped(layer.name), kind, shape_text(layer.input), shape_text(layer.output),
               grouped(static_cast<std::int64_t>(layer.weights.size())),
               fmt::format("{}", mapping.replicas), fmt::format("{}", mapping.segment_pes),
               fmt::format("{}", mapping.rows), fmt::format("{}", mapping.range)});
  }
  table.last_row({"sum", "", "", "", grouped(weights), "", "", "", ""});
  return table.str("network",
                   fmt::format("Network {}, {} mapping <small>shapes: channels × rows × columns; "
                               "one weight level is worth 2<sup>range</sup> codes</small>",
                               escaped(workload.network.name), mapping_name(workload.mapped.kind)));
}

}  // namespace

Section run_section(const ReportPage& page) {
  const Report& report = page.report;
  const Workload& workload = report.workload;
  std::string text = commands(page);
  const std::string images = escaped(images_title(workload));
  std::string engine(engine_title(report.engine));
  text += html::pairs(
      "what-ran", "What ran",
      {{"engine", engine + (report.engine == Engine::kModel
                                ? ", bit for bit equal to the RTL"
                                : fmt::format(", {} images checked against the chip model",
                                              report.comparison.images))},
       {"images",
        fmt::format("{} to {} of {}", workload.first, workload.first + workload.count - 1, images)},
       {"network",
        fmt::format("{} <small>({})</small>", escaped(workload.network.name),
                    workload.options.network.empty() ? "the one of the configuration"
                                                     : escaped(workload.options.network))},
       {"configuration", escaped(workload.config.name)},
       {"device card", escaped(workload.options.device)},
       {"cells", report.chip->way == ProgramWay::kLoop     ? "programmed by the closed loop"
                 : report.chip->way == ProgramWay::kDirect ? "brought to their levels directly"
                                                           : "loaded from a file"},
       {"leading zero planes left out (MODE.SKIP)", page.skip ? "yes" : "no"},
       {"seed", fmt::format("{}", workload.options.seed)},
       {"versions", fmt::format("mcnn {}, Verilator {}", MCNN_VERSION, MCNN_VERILATOR_VERSION)}});
  text += "<div class=\"columns\">\n" + card_table(workload) + config_table(workload) + "</div>\n";
  text += network_table(workload);
  return {"run", "What ran, and how to repeat it", std::move(text)};
}

}  // namespace mcnn::cli
