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
             // fetched whole
  kSliding,  // the same, sliding windows counted: fewer steps a position, fewer clocks
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

// One block of source lines: one window (of one input channel) of one group of kernels, for one
// replica.
struct Placement {
  int layer = 0;         // network layer
  int layer_row = 0;     // row of the layer table (pass)
  int first_kernel = 0;  // of the pass
  int kernels = 0;       // with dummy kernels that pad a vector
  int replica = 0;
  int channel = 0;     // input channel (of the tiled vector behind a fully connected layer)
  int window_row = 0;  // first kernel row and column of the window
  int window_column = 0;
  int window_rows = 0;
  int window_columns = 0;
  int step = 0;  // step of the pass that reads it
  int pe = 0;
  int first_line = 0;  // multiple of 4
  int lines = 0;       // 2 * kernels, rounded up to a multiple of 4
};

// How a network layer was mapped.
struct LayerMapping {
  std::string name;
  int replicas = 1;
  int segment_pes = 1;  // PEs of a replica
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
