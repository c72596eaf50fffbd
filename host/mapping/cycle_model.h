// SPDX-License-Identifier: Apache-2.0
// The cycle model: the clocks of a chip program as a closed formula (rtl/README.md, "Beats and
// clocks"). The chip must take exactly as many.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"

namespace mcnn {

inline constexpr int kMinSkipPlanes = 2;  // a beat drives at least as many planes with MODE.SKIP

struct PassCycles {
  int64_t beats = 0;
  int64_t clocks = 0;  // what PERF_LAYER_CLOCKS counts for one image
  int64_t stall_beat =
      0;  // clocks that the PEs waited for window fetch or reduce: sum of P(i) - drive(i)
};

struct ImageCycles {
  std::vector<PassCycles> passes;  // per row of the layer table
  int64_t clocks = 0;              // 1 + the sum over the passes
  int64_t beats = 0;
  int64_t stall_beat = 0;
};

// What a beat's stages need that does not depend on the pixels. Beats come in the order row group,
// column, step.
struct PassTiming {
  int row_groups = 1;
  int columns = 1;               // output columns
  std::vector<int> fetch;        // [step] clocks at the first column of a row group
  std::vector<int> fetch_slid;   // [step] clocks at the others: fewer where windows slide
  int drive = 8;                 // clocks without MODE.SKIP
  int overhead = 0;              // LayerOverhead
  std::vector<int> reduce_last;  // [column] clocks of the last step
  int reduce = 1;                // clocks of every other step

  int fetch_clocks(int64_t column, size_t step) const {
    return (column == 0 ? fetch : fetch_slid)[step];
  }
  // Whether a position is one step, so that its windows slide.
  bool slides() const { return fetch.size() == 1; }
  int64_t beats() const {
    return static_cast<int64_t>(row_groups) * columns * static_cast<int64_t>(fetch.size());
  }
};

// Columns of a window that slides which the position before did not have.
int new_columns(const LayerRow& row, const StepRecord& record);

PassTiming pass_timing(const ChipProgram& program, const ChipConfig& config, int layer_row);

// Clocks of a pass. planes: with MODE.SKIP the number of bits of the largest pixel of each beat, in
// beat order (0..ActBits); empty without MODE.SKIP.
PassCycles pass_cycles(const PassTiming& timing, const ChipConfig& config,
                       std::span<const uint8_t> planes = {});

// What a programming entry costs: reads and pulses that it took, or that it was refused.
struct EntryWork {
  bool refused = false;
  int64_t reads = 0;
  int64_t pulses = 0;
};
// Clocks of one entry (rtl/README.md, "Programming").
int64_t entry_clocks(const EntryWork& work, const ChipConfig& config, int pulse_clocks);
// What PROGRAM_CLOCKS counts for a run in which PE p works for engine_clocks[p] clocks, the sum
// over its entries: the engines run in parallel, so the slowest one decides.
int64_t program_clocks(std::span<const int64_t> engine_clocks);

// Clocks of an image without MODE.SKIP.
ImageCycles image_cycles(const ChipProgram& program, const ChipConfig& config);
// Clocks of an image with MODE.SKIP; planes[row] as above.
ImageCycles image_cycles_skip(const ChipProgram& program, const ChipConfig& config,
                              std::span<const std::vector<uint8_t>> planes);

}  // namespace mcnn
