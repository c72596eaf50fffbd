// SPDX-License-Identifier: Apache-2.0
// The chip program: the tables that the host writes, the set-up registers of a run and the levels
// of the memristor cells. One description of every table's bit fields serves encoding, decoding and
// the range check (rtl/REGISTERS.md).
#pragma once

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
inline constexpr int kVectorBanks = 4;  // banks of a half that hold a vector

// A row of the layer table: one pass of up to NumAdc/2 kernels.
struct LayerRow {
  int final = 0;   // outputs are logits
  int swap = 0;    // the last pass of a network layer that is not the last
  int vector = 0;  // outputs are stored as a vector
  int kernels = 1;
  int range = 0;       // one weight level is worth 2^range codes
  int shift = 0;       // includes the range
  int group_rows = 1;  // replicas
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
  int out_pitch = 0;  // words from kernel k to kernel k+2
  int out_base = 0;
  int bias_base = 0;
  int first_record = 0;
  uint32_t segment_end = 0;     // bit p: PE p is the last of a replica
  std::vector<int> replica;     // [PE]
  std::vector<int> row_offset;  // [PE] replica * stride

  int row_groups() const { return (out_height + group_rows - 1) / group_rows; }
  bool operator==(const LayerRow&) const = default;
};

// A row of the step record table: the window of one channel and the PEs that take it.
struct StepRecord {
  int last_step = 0;
  int last_pass = 0;
  int half = 0;            // parity of the channel
  int window_columns = 1;  // 1..KernelMax
  int window_rows = 1;
  int column_offset = 0;        // signed
  int row_offset = 0;           // signed
  int channel_base = 0;         // first word of the channel in its banks
  std::vector<int> first_line;  // [PE] first source line, a multiple of 4
  std::vector<int> active;      // [PE] 0 or 1

  bool operator==(const StepRecord&) const = default;
};

struct BiasRow {
  int32_t even = 0;
  int32_t odd = 0;

  bool operator==(const BiasRow&) const = default;
};

// A network layer's output as it lies in a feature-map buffer after the layer's last pass; only
// hidden layers have one.
struct StoredMap {
  std::string name;     // of the network layer
  MapShape shape;       // after pooling; a vector is elements x 1 x 1
  bool vector = false;  // stored as a vector (4x4 tiles)
  int pitch = 0;        // words from channel c to channel c+2; unused with vector
  int last_row = 0;     // row of the layer table after which the map is complete

  bool operator==(const StoredMap&) const = default;
};

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

  bool operator==(const ChipProgram&) const = default;
};

// Where one pixel lies in a feature-map buffer.
struct MapLocation {
  int half = 0;
  int bank = 0;
  int word = 0;
};
MapLocation locate(const StoredMap& map, const ChipConfig& config, int channel, int row,
                   int column);
// Byte address of the word that holds four banks of a location; the byte in it is location.bank
// % 4.
uint32_t feature_map_address(const ChipConfig& config, int buffer, const MapLocation& location);

// The 32-bit words of a row, config.layer_words() or config.record_words() or 2 of them. Throws
// Error naming the field when a value does not fit its bits.
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
