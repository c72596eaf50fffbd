// SPDX-License-Identifier: Apache-2.0
// The mapper: places a network's kernels in the arrays and writes the chip program that runs it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"
#include "host/mapping/device_limits.h"
#include "host/network/network.h"

namespace mcnn {

enum class MappingKind {
  kDefault,  // the replicas and segment lengths that need the fewest clocks if every window is
             // fetched whole and alone
  kSliding,  // the same, sliding windows and PEs that share a word counted: fewer steps a position,
             // fewer clocks
  kPaper,    // one copy of every convolution layer in each convolver group, as published
};
MappingKind mapping_kind(std::string_view name);  // "default", "sliding", "paper"; throws Error
std::string_view mapping_name(MappingKind kind);

struct MappingOptions {
  MappingKind kind = MappingKind::kDefault;
  std::vector<std::optional<int>> replicas;  // per network layer; may be shorter than the network
  std::optional<int> range;                  // for every layer that does not force its own; 0..3
  DeviceLimits limits;
};

// One block of source lines: the windows of one read, of one group of kernels, for one replica or
// for `array_rows` neighbouring ones. Sums of windows read the same block at several places.
struct Placement {
  int layer = 0;         // network layer
  int layer_row = 0;     // row of the layer table (pass)
  int first_kernel = 0;  // of the pass
  int kernels = 0;       // with dummy kernels that pad a vector
  int replica = 0;       // the first one
  int array_rows = 1;    // replicas
  int channel = 0;       // first input channel (of the tiled vector behind a fully connected layer)
  int channels = 1;      // windows that are channels
  int first_window = 0;  // of the array, that of the first channel
  int window_row = 0;    // first kernel row and column of the window
  int window_column = 0;
  int window_rows = 0;
  int window_columns = 0;
  int step = 0;  // first step of the pass that reads it
  int pe = 0;
  int first_line = 0;  // multiple of 4
  int lines = 0;       // two for each pair of the read, rounded up to a multiple of 4
  int row_lines = 0;   // from one replica to the next
};

// A weight of a placement and its cells: the positive one on `line`, the negative one on the next.
struct PlacedPair {
  int kernel = 0;  // of the placement
  int replica = 0;
  int channel = 0;
  int row = 0;  // of the window
  int column = 0;
  int line = 0;
  int bit_line = 0;
};

// Calls take(pair) for every weight of a placement: replicas, kernels, channels, columns, rows.
template <typename Take>
void for_each_pair(const Placement& place, const Take& take) {
  constexpr int kRows = 4;  // of bit lines of a window, and columns
  for (int w = 0; w < place.array_rows; ++w) {
    for (int k = 0; k < place.kernels; ++k) {
      for (int i = 0; i < place.channels; ++i) {
        for (int c = 0; c < place.window_columns; ++c) {
          for (int r = 0; r < place.window_rows; ++r) {
            const int window = place.array_rows > 1 ? w : place.first_window + i;
            take(PlacedPair{k, place.replica + w, place.channel + i, r, c,
                            place.first_line + w * place.row_lines + 2 * k,
                            kRows * (kRows * window + c) + r});
          }
        }
      }
    }
  }
}

// How a network layer was mapped.
struct LayerMapping {
  std::string name;
  int replicas = 1;
  int array_rows = 1;   // of them in one array
  int segment_pes = 1;  // PEs of an array's replicas
  int steps = 1;        // steps of an output position
  int range = 0;
  int first_row = 0;  // rows of the layer table
  int rows = 1;
  int64_t beats = 0;        // of all passes, for one image
  int64_t clocks = 0;       // of all passes, for one image, without MODE.SKIP
  double peak_codes = 0.0;  // largest code that any source line can give with all bit lines of a
                            // window driven, with margin
};

struct MappedNetwork {
  MappingKind kind = MappingKind::kDefault;
  int lanes = 2;  // channels of a feature-map word
  ChipProgram program;
  std::vector<LayerMapping> layers;
  std::vector<Placement> placements;  // by layer row, step, PE
  std::vector<int> lines_used;        // [PE]
  int64_t clocks_per_image = 0;       // without MODE.SKIP
};

// Throws Error that says what is short and by how much when the network does not fit. The program
// is validated.
MappedNetwork map_network(const Network& network, const ChipConfig& config,
                          const MappingOptions& options = {});

// A table of the layers (replicas, PEs, steps, beats, clocks, range), and a picture of the arrays:
// one line a PE, one character every four source lines.
std::string mapping_table(const MappedNetwork& mapped, const ChipConfig& config);
std::string mapping_picture(const MappedNetwork& mapped, const ChipConfig& config);

}  // namespace mcnn
