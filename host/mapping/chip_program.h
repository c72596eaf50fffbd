// SPDX-License-Identifier: Apache-2.0
// The chip program: the tables that the host writes, the set-up registers of a run and the levels
// of the memristor cells. One description of every table's bit fields serves encoding, decoding and
// the range check (rtl/REGISTERS.md).
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/mapping/chip_config.h"
#include "host/mapping/registers.h"
#include "host/network/network.h"

namespace mcnn {

inline constexpr int kLineUnit = 4;     // first source lines of blocks are multiples of it
inline constexpr int kVectorBanks = 4;  // banks that hold a vector

// Some of the PEs of a chip.
inline constexpr int kMostPes = 256;
using PeSet = std::bitset<kMostPes>;

// A row of the layer table: one pass of up to NumAdc/2 kernels.
struct LayerRow {
  int final = 0;      // outputs are logits
  int layer_end = 0;  // the last pass of a network layer that is not the last
  int vector = 0;     // outputs are stored as a vector
  int kernels = 1;
  int range = 0;       // one weight level is worth 2^range codes
  int shift = 0;       // includes the range
  int group_rows = 1;  // replicas
  int array_rows = 1;  // output rows that one array works for
  int pairs = 1;       // of source lines of a read
  int in_height = 1;
  int in_width = 1;
  int stride = 1;
  int row_step = 1;    // group_rows * stride
  int out_height = 1;  // before pooling
  int out_width = 1;
  int pool_rows = 1;
  int pool_columns = 1;
  int pool_row_stride = 1;
  int pool_column_stride = 1;
  int pooled_height = 1;
  int pooled_width = 1;
  int out_pitch = 0;  // words from kernel k to kernel k+Lanes
  int out_base = 0;
  int bias_base = 0;
  int first_record = 0;
  int input = 0;                // buffer that is read, by its name; 0 is the image's
  int output = 1;               // buffer that is written
  int add = 0;                  // to what it holds
  PeSet segment_end;            // the last PEs of the replicas
  std::vector<int> replica;     // [PE] its first output row in the group
  std::vector<int> row_offset;  // [PE] replica * stride

  // Kernel k of output row w of an array is pair w * row_pairs() + k of a read.
  int row_pairs() const { return array_rows == 1 ? pairs : (pairs - kernels) / (array_rows - 1); }
  int row_groups() const { return (out_height + group_rows - 1) / group_rows; }
  bool operator==(const LayerRow&) const = default;
};

// A row of the step record table: the windows of one word of channels and the PEs that take them.
struct StepRecord {
  int last_step = 0;
  int last_pass = 0;
  int window_columns = 1;  // 1..KernelMax
  int window_rows = 1;
  int windows = 1;              // that a PE drives
  int column_offset = 0;        // signed
  int row_offset = 0;           // signed
  int channel_base = 0;         // first word of the channels in their banks
  std::vector<int> first_line;  // [PE] first source line, a multiple of 4
  std::vector<int> lane;        // [PE] channel of window 0 in the word
  std::vector<int> active;      // [PE] 0 or 1

  bool operator==(const StepRecord&) const = default;
};

// A row of the bias table: Lanes kernels.
using BiasRow = std::vector<int32_t>;
// Tables of the same size, entry by entry.
std::vector<BiasRow> sum(const std::vector<BiasRow>& a, const std::vector<BiasRow>& b);
std::vector<BiasRow> difference(const std::vector<BiasRow>& a, const std::vector<BiasRow>& b);

// A network layer's output as it lies in a feature-map buffer after the layer's last pass; only
// hidden layers have one.
struct StoredMap {
  std::string name;     // of the network layer
  MapShape shape;       // after pooling; a vector is elements x 1 x 1
  bool vector = false;  // stored as a vector (4x4 tiles)
  int pitch = 0;        // words from channel c to channel c+Lanes; unused with vector
  int last_row = 0;     // row of the layer table after which the map is complete

  bool operator==(const StoredMap&) const = default;
};

// The bias of kernel k of a pass in rows like those of the bias table.
template <typename Rows>
auto& bias_in(Rows& rows, const LayerRow& row, int k) {
  const auto lanes = static_cast<int>(rows.front().size());
  return rows.at(static_cast<size_t>(row.bias_base + k / lanes))[static_cast<size_t>(k % lanes)];
}

struct ChipProgram {
  std::string name;  // of the network
  MapShape image;
  int image_pitch = 0;
  int num_logits = 1;
  std::vector<LayerRow> layers;
  std::vector<StepRecord> records;
  std::vector<BiasRow> biases;
  std::vector<std::vector<uint8_t>> cells;  // [PE][source_line * bit lines + bit_line], levels 0..7
  std::vector<StoredMap> maps;              // hidden layers in order

  // Of kernel k of a pass.
  int32_t& bias(const LayerRow& row, int k) { return bias_in(biases, row, k); }
  int32_t bias(const LayerRow& row, int k) const { return bias_in(biases, row, k); }

  bool operator==(const ChipProgram&) const = default;
};

// Where one pixel lies in a feature-map buffer.
struct MapLocation {
  int lane = 0;
  int bank = 0;
  int word = 0;
};
MapLocation locate(const StoredMap& map, const ChipConfig& config, int channel, int row,
                   int column);
// Byte address of the word that holds four banks of a location; the byte in it is location.bank
// % 4.
uint32_t feature_map_address(const ChipConfig& config, int buffer, const MapLocation& location);

// The 32-bit words of a row, config.layer_words(), config.record_words() or config.lanes of them.
// Throws Error naming the field when a value does not fit its bits.
std::vector<uint32_t> encode(const LayerRow& row, const ChipConfig& config);
std::vector<uint32_t> encode(const StepRecord& record, const ChipConfig& config);
std::vector<uint32_t> encode(const BiasRow& row, const ChipConfig& config);
// The reverse. Throws Error when the number of words is wrong or a reserved bit is set.
LayerRow decode_layer(std::span<const uint32_t> words, const ChipConfig& config);
StepRecord decode_record(std::span<const uint32_t> words, const ChipConfig& config);
BiasRow decode_bias(std::span<const uint32_t> words, const ChipConfig& config);

// A register or table write.
struct RegisterWrite {
  uint32_t address;
  uint32_t value;
};
// Everything a host writes before START, in order: tables, then LAYER_COUNT, IMAGE_SHAPE,
// IMAGE_PITCH and LOGIT_COUNT.
std::vector<RegisterWrite> register_writes(const ChipProgram& program, const ChipConfig& config);

// Checks the program against every limit of the tables and of the configuration: field ranges,
// table sizes, source lines, memory depth, pooled rows of a row group, cell levels, and that no
// pass reads a pixel that was not written before. Throws Error naming the row and the field, what
// was found and what is allowed.
void validate(const ChipProgram& program, const ChipConfig& config);

}  // namespace mcnn
