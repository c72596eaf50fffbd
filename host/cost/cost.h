// SPDX-License-Identifier: Apache-2.0
// What a run cost: events times the figures of an energy card. Each total is the sum of its parts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "behavioral_models/macro.h"
#include "host/cost/clock.h"
#include "host/cost/energy_card.h"
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

  Clock clock;
  double clocks_per_image = 0.0;
  double load_clocks = 0.0;  // of an image's stream, while the one before is computed

  double pJ() const;        // an image, all that is known
  double macro_pJ() const;  // array and macro
  double macs() const;
  double operations() const { return 2.0 * macs(); }
  bool energy_known() const;  // every part of an image has a figure
  double um2() const;         // of the parts that are known
  bool area_known() const;
  double seconds_per_image() const { return clock.seconds(clocks_per_image); }  // latency
  // In a run of images: a chip that computes faster than its images come waits for them.
  bool waits_for_images() const { return load_clocks > clocks_per_image; }
  double images_per_second() const {
    return 1.0 / clock.seconds(waits_for_images() ? load_clocks : clocks_per_image);
  }
  double gops() const { return operations() * images_per_second() * 1e-9; }
  // Operations a joule, in GOP/s/W. `macro`: of array and macro only.
  double gops_per_watt() const { return operations() / pJ() * 1e3; }
  double macro_gops_per_watt() const { return operations() / macro_pJ() * 1e3; }
};

// `macros`: one a PE, as they were during the run. `program_clocks`: see programming_cost. Throws
// Error when a needed parameter of the card is missing.
Cost make_cost(const Network& network, const MappedNetwork& mapped, const ChipConfig& config,
               const ChipEvents& events, const MacroReads& reads, std::span<const Macro> macros,
               int64_t program_clocks, const EnergyCard& card);

// The same from what is known of a chip that is tuned: the work of its macros for some images, and
// what the chip did meanwhile, `passes` summed over as many chip programs as take turns, each
// counted for all images. One layer, "all"; no programming.
Cost inference_cost(const MacroWork& work, const ChipEvents& passes, int programs,
                    const ChipConfig& config, const EnergyCard& card);

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

// The part of a component, null if there is none.
const CostPart* find_part(std::span<const CostPart> parts, std::string_view component);

// Energy of conductances [uS] that a voltage [V] drives for a time [ns], in pJ.
double conductance_pJ(double conductance_uS, double voltage, double ns);

// Energy of a conversion at a resolution: it doubles with each bit, as at a constant figure of
// merit (energy by 2^bits).
double conversion_energy(double energy, double reference_bits, double bits);

}  // namespace mcnn
