// SPDX-License-Identifier: Apache-2.0
#include "host/cost/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/error.h"
#include "common/index.h"
#include "host/mapping/cycle_model.h"

namespace mcnn {
namespace {

using enum FigureGroup;

double sum(const std::vector<int64_t>& numbers) {
  return static_cast<double>(std::accumulate(numbers.begin(), numbers.end(), int64_t{0}));
}

double sum_pJ(std::span<const CostPart> parts) {
  double total = 0.0;
  for (const CostPart& part : parts) total += part.pJ.value_or(0.0);
  return total;
}

double sum_macro_pJ(std::span<const CostPart> parts) {
  double total = 0.0;
  for (const CostPart& part : parts) total += part.group == kMacro ? part.pJ.value_or(0.0) : 0.0;
  return total;
}

// Energy of conductances [uS] that a voltage [V] drives for a time [ns], in pJ.
double conductance_pJ(double conductance_uS, double voltage, double ns) {
  return conductance_uS * voltage * voltage * ns * 1e-3;
}

const FigureKind& kind_of(std::string_view key) {
  return *std::ranges::find(figure_kinds(), key, &FigureKind::key);
}

class Counter {
 public:
  Counter(const EnergyCard& card, double divide_by) : card_(card), divide_by_(divide_by) {}

  void count(std::vector<CostPart>& parts, std::string_view key, double events,
             double factor = 1.0) const {
    if (events == 0.0) return;
    const FigureKind& kind = kind_of(key);
    CostPart part = {
        std::string(key), kind.group, std::string(kind.event), events / divide_by_, {}};
    if (const auto value = card_.value(key)) part.pJ = part.count * *value * factor;
    parts.push_back(std::move(part));
  }
  void macro(std::vector<CostPart>& parts, const MacroWork& work, const ChipConfig& config) const {
    const double volts = card_.required("read_voltage");
    const double ns = card_.required("read_pulse");
    CostPart array = {"array", kMacro, "uS driven", work.conductance_uS / divide_by_, {}};
    array.pJ = conductance_pJ(array.count, volts, ns);
    parts.push_back(std::move(array));
    const auto conversions = static_cast<double>(work.conversions);
    count(parts, "bit_line_driver", static_cast<double>(work.pulses));
    count(parts, "source_line_mux", conversions);
    count(parts, "sample_hold", conversions);
    count(parts, "adc", conversions,
          conversion_energy(1.0, card_.required("adc_bits"), static_cast<double>(config.adc_bits)));
  }
  void digital(std::vector<CostPart>& parts, const RowEvents& row, const ChipConfig& config) const {
    count(parts, "pe_plane", sum(row.active_planes));
    count(parts, "fetch_column", static_cast<double>(row.columns));
    count(parts, "reduce_group", static_cast<double>(row.reduce_groups));
    count(parts, "activate_group", static_cast<double>(row.psum_groups));
    count(parts, "pool_group", sum(row.pool_writes));
    count(parts, "logic_clock_tree", static_cast<double>(row.clocks));
    count(parts, "map_read",
          (static_cast<double>(row.column_reads) * config.row_banks) + sum(row.pool_reads));
    count(parts, "map_write", sum(row.pool_writes));
    count(parts, "table_read", static_cast<double>(row.record_reads + row.psum_groups));
    count(parts, "logit_access", static_cast<double>(row.logit_writes));
  }
  // What belongs to no layer row: taking an image, loading it, its result.
  void image(std::vector<CostPart>& parts, const ChipEvents& events) const {
    count(parts, "logic_clock_tree", static_cast<double>(events.images));
    count(parts, "map_write", sum(events.image_writes));
    count(parts, "table_read", static_cast<double>(events.row_reads));
    count(parts, "logit_access", static_cast<double>(events.result_reads));
  }

 private:
  const EnergyCard& card_;
  double divide_by_;
};

double macs_of(const Layer& layer) {
  if (layer.type == LayerType::kFullyConnected) {
    return static_cast<double>(layer.input.size()) * layer.kernels;
  }
  return static_cast<double>(layer.convolution.height) * layer.convolution.width * layer.kernels *
         layer.input.channels * layer.kernel_rows * layer.kernel_columns;
}

std::vector<AreaPart> area_of(const ChipConfig& config, const EnergyCard& card) {
  std::vector<AreaPart> area;
  const auto add = [&](std::string_view key, double count) {
    AreaPart part = {std::string(key), count, {}};
    if (const auto value = card.value(key)) part.um2 = *value * count;
    area.push_back(std::move(part));
  };
  const double pes = config.num_pe;
  add("area_cell", pes * config.num_bl() * config.num_sl);
  add("area_bit_line_driver", pes * config.num_bl());
  add("area_source_line", pes * config.num_sl);
  add("area_adc", pes * config.num_adc);
  add("area_logic", 1.0);
  const double maps = 3.0 * config.row_banks * config.bank_depth * 2 * config.act_bits;
  const double tables = 32.0 * config.num_layers * config.layer_words() +
                        32.0 * config.num_records * config.record_words() +
                        2.0 * config.num_bias_rows * config.psum_bits;
  const double logits = static_cast<double>(config.num_logits) * config.psum_bits;
  add("area_memory_bit", maps + tables + logits + (64.0 * config.num_entries * pes));
  return area;
}

// Of a layer row: mean bit lines of the windows that are read, and how often one is driven for an
// image.
struct WindowMean {
  double rows = 0.0;
  double windows = 0.0;
};
WindowMean window_mean(const ChipProgram& program, const ChipConfig& config, int index) {
  const PassTiming timing = pass_timing(program, config, index);
  const double positions = static_cast<double>(timing.row_groups) * timing.columns;
  WindowMean mean;
  for (size_t i = to_index(program.layers[to_index(index)].first_record);; ++i) {
    const StepRecord& record = program.records[i];
    for (const int active : record.active) {
      if (active == 0) continue;
      mean.windows += positions;
      mean.rows += positions * record.window_rows * record.window_columns;
    }
    if (record.last_pass != 0) break;
  }
  mean.rows /= mean.windows;
  return mean;
}

// The parts of one component become one.
void add_parts(std::span<const CostPart> parts, std::vector<CostPart>& sums) {
  for (const CostPart& part : parts) {
    const auto found = std::ranges::find(sums, part.component, &CostPart::component);
    if (found == sums.end()) {
      sums.push_back(part);
      continue;
    }
    found->count += part.count;
    if (part.pJ && found->pJ) *found->pJ += *part.pJ;
  }
}

void add_missing(std::span<const CostPart> parts, std::vector<std::string>& missing) {
  for (const CostPart& part : parts) {
    if (!part.pJ && std::ranges::find(missing, part.component) == missing.end()) {
      missing.push_back(part.component);
    }
  }
}

const CostPart* part_of(std::span<const CostPart> parts, std::string_view component) {
  const auto found = std::ranges::find(parts, component, &CostPart::component);
  return found == parts.end() ? nullptr : &*found;
}

}  // namespace

double LayerCost::pJ() const { return sum_pJ(parts); }
double LayerCost::macro_pJ() const { return sum_macro_pJ(parts); }
double ProgrammingCost::macro_pJ() const { return pulse_pJ() + sum_macro_pJ(read_parts); }
double ProgrammingCost::pJ() const { return macro_pJ() + sum_pJ(digital_parts); }
double TuningCost::forward_pJ() const { return sum_pJ(forward); }
double TuningCost::forward_macro_pJ() const { return sum_macro_pJ(forward); }

double Cost::pJ() const {
  double total = 0.0;
  for (const LayerCost& layer : layers) total += layer.pJ();
  return total;
}
double Cost::macro_pJ() const {
  double total = 0.0;
  for (const LayerCost& layer : layers) total += layer.macro_pJ();
  return total;
}
double Cost::macs() const {
  double total = 0.0;
  for (const LayerCost& layer : layers) total += layer.macs;
  return total;
}
double Cost::um2() const {
  double total = 0.0;
  for (const AreaPart& part : area) total += part.um2.value_or(0.0);
  return total;
}
bool Cost::area_known() const {
  return std::ranges::all_of(area, [](const AreaPart& part) { return part.um2.has_value(); });
}

double conversion_energy(double energy, double reference_bits, double bits) {
  return std::ldexp(energy, static_cast<int>(bits - reference_bits));
}

Cost make_cost(const Network& network, const MappedNetwork& mapped, const ChipConfig& config,
               const ChipEvents& events, const MacroReads& reads, std::span<const Macro> macros,
               int64_t program_clocks, const EnergyCard& card) {
  if (events.images <= 0) throw Error("cost: found no images, allowed: at least one");
  Cost cost;
  cost.card = card.name;
  cost.images = events.images;
  const Counter counter(card, static_cast<double>(events.images));
  for (const LayerMapping& mapping : mapped.layers) {
    LayerCost layer;
    layer.name = mapping.name;
    for (const Layer& candidate : network.layers) {
      if (candidate.name == mapping.name) layer.macs = macs_of(candidate);
    }
    RowEvents total;
    MacroWork work;
    for (size_t row = to_index(mapping.first_row); row < to_index(mapping.first_row + mapping.rows);
         ++row) {
      total += events.rows.at(row);
      work += macro_work(reads.at(row), macros);
    }
    layer.clocks = static_cast<double>(total.clocks) / static_cast<double>(events.images);
    counter.macro(layer.parts, work, config);
    counter.digital(layer.parts, total, config);
    cost.layers.push_back(std::move(layer));
  }
  LayerCost image;
  image.name = "image";
  image.clocks = 1.0;  // to take it
  counter.image(image.parts, events);
  cost.layers.push_back(std::move(image));

  for (const LayerCost& layer : cost.layers) {
    cost.clocks_per_image += layer.clocks;
    add_parts(layer.parts, cost.components);
  }
  cost.programming = programming_cost(programming_work(macros), program_clocks, config, card);
  add_missing(cost.components, cost.missing);
  add_missing(cost.programming.digital_parts, cost.missing);
  cost.clock_ns = std::max(card.required("logic_clock"),
                           card.required("read_pulse") / static_cast<double>(config.read_clocks));
  cost.area = area_of(config, card);

  return cost;
}

ProgrammingCost programming_cost(const ProgrammingWork& work, int64_t clocks,
                                 const ChipConfig& config, const EnergyCard& card) {
  ProgrammingCost cost;
  cost.sets = static_cast<double>(work.sets);
  cost.resets = static_cast<double>(work.resets);
  cost.reads = static_cast<double>(work.reads);
  cost.clocks = static_cast<double>(clocks);
  const double ns = card.required("program_pulse");
  cost.set_pJ = conductance_pJ(work.set_conductance_uS, card.required("set_voltage"), ns);
  cost.reset_pJ = conductance_pJ(work.reset_conductance_uS, card.required("reset_voltage"), ns);
  const Counter once(card, 1.0);
  if (work.reads > 0) once.macro(cost.read_parts, work.read, config);
  once.count(cost.digital_parts, "logic_clock_tree", cost.clocks);
  once.count(cost.digital_parts, "programmer_read", cost.reads);
  return cost;
}

TuningCost tuning_cost(const MacroWork& forward, const ChipEvents& passes, int programs,
                       const ProgrammingWork& programming, int64_t program_clocks,
                       const ChipConfig& config, const EnergyCard& card) {
  TuningCost cost;
  cost.card = card.name;
  std::vector<CostPart> parts;
  const Counter together(card, 1.0);
  const Counter in_turn(card, programs);
  together.macro(parts, forward, config);
  RowEvents rows;
  for (const RowEvents& row : passes.rows) rows += row;
  in_turn.digital(parts, rows, config);
  in_turn.image(parts, passes);
  add_parts(parts, cost.forward);
  cost.programming = programming_cost(programming, program_clocks, config, card);
  add_missing(cost.forward, cost.missing);
  add_missing(cost.programming.digital_parts, cost.missing);
  return cost;
}

double MacroPeak::gops() const { return operations / (8.0 * read_ns); }
double MacroPeak::listed_gops_per_watt() const {
  return operations / 8.0 / (parts_pJ() + array_listed_pJ) * 1e3;
}
double MacroPeak::gops_per_watt() const { return operations / 8.0 / (parts_pJ() + array_pJ) * 1e3; }
double MacroPeak::unnamed_pJ() const {
  return (operations / 8.0 / published_gops_per_watt * 1e3) - (parts_pJ() + array_listed_pJ);
}

MacroPeak macro_peak(const EnergyCard& card, double conductance_uS) {
  MacroPeak peak;
  peak.operations = 2.0 * peak.lines * peak.lines;
  peak.conductance_uS = conductance_uS;
  peak.read_ns = card.required("read_pulse");
  peak.drivers_pJ =
      peak.lines * (card.required("bit_line_driver") + card.required("source_line_mux"));
  peak.sample_hold_pJ = peak.lines * card.required("sample_hold");
  peak.adc_pJ = peak.lines * conversion_energy(card.required("adc"), card.required("adc_bits"), 8);
  peak.shift_add_pJ = peak.lines * card.value("macro_shift_add").value_or(0.0);
  peak.array_pJ = conductance_pJ(0.5 * peak.lines * peak.lines * conductance_uS,
                                 card.required("read_voltage"), peak.read_ns);
  peak.area_mm2 = card.value("area_macro_128").value_or(0.0) * 1e-6;
  return peak;
}

std::vector<LayerGap> layer_gaps(const Cost& cost, const Network& network,
                                 const MappedNetwork& mapped, const MacroPeak& peak,
                                 const ChipConfig& config) {
  std::vector<LayerGap> gaps;
  const double peak_operations = peak.operations / (8.0 * peak.lines);  // a conversion
  const double peak_pJ = (peak.parts_pJ() + peak.array_pJ) / peak.lines;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const LayerCost& layer = cost.layers.at(i);
    const CostPart* const conversions = part_of(layer.parts, "adc");
    const LayerMapping& mapping = mapped.layers.at(i);
    if (conversions == nullptr || conversions->count == 0.0) continue;
    LayerGap gap;
    gap.layer = layer.name;
    gap.operations_per_conversion = 2.0 * layer.macs / conversions->count;
    gap.pJ_per_conversion = layer.macro_pJ() / conversions->count;
    gap.gops_per_watt = 2.0 * layer.macs / layer.macro_pJ() * 1e3;
    double driven = 0.0;
    double rows = 0.0;
    double full = 0.0;  // conversions if every plane were read
    for (int row = mapping.first_row; row < mapping.first_row + mapping.rows; ++row) {
      const WindowMean mean = window_mean(mapped.program, config, row);
      driven += mean.windows;
      rows += mean.windows * mean.rows;
      full += mean.windows * config.act_bits * 2 * mapped.program.layers[to_index(row)].kernels;
    }
    gap.rows = rows / driven / peak.lines;
    gap.planes = full / conversions->count;
    gap.energy = peak_pJ / gap.pJ_per_conversion;
    gap.waste =
        gap.operations_per_conversion / (peak_operations * gap.rows * gap.pair * gap.planes);
    gaps.push_back(gap);
  }
  return gaps;
}

namespace {

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

void missing_notes(std::string& text, std::span<const std::string> missing,
                   const EnergyCard& card) {
  if (missing.empty()) return;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "\nmissing, so not in any sum (the card has no figure):\n");
  for (const std::string& key : missing) {
    fmt::format_to(out, "  {:<18} {}\n", key, card.figure(key).note);
  }
}

}  // namespace

WideLayer wide_sum(std::span<const WideLayer> layers) {
  WideLayer sum;
  sum.name = "sum";
  for (const WideLayer& layer : layers) {
    sum.conversions_here += layer.conversions_here;
    sum.conversions += layer.conversions;
    sum.pJ_here += layer.pJ_here;
    sum.pJ += layer.pJ;
    sum.same_step_pJ += layer.same_step_pJ;
  }
  return sum;
}

std::string cost_table(const Cost& cost, const MacroPeak& peak, std::span<const LayerGap> gaps,
                       const EnergyCard& card, const ChipConfig& config) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "energy card {}: {}\n\n", card.name, card.description);
  fmt::format_to(out, "energy an image [nJ], mean of {} images\n{:<18} {:>19} {:>12}", cost.images,
                 "component", "events", "all");
  for (const LayerCost& layer : cost.layers) fmt::format_to(out, " {:>10}", layer.name);
  fmt::format_to(out, "\n");
  for (const CostPart& component : cost.components) {
    fmt::format_to(out, "{:<18} {:>19} {:>12}", component.component,
                   fmt::format("{:.1f}", component.count), nanojoule(component.pJ));
    for (const LayerCost& layer : cost.layers) {
      const CostPart* const part = part_of(layer.parts, component.component);
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

  fmt::format_to(out, "\ntime: {:.1f} clocks an image of {} ns ({} ns logic, {} ns read)\n",
                 cost.clocks_per_image, cost.clock_ns, card.required("logic_clock"),
                 card.required("read_pulse"));
  fmt::format_to(out, "  {:.2f} us an image, {:.0f} images/s; {:.3f} uW a 1,000 images/s\n",
                 cost.seconds_per_image() * 1e6, 1.0 / cost.seconds_per_image(),
                 cost.pJ() * 1e-12 * 1e3 * 1e6);
  fmt::format_to(out,
                 "\noperations: 2 a multiply-accumulate of the network, {:.0f} an image (padding "
                 "counts, pairs of cells count once)\n",
                 cost.operations());
  fmt::format_to(out, "  whole chip, what is known   {:10.2f} GOP/s {:10.1f} GOP/s/W\n",
                 cost.gops(), cost.gops_per_watt());
  fmt::format_to(out,
                 "  as the paper counts         {:10.2f} GOP/s {:10.1f} GOP/s/W  (array, "
                 "drivers, sample and hold, converters)\n",
                 cost.gops(), cost.macro_gops_per_watt());

  fmt::format_to(out, "\narea of the chip [mm2]\n");
  for (const AreaPart& part : cost.area) {
    fmt::format_to(out, "  {:<22} {:>9.0f} {:>10}\n", part.component, part.count,
                   part.um2 ? fmt::format("{:.4f}", *part.um2 * 1e-6) : "missing");
  }
  fmt::format_to(out, "  {:<22} {:>9} {:>10.4f}{}\n", "sum of the known", "", cost.um2() * 1e-6,
                 cost.area_known()
                     ? fmt::format("   {:.2f} GOP/s/mm2", cost.gops() / (cost.um2() * 1e-6))
                     : "   GOP/s/mm2 of the chip: not known, parts are missing");

  fmt::format_to(out, "\nprogramming, once:\n{}", programming_table(cost.programming));
  fmt::format_to(out,
                 "  together {:.1f} images' worth; mcnn tune tells what tuning in place takes, by "
                 "the same cards\n",
                 cost.programming.pJ() / cost.pJ());

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
  text += wide_table(cost.wide, config);
  return text;
}

namespace {

nlohmann::ordered_json part_json(const CostPart& part) {
  nlohmann::ordered_json json = {{"component", part.component},
                                 {"group", group_name(part.group)},
                                 {"event", part.event},
                                 {"count", part.count}};
  json["pJ"] = part.pJ ? nlohmann::ordered_json(*part.pJ) : nlohmann::ordered_json(nullptr);
  return json;
}

nlohmann::ordered_json parts_json(std::span<const CostPart> parts) {
  auto list = nlohmann::ordered_json::array();
  for (const CostPart& part : parts) list.push_back(part_json(part));
  return list;
}

nlohmann::ordered_json programming_json(const ProgrammingCost& cost) {
  return {{"sets", cost.sets},
          {"resets", cost.resets},
          {"reads", cost.reads},
          {"clocks", cost.clocks},
          {"set_pJ", cost.set_pJ},
          {"reset_pJ", cost.reset_pJ},
          {"pulse_pJ", cost.pulse_pJ()},
          {"read_parts", parts_json(cost.read_parts)},
          {"digital_parts", parts_json(cost.digital_parts)},
          {"macro_pJ", cost.macro_pJ()},
          {"pJ", cost.pJ()}};
}

}  // namespace

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

std::string tuning_cost_json(const TuningCost& cost) {
  const nlohmann::ordered_json json = {{"card", cost.card},
                                       {"forward", parts_json(cost.forward)},
                                       {"forward_pJ", cost.forward_pJ()},
                                       {"forward_macro_pJ", cost.forward_macro_pJ()},
                                       {"programming", programming_json(cost.programming)},
                                       {"pJ", cost.pJ()},
                                       {"macro_pJ", cost.macro_pJ()},
                                       {"missing", cost.missing}};
  return json.dump(2) + "\n";
}

std::string cost_json(const Cost& cost, const MacroPeak& peak, std::span<const LayerGap> gaps,
                      const EnergyCard& card, const ChipConfig& config) {
  nlohmann::ordered_json json;
  json["card"] = card.name;
  json["config"] = config.name;
  json["adc_bits"] = config.adc_bits;
  json["images"] = cost.images;
  json["pJ_per_image"] = cost.pJ();
  json["macro_pJ_per_image"] = cost.macro_pJ();
  json["missing"] = cost.missing;
  json["operations_per_image"] = cost.operations();
  json["clocks_per_image"] = cost.clocks_per_image;
  json["clock_ns"] = cost.clock_ns;
  json["seconds_per_image"] = cost.seconds_per_image();
  json["images_per_second"] = 1.0 / cost.seconds_per_image();
  json["gops"] = cost.gops();
  json["gops_per_watt"] = cost.gops_per_watt();
  json["macro_gops_per_watt"] = cost.macro_gops_per_watt();
  json["layers"] = nlohmann::ordered_json::array();
  for (const LayerCost& layer : cost.layers) {
    json["layers"].push_back({{"name", layer.name},
                              {"clocks", layer.clocks},
                              {"macs", layer.macs},
                              {"pJ", layer.pJ()},
                              {"macro_pJ", layer.macro_pJ()},
                              {"parts", parts_json(layer.parts)}});
  }
  json["components"] = parts_json(cost.components);
  json["area_um2"] = cost.um2();
  json["area_known"] = cost.area_known();
  json["area"] = nlohmann::ordered_json::array();
  for (const AreaPart& part : cost.area) {
    json["area"].push_back(
        {{"component", part.component},
         {"count", part.count},
         {"um2", part.um2 ? nlohmann::ordered_json(*part.um2) : nlohmann::ordered_json(nullptr)}});
  }
  json["programming"] = programming_json(cost.programming);
  json["macro_peak"] = {{"drivers_pJ", peak.drivers_pJ},
                        {"sample_hold_pJ", peak.sample_hold_pJ},
                        {"adc_pJ", peak.adc_pJ},
                        {"array_listed_pJ", peak.array_listed_pJ},
                        {"array_pJ", peak.array_pJ},
                        {"unnamed_pJ", peak.unnamed_pJ()},
                        {"gops", peak.gops()},
                        {"listed_gops_per_watt", peak.listed_gops_per_watt()},
                        {"gops_per_watt", peak.gops_per_watt()},
                        {"published_gops_per_watt", peak.published_gops_per_watt},
                        {"published_gops_per_mm2", peak.published_gops_per_mm2}};
  json["macro_peak"]["area_mm2"] =
      peak.area_mm2 > 0.0 ? nlohmann::ordered_json(peak.area_mm2) : nlohmann::ordered_json(nullptr);
  for (const WideLayer& layer : cost.wide) {
    json["wide_macro_estimate"].push_back({{"layer", layer.name},
                                           {"inputs", layer.inputs},
                                           {"reads", layer.reads},
                                           {"windows", layer.windows},
                                           {"conversions_here", layer.conversions_here},
                                           {"conversions", layer.conversions},
                                           {"bits_same_step", layer.bits},
                                           {"pJ_here", layer.pJ_here},
                                           {"pJ", layer.pJ},
                                           {"pJ_same_step", layer.same_step_pJ}});
  }
  json["gaps"] = nlohmann::ordered_json::array();
  for (const LayerGap& gap : gaps) {
    json["gaps"].push_back({{"layer", gap.layer},
                            {"gops_per_watt", gap.gops_per_watt},
                            {"operations_per_conversion", gap.operations_per_conversion},
                            {"pJ_per_conversion", gap.pJ_per_conversion},
                            {"rows", gap.rows},
                            {"pair", gap.pair},
                            {"planes", gap.planes},
                            {"waste", gap.waste},
                            {"energy", gap.energy},
                            {"product", gap.product()}});
  }
  return json.dump(2) + "\n";
}

}  // namespace mcnn
