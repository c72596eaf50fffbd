// SPDX-License-Identifier: Apache-2.0
// The published macro of 128 x 128 cells from the figures of a card, and why the layers of a
// network are away from it.
#pragma once

#include <string>
#include <vector>

#include "host/cost/cost.h"
#include "host/cost/energy_card.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/mapper.h"
#include "host/network/network.h"

namespace mcnn {

// Every bit line and converter used.
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

}  // namespace mcnn
