// SPDX-License-Identifier: Apache-2.0
#include "host/cost/macro_peak.h"

#include <cstddef>

#include "common/index.h"
#include "host/mapping/cycle_model.h"

namespace mcnn {
namespace {

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
      mean.rows += positions * record.windows * record.window_rows * record.window_columns;
    }
    if (record.last_pass != 0) break;
  }
  mean.rows /= mean.windows;
  return mean;
}

}  // namespace

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
    const CostPart* const conversions = find_part(layer.parts, "adc");
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
      full += mean.windows * config.act_bits * 2 * mapped.program.layers[to_index(row)].pairs;
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

}  // namespace mcnn
