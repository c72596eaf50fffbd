// SPDX-License-Identifier: Apache-2.0
// The bit fields of the chip's tables (rtl/REGISTERS.md): one description of each for encoding,
// decoding and the range check, and the error that every check of a chip program ends in.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/index.h"
#include "host/mapping/chip_program.h"

namespace mcnn::fields {

inline constexpr int kUpTo16Bits = 65535;
inline constexpr BitField kReplica{0, 4};
inline constexpr BitField kRowOffset{4, 4};
inline constexpr BitField kFirstLine{0, 8};
inline constexpr BitField kLane{8, 4};
inline constexpr BitField kActive{15, 1};

using Limit = int (*)(const ChipConfig&);

// One field of a table row: where its bits are and which values are allowed.
template <typename Row>
struct Field {
  std::string_view name;
  int word = 0;
  BitField bits{};
  int Row::*member = nullptr;
  int low = 0;
  Limit high = nullptr;
  bool is_signed = false;
  int bias = 0;  // the bits hold the value minus this

  uint32_t encode(const Row& row) const {
    return bits.put(static_cast<uint32_t>(row.*member - bias));
  }
  void decode(uint32_t word_value, Row& row) const {
    int value = static_cast<int>(bits.get(word_value));
    if (is_signed && (value >> (bits.width - 1)) != 0) {
      value -= static_cast<int>(bits.mask()) + 1;
    }
    row.*member = value + bias;
  }
  // The bits can hold the value.
  bool fits(int value) const {
    const int64_t stored = static_cast<int64_t>(value) - bias;
    const int64_t span = int64_t{1} << bits.width;
    return is_signed ? stored >= -span / 2 && stored < span / 2 : stored >= 0 && stored < span;
  }
};

using LayerField = Field<LayerRow>;
using RecordField = Field<StepRecord>;

inline int one(const ChipConfig&) { return 1; }
inline int three(const ChipConfig&) { return 3; }
inline int any16(const ChipConfig&) { return kUpTo16Bits; }
inline int signed8(const ChipConfig&) { return 127; }
inline int max_dim(const ChipConfig& config) { return config.max_dim; }
inline int kernel_max(const ChipConfig& config) { return config.kernel_max; }

inline int max_kernels(const ChipConfig& config) { return config.max_kernels(); }
inline int max_shift(const ChipConfig& config) { return config.psum_bits - 1; }
inline int max_group(const ChipConfig& config) {
  return std::min({config.num_pe * config.windows, config.row_banks, 15});
}
inline int max_windows(const ChipConfig& config) { return config.windows; }
inline int max_stride(const ChipConfig&) { return 7; }
inline int max_row_step(const ChipConfig&) { return 127; }
inline int last_bias_row(const ChipConfig& config) { return config.num_bias_rows - 1; }
inline int last_buffer(const ChipConfig& config) { return config.named_buffers() - 1; }
inline int adds(const ChipConfig& config) { return config.num_buffers > 3 ? 1 : 0; }
inline int last_record(const ChipConfig& config) { return config.num_records - 1; }

// clang-format off
inline constexpr std::array kLayerFields = {
  // name, word, {lowest bit, bits}, member, least, most, signed, what is subtracted from the value
  LayerField{"FINAL",              0, {0, 1},   &LayerRow::final,              0, one},
  LayerField{"LAYER_END",          0, {1, 1},   &LayerRow::layer_end,          0, one},
  LayerField{"VECTOR",             0, {2, 1},   &LayerRow::vector,             0, one},
  LayerField{"KERNELS",            0, {4, 6},   &LayerRow::kernels,            1, max_kernels},
  LayerField{"RANGE",              0, {10, 2},  &LayerRow::range,              0, three},
  LayerField{"SHIFT",              0, {12, 5},  &LayerRow::shift,              0, max_shift},
  LayerField{"GROUP_ROWS",         0, {17, 4},  &LayerRow::group_rows,         1, max_group},
  LayerField{"ARRAY_ROWS",         0, {21, 4},  &LayerRow::array_rows,         1, max_windows, false, 1},
  LayerField{"PAIRS",              0, {25, 6},  &LayerRow::pairs,              1, max_kernels},
  LayerField{"IN_HEIGHT",          1, {0, 8},   &LayerRow::in_height,          1, max_dim},
  LayerField{"IN_WIDTH",           1, {8, 8},   &LayerRow::in_width,           1, max_dim},
  LayerField{"STRIDE",             1, {16, 3},  &LayerRow::stride,             1, max_stride},
  LayerField{"ROW_STEP",           1, {24, 7},  &LayerRow::row_step,           1, max_row_step},
  LayerField{"OUT_HEIGHT",         2, {0, 8},   &LayerRow::out_height,         1, max_dim},
  LayerField{"OUT_WIDTH",          2, {8, 8},   &LayerRow::out_width,          1, max_dim},
  LayerField{"POOL_ROWS",          3, {0, 7},   &LayerRow::pool_rows,          1, max_dim},
  LayerField{"POOL_COLUMNS",       3, {7, 7},   &LayerRow::pool_columns,       1, max_dim},
  LayerField{"POOL_ROW_STRIDE",    3, {14, 7},  &LayerRow::pool_row_stride,    1, max_dim},
  LayerField{"POOL_COLUMN_STRIDE", 3, {21, 7},  &LayerRow::pool_column_stride, 1, max_dim},
  LayerField{"POOLED_HEIGHT",      4, {0, 8},   &LayerRow::pooled_height,      1, max_dim},
  LayerField{"POOLED_WIDTH",       4, {8, 8},   &LayerRow::pooled_width,       1, max_dim},
  LayerField{"OUT_PITCH",          4, {16, 16}, &LayerRow::out_pitch,          0, any16},
  LayerField{"OUT_BASE",           5, {0, 16},  &LayerRow::out_base,           0, any16},
  LayerField{"BIAS_BASE",          5, {16, 16}, &LayerRow::bias_base,          0, last_bias_row},
  LayerField{"FIRST_RECORD",       6, {0, 16},  &LayerRow::first_record,       0, last_record},
  LayerField{"INPUT",              6, {16, 2},  &LayerRow::input,              0, last_buffer},
  LayerField{"OUTPUT",             6, {18, 2},  &LayerRow::output,             0, last_buffer},
  LayerField{"ADD",                6, {20, 1},  &LayerRow::add,                0, adds},
};
// clang-format on
// What the RTL's tables have bits and addresses for (rtl/REGISTERS.md).
inline constexpr int kTablePes = 64;
inline constexpr int kTableLayers = 64;
inline constexpr int kTableRows = 1024;  // of records and of biases
inline constexpr int kSegmentWord = 7;
inline constexpr int kLayerPeWord = 8;

// clang-format off
inline constexpr std::array kRecordFields = {
  RecordField{"LAST_STEP",      0, {0, 1},  &StepRecord::last_step,      0, one},
  RecordField{"LAST_PASS",      0, {1, 1},  &StepRecord::last_pass,      0, one},
  RecordField{"WINDOW_COLUMNS", 0, {4, 2},  &StepRecord::window_columns, 1, kernel_max, false, 1},
  RecordField{"WINDOW_ROWS",    0, {6, 2},  &StepRecord::window_rows,    1, kernel_max, false, 1},
  RecordField{"COLUMN_OFFSET",  0, {8, 8},  &StepRecord::column_offset,  -128, signed8, true},
  RecordField{"ROW_OFFSET",     0, {16, 8}, &StepRecord::row_offset,     -128, signed8, true},
  RecordField{"WINDOWS",        0, {24, 4}, &StepRecord::windows,        1, max_windows, false, 1},
  RecordField{"CHANNEL_BASE",   1, {0, 16}, &StepRecord::channel_base,   0, any16},
};
// clang-format on
inline constexpr int kRecordPeWord = 2;

[[noreturn]] inline void fail(std::string_view where, std::string_view field, int64_t found,
                              std::string_view allowed) {
  throw Error(
      fmt::format("chip program: {}: {}: found {}, allowed: {}", where, field, found, allowed));
}

inline void check(bool good, std::string_view where, std::string_view field, int64_t found,
                  const std::string& allowed) {
  if (!good) {
    fail(where, field, found, allowed);
  }
}

// A list of a row has one entry a PE.
inline void check_pe_list(size_t size, const ChipConfig& config, std::string_view where,
                          std::string_view field) {
  check(size == to_index(config.num_pe), where, field, static_cast<int64_t>(size),
        fmt::format("one for each of {} PEs", config.num_pe));
}

}  // namespace mcnn::fields
