// SPDX-License-Identifier: Apache-2.0
// What a run cost: events times the figures of an energy card. Each total is the sum of its parts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "behavioral_models/macro.h"
#include "host/cost/energy_card.h"
#include "host/cost/wide_macro.h"
#include "host/engine/events.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"
#include "host/mapping/mapper.h"
#include "host/network/network.h"

namespace mcnn {

// One component of one layer, per image.
struct CostPart {
  std::string component;  // key of the figure, or "array"
  FigureGroup group = FigureGroup::kMacro;
  std::string event;         // what is counted
  double count = 0.0;        // an image
  std::optional<double> pJ;  // an image; none: the figure is missing
};

// A network layer, or "image" for what belongs to no layer.
struct LayerCost {
  std::string name;
  double clocks = 0.0;  // an image
  double macs = 0.0;    // multiply-accumulates of the network layer, an image
  std::vector<CostPart> parts;

  double pJ() const;        // of the parts that are known
  double macro_pJ() const;  // of array and macro
};

struct ProgrammingCost {
  double sets = 0.0;
  double resets = 0.0;
  double reads = 0.0;
  double clocks = 0.0;
  double set_pJ = 0.0;  // V^2 G t through the cells, with what they were before each pulse
  double reset_pJ = 0.0;
  std::vector<CostPart> read_parts;     // array and macro, of the verify reads
  std::vector<CostPart> digital_parts;  // what the card knows of the logic meanwhile

  double pulse_pJ() const { return set_pJ + reset_pJ; }
  double macro_pJ() const;  // pulses, array and macro
  double pJ() const;        // of the parts that are known
};
// `clocks`: PROGRAM_CLOCKS of all runs of the programmer; 0: the cells were not written by it.
ProgrammingCost programming_cost(const ProgrammingWork& work, int64_t clocks,
                                 const ChipConfig& config, const EnergyCard& card);

// Of the whole chip.
struct AreaPart {
  std::string component;
  double count = 0.0;
  std::optional<double> um2;  // none: the figure is missing
};

struct Cost {
  std::string card;
  std::int64_t images = 0;
  std::vector<LayerCost> layers;     // network layers, then "image"
  std::vector<CostPart> components;  // summed over the layers
  std::vector<std::string> missing;  // figures that events asked for and the card does not have
  ProgrammingCost programming;       // of all macros, once
  std::vector<AreaPart> area;
  std::vector<WideLayer> wide;  // estimate for the published macro's bit lines; may be empty

  double clock_ns = 0.0;  // the longer of the logic's clock and a read
  double clocks_per_image = 0.0;

  double pJ() const;        // an image, all that is known
  double macro_pJ() const;  // array and macro
  double macs() const;
  double operations() const { return 2.0 * macs(); }
  double um2() const;  // of the parts that are known
  bool area_known() const;
  double seconds_per_image() const { return clocks_per_image * clock_ns * 1e-9; }
  double gops() const { return operations() / seconds_per_image() * 1e-9; }
  // Operations a joule, in GOP/s/W. `macro`: of array and macro only.
  double gops_per_watt() const { return operations() / pJ() * 1e3; }
  double macro_gops_per_watt() const { return operations() / macro_pJ() * 1e3; }
};

// `macros`: one a PE, as they were during the run. `program_clocks`: see programming_cost. Throws
// Error when a needed parameter of the card is missing.
Cost make_cost(const Network& network, const MappedNetwork& mapped, const ChipConfig& config,
               const ChipEvents& events, const MacroReads& reads, std::span<const Macro> macros,
               int64_t program_clocks, const EnergyCard& card);

// What tuning in place took on the chip: forward passes, and rewriting cells.
struct TuningCost {
  std::string card;
  std::vector<CostPart> forward;  // of all passes together
  ProgrammingCost programming;
  std::vector<std::string> missing;

  double forward_pJ() const;
  double forward_macro_pJ() const;
  double pJ() const { return forward_pJ() + programming.pJ(); }
  double macro_pJ() const { return forward_macro_pJ() + programming.macro_pJ(); }
};
// `passes`: their events, summed over as many chip programs as take turns, each counted for all
// passes.
TuningCost tuning_cost(const MacroWork& forward, const ChipEvents& passes, int programs,
                       const ProgrammingWork& programming, int64_t program_clocks,
                       const ChipConfig& config, const EnergyCard& card);
std::string tuning_cost_table(const TuningCost& cost, const EnergyCard& card);
std::string tuning_cost_json(const TuningCost& cost);

// Energy of a conversion at a resolution: it doubles with each bit, as at a constant figure of
// merit (energy by 2^bits).
double conversion_energy(double energy, double reference_bits, double bits);

// The published macro from the card's figures: 128 x 128 cells, every bit line and converter used.
struct MacroPeak {
  double lines = 128.0;
  double operations = 0.0;  // of an 8-bit input: 2 * lines^2
  double drivers_pJ = 0.0;  // a read of one bit
  double sample_hold_pJ = 0.0;
  double adc_pJ = 0.0;
  double shift_add_pJ = 0.0;      // 0 when the card does not have it
  double array_listed_pJ = 0.91;  // the published one, not credible
  double array_pJ = 0.0;          // V^2 G t at `conductance_uS`, half of the bits 1
  double conductance_uS = 0.0;    // mean of the cells
  double published_gops_per_watt = 11'014.0;
  double published_gops_per_mm2 = 1'164.0;
  double read_ns = 0.0;
  double area_mm2 = 0.0;  // 0 when the card does not have it

  double parts_pJ() const { return drivers_pJ + sample_hold_pJ + adc_pJ + shift_add_pJ; }
  double listed_gops_per_watt() const;  // with the listed array
  double gops_per_watt() const;         // with V^2 G t
  double unnamed_pJ() const;  // a read: what the published figure has beyond the listed parts
  double gops() const;
};
MacroPeak macro_peak(const EnergyCard& card, double conductance_uS);

// Why a layer is away from the peak, as factors whose product is the ratio of the two efficiencies
// (operations a joule of array and macro).
struct LayerGap {
  std::string layer;
  double operations_per_conversion = 0.0;
  double pJ_per_conversion = 0.0;
  double gops_per_watt = 0.0;
  double rows = 0.0;    // bit lines used of those of the peak's array
  double pair = 0.5;    // two lines and conversions a weight
  double planes = 0.0;  // planes of an input by planes read: zero planes cost nothing
  double waste = 0.0;   // conversions for outputs that exist, kernels that are not dummies
  double energy = 0.0;  // the peak's energy a conversion by the layer's

  double product() const { return rows * pair * planes * waste * energy; }
};
std::vector<LayerGap> layer_gaps(const Cost& cost, const Network& network,
                                 const MappedNetwork& mapped, const MacroPeak& peak,
                                 const ChipConfig& config);

// Sums of an estimate's columns, under the name "sum".
WideLayer wide_sum(std::span<const WideLayer> layers);

std::string cost_table(const Cost& cost, const MacroPeak& peak, std::span<const LayerGap> gaps,
                       const EnergyCard& card, const ChipConfig& config);
std::string cost_json(const Cost& cost, const MacroPeak& peak, std::span<const LayerGap> gaps,
                      const EnergyCard& card, const ChipConfig& config);

}  // namespace mcnn
