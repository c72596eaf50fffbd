// SPDX-License-Identifier: Apache-2.0
// What the conversions of a network's layers would be on a macro whose bit lines hold more of a
// kernel than a window of this chip: an estimate of energy, without any accuracy.
//
// The same cells see the same pulses, so array and drivers take what they take here. A source line
// sums up to `rows` inputs at once, so the windows of a kernel are converted together: a bit plane
// of an output is one conversion a line if any of its inputs has a pulse in it. Such a line carries
// up to as many times the current, so a converter of the same bits clips or has a coarser step;
// with the same step it needs log2 of that many bits more.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/cost/cost.h"
#include "host/cost/energy_card.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/mapper.h"
#include "host/network/network.h"

namespace mcnn {

struct WideLayer {
  std::string name;
  int inputs = 0;                 // of an output
  int reads = 1;                  // that they take, a bit plane
  int windows = 1;                // of this chip that a read sums, at most
  double conversions_here = 0.0;  // an image, as the chip did
  double conversions = 0.0;       // an image, on the wide macro
  int bits = 0;                   // with the step of the converters here
  double pJ_here = 0.0;           // of array and macro
  double pJ = 0.0;                // with converters of as many bits as here
  double same_step_pJ = 0.0;      // with converters of `bits`
};

// Reads of `rows` inputs at most for all images, counted on the integer network: [layer] planes of
// outputs in which an input has a pulse.
std::vector<int64_t> wide_reads(const Network& network,
                                std::span<const std::span<const uint8_t>> images, int rows);

// `reads` of as many images as `cost` is the mean of.
std::vector<WideLayer> wide_layers(const Cost& cost, const Network& network,
                                   const MappedNetwork& mapped, std::span<const int64_t> reads,
                                   int rows, const ChipConfig& config, const EnergyCard& card);

// Sums of an estimate's columns, under the name "sum".
WideLayer wide_sum(std::span<const WideLayer> layers);

}  // namespace mcnn
