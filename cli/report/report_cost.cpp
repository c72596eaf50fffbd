// SPDX-License-Identifier: Apache-2.0
// Section of the report page: what an image of this run costs in energy, area and time.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/html.h"
#include "cli/report/report_sections.h"
#include "common/si.h"
#include "host/cost/cost_output.h"

namespace mcnn::cli {
namespace {

struct Group {
  FigureGroup group;
  std::string_view title;
  std::string_view style;  // class of its colour
};
constexpr std::array<Group, 3> kGroups = {{{FigureGroup::kMacro, "array and macro", "s0"},
                                           {FigureGroup::kDigital, "logic", "s1"},
                                           {FigureGroup::kMemory, "memories", "s2"}}};
constexpr std::string_view kMissing = "<small>missing</small>";

std::string joules(double pJ) { return quantity(pJ * 1e-12, "J"); }
std::string joules(const std::optional<double>& pJ) {
  return pJ ? joules(*pJ) : std::string(kMissing);
}
std::string square_millimetres(const std::optional<double>& um2) {
  return um2 ? fmt::format("{:#.3g} mm²", *um2 * 1e-6) : std::string(kMissing);
}
// Operations a second, or a second and watt, of which a cost has 1e9.
std::string operations(double gops, std::string_view unit) { return quantity(gops * 1e9, unit); }
std::string count_text(double count) {
  return count >= 100.0 ? grouped(std::llround(count)) : fmt::format("{:.3g}", count);
}

// Energy of the known parts of a group; none if none is known.
std::optional<double> group_pJ(std::span<const CostPart> parts, FigureGroup group) {
  std::optional<double> sum;
  for (const CostPart& part : parts) {
    if (part.group == group && part.pJ) sum = sum.value_or(0.0) + *part.pJ;
  }
  return sum;
}

bool has_missing(std::span<const CostPart> parts, FigureGroup group) {
  return std::ranges::any_of(parts,
                             [&](const CostPart& part) { return part.group == group && !part.pJ; });
}

// Three colours, a bar a layer.
std::string energy_bars(const Cost& cost) {
  double largest = 0.0;
  for (const LayerCost& layer : cost.layers) largest = std::max(largest, layer.pJ());
  if (largest <= 0.0) return "";
  std::string bars = "<div class=\"legend\">";
  const auto out = std::back_inserter(bars);
  for (const Group& group : kGroups) {
    const std::optional<double> sum = group_pJ(cost.components, group.group);
    fmt::format_to(out, "<span><i class=\"dot {}\"></i>{}: {}{}</span>", group.style, group.title,
                   joules(sum),
                   sum && has_missing(cost.components, group.group) ? ", parts missing" : "");
  }
  bars += "</div><div class=\"bars\">";
  for (const LayerCost& layer : cost.layers) {
    fmt::format_to(out, "<span>{}</span><div class=\"share\">", escaped(layer.name));
    for (const Group& group : kGroups) {
      const std::optional<double> sum = group_pJ(layer.parts, group.group);
      if (!sum || *sum <= 0.0) continue;
      fmt::format_to(out, "<span class=\"{}\" style=\"width:{:.3f}%\" title=\"{}, {}: {}\"></span>",
                     group.style, 100.0 * *sum / largest, escaped(layer.name), group.title,
                     joules(*sum));
    }
    fmt::format_to(out, "</div><span class=\"value\">{}</span>", joules(layer.pJ()));
  }
  return html::figure("energy-bars", bars + "</div>",
                      "Energy of an image by layer, and what it goes to; parts without a figure "
                      "are not in it.");
}

std::string energy_table(const Cost& cost) {
  std::vector<Table::Column> columns = {
      {"part", Table::Align::kText}, {"counted", Table::Align::kText}, {"events"}};
  for (const LayerCost& layer : cost.layers) columns.push_back({escaped(layer.name)});
  columns.push_back({"sum"});
  Table table(std::move(columns));
  for (const Group& group : kGroups) {
    std::vector<std::string> sums = {fmt::format("<b>{}</b>", group.title), "", ""};
    for (const LayerCost& layer : cost.layers) {
      const std::optional<double> sum = group_pJ(layer.parts, group.group);
      sums.push_back(sum ? fmt::format("<b>{}</b>", joules(*sum)) : "–");
    }
    const std::optional<double> whole = group_pJ(cost.components, group.group);
    sums.push_back(fmt::format("<b>{}</b>", joules(whole)));
    table.row(sums);
    for (const CostPart& part : cost.components) {
      if (part.group != group.group) continue;
      std::vector<std::string> cells = {figure_titles(part.component), escaped(part.event),
                                        count_text(part.count)};
      for (const LayerCost& layer : cost.layers) {
        const CostPart* const here = find_part(layer.parts, part.component);
        cells.push_back(here == nullptr ? std::string("–") : joules(here->pJ));
      }
      cells.push_back(joules(part.pJ));
      table.row(cells);
    }
  }
  std::vector<std::string> sums = {"known parts", "", ""};
  for (const LayerCost& layer : cost.layers) sums.push_back(joules(layer.pJ()));
  sums.push_back(joules(cost.pJ()));
  table.last_row(sums);
  return table.str("energy-table",
                   fmt::format("Energy of an image by part and layer <small>mean of {} images; "
                               "missing: no energy card has a figure for it; it is in no "
                               "sum</small>",
                               grouped(cost.images)));
}

std::string time_table(const Cost& cost) {
  std::vector<std::pair<std::string, std::string>> rows = {
      {"clocks of an image", fmt::format("{:.1f}", cost.clocks_per_image)},
      {"a clock", escaped(cost.clock.text())},
      {"latency", quantity(cost.seconds_per_image(), "s")},
      {"throughput", quantity(cost.images_per_second(), " images/s")},
      {"operations of an image, 2 a multiply-accumulate", quantity(cost.operations(), "OP")},
      {"operations a second", operations(cost.gops(), "OP/s")},
      {"efficiency of array and macro, as the paper counts",
       operations(cost.macro_gops_per_watt(), "OP/s/W")},
      {"efficiency of the whole chip",
       cost.energy_known() ? operations(cost.gops_per_watt(), "OP/s/W") : std::string(kMissing)}};
  return html::pairs("time-table", "Time and operations", rows);
}

std::string area_table(const Cost& cost, const EnergyCard& card) {
  Table table({{"part", Table::Align::kText}, {"number"}, {"area"}, {"note", Table::Align::kText}});
  for (const AreaPart& part : cost.area) {
    table.row({figure_titles(part.component), count_text(part.count), square_millimetres(part.um2),
               part.um2 ? "" : escaped(card.figure(part.component).note)});
  }
  table.last_row({"known parts", "", square_millimetres(cost.um2()), ""});
  return table.str("area-table", "Area of the chip");
}

std::string programming_cost_table(const ProgrammingCost& cost) {
  Table table(
      {{"part", Table::Align::kText}, {"counted", Table::Align::kText}, {"events"}, {"energy"}});
  table.row({"SET pulses", "pulses", count_text(cost.sets), joules(cost.set_pJ)});
  table.row({"RESET pulses", "pulses", count_text(cost.resets), joules(cost.reset_pJ)});
  for (const CostPart& part : cost.read_parts) {
    table.row({"verify reads: " + figure_titles(part.component), escaped(part.event),
               count_text(part.count), joules(part.pJ)});
  }
  for (const CostPart& part : cost.digital_parts) {
    table.row({figure_titles(part.component), escaped(part.event), count_text(part.count),
               joules(part.pJ)});
  }
  table.row({"<b>array and macro</b>", "", "", joules(cost.macro_pJ())});
  table.last_row({"known parts", "", "", joules(cost.pJ())});
  return table.str("programming-cost-table", "Energy of programming, once");
}

std::string gap_table(const CostReport& report) {
  Table table({{"layer", Table::Align::kText},
               {"efficiency"},
               {"operations a conversion"},
               {"energy a conversion"},
               {"rows"},
               {"pair"},
               {"planes"},
               {"waste"},
               {"energy"},
               {"product"}});
  for (const LayerGap& gap : report.gaps) {
    table.row({escaped(gap.layer), operations(gap.gops_per_watt, "OP/s/W"),
               fmt::format("{:.3f}", gap.operations_per_conversion), joules(gap.pJ_per_conversion),
               fmt::format("{:.4f}", gap.rows), fmt::format("{:.2f}", gap.pair),
               fmt::format("{:.3f}", gap.planes), fmt::format("{:.3f}", gap.waste),
               fmt::format("{:.3f}", gap.energy), fmt::format("{:.5f}", gap.product())});
  }
  const MacroPeak& peak = report.peak;
  return table.str("gap-table", "Why the layers are away from the published macro") +
         html::paragraph(fmt::format(
             "The published macro, every line used: {} by its listed parts, {} with the array as "
             "V²Gt; published: {}. The factors multiply to the ratio: bit lines that a window uses "
             "of its {:.0f}, two lines a weight, zero bit planes that are not read, outputs beyond "
             "the map and dummy kernels, a conversion's share of all energy there.",
             operations(peak.listed_gops_per_watt(), "OP/s/W"),
             operations(peak.gops_per_watt(), "OP/s/W"),
             operations(peak.published_gops_per_watt, "OP/s/W"), peak.lines));
}

std::string wide_table(const CostReport& report) {
  if (report.wide.empty()) return "";
  Table table({{"layer", Table::Align::kText},
               {"inputs of an output"},
               {"windows a read"},
               {"conversions here"},
               {"conversions there"},
               {"energy here"},
               {fmt::format("there, {} bits", report.config.adc_bits)},
               {"bits for the same step"},
               {"there, with these"}});
  const auto row = [](const WideLayer& layer, bool is_sum) {
    const auto whole = [&](int n) { return is_sum ? std::string() : fmt::format("{}", n); };
    return std::vector<std::string>{escaped(layer.name),
                                    whole(layer.inputs),
                                    whole(layer.windows),
                                    count_text(layer.conversions_here),
                                    count_text(layer.conversions),
                                    joules(layer.pJ_here),
                                    joules(layer.pJ),
                                    whole(layer.bits),
                                    joules(layer.same_step_pJ)};
  };
  for (const WideLayer& layer : report.wide) table.row(row(layer, false));
  table.last_row(row(wide_sum(report.wide), true));
  return table.str("wide-table",
                   "The same layers on 128 bit lines <small>an estimate of array and macro, "
                   "without any accuracy</small>");
}

}  // namespace

Section cost_section(const ReportPage& page) {
  const CostReport& report = page.cost;
  std::string text =
      html::paragraph(fmt::format("Events of this run by the figures of the energy cards {}: {}.",
                                  escaped(report.card.name), escaped(report.card.description)));
  text += energy_bars(report.cost) + energy_table(report.cost);
  text += time_table(report.cost) + area_table(report.cost, report.card);
  text += programming_cost_table(report.cost.programming);
  text += gap_table(report) + wide_table(report);
  return {"cost", "Energy, area and time", std::move(text)};
}

}  // namespace mcnn::cli
