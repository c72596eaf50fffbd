// SPDX-License-Identifier: Apache-2.0
// Whether a chip can run a chip program: every field, and a walk through all passes that shows what
// each reads and writes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/error.h"
#include "common/index.h"
#include "host/mapping/chip_program.h"
#include "host/mapping/program_fields.h"

namespace mcnn {
namespace {

using fields::check;
using fields::check_pe_list;
using fields::Field;
using fields::kFirstLine;
using fields::kLayerFields;
using fields::kRecordFields;
using fields::kUpTo16Bits;

constexpr int kMaxLevel = 7;  // of a cell

int words_of(int height, int width, const ChipConfig& config) {
  return (height + config.row_banks - 1) / config.row_banks * width;
}

// Which words of one buffer hold a pixel.
class Written {
 public:
  explicit Written(const ChipConfig& config)
      : banks_(config.row_banks),
        depth_(config.bank_depth),
        flags_(to_index(config.lanes * banks_ * depth_), false) {}

  bool get(int lane, int bank, int word) const { return flags_[index(lane, bank, word)]; }
  // True if it was not written before.
  bool set(int lane, int bank, int word) {
    const size_t i = index(lane, bank, word);
    const bool fresh = !flags_[i];
    flags_[i] = true;
    return fresh;
  }
  void clear() { flags_.assign(flags_.size(), false); }

 private:
  size_t index(int lane, int bank, int word) const {
    return to_index((lane * banks_ + bank) * depth_ + word);
  }

  int banks_;
  int depth_;
  std::vector<bool> flags_;
};

class Validator {
 public:
  Validator(const ChipProgram& program, const ChipConfig& config)
      : program_(program),
        config_(config),
        buffers_(to_index(config.named_buffers()), Written(config)),
        added_(config) {}

  void run() {
    check_tables();
    check_cells();
    check_image();
    std::vector<bool> logits(to_index(program_.num_logits), false);
    bool final_seen = false;
    for (size_t i = 0; i < program_.layers.size(); ++i) {
      where_ = fmt::format("layer row {}", i);
      const LayerRow& row = program_.layers[i];
      check_layer(row);
      check(!final_seen || row.final != 0, where_, "FINAL", row.final, "1 behind a row with FINAL");
      final_seen = row.final != 0;
      // The first row of a layer begins a map, but one that adds to another.
      const bool begins = i == 0 || program_.layers[i - 1].layer_end != 0;
      if (begins) {
        added_.clear();
        if (row.final == 0 && row.add == 0) buffers_[to_index(row.output)].clear();
      }
      read_pass(row);
      where_ = fmt::format("layer row {}", i);
      if (row.final != 0) {
        for (int k = 0; k < row.kernels; ++k) {
          logits[to_index(config_.lanes * row.out_base + k)] = true;
        }
      } else {
        write_pass(row);
      }
    }
    check(final_seen, "last layer row", "FINAL", 0, "1");
    const auto missing = std::find(logits.begin(), logits.end(), false);
    check(missing == logits.end(), "LOGIT_COUNT", "logits", program_.num_logits,
          fmt::format("every logit computed; logit {} is not", missing - logits.begin()));
    for (const StoredMap& map : program_.maps) {
      check(map.last_row >= 0 && map.last_row < static_cast<int>(program_.layers.size()) &&
                program_.layers[to_index(map.last_row)].layer_end != 0,
            map.name, "last row", map.last_row, "a layer row with LAYER_END");
    }
  }

 private:
  template <typename Row, size_t N>
  void check_fields(const std::array<Field<Row>, N>& fields, const Row& row) {
    for (const Field<Row>& field : fields) {
      const int value = row.*field.member;
      const int high = field.high(config_);
      check(value >= field.low && value <= high, where_, field.name, value,
            fmt::format("{}..{}", field.low, high));
    }
  }

  static void check_size(std::string_view table, size_t found, int most) {
    check(found >= 1 && found <= to_index(most), table, "rows", static_cast<int64_t>(found),
          fmt::format("1..{}", most));
  }

  void check_tables() const {
    check_size("layer table", program_.layers.size(), config_.num_layers);
    check_size("record table", program_.records.size(), config_.num_records);
    check_size("bias table", program_.biases.size(), config_.num_bias_rows);
    const int64_t high = (int64_t{1} << (config_.psum_bits - 1)) - 1;
    const std::string allowed = fmt::format("{}..{}", -high - 1, high);
    for (size_t i = 0; i < program_.biases.size(); ++i) {
      const std::string where = fmt::format("bias row {}", i);
      check(program_.biases[i].size() == to_index(config_.lanes), where, "biases",
            static_cast<int64_t>(program_.biases[i].size()),
            fmt::format("{} (Lanes)", config_.lanes));
      for (const int32_t bias : program_.biases[i]) {
        check(bias >= -high - 1 && bias <= high, where, "bias", bias, allowed);
      }
    }
  }

  void check_cells() const {
    check_pe_list(program_.cells.size(), config_, "cells", "arrays");
    const size_t size = to_index(config_.num_sl * config_.num_bl());
    for (size_t pe = 0; pe < program_.cells.size(); ++pe) {
      const std::string where = fmt::format("cells of PE {}", pe);
      check(program_.cells[pe].size() == size, where, "cells",
            static_cast<int64_t>(program_.cells[pe].size()), std::to_string(size));
      for (const uint8_t level : program_.cells[pe]) {
        check(level <= kMaxLevel, where, "level", level, fmt::format("0..{}", kMaxLevel));
      }
    }
  }

  void check_image() {
    const MapShape& image = program_.image;
    const std::string dim = fmt::format("1..{}", config_.max_dim);
    check(image.height >= 1 && image.height <= config_.max_dim, "IMAGE_SHAPE", "height",
          image.height, dim);
    check(image.width >= 1 && image.width <= config_.max_dim, "IMAGE_SHAPE", "width", image.width,
          dim);
    check(image.channels >= 1 && image.channels <= kUpTo16Bits, "IMAGE_SHAPE", "channels",
          image.channels, fmt::format("1..{}", kUpTo16Bits));
    const int words = words_of(image.height, image.width, config_);
    check(program_.image_pitch == words, "IMAGE_PITCH", "words", program_.image_pitch,
          fmt::format("{}, ceil(height/RowBanks)*width", words));
    const int64_t needed = static_cast<int64_t>(config_.words_of_kernels(image.channels)) * words;
    check(needed <= config_.bank_depth, "IMAGE_SHAPE", "words of a bank", needed,
          fmt::format("at most {} (BankDepth)", config_.bank_depth));
    check(program_.num_logits >= 1 && program_.num_logits <= config_.num_logits, "LOGIT_COUNT",
          "logits", program_.num_logits, fmt::format("1..{}", config_.num_logits));
    for (int c = 0; c < image.channels; ++c) {
      for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < image.width; ++x) {
          buffers_.front().set(c % config_.lanes, y % config_.row_banks,
                               (c / config_.lanes) * program_.image_pitch +
                                   (y / config_.row_banks) * image.width + x);
        }
      }
    }
  }

  void check_layer(const LayerRow& row) {
    check_fields(kLayerFields, row);
    check(row.row_step == row.group_rows * row.stride, where_, "ROW_STEP", row.row_step,
          fmt::format("{}, GROUP_ROWS*STRIDE", row.group_rows * row.stride));
    const int row_pairs = config_.words_of_kernels(row.kernels) * config_.lanes;
    const int pairs = (row.array_rows - 1) * row_pairs + row.kernels;
    check(row.pairs == pairs, where_, "PAIRS", row.pairs,
          fmt::format("{}, those of ARRAY_ROWS output rows", pairs));
    const bool single = row.final != 0 || row.vector != 0;
    check(row.final == 0 || (row.layer_end == 0 && row.vector == 0 && row.add == 0), where_,
          "FINAL", row.final, "0 with LAYER_END, VECTOR or ADD");
    check(row.final != 0 || row.input != row.output, where_, "OUTPUT", row.output,
          "another buffer than INPUT");
    const bool one_pixel = row.pool_rows == 1 && row.pool_columns == 1 &&
                           row.pool_row_stride == 1 && row.pool_column_stride == 1;
    check(row.add == 0 || (row.vector == 0 && one_pixel), where_, "ADD", row.add,
          "0 with VECTOR, or POOL_* above 1");
    if (single) {
      const bool one_position = row.group_rows == 1 && row.array_rows == 1 && row.out_height == 1 &&
                                row.out_width == 1 && row.pool_rows == 1 && row.pool_columns == 1 &&
                                row.pool_row_stride == 1 && row.pool_column_stride == 1 &&
                                row.pooled_height == 1 && row.pooled_width == 1;
      check(one_position, where_, "GROUP_ROWS, ARRAY_ROWS, OUT_*, POOL_* or POOLED_*", 0,
            "all 1 with FINAL or VECTOR");
    }
    if (row.final != 0) {
      check(config_.lanes * row.out_base + row.kernels <= program_.num_logits, where_, "OUT_BASE",
            row.out_base,
            fmt::format("Lanes*OUT_BASE + KERNELS <= {} (LOGIT_COUNT)", program_.num_logits));
    }
    check_segments(row, single);
    const int bias_rows = config_.words_of_kernels(row.kernels);
    check(
        row.bias_base + bias_rows <= static_cast<int>(program_.biases.size()), where_, "BIAS_BASE",
        row.bias_base,
        fmt::format("{} bias rows from here in a table of {}", bias_rows, program_.biases.size()));
    check((row.pooled_height - 1) * row.pool_row_stride < row.out_height, where_, "POOLED_HEIGHT",
          row.pooled_height, "every pooling window begins inside OUT_HEIGHT");
    check((row.pooled_width - 1) * row.pool_column_stride < row.out_width, where_, "POOLED_WIDTH",
          row.pooled_width, "every pooling window begins inside OUT_WIDTH");
    check_pooled_rows(row);
  }

  void check_segments(const LayerRow& row, bool single) {
    const auto count = static_cast<int64_t>(row.segment_end.count());
    check(count != 0 && (row.segment_end >> to_index(config_.num_pe)).none(), where_, "SEGMENT_END",
          count, fmt::format("at least one PE, of {}", config_.num_pe));
    check(!single || (count == 1 && row.segment_end[to_index(config_.num_pe - 1)]), where_,
          "SEGMENT_END", count, "the last PE alone, with FINAL or VECTOR");
    check_pe_list(row.replica.size(), config_, where_, "REPLICA");
    check_pe_list(row.row_offset.size(), config_, where_, "ROW_OFFSET");
    std::vector<int> segments(to_index(row.group_rows), 0);
    for (size_t pe = 0; pe < row.replica.size(); ++pe) {
      check(row.replica[pe] >= 0 && row.replica[pe] + row.array_rows <= row.group_rows, where_,
            fmt::format("REPLICA of PE {}", pe), row.replica[pe],
            fmt::format("0..{}", row.group_rows - row.array_rows));
      check(row.row_offset[pe] == row.replica[pe] * row.stride &&
                row.row_offset[pe] < config_.row_banks,
            where_, fmt::format("ROW_OFFSET of PE {}", pe), row.row_offset[pe],
            fmt::format("{}, REPLICA*STRIDE, and below {}", row.replica[pe] * row.stride,
                        config_.row_banks));
      if (row.segment_end[pe]) {
        for (int w = 0; w < row.array_rows; ++w) ++segments[to_index(row.replica[pe] + w)];
      }
    }
    for (size_t r = 0; r < segments.size(); ++r) {
      check(segments[r] == 1, where_, fmt::format("segments of replica {}", r), segments[r], "1");
    }
  }

  void check_pooled_rows(const LayerRow& row) {
    for (int y0 = 0; y0 < row.out_height; y0 += row.group_rows) {
      const int last = std::min(y0 + row.group_rows, row.out_height) - 1;
      int first_row = row.pooled_height;
      int last_row = -1;
      for (int py = 0; py < row.pooled_height; ++py) {
        const int top = py * row.pool_row_stride;
        if (top <= last && top + row.pool_rows > y0) {
          first_row = std::min(first_row, py);
          last_row = py;
        }
      }
      check(last_row - first_row < config_.row_banks, where_, "pooled rows touched by a row group",
            last_row - first_row + 1, fmt::format("at most {} (RowBanks)", config_.row_banks));
    }
  }

  // Replica of the segment that a PE works for, or -1 behind the last segment.
  int segment_replica(const LayerRow& row, size_t pe) const {
    for (size_t end = pe; end < row.replica.size(); ++end) {
      if (row.segment_end[end]) {
        return row.replica[end];
      }
    }
    return -1;
  }

  // Checks the records of a pass and that they read only what was written.
  void read_pass(const LayerRow& row) {
    std::vector<bool> named(to_index(config_.num_pe), false);
    for (size_t i = to_index(row.first_record);; ++i) {
      check(i < program_.records.size(), where_, "records from FIRST_RECORD on", row.first_record,
            fmt::format("one with LAST_PASS in the table of {}", program_.records.size()));
      const StepRecord& record = program_.records[i];
      const std::string layer = where_;
      where_ = fmt::format("{}, record {}", layer, i);
      check_fields(kRecordFields, record);
      check(record.last_pass == 0 || record.last_step != 0, where_, "LAST_PASS", 1,
            "only with LAST_STEP");
      check_record_pes(row, record, named);
      check_record_reads(row, record);
      where_ = layer;
      if (record.last_step != 0) {
        check(std::find(named.begin(), named.end(), true) != named.end(), where_,
              "active PEs of a step", 0, "at least 1");
        named.assign(named.size(), false);
      }
      if (record.last_pass != 0) {
        return;
      }
    }
  }

  void check_record_pes(const LayerRow& row, const StepRecord& record, std::vector<bool>& named) {
    check_pe_list(record.first_line.size(), config_, where_, "first source line");
    check_pe_list(record.lane.size(), config_, where_, "LANE");
    check_pe_list(record.active.size(), config_, where_, "ACTIVE");
    check(row.array_rows == 1 || record.windows == row.array_rows, where_, "WINDOWS",
          record.windows, fmt::format("{}, ARRAY_ROWS", row.array_rows));
    const int array_rows = (row.array_rows - 1) * row.stride;  // input rows to the last window
    for (size_t pe = 0; pe < record.active.size(); ++pe) {
      const std::string name = fmt::format("PE {}", pe);
      check(record.active[pe] == 0 || record.active[pe] == 1, where_, "ACTIVE of " + name,
            record.active[pe], "0 or 1");
      const int line = record.first_line[pe];
      check(line >= 0 && line % kLineUnit == 0 &&
                kFirstLine.mask() >= static_cast<uint32_t>(line / kLineUnit),
            where_, "first source line of " + name, line,
            fmt::format("a multiple of {} up to {}", kLineUnit, kFirstLine.mask() * kLineUnit));
      check(record.lane[pe] >= 0 && record.lane[pe] < config_.lanes, where_, "LANE of " + name,
            record.lane[pe], fmt::format("0..{}", config_.lanes - 1));
      if (record.active[pe] == 0) {
        continue;
      }
      if (row.array_rows == 1 && record.windows > 1) {
        check(record.lane[pe] % config_.windows == 0 &&
                  record.lane[pe] + record.windows <= config_.lanes,
              where_, "LANE of " + name, record.lane[pe],
              fmt::format("a multiple of {} (Windows) with {} lanes behind it in a word of {}",
                          config_.windows, record.windows, config_.lanes));
      }
      check(!named[pe], where_, "ACTIVE of " + name, 1, "once in a step");
      named[pe] = true;
      check(line + 2 * row.pairs <= config_.num_sl, where_, "first source line of " + name, line,
            fmt::format("at most {}: {} pairs in {} source lines", config_.num_sl - 2 * row.pairs,
                        row.pairs, config_.num_sl));
      const int replica = segment_replica(row, pe);
      check(replica >= 0, where_, "ACTIVE of " + name, 1, "0 behind the last SEGMENT_END");
      check(replica == row.replica[pe], where_, "REPLICA of " + name, row.replica[pe],
            fmt::format("{}, that of its segment", replica));
      const int rows = row.row_offset[pe] + array_rows + record.window_rows;
      check(rows <= config_.row_banks, where_, "ROW_OFFSET + rows of " + name, rows,
            fmt::format("at most {} (RowBanks)", config_.row_banks));
    }
  }

  void check_record_reads(const LayerRow& row, const StepRecord& record) {
    const int words = words_of(row.in_height, row.in_width, config_);
    check(record.channel_base + words <= config_.bank_depth, where_, "CHANNEL_BASE",
          record.channel_base,
          fmt::format("at most {}: {} words in a bank of {}", config_.bank_depth - words, words,
                      config_.bank_depth));
    std::vector<bool> rows(to_index(row.in_height), false);
    std::vector<bool> columns(to_index(row.in_width), false);
    const auto mark = [](std::vector<bool>& flags, int first, int count) {
      for (int i = std::max(first, 0); i < std::min(first + count, static_cast<int>(flags.size()));
           ++i) {
        flags[to_index(i)] = true;
      }
    };
    for (int x = 0; x < row.out_width; ++x) {
      mark(columns, row.stride * x + record.column_offset, record.window_columns);
    }
    // The rows of each lane that is read.
    std::vector<std::vector<bool>> lanes(to_index(config_.lanes), rows);
    for (size_t pe = 0; pe < record.active.size(); ++pe) {
      for (int window = 0; record.active[pe] != 0 && window < record.windows; ++window) {
        const bool channels = row.array_rows == 1;
        const int top =
            row.row_offset[pe] + record.row_offset + (channels ? 0 : window * row.stride);
        for (int group = 0; group < row.row_groups(); ++group) {
          mark(lanes[to_index(record.lane[pe] + (channels ? window : 0))],
               row.row_step * group + top, record.window_rows);
        }
      }
    }
    for (int lane = 0; lane < config_.lanes; ++lane) {
      check_written(row, record, lane, lanes[to_index(lane)], columns);
    }
  }

  void check_written(const LayerRow& row, const StepRecord& record, int lane,
                     const std::vector<bool>& rows, const std::vector<bool>& columns) const {
    for (int y = 0; y < row.in_height; ++y) {
      for (int x = 0; rows[to_index(y)] && x < row.in_width; ++x) {
        if (columns[to_index(x)] &&
            !buffers_[to_index(row.input)].get(
                lane, y % config_.row_banks,
                record.channel_base + (y / config_.row_banks) * row.in_width + x)) {
          throw Error(
              fmt::format("chip program: {}: window: found a read of row {}, column {} (lane {}, "
                          "bank {}), which nothing wrote, allowed: "
                          "pixels of the image or of the layer before",
                          where_, y, x, lane, y % config_.row_banks));
        }
      }
    }
  }

  void write_pass(const LayerRow& row) {
    const int lanes = config_.lanes;
    for (int k = 0; k < row.kernels; ++k) {
      for (int py = 0; py < row.pooled_height; ++py) {
        for (int px = 0; px < row.pooled_width; ++px) {
          int lane = k % lanes;
          int bank = py % config_.row_banks;
          int word = row.out_base + (k / lanes) * row.out_pitch +
                     (py / config_.row_banks) * row.pooled_width + px;
          if (row.vector != 0) {
            const int element = lanes * row.out_base + k;
            lane = element % lanes;
            bank = element / lanes % kVectorBanks;
            word = element / lanes / kVectorBanks;
          }
          check(word < config_.bank_depth, where_, fmt::format("word of kernel {}", k), word,
                fmt::format("below {} (BankDepth)", config_.bank_depth));
          Written& map = buffers_[to_index(row.output)];
          check(row.add == 0 || map.get(lane, bank, word), where_,
                fmt::format("ADD to the word of kernel {}", k), word, "one that was written");
          check((row.add == 0 ? map : added_).set(lane, bank, word), where_,
                fmt::format("word of kernel {}", k), word, "not written before in the layer");
        }
      }
    }
  }

  const ChipProgram& program_;
  const ChipConfig& config_;
  std::string where_;
  std::vector<Written> buffers_;  // by name
  Written added_;                 // pixels of the layer that were added to
};

}  // namespace

void validate(const ChipProgram& program, const ChipConfig& config) {
  Validator(program, config).run();
}

}  // namespace mcnn
