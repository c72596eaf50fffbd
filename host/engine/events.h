// SPDX-License-Identifier: Apache-2.0
// What happens in the digital part of the chip, counted: a closed count over the chip program
// (rtl/README.md), with the planes that MODE.SKIP leaves out and the reads of the arrays from the
// chip model. A monitor in the bench counts the same on the RTL's own signals; both must be equal.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/engine/chip_model.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"

namespace mcnn {

// Of one row of the layer table, summed over images.
struct RowEvents {
  int64_t clocks = 0;         // PERF_LAYER_CLOCKS
  int64_t beats = 0;          // PERF_BEATS
  int64_t planes = 0;         // planes driven, whether a PE has a pulse in it or not
  int64_t record_reads = 0;   // step records read
  int64_t columns = 0;        // columns that enter windows
  int64_t reduce_groups = 0;  // pair sums of Lanes pairs added over the PEs
  int64_t psum_groups = 0;    // partial sums of Lanes pairs given out
  int64_t bias_reads = 0;     // rows of the bias table, once in a pass
  int64_t activations = 0;    // sums biased, shifted and clamped
  int64_t logit_writes = 0;   // words of Lanes logits
  // Feature-map memory. Lane l of bank b: [l * RowBanks + b].
  std::vector<int64_t> map_reads;       // [lane][bank] pixels read of the input buffer
  std::vector<int64_t> pool_reads;      // [bank] words of the output buffer, all lanes at once
  std::vector<int64_t> pool_writes;     // [lane][bank]
  std::vector<int64_t> window_columns;  // [PE] columns taken into its window
  std::vector<int64_t> active_planes;   // [PE] planes that its accumulators step through
  std::vector<int64_t> reads;           // [PE] planes read: strobes to its macro

  RowEvents& operator+=(const RowEvents& other);
  bool operator==(const RowEvents&) const = default;
};

struct ChipEvents {
  std::vector<RowEvents> rows;        // [layer row]
  int64_t images = 0;                 // taken
  std::vector<int64_t> image_writes;  // [lane][bank] pixels loaded
  int64_t row_reads = 0;  // layer rows read, those in clocks that wait for an image left out
  int64_t result_words = 0;
  int64_t result_reads = 0;  // words of Lanes logits read

  ChipEvents& operator+=(const ChipEvents& other);
  bool operator==(const ChipEvents&) const = default;
};

// All zero, with the sizes of a program and configuration.
ChipEvents no_events(const ChipProgram& program, const ChipConfig& config);

// What the RTL does for the images that a chip model has run since its counters were cleared.
// `halted`: with MODE.HALT, which reads each layer row behind a halt once more.
ChipEvents chip_events(const ChipModel& model, int64_t images, bool halted = false);

// The same for images without MODE.SKIP, which need no run: all but RowEvents::reads, which is up
// to the pixels.
ChipEvents image_events(const ChipProgram& program, const ChipConfig& config, int64_t images,
                        bool halted = false);

// One line for each number that differs: "layer row 1, pool_reads[3]: 7, expected 8".
std::vector<std::string> differences(const ChipEvents& found, const ChipEvents& expected);

// The inference reads of all macros: [layer row][PE], by window.
using MacroReads = std::vector<std::vector<std::vector<WindowReads>>>;
void add(const MacroReads& part, MacroReads& sum);
// Of macros, one a PE.
MacroReads macro_reads(std::span<const Macro> macros, int num_rows);
MacroReads macro_reads(const ChipModel& model);
// `later` less `earlier`, both of the same macros.
MacroReads since(const MacroReads& later, const MacroReads& earlier);

// What reads of images took of the macros, over all PEs.
struct MacroWork {
  double conductance_uS = 0.0;  // sum over the reads of the driven cells' conductances
  int64_t reads = 0;            // of planes
  int64_t pulses = 0;           // on bit lines
  int64_t conversions = 0;

  MacroWork& operator+=(const MacroWork& other);
  bool operator==(const MacroWork&) const = default;
};
// Of the reads of a layer row ([PE], by window) and of all rows, by macros as they are now.
MacroWork macro_work(std::span<const std::vector<WindowReads>> reads,
                     std::span<const Macro> macros);
MacroWork macro_work(const MacroReads& reads, std::span<const Macro> macros);

// What programming took of the macros, over all PEs.
struct ProgrammingWork {
  int64_t sets = 0;  // pulses
  int64_t resets = 0;
  double set_conductance_uS = 0.0;  // sum over the pulses of the cell's conductance before it
  double reset_conductance_uS = 0.0;
  int64_t reads = 0;  // verify reads
  MacroWork read;     // what they took

  ProgrammingWork& operator+=(const ProgrammingWork& other);
  bool operator==(const ProgrammingWork&) const = default;
};
ProgrammingWork programming_work(std::span<const Macro> macros);

}  // namespace mcnn
