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

// The part of an input channel that one read drives.
struct KernelWindow {
  int channel = 0;
  int row = 0;  // first kernel row and column
  int column = 0;
  int rows = 0;
  int columns = 0;
};

// The kernels that one row of the layer table computes.
struct KernelPass {
  int first_kernel = 0;
  int kernels = 0;
  int lines = 0;  // source lines of one window, rounded up
};

struct LayerPlan {
  const Layer* layer = nullptr;
  bool final = false;
  bool vector_output = false;
  bool vector_input = false;
  int stride = 1;     // of rows and columns
  int kernels = 0;    // with the dummy kernels that pad a vector
  int in_height = 0;  // as stored
  int in_width = 0;
  int in_pitch = 0;  // words from channel c to channel c+2
  int out_pitch = 0;
  Pooling pool;
  std::vector<KernelWindow> windows;
  std::vector<KernelPass> passes;
  int range = 0;
  double peak_codes = 0.0;  // at this range

  // Weight of a kernel at row r, column c of a window; 0 in dummy kernels and behind a vector.
  int weight(int kernel, const KernelWindow& window, int r, int c) const;
  int channel_base(int channel) const { return channel / 2 * in_pitch; }  // first word
  int max_window_rows() const;
};

// The plans of all layers, with their converter ranges. Throws Error when the memory, a table or a
// partial sum has no room.
std::vector<LayerPlan> plan_layers(const MappingTask& task);

}  // namespace mcnn
