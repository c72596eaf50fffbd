// SPDX-License-Identifier: Apache-2.0
#include "host/cost/cost.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.h"
#include "common/index.h"
#include "host/mapping/image_stream.h"

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
  // All logic, whatever it does.
  void clocks(std::vector<CostPart>& parts, double clocks, const ChipConfig& config) const {
    constexpr double kPjOfUwNs = 1e-3;
    count(parts, "logic_clock_tree", clocks);
    count(parts, "logic_leakage", clocks * clock_of(card_, config).ns(), kPjOfUwNs);
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
  // What the PEs do for the planes that they read; the others cost them next to nothing.
  void pes(std::vector<CostPart>& parts, const MacroWork& work) const {
    count(parts, "pe_read", static_cast<double>(work.reads));
  }
  void digital(std::vector<CostPart>& parts, const RowEvents& row, const ChipConfig& config) const {
    count(parts, "fetch_column", static_cast<double>(row.columns));
    count(parts, "reduce_group", static_cast<double>(row.reduce_groups));
    count(parts, "activate_group", static_cast<double>(row.psum_groups));
    count(parts, "pool_group", sum(row.pool_writes));
    count(parts, "control_clock", static_cast<double>(row.clocks));
    clocks(parts, static_cast<double>(row.clocks), config);
    count(parts, "map_read", sum(row.map_reads) + (sum(row.pool_reads) * config.lanes));
    count(parts, "map_write", sum(row.pool_writes));
    count(parts, "record_read", static_cast<double>(row.record_reads));
    count(parts, "bias_read", static_cast<double>(row.bias_reads));
    count(parts, "logit_access", static_cast<double>(row.logit_writes));
  }
  // What belongs to no layer row: taking an image, loading it, its result.
  void image(std::vector<CostPart>& parts, const ChipEvents& events,
             const ChipConfig& config) const {
    count(parts, "control_clock", static_cast<double>(events.images));
    clocks(parts, static_cast<double>(events.images), config);
    count(parts, "map_write", sum(events.image_writes));
    count(parts, "record_read", static_cast<double>(events.row_reads));
    count(parts, "logit_access", static_cast<double>(events.result_reads));
  }

 private:
  const EnergyCard& card_;
  double divide_by_;
};

double macs_of(const Layer& layer) {
  return static_cast<double>(layer.convolution.height) * layer.convolution.width * layer.kernels *
         layer.fan_in();
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
  const double maps = static_cast<double>(config.num_buffers) * config.row_banks *
                      config.bank_depth * config.lanes * config.act_bits;
  const double tables = 32.0 * config.num_layers * config.layer_words() +
                        32.0 * config.num_records * config.record_words() +
                        static_cast<double>(config.lanes) * config.num_bias_rows * config.psum_bits;
  const double logits = static_cast<double>(config.num_logits) * config.psum_bits;
  add("area_memory_bit", maps + tables + logits + (64.0 * config.num_entries * pes));
  return area;
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

constexpr double kClocksToTake = 1.0;  // an image

// What follows from the layers and the programming.
void add_up(Cost& cost, const ChipConfig& config, const EnergyCard& card) {
  for (const LayerCost& layer : cost.layers) {
    cost.clocks_per_image += layer.clocks;
    add_parts(layer.parts, cost.components);
  }
  add_missing(cost.components, cost.missing);
  add_missing(cost.programming.digital_parts, cost.missing);
  cost.clock = clock_of(card, config);
  cost.area = area_of(config, card);
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
bool Cost::energy_known() const {
  return std::ranges::all_of(components, [](const CostPart& part) { return part.pJ.has_value(); });
}
double Cost::um2() const {
  double total = 0.0;
  for (const AreaPart& part : area) total += part.um2.value_or(0.0);
  return total;
}
bool Cost::area_known() const {
  return std::ranges::all_of(area, [](const AreaPart& part) { return part.um2.has_value(); });
}

const CostPart* find_part(std::span<const CostPart> parts, std::string_view component) {
  const auto found = std::ranges::find(parts, component, &CostPart::component);
  return found == parts.end() ? nullptr : &*found;
}

double conductance_pJ(double conductance_uS, double voltage, double ns) {
  return conductance_uS * voltage * voltage * ns * 1e-3;
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
    counter.pes(layer.parts, work);
    counter.digital(layer.parts, total, config);
    cost.layers.push_back(std::move(layer));
  }
  LayerCost image;
  image.name = "image";
  image.clocks = kClocksToTake;
  counter.image(image.parts, events, config);
  cost.layers.push_back(std::move(image));
  cost.load_clocks = static_cast<double>(image_load_clocks(mapped.program.image, config));
  cost.programming = programming_cost(programming_work(macros), program_clocks, config, card);
  add_up(cost, config, card);
  return cost;
}

Cost inference_cost(const MacroWork& work, const ChipEvents& passes, int programs,
                    const ChipConfig& config, const EnergyCard& card) {
  if (passes.images <= 0) throw Error("cost: found no images, allowed: at least one");
  Cost cost;
  cost.card = card.name;
  cost.images = passes.images / programs;
  RowEvents rows;
  for (const RowEvents& row : passes.rows) rows += row;
  const auto counted = static_cast<double>(passes.images);
  LayerCost all;
  all.name = "all";
  all.clocks = static_cast<double>(rows.clocks) / counted + kClocksToTake;
  std::vector<CostPart> parts;
  const Counter together(card, static_cast<double>(cost.images));
  together.macro(parts, work, config);
  together.pes(parts, work);
  const Counter counter(card, counted);
  counter.digital(parts, rows, config);
  counter.image(parts, passes, config);
  add_parts(parts, all.parts);
  cost.layers.push_back(std::move(all));
  add_up(cost, config, card);
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
  once.clocks(cost.digital_parts, cost.clocks, config);
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
  together.pes(parts, forward);
  RowEvents rows;
  for (const RowEvents& row : passes.rows) rows += row;
  in_turn.digital(parts, rows, config);
  in_turn.image(parts, passes, config);
  add_parts(parts, cost.forward);
  cost.programming = programming_cost(programming, program_clocks, config, card);
  add_missing(cost.forward, cost.missing);
  add_missing(cost.programming.digital_parts, cost.missing);
  return cost;
}

}  // namespace mcnn
