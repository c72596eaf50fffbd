// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <string_view>

#include "host/cost/cost_output.h"

namespace mcnn {
namespace {

using enum FigureGroup;

std::string nanojoule(const std::optional<double>& pJ) {
  return pJ ? fmt::format("{:.4f}", *pJ * 1e-3) : std::string("missing");
}

void part_row(std::string& text, const CostPart& part) {
  fmt::format_to(std::back_inserter(text), "  {:<20} {:>16.1f} {:>16}  {}\n", part.component,
                 part.count, nanojoule(part.pJ), part.event);
}

void sum_row(std::string& text, std::string_view name, double pJ) {
  fmt::format_to(std::back_inserter(text), "  {:<20} {:>16} {:>16.4f}\n", name, "", pJ * 1e-3);
}

// Rows of a table: component, events, energy [nJ].
std::string programming_table(const ProgrammingCost& cost) {
  std::string text;
  part_row(text, {"SET pulses", kMacro, "pulses", cost.sets, cost.set_pJ});
  part_row(text, {"RESET pulses", kMacro, "pulses", cost.resets, cost.reset_pJ});
  for (const CostPart& part : cost.read_parts) {
    part_row(text, {"verify: " + part.component, part.group, part.event, part.count, part.pJ});
  }
  for (const CostPart& part : cost.digital_parts) part_row(text, part);
  sum_row(text, "sum of the known", cost.pJ());
  sum_row(text, "array and macro", cost.macro_pJ());
  return text;
}

void missing_notes(std::string& text, std::span<const std::string> missing,
                   const EnergyCard& card) {
  if (missing.empty()) return;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "\nmissing, so not in any sum (the card has no figure):\n");
  for (const std::string& key : missing) {
    fmt::format_to(out, "  {:<18} {}\n", key, card.figure(key).note);
  }
}

// By layer and component, and what no card has a figure for.
void energy_table(std::string& text, const Cost& cost, const EnergyCard& card) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "energy an image [nJ], mean of {} images\n{:<18} {:>19} {:>12}", cost.images,
                 "component", "events", "all");
  for (const LayerCost& layer : cost.layers) fmt::format_to(out, " {:>10}", layer.name);
  fmt::format_to(out, "\n");
  for (const CostPart& component : cost.components) {
    fmt::format_to(out, "{:<18} {:>19} {:>12}", component.component,
                   fmt::format("{:.1f}", component.count), nanojoule(component.pJ));
    for (const LayerCost& layer : cost.layers) {
      const CostPart* const part = find_part(layer.parts, component.component);
      fmt::format_to(out, " {:>10}", part == nullptr ? "" : nanojoule(part->pJ));
    }
    fmt::format_to(out, "  {}\n", component.event);
  }
  fmt::format_to(out, "{:<18} {:>19} {:>12.4f}", "sum of the known", "", cost.pJ() * 1e-3);
  for (const LayerCost& layer : cost.layers) fmt::format_to(out, " {:>10.4f}", layer.pJ() * 1e-3);
  fmt::format_to(out, "\n{:<18} {:>19} {:>12.4f}", "array and macro", "", cost.macro_pJ() * 1e-3);
  for (const LayerCost& layer : cost.layers) {
    fmt::format_to(out, " {:>10.4f}", layer.macro_pJ() * 1e-3);
  }
  fmt::format_to(out, "\n");
  missing_notes(text, cost.missing, card);
}

void time_table(std::string& text, const Cost& cost) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "\ntime: {:.1f} clocks an image of {}\n", cost.clocks_per_image,
                 cost.clock.text());
  fmt::format_to(out, "  {:.2f} us an image, {:.0f} images/s; {}{:.3f} uW a 1,000 images/s\n",
                 cost.seconds_per_image() * 1e6, cost.images_per_second(),
                 cost.energy_known() ? "" : "more than ", cost.pJ() * 1e-12 * 1e3 * 1e6);
  fmt::format_to(out,
                 "\noperations: 2 a multiply-accumulate of the network, {:.0f} an image (padding "
                 "counts, pairs of cells count once)\n",
                 cost.operations());
  fmt::format_to(out, "  whole chip                  {:10.2f} GOP/s {}\n", cost.gops(),
                 cost.energy_known() ? fmt::format("{:10.1f} GOP/s/W", cost.gops_per_watt())
                                     : "   GOP/s/W: not known, energies are missing");
  fmt::format_to(out,
                 "  as the paper counts         {:10.2f} GOP/s {:10.1f} GOP/s/W  (array, "
                 "drivers, sample and hold, converters)\n",
                 cost.gops(), cost.macro_gops_per_watt());
}

void area_table(std::string& text, const Cost& cost, const EnergyCard& card) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "\narea of the chip [mm2]\n");
  for (const AreaPart& part : cost.area) {
    fmt::format_to(out, "  {:<22} {:>9.0f} {:>10}{}\n", part.component, part.count,
                   part.um2 ? fmt::format("{:.4f}", *part.um2 * 1e-6) : "missing",
                   part.um2 ? "" : fmt::format("   {}", card.figure(part.component).note));
  }
  fmt::format_to(out, "  {:<22} {:>9} {:>10.4f}{}\n", "sum of the known", "", cost.um2() * 1e-6,
                 cost.area_known()
                     ? fmt::format("   {:.2f} GOP/s/mm2", cost.gops() / (cost.um2() * 1e-6))
                     : "   GOP/s/mm2 of the chip: not known, parts are missing");
}

void programming_section(std::string& text, const Cost& cost) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "\nprogramming, once:\n{}", programming_table(cost.programming));
  if (cost.energy_known()) {
    fmt::format_to(out, "  together {:.1f} images' worth; ", cost.programming.pJ() / cost.pJ());
  } else {
    fmt::format_to(out, "  ");
  }
  fmt::format_to(out, "mcnn tune tells what tuning in place takes, by the same cards\n");
}

void peak_table(std::string& text, const MacroPeak& peak) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out,
                 "\nthe published macro from the card's figures: 128 x 128 cells, every line used, "
                 "energy of a 1-bit read [pJ]\n");
  fmt::format_to(
      out,
      "  drivers and multiplexers {:.2f}, sample and hold {:.2f}, converters "
      "{:.2f}{}\n",
      peak.drivers_pJ, peak.sample_hold_pJ, peak.adc_pJ,
      peak.shift_add_pJ > 0.0 ? fmt::format(", shift and add {:.2f}", peak.shift_add_pJ) : "");
  fmt::format_to(out,
                 "  array: {:.2f} as listed, {:.2f} as V^2 G t (mean {:.2f} uS, half of the "
                 "bits 1)\n",
                 peak.array_listed_pJ, peak.array_pJ, peak.conductance_uS);
  fmt::format_to(out,
                 "  {:10.0f} GOP/s/W with the listed array ({:+.1f} % of the published {:.0f})\n",
                 peak.listed_gops_per_watt(),
                 100.0 * (peak.listed_gops_per_watt() / peak.published_gops_per_watt - 1.0),
                 peak.published_gops_per_watt);
  fmt::format_to(out, "  {:10.0f} GOP/s/W with V^2 G t in its place\n", peak.gops_per_watt());
  fmt::format_to(
      out,
      "  the published figure needs {:.2f} pJ a read more than the listed parts "
      "({:.3f} pJ a conversion): not named in the notes,\n  shift and add of the "
      "codes is what the list does not have; with it {:.0f} GOP/s/W\n",
      peak.unnamed_pJ(), peak.unnamed_pJ() / peak.lines,
      peak.operations / 8.0 / (peak.parts_pJ() + peak.array_listed_pJ + peak.unnamed_pJ()) * 1e3);
  if (peak.area_mm2 > 0.0) {
    fmt::format_to(out,
                   "  {:.2f} GOP/s on {:.5f} mm2: {:.0f} GOP/s/mm2 (the area follows from the "
                   "published figure; its parts are missing)\n",
                   peak.gops(), peak.area_mm2, peak.gops() / peak.area_mm2);
  } else {
    fmt::format_to(out, "  {:.2f} GOP/s; area of the macro: missing\n", peak.gops());
  }
}

void gap_table(std::string& text, std::span<const LayerGap> gaps, const MacroPeak& peak,
               const ChipConfig& config) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out,
                 "\nwhy the network's layers are away from that (with V^2 G t): factors whose "
                 "product is the ratio\n{:<10} {:>9} {:>10} {:>10} {:>8} {:>6} {:>8} {:>8} {:>8} "
                 "{:>9}\n",
                 "layer", "GOP/s/W", "ops/conv.", "pJ/conv.", "rows", "pair", "planes", "waste",
                 "energy", "product");
  for (const LayerGap& gap : gaps) {
    fmt::format_to(out,
                   "{:<10} {:>9.1f} {:>10.3f} {:>10.4f} {:>8.4f} {:>6.2f} {:>8.3f} {:>8.3f} "
                   "{:>8.3f} {:>9.5f}\n",
                   gap.layer, gap.gops_per_watt, gap.operations_per_conversion,
                   gap.pJ_per_conversion, gap.rows, gap.pair, gap.planes, gap.waste, gap.energy,
                   gap.product());
  }
  fmt::format_to(
      out,
      "  rows: bit lines that a window uses, of {:.0f} (an array here has {}); pair: two "
      "lines a weight;\n  planes: zero bit planes are not read; waste: outputs beyond the "
      "map, dummy kernels; energy: a conversion's share of all there\n",
      peak.lines, config.num_bl());
}

std::string wide_table(std::span<const WideLayer> layers, const ChipConfig& config) {
  std::string text;
  if (layers.empty()) return text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out,
                 "\nestimate, no accuracy: the same layers on a macro of 128 bit lines, array and "
                 "macro of an image\n{:<10} {:>7} {:>6} {:>8} {:>12} {:>12} {:>10} {:>10} {:>6} "
                 "{:>12}\n",
                 "layer", "inputs", "reads", "windows", "conv. here", "conversions", "nJ here",
                 fmt::format("{} bits", config.adc_bits), "bits", "same step");
  const auto row = [&](const WideLayer& layer, bool is_sum) {
    const auto whole = [&](int n) { return is_sum ? std::string() : fmt::format("{}", n); };
    fmt::format_to(out,
                   "{:<10} {:>7} {:>6} {:>8} {:>12.1f} {:>12.1f} {:>10.4f} {:>10.4f} {:>6} "
                   "{:>12.4f}\n",
                   layer.name, whole(layer.inputs), whole(layer.reads), whole(layer.windows),
                   layer.conversions_here, layer.conversions, layer.pJ_here * 1e-3, layer.pJ * 1e-3,
                   whole(layer.bits), layer.same_step_pJ * 1e-3);
  };
  for (const WideLayer& layer : layers) row(layer, false);
  row(wide_sum(layers), true);
  fmt::format_to(out,
                 "  a read sums the currents of so many windows at most, so {} bits clip or have a "
                 "step that is coarser by as much;\n  with the step of this chip a converter needs "
                 "the bits in the last but one column, and takes twice as much for each\n",
                 config.adc_bits);
  return text;
}

}  // namespace

std::string cost_table(const CostReport& report) {
  std::string text;
  fmt::format_to(std::back_inserter(text), "energy card {}: {}\n\n", report.card.name,
                 report.card.description);
  energy_table(text, report.cost, report.card);
  time_table(text, report.cost);
  area_table(text, report.cost, report.card);
  programming_section(text, report.cost);
  peak_table(text, report.peak);
  gap_table(text, report.gaps, report.peak, report.config);
  text += wide_table(report.wide, report.config);
  return text;
}

std::string tuning_cost_table(const TuningCost& cost, const EnergyCard& card) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "energy on the chip [nJ], card {}\nforward passes\n", cost.card);
  for (const CostPart& part : cost.forward) part_row(text, part);
  sum_row(text, "sum of the known", cost.forward_pJ());
  sum_row(text, "array and macro", cost.forward_macro_pJ());
  fmt::format_to(out, "rewriting cells\n{}", programming_table(cost.programming));
  fmt::format_to(out, "together\n");
  sum_row(text, "sum of the known", cost.pJ());
  sum_row(text, "array and macro", cost.macro_pJ());
  missing_notes(text, cost.missing, card);
  fmt::format_to(out, "not counted: the host, its AXI accesses, waiting\n");
  return text;
}

}  // namespace mcnn
