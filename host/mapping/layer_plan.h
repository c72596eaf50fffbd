// SPDX-License-Identifier: Apache-2.0
// The first step of the mapper: each network layer in the chip's terms, as windows of input
// channels and passes of kernels, with what the feature-map memory and the tables have room for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/mapping/mapper.h"

namespace mcnn {

inline constexpr int kMaxPixel = 255;
inline constexpr int kMaxRange = 3;  // finest converter range of a layer

inline int round_up(int value, int unit) { return (value + unit - 1) / unit * unit; }
inline int divide_up(int value, int by) { return (value + by - 1) / by; }
// The level of the cell on the positive line of a pair.
inline int positive_part(int weight) { return weight > 0 ? weight : 0; }

// What a mapping is made of. The steps of the mapper share it.
struct MappingTask {
  const Network& network;
  const ChipConfig& config;
  const MappingOptions& options;

  // Throws Error "network NAME does not fit: TEXT".
  [[noreturn]] void fail(const std::string& text) const;
  // Words of a bank that a channel of a map takes.
  int words_of(int height, int width) const { return divide_up(height, config.row_banks) * width; }
};

// The part of neighbouring input channels that one read drives.
struct KernelWindow {
  int channel = 0;   // the first one
  int channels = 1;  // each a window of its own
  int lead = 0;      // channels in front of them that are driven too, onto cells of level 0
  int row = 0;       // first kernel row and column
  int column = 0;
  int rows = 0;
  int columns = 0;
  int block = 0;  // of cells; windows of one block follow each other
};

// The kernels that one row of the layer table computes.
struct KernelPass {
  int first_kernel = 0;
  int kernels = 0;
  int pairs = 0;  // of source lines, those of all output rows that an array works for
  int lines = 0;  // source lines of one read, rounded up
};

// A layer, in one way of using the windows of an array.
struct LayerPlan {
  const Layer* layer = nullptr;
  int array_rows = 1;  // output rows that one array works for; 1: its windows are channels
  int lanes = 2;       // channels of a feature-map word
  bool final = false;
  bool vector_output = false;
  bool vector_input = false;
  int stride = 1;     // of rows and columns
  int kernels = 0;    // with the dummy kernels that pad a vector
  int in_height = 0;  // as stored
  int in_width = 0;
  int in_pitch = 0;  // words from channel c to channel c+Lanes
  int out_pitch = 0;
  Pooling pool;
  std::vector<KernelWindow> windows;
  std::vector<KernelPass> passes;
  int range = 0;
  double peak_codes = 0.0;  // at this range

  // Weight of a kernel at row r, column c of channel window.channel + i; 0 in dummy kernels and
  // behind a vector.
  int weight(int kernel, const KernelWindow& window, int i, int r, int c) const;
  int channel_base(int channel) const { return channel / lanes * in_pitch; }  // first word
  int max_window_rows() const;
  int blocks() const { return windows.back().block + 1; }  // of cells of a pass
  // The first window of a block, whose cells are those of all others.
  const KernelWindow& block_window(int block) const;
};

// Every plan of every layer, with its converter range; the first of a layer is the one with the
// fewest reads for an output row. Throws Error when the memory, a table or a partial sum has no
// room.
std::vector<std::vector<LayerPlan>> plan_layers(const MappingTask& task);

}  // namespace mcnn
