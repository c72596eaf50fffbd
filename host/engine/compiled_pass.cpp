// SPDX-License-Identifier: Apache-2.0
#include "host/engine/compiled_pass.h"

#include <algorithm>
#include <utility>

#include "common/index.h"

namespace mcnn {
namespace {

// Pooled positions whose window contains position i.
std::vector<PooledRange> pooled_ranges(int positions, int pooled, int window, int stride) {
  std::vector<PooledRange> ranges(to_index(positions));
  for (int i = 0; i < positions; ++i) {
    for (int p = 0; p < pooled; ++p) {
      if (p * stride <= i && i < p * stride + window) {
        PooledRange& range = ranges[to_index(i)];
        range.first = range.count == 0 ? p : range.first;
        ++range.count;
      }
    }
  }
  return ranges;
}

// Numbers the segments of a row, fills in their output rows, and returns that of each PE, -1 behind
// the last one.
std::vector<int> number_segments(CompiledPass& pass) {
  const LayerRow& row = pass.row;
  const int num_pe = static_cast<int>(row.replica.size());
  std::vector<int> segment_of(to_index(num_pe), -1);
  int first = 0;
  for (int pe = 0; pe < num_pe; ++pe) {
    if (row.segment_end[to_index(pe)]) {
      for (; first <= pe; ++first) {
        segment_of[to_index(first)] = static_cast<int>(pass.segment_rows.size());
      }
      pass.segment_rows.push_back(row.replica[to_index(pe)]);
    }
  }
  return segment_of;
}

DrivenWindow add_window(CompiledPass& pass, const StepRecord& record, int lane, int row_offset) {
  const LayerRow& row = pass.row;
  DrivenWindow window;
  window.row_offset = row_offset;
  const int last_row = row.row_step * (row.row_groups() - 1) + row_offset;
  const int first_column = record.column_offset;
  const int last_column =
      row.stride * (row.out_width - 1) + first_column + record.window_columns - 1;
  const auto same = [&](const PassChannel& channel) {
    return channel.lane == lane && channel.base == record.channel_base;
  };
  auto found = std::find_if(pass.channels.begin(), pass.channels.end(), same);
  if (found == pass.channels.end()) {
    pass.channels.push_back(
        {lane, record.channel_base, row_offset, last_row, first_column, last_column, 0});
    found = pass.channels.end() - 1;
  }
  found->first_row = std::min(found->first_row, row_offset);
  found->last_row = std::max(found->last_row, last_row);
  found->first_column = std::min(found->first_column, first_column);
  found->last_column = std::max(found->last_column, last_column);
  window.channel = static_cast<int>(found - pass.channels.begin());
  return window;
}

void add_read(CompiledPass& pass, const StepRecord& record, int pe, int segment) {
  const LayerRow& row = pass.row;
  WindowRead read;
  read.pe = pe;
  read.segment = segment;
  read.first_line = record.first_line[to_index(pe)];
  read.column_offset = record.column_offset;
  for (int c = 0; c < record.window_columns; ++c) {
    for (int r = 0; r < record.window_rows; ++r) {
      read.mask = static_cast<uint16_t>(read.mask | 1u << (4 * c + r));
    }
  }
  for (int w = 0; w < record.windows; ++w) {
    const bool channels = row.array_rows == 1;
    const int lane = record.lane[to_index(pe)] + (channels ? w : 0);
    const int row_offset =
        record.row_offset + row.row_offset[to_index(pe)] + (channels ? 0 : w * row.stride);
    const DrivenWindow window = add_window(pass, record, lane, row_offset);
    if (w == 0) {
      read.first = window;
    } else {
      read.others.push_back(window);
    }
  }
  pass.steps.back().push_back(std::move(read));
}

void lay_out_quads(CompiledPass& pass) {
  for (PassChannel& channel : pass.channels) {
    channel.quads = pass.num_quads;
    pass.num_quads += (channel.last_row - channel.first_row + 1) * channel.columns();
  }
  pass.num_quads += 3;  // a window always takes four quads; the mask drops those it does not have
  for (std::vector<WindowRead>& step : pass.steps) {
    for (WindowRead& read : step) {
      const auto place = [&](DrivenWindow& window) {
        const PassChannel& channel = pass.channels[to_index(window.channel)];
        window.quads = channel.quads + (window.row_offset - channel.first_row) * channel.columns() +
                       read.column_offset - channel.first_column;
      };
      place(read.first);
      for (DrivenWindow& window : read.others) place(window);
    }
  }
}

}  // namespace

CompiledPass compile_pass(const ChipProgram& program, const ChipConfig& config, int index) {
  CompiledPass pass;
  pass.row = program.layers[to_index(index)];
  const LayerRow& row = pass.row;
  pass.timing = pass_timing(program, config, index);
  pass.cycles = pass_cycles(pass.timing, config);
  pass.pooled_rows =
      pooled_ranges(row.out_height, row.pooled_height, row.pool_rows, row.pool_row_stride);
  pass.pooled_columns =
      pooled_ranges(row.out_width, row.pooled_width, row.pool_columns, row.pool_column_stride);
  for (int k = 0; k < row.kernels; ++k) {
    pass.biases.push_back(program.bias(row, k));
  }
  const std::vector<int> segment_of = number_segments(pass);
  pass.steps.emplace_back();
  for (size_t i = to_index(row.first_record);; ++i) {
    const StepRecord& record = program.records[i];
    for (int pe = 0; pe < config.num_pe; ++pe) {
      if (record.active[to_index(pe)] != 0) {
        add_read(pass, record, pe, segment_of[to_index(pe)]);
      }
    }
    if (record.last_pass != 0) {
      break;
    }
    if (record.last_step != 0) {
      pass.steps.emplace_back();
    }
  }
  lay_out_quads(pass);
  return pass;
}

}  // namespace mcnn
