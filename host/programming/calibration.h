// SPDX-License-Identifier: Apache-2.0
// Calibration of the converters, by the host, on the chip: the offset of every ADC lane from reads
// that the programmer makes, and what it does to the kernels folded into the biases.
//
// Lane i of a PE serves the source lines that are i modulo NumAdc, when a cell is verified and when
// the chip infers. With gain a and offset o of the lane, a cell of v levels reads a 2^r v + o. The
// loop brings that to the target T, so v comes out as (T - o) / (a 2^r): the gain is in the cell,
// where it cancels again in every later read, and the offset must be taken from the target. What is
// left is one o a code when the chip infers, and it is the same for every input that is read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/engine/program_port.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"
#include "host/programming/closed_loop.h"

namespace mcnn {

// What the host found, [PE][lane].
struct CalibrationReport {
  LaneOffsets offset;  // [codes]
  // Mean code of reads without input [codes]: the offset where it is above 0, a check of it.
  std::vector<std::vector<double>> zero_input;
  // Gain relative to the mean of all lanes, from cells that nothing was written to yet; 1 where
  // they conduct too little to tell. Not used: see above.
  std::vector<std::vector<double>> gain;
  ProgramCounters counters;  // of all runs
};

// Finds offsets and gains. Brings one source line of each lane (the first NumAdc lines of each PE)
// to a middle level first, with `settings`, so it belongs before programming. An offset is
//   mean over the cells of a lane of 2 * code(r - 1) - code(r)
// at low ranges, where the bow of a converter is still straight. Throws Error.
CalibrationReport measure_lanes(ProgramPort& port, const ChipConfig& config, const DeviceCard& card,
                                const ProgramSettings& settings);

// What takes the offsets out of the kernels, [codes] being those of inference.
//
// A window reads P = sum of 2^b over the planes b that have a pulse, so a pair of lines with
// offsets o+ and o- adds (o+ - o-) P to the partial sum. P follows the sum X of the window's pixels
// closely, and X is what a change of all cells of a line counts for: the cells of the pair take
// -(o+ - o-) slope X, with the slope of the straight line through P over X, and the bias takes the
// mean of what is left. P and X come from the ideal chip on `images`.
struct Compensation {
  std::vector<std::vector<double>> shift;  // [PE][source line] for cell_entries [levels]
  std::vector<BiasRow> biases;             // of the chip program
};
// Throws Error when a bias does not fit.
Compensation compensate_offsets(const ChipProgram& program, const ChipConfig& config,
                                const DeviceCard& card, const LaneOffsets& offsets,
                                std::span<const std::span<const uint8_t>> images);

}  // namespace mcnn
