// SPDX-License-Identifier: Apache-2.0
// A row of the layer table with its records, compiled for the chip model: which windows are read at
// an output position, where their pixels lie, and which pooled positions an output belongs to.
#pragma once

#include <cstdint>
#include <vector>

#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"
#include "host/mapping/cycle_model.h"

namespace mcnn {

// Neighbouring pooled rows or columns.
struct PooledRange {
  int first = 0;
  int count = 0;
};

// One window that a PE drives.
struct DrivenWindow {
  int channel = 0;     // index into CompiledPass::channels
  int row_offset = 0;  // of window row 0, with those of replica and output row
  int quads = 0;       // index of the window's first quad at column 0, row 0 of the output
};

// What one PE reads at every output position of a step.
struct WindowRead {
  int pe = 0;
  int segment = 0;
  int first_line = 0;
  int column_offset = 0;  // of window column 0
  uint16_t mask = 0;      // bit lines inside a window
  DrivenWindow first;
  std::vector<DrivenWindow> others;
};

// One input channel of a pass. A *quad* is four neighbouring rows of a column; a window of a read
// is four quads side by side.
struct PassChannel {
  int lane = 0;
  int base = 0;       // first word
  int first_row = 0;  // of the quads, may be outside the map
  int last_row = 0;
  int first_column = 0;
  int last_column = 0;
  int quads = 0;  // index of its first quad

  int columns() const { return last_column - first_column + 1; }
};

struct CompiledPass {
  LayerRow row;
  std::vector<PassChannel> channels;
  std::vector<std::vector<WindowRead>> steps;
  int num_quads = 0;
  std::vector<int> segment_rows;         // [segment] output row offset (replica), the first one
  std::vector<PooledRange> pooled_rows;  // [output row] pooled rows that contain it
  std::vector<PooledRange> pooled_columns;
  std::vector<int32_t> biases;  // [kernel]
  PassTiming timing;
  PassCycles cycles;  // without MODE.SKIP
};

// `row`: of the layer table. The program has been validated.
CompiledPass compile_pass(const ChipProgram& program, const ChipConfig& config, int row);

}  // namespace mcnn
