// SPDX-License-Identifier: Apache-2.0
// The chip model: executes a chip program (the tables, not the network) on macro models, bit for
// bit like the RTL: every feature map, every logit, every counter. Fast enough for a test set in
// seconds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "behavioral_models/device_card.h"
#include "behavioral_models/macro.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"

namespace mcnn {

// What one or more images cost. The names are those of the PERF counters.
struct ChipCounters {
  int64_t clocks = 0;  // PERF_LAYER_CLOCKS summed, plus one clock an image
  int64_t beats = 0;
  int64_t reads = 0;        // bit-plane reads, summed over the PEs
  int64_t skipped = 0;      // zero bit planes of active PEs
  int64_t conversions = 0;  // conversions of the read source lines
  int64_t stall_beat = 0;
  std::vector<int64_t> layer_clocks;  // per row of the layer table

  bool operator==(const ChipCounters&) const = default;
};

// The planes that each PE read in each beat of an image: of every row of the layer table,
// [beat * NumPe + pe], bit b set: plane b was read.
using ImageReads = std::vector<std::vector<uint8_t>>;

struct ImageResult {
  int digit = 0;  // index of the largest logit, the lowest of equal ones
  std::vector<int32_t> logits;
  ChipCounters counters;  // of this image
  std::vector<std::vector<uint8_t>>
      maps;          // per ChipProgram::maps, [channel][row][column]; empty unless asked for
  ImageReads reads;  // empty unless asked for
};

// How one window of a layer row was driven, over images and output positions. With P the sum of 2^b
// over the bit planes b that are read, and X the sum of the pixels: P is what a constant error of a
// code counts for, X a constant error of the cells.
struct WindowUse {
  int pe = 0;
  int first_line = 0;
  int segment = 0;             // the segments of a row are its replicas
  int64_t positions = 0;       // output positions of the segment that exist, one for all rows of an
                               // array
  double planes = 0.0;         // sum of P
  double pixels = 0.0;         // sum of X
  double planes_pixels = 0.0;  // sum of P X
  double pixels_pixels = 0.0;  // sum of X X

  bool operator==(const WindowUse&) const = default;
};

// One macro a PE, nothing programmed. Throws Error.
std::vector<Macro> make_macros(const ChipConfig& config, const DeviceCard& card, uint64_t seed);
// Brings every cell exactly to the level of the chip program, with the card's programming error.
void program_direct(std::span<Macro> macros, const ChipProgram& program);

class ChipModel {
 public:
  struct Options {
    bool skip = false;   // MODE.SKIP: changes clocks only
    bool maps = false;   // return every hidden layer's feature map
    bool uses = false;   // keep window_uses()
    bool reads = false;  // return what each PE read
  };

  // Validates the program; the macros (one a PE) hold what they hold. Throws Error.
  ChipModel(const ChipConfig& config, const ChipProgram& program, std::vector<Macro> macros,
            Options options);
  // The same with macros of the card, programmed directly with the program's cells.
  ChipModel(const ChipConfig& config, const ChipProgram& program, const DeviceCard& card,
            uint64_t seed)
      : ChipModel(config, program, card, seed, Options{}) {}
  ChipModel(const ChipConfig& config, const ChipProgram& program, const DeviceCard& card,
            uint64_t seed, Options options);
  ~ChipModel();
  ChipModel(ChipModel&&) noexcept;
  ChipModel& operator=(ChipModel&&) noexcept;

  // pixels: [channel][row][column] of the program's image. `image` numbers the image for the
  // macros' noise. The result stays valid until the next run. Throws Error when the number of
  // pixels differs.
  const ImageResult& run(uint32_t image, std::span<const uint8_t> pixels);

  void set_options(Options options);
  Options options() const;

  const ChipCounters& totals() const;  // of all images since construction or clear_counters
  ReadCounts row_counts(
      int layer_row) const;        // reads, conversions and clipped codes of a layer row, all PEs
  ReadCounts read_counts() const;  // of all layer rows
  // Planes driven in each step of a layer row, summed over its positions and over all images since
  // construction or clear_counters: 8 a beat, fewer with MODE.SKIP.
  std::span<const int64_t> driven_planes(int layer_row) const;
  void clear_counters();

  // Windows of a layer row, in the order of steps and PEs, with Options::uses; empty without.
  std::span<const WindowUse> window_uses(int layer_row) const;

  const ChipConfig& config() const;
  const ChipProgram& program() const;
  Macro& macro(int pe);
  const Macro& macro(int pe) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mcnn
