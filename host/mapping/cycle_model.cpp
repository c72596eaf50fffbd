// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/cycle_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/index.h"

namespace mcnn {
namespace {

constexpr int kOverhead = 10;    // LayerOverhead without the read latency
constexpr int kImageClocks = 1;  // to take the image

// The programmer, rtl/README.md, "Programming".
constexpr int64_t kProgramOverhead = 0;  // of a run
constexpr int64_t kRefuseClocks = 4;     // of an entry that is refused
constexpr int64_t kEntryOverhead = 4;    // of an entry that is worked on
constexpr int64_t kVerifyOverhead = 2;   // of a read, with ReadClocks + ReadLatency
constexpr int64_t kPulseOverhead = 1;    // of a pulse, with PULSE_CLOCKS

// Pooled columns whose window contains output column x.
int pooled_columns(const LayerRow& row, int x) {
  int count = 0;
  for (int px = 0; px < row.pooled_width; ++px) {
    const int left = px * row.pool_column_stride;
    count += left <= x && x < left + row.pool_columns ? 1 : 0;
  }
  return count;
}

ImageCycles sum(std::vector<PassCycles> passes) {
  ImageCycles image;
  image.clocks = kImageClocks;
  for (const PassCycles& pass : passes) {
    image.clocks += pass.clocks;
    image.beats += pass.beats;
    image.stall_beat += pass.stall_beat;
  }
  image.passes = std::move(passes);
  return image;
}

}  // namespace

int new_columns(const LayerRow& row, const StepRecord& record) {
  return row.stride == 1 ? 1 : record.window_columns;
}

PassTiming pass_timing(const ChipProgram& program, const ChipConfig& config, int layer_row) {
  const LayerRow& row = program.layers.at(to_index(layer_row));
  PassTiming timing;
  timing.row_groups = row.row_groups();
  timing.columns = row.out_width;
  timing.drive = config.act_bits * config.read_clocks;
  timing.overhead = kOverhead + config.read_latency;
  timing.reduce = config.words_of_kernels(row.pairs);
  for (int x = 0; x < row.out_width; ++x) {
    timing.reduce_last.push_back(timing.reduce * std::max(1, pooled_columns(row, x)));
  }
  int clocks = 0;
  int slid = 0;
  for (size_t i = to_index(row.first_record);; ++i) {
    if (i >= program.records.size()) {
      throw Error(fmt::format(
          "layer row {}: found no LAST_PASS behind record {}, allowed: one in the table of {}",
          layer_row, row.first_record, program.records.size()));
    }
    const StepRecord& record = program.records[i];
    clocks += record.window_columns;
    slid += new_columns(row, record);
    if (record.last_step != 0) {
      timing.fetch.push_back(std::exchange(clocks, 0));
      timing.fetch_slid.push_back(std::exchange(slid, 0));
    }
    if (record.last_pass != 0) {
      if (!timing.slides()) timing.fetch_slid = timing.fetch;
      return timing;
    }
  }
}

PassCycles pass_cycles(const PassTiming& timing, const ChipConfig& config,
                       std::span<const uint8_t> planes) {
  PassCycles cycles;
  cycles.beats = timing.beats();
  if (!planes.empty() && planes.size() != static_cast<size_t>(cycles.beats)) {
    throw Error(fmt::format("cycle model: found plane counts of {} beats, allowed: {}",
                            planes.size(), cycles.beats));
  }
  cycles.clocks = timing.overhead + timing.fetch.front();
  const size_t steps = timing.fetch.size();
  const int64_t columns = timing.columns;
  int64_t beat = 0;
  int reduce_before = 0;  // of the beat before
  for (int group = 0; group < timing.row_groups; ++group) {
    for (int64_t x = 0; x < columns; ++x) {
      for (size_t step = 0; step < steps; ++step, ++beat) {
        const bool last_step = step + 1 == steps;
        const int64_t next_x = last_step ? (x + 1) % columns : x;
        const int fetch =
            beat + 1 == cycles.beats ? 0 : timing.fetch_clocks(next_x, last_step ? 0 : step + 1);
        int drive = timing.drive;
        if (!planes.empty()) {
          drive =
              std::max<int>(kMinSkipPlanes, planes[static_cast<size_t>(beat)]) * config.read_clocks;
        }
        const int clocks = std::max({fetch, drive, reduce_before});
        cycles.clocks += clocks;
        cycles.stall_beat += clocks - drive;
        reduce_before = last_step ? timing.reduce_last[static_cast<size_t>(x)] : timing.reduce;
      }
    }
  }
  cycles.clocks += reduce_before;
  return cycles;
}

int64_t entry_clocks(const EntryWork& work, const ChipConfig& config, int pulse_clocks) {
  if (work.refused) {
    return kRefuseClocks;
  }
  return kEntryOverhead +
         work.reads * (config.read_clocks + config.read_latency + kVerifyOverhead) +
         work.pulses * (pulse_clocks + kPulseOverhead);
}

int64_t program_clocks(std::span<const int64_t> engine_clocks) {
  int64_t longest = 0;
  for (const int64_t clocks : engine_clocks) {
    longest = std::max(longest, clocks);
  }
  return kProgramOverhead + longest;
}

ImageCycles image_cycles(const ChipProgram& program, const ChipConfig& config) {
  std::vector<PassCycles> passes;
  for (size_t i = 0; i < program.layers.size(); ++i) {
    passes.push_back(pass_cycles(pass_timing(program, config, static_cast<int>(i)), config));
  }
  return sum(std::move(passes));
}

ImageCycles image_cycles_skip(const ChipProgram& program, const ChipConfig& config,
                              std::span<const std::vector<uint8_t>> planes) {
  if (planes.size() != program.layers.size()) {
    throw Error(fmt::format("cycle model: found plane counts of {} layer rows, allowed: {}",
                            planes.size(), program.layers.size()));
  }
  std::vector<PassCycles> passes;
  for (size_t i = 0; i < program.layers.size(); ++i) {
    passes.push_back(
        pass_cycles(pass_timing(program, config, static_cast<int>(i)), config, planes[i]));
  }
  return sum(std::move(passes));
}

}  // namespace mcnn
