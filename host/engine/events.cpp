// SPDX-License-Identifier: Apache-2.0
#include "host/engine/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string_view>
#include <tuple>

#include "common/index.h"
#include "host/mapping/cycle_model.h"

namespace mcnn {
namespace {

void add_each(const std::vector<int64_t>& part, std::vector<int64_t>& sum) {
  sum.resize(std::max(sum.size(), part.size()), 0);
  for (size_t i = 0; i < part.size(); ++i) sum[i] += part[i];
}

// Every number of a row of events, with its name.
template <typename Row, typename Visit>
void visit_row(Row& row, Visit&& visit) {
  visit("clocks", row.clocks);
  visit("beats", row.beats);
  visit("planes", row.planes);
  visit("record_reads", row.record_reads);
  visit("columns", row.columns);
  visit("reduce_groups", row.reduce_groups);
  visit("psum_groups", row.psum_groups);
  visit("bias_reads", row.bias_reads);
  visit("activations", row.activations);
  visit("logit_writes", row.logit_writes);
}
template <typename Row, typename Visit>
void visit_row_vectors(Row& row, Visit&& visit) {
  visit("map_reads", row.map_reads);
  visit("pool_reads", row.pool_reads);
  visit("pool_writes", row.pool_writes);
  visit("window_columns", row.window_columns);
  visit("active_planes", row.active_planes);
  visit("reads", row.reads);
}

// The step records of a pass, and the step of each.
struct PassRecord {
  const StepRecord* record;
  size_t step;
};
std::vector<PassRecord> pass_records(const ChipProgram& program, const LayerRow& row) {
  std::vector<PassRecord> records;
  size_t step = 0;
  for (size_t i = to_index(row.first_record);; ++i) {
    const StepRecord& record = program.records.at(i);
    records.push_back({&record, step});
    if (record.last_pass != 0) return records;
    if (record.last_step != 0) ++step;
  }
}

// Kernels of a pass in one lane.
int64_t lane_kernels(const LayerRow& row, const ChipConfig& config, int lane) {
  return config.words_of_kernels(row.kernels - lane);
}

// Whether output row `row` of the segments' arrays is in the window of pooled row py.
bool touches(const LayerRow& row, const ChipConfig& config, int y0, int array_row, int py) {
  const int top = py * row.pool_row_stride;
  for (int pe = 0; pe < config.num_pe; ++pe) {
    const int y = y0 + row.replica[to_index(pe)] + array_row;
    if (row.segment_end[to_index(pe)] && y < row.out_height && y >= top &&
        y < top + row.pool_rows) {
      return true;
    }
  }
  return false;
}

// Pool write of a map, for one image: each bank that keeps a pooled row of a row group is written
// for every group of Lanes kernels and pooled column, and read before unless the window begins
// here.
void count_pool(const LayerRow& row, const ChipConfig& config, RowEvents& events) {
  const int64_t groups = config.words_of_kernels(row.kernels);
  int64_t columns = 0;        // (column, pooled column) pairs
  int64_t first_columns = 0;  // of them the first column of the pooled column's window
  for (int x = 0; x < row.out_width; ++x) {
    for (int px = 0; px < row.pooled_width; ++px) {
      const int left = px * row.pool_column_stride;
      if (left > x || x >= left + row.pool_columns) continue;
      ++columns;
      if (left == x) ++first_columns;
    }
  }
  for (int y0 = 0; y0 < row.out_height; y0 += row.group_rows) {
    for (int py = 0; py < row.pooled_height; ++py) {
      const int bank = py % config.row_banks;
      bool first = row.add == 0 && py * row.pool_row_stride >= y0;  // of the pooled row's rows
      for (int w = 0; w < row.array_rows; ++w) {
        if (!touches(row, config, y0, w, py)) continue;
        for (int lane = 0; lane < config.lanes; ++lane) {
          events.pool_writes[to_index(lane * config.row_banks + bank)] +=
              lane_kernels(row, config, lane) * columns;
        }
        events.pool_reads[to_index(bank)] += groups * (columns - (first ? first_columns : 0));
        first = false;
      }
    }
  }
}

// Channels of a word that a record's PEs take.
std::vector<bool> lanes_taken(const LayerRow& row, const ChipConfig& config,
                              const StepRecord& record) {
  std::vector<bool> taken(to_index(config.lanes));
  for (size_t pe = 0; pe < to_index(config.num_pe); ++pe) {
    const int channels = row.array_rows == 1 ? record.windows : 1;
    for (int i = 0; record.active[pe] != 0 && i < channels; ++i)
      taken[to_index(record.lane[pe] + i)] = true;
  }
  return taken;
}

// `columns` columns of every row group: the rows in the map from the first that a window may begin
// at to the last of the lowest one, in the channels that are taken.
void count_map_reads(const LayerRow& row, const ChipConfig& config, const StepRecord& record,
                     int64_t columns, RowEvents& events) {
  const std::vector<bool> taken = lanes_taken(row, config, record);
  int reach = 0;  // of the lowest window
  for (int pe = 0; pe < config.num_pe; ++pe) {
    reach = std::max(reach, row.stride * (row.replica[to_index(pe)] + row.array_rows - 1));
  }
  for (int y0 = 0; y0 < row.out_height; y0 += row.group_rows) {
    const int top = row.stride * y0 + record.row_offset;
    const int end =
        std::min({top + reach + record.window_rows, top + config.row_banks, row.in_height});
    for (int y = std::max(top, 0); y < end; ++y) {
      for (int lane = 0; lane < config.lanes; ++lane) {
        if (taken[to_index(lane)])
          events.map_reads[to_index(lane * config.row_banks + y % config.row_banks)] += columns;
      }
    }
  }
}

void count_vector(const LayerRow& row, const ChipConfig& config, RowEvents& events) {
  for (int k = 0; k < row.kernels; ++k) {
    const int bank = (row.out_base + k / config.lanes) % kVectorBanks;
    ++events.pool_writes[to_index(k % config.lanes * config.row_banks + bank)];
  }
}

void scale(RowEvents& events, int64_t images) {
  visit_row(events, [&](std::string_view, int64_t& n) { n *= images; });
  visit_row_vectors(events, [&](std::string_view, std::vector<int64_t>& numbers) {
    for (int64_t& n : numbers) n *= images;
  });
}

RowEvents empty_row(const ChipConfig& config) {
  RowEvents row;
  row.map_reads.assign(to_index(config.lanes * config.row_banks), 0);
  row.pool_reads.assign(to_index(config.row_banks), 0);
  row.pool_writes.assign(to_index(config.lanes * config.row_banks), 0);
  row.window_columns.assign(to_index(config.num_pe), 0);
  row.active_planes.assign(to_index(config.num_pe), 0);
  row.reads.assign(to_index(config.num_pe), 0);
  return row;
}

// Of one image, but for clocks, planes and reads.
RowEvents image_row(const ChipProgram& program, const ChipConfig& config, int index) {
  const LayerRow& row = program.layers[to_index(index)];
  const PassTiming timing = pass_timing(program, config, index);
  RowEvents events = empty_row(config);
  const int64_t positions = int64_t{timing.row_groups} * timing.columns;
  events.beats = timing.beats();
  const std::vector<PassRecord> records = pass_records(program, row);
  // A record that follows itself stays at the memory's output.
  events.record_reads = records.size() == 1 ? 1 : positions * static_cast<int64_t>(records.size());
  for (const PassRecord& entry : records) {
    const StepRecord& record = *entry.record;
    int64_t columns = 0;
    int64_t columns_in = 0;  // of a row group, inside the map
    for (int x = 0; x < row.out_width; ++x) {
      const bool slid = timing.slides() && x > 0;
      for (int c = slid ? record.window_columns - new_columns(row, record) : 0;
           c < record.window_columns; ++c) {
        const int column = row.stride * x + record.column_offset + c;
        if (column >= 0 && column < row.in_width) ++columns_in;
        columns += timing.row_groups;
      }
    }
    events.columns += columns;
    count_map_reads(row, config, record, columns_in, events);
    for (size_t pe = 0; pe < to_index(config.num_pe); ++pe) {
      if (record.active[pe] != 0) events.window_columns[pe] += columns;
    }
  }
  const int64_t groups = timing.reduce;
  events.bias_reads = config.words_of_kernels(row.kernels);
  events.reduce_groups = events.beats * groups;
  for (int x = 0; x < row.out_width; ++x) {
    for (int px = 0; px < row.pooled_width; ++px) {
      const int left = px * row.pool_column_stride;
      if (left <= x && x < left + row.pool_columns)
        events.psum_groups += timing.row_groups * groups;
    }
  }
  events.activations =
      events.psum_groups * config.lanes * static_cast<int64_t>(row.segment_end.count());
  if (row.final != 0) {
    events.logit_writes = events.psum_groups;
  } else if (row.vector != 0) {
    count_vector(row, config, events);
  } else {
    count_pool(row, config, events);
  }
  return events;
}

// `driven`: the planes of each step. A PE is named once in a step.
void count_planes(const ChipProgram& program, const LayerRow& row, std::span<const int64_t> driven,
                  RowEvents& events) {
  events.planes = 0;
  for (const int64_t planes : driven) events.planes += planes;
  std::ranges::fill(events.active_planes, 0);
  for (const PassRecord& entry : pass_records(program, row)) {
    for (size_t pe = 0; pe < events.active_planes.size(); ++pe) {
      if (entry.record->active[pe] != 0) events.active_planes[pe] += driven[entry.step];
    }
  }
}

}  // namespace

RowEvents& RowEvents::operator+=(const RowEvents& other) {
  clocks += other.clocks;
  beats += other.beats;
  planes += other.planes;
  record_reads += other.record_reads;
  columns += other.columns;
  reduce_groups += other.reduce_groups;
  psum_groups += other.psum_groups;
  bias_reads += other.bias_reads;
  activations += other.activations;
  logit_writes += other.logit_writes;
  add_each(other.map_reads, map_reads);
  add_each(other.pool_reads, pool_reads);
  add_each(other.pool_writes, pool_writes);
  add_each(other.window_columns, window_columns);
  add_each(other.active_planes, active_planes);
  add_each(other.reads, reads);
  return *this;
}

ChipEvents& ChipEvents::operator+=(const ChipEvents& other) {
  rows.resize(std::max(rows.size(), other.rows.size()));
  for (size_t row = 0; row < other.rows.size(); ++row) rows[row] += other.rows[row];
  images += other.images;
  add_each(other.image_writes, image_writes);
  row_reads += other.row_reads;
  result_words += other.result_words;
  result_reads += other.result_reads;
  return *this;
}

ChipEvents no_events(const ChipProgram& program, const ChipConfig& config) {
  ChipEvents events;
  events.rows.assign(program.layers.size(), empty_row(config));
  events.image_writes.assign(to_index(config.lanes * config.row_banks), 0);
  return events;
}

ChipEvents image_events(const ChipProgram& program, const ChipConfig& config, int64_t images,
                        bool halted) {
  ChipEvents events = no_events(program, config);
  events.images = images;
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const int index = static_cast<int>(i);
    const LayerRow& row = program.layers[i];
    RowEvents& counted = events.rows[i];
    counted = image_row(program, config, index);
    const PassTiming timing = pass_timing(program, config, index);
    counted.clocks = pass_cycles(timing, config).clocks;
    const int64_t planes = int64_t{timing.row_groups} * timing.columns * config.act_bits;
    const std::vector<int64_t> driven(timing.fetch.size(), planes);
    count_planes(program, row, driven, counted);
    scale(counted, images);
    if (halted && row.layer_end != 0 && i + 1 < program.layers.size()) events.row_reads += images;
  }
  const MapShape& image = program.image;
  for (int c = 0; c < image.channels; ++c) {
    for (int y = 0; y < image.height; ++y) {
      events.image_writes[to_index(c % config.lanes * config.row_banks + y % config.row_banks)] +=
          images * image.width;
    }
  }
  events.row_reads += images * (static_cast<int64_t>(program.layers.size()) + 1);
  events.result_words = images * (program.num_logits + 1);
  events.result_reads = images * config.words_of_kernels(program.num_logits);
  return events;
}

ChipEvents chip_events(const ChipModel& model, int64_t images, bool halted) {
  const ChipProgram& program = model.program();
  const ChipConfig& config = model.config();
  ChipEvents events = image_events(program, config, images, halted);
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const int index = static_cast<int>(i);
    RowEvents& counted = events.rows[i];
    counted.clocks = model.totals().layer_clocks[i];
    count_planes(program, program.layers[i], model.driven_planes(index), counted);
    for (int pe = 0; pe < config.num_pe; ++pe) {
      counted.reads[to_index(pe)] = static_cast<int64_t>(model.macro(pe).counts(index).reads);
    }
  }
  return events;
}

std::vector<std::string> differences(const ChipEvents& found, const ChipEvents& expected) {
  std::vector<std::string> lines;
  const auto compare = [&](const std::string& name, int64_t a, int64_t b) {
    if (a != b) lines.push_back(fmt::format("{}: {}, expected {}", name, a, b));
  };
  const auto compare_vectors = [&](const std::string& name, const std::vector<int64_t>& a,
                                   const std::vector<int64_t>& b) {
    compare(name + " (entries)", static_cast<int64_t>(a.size()), static_cast<int64_t>(b.size()));
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      compare(fmt::format("{}[{}]", name, i), a[i], b[i]);
    }
  };
  compare("layer rows", static_cast<int64_t>(found.rows.size()),
          static_cast<int64_t>(expected.rows.size()));
  for (size_t row = 0; row < std::min(found.rows.size(), expected.rows.size()); ++row) {
    std::vector<int64_t> numbers;
    std::vector<const std::vector<int64_t>*> vectors;
    visit_row(expected.rows[row],
              [&](std::string_view, const int64_t& n) { numbers.push_back(n); });
    visit_row_vectors(expected.rows[row], [&](std::string_view, const std::vector<int64_t>& list) {
      vectors.push_back(&list);
    });
    size_t next = 0;
    visit_row(found.rows[row], [&](std::string_view name, const int64_t& n) {
      compare(fmt::format("layer row {}, {}", row, name), n, numbers[next++]);
    });
    next = 0;
    visit_row_vectors(
        found.rows[row], [&](std::string_view name, const std::vector<int64_t>& list) {
          compare_vectors(fmt::format("layer row {}, {}", row, name), list, *vectors[next++]);
        });
  }
  compare("images", found.images, expected.images);
  compare_vectors("image_writes", found.image_writes, expected.image_writes);
  compare("row_reads", found.row_reads, expected.row_reads);
  compare("result_words", found.result_words, expected.result_words);
  compare("result_reads", found.result_reads, expected.result_reads);
  return lines;
}

void add(const MacroReads& part, MacroReads& sum) {
  sum.resize(std::max(sum.size(), part.size()));
  for (size_t row = 0; row < part.size(); ++row) {
    sum[row].resize(std::max(sum[row].size(), part[row].size()));
    for (size_t pe = 0; pe < part[row].size(); ++pe) {
      std::vector<WindowReads>& windows = sum[row][pe];
      for (const WindowReads& window : part[row][pe]) {
        const auto place = std::ranges::find_if(windows, [&](const WindowReads& other) {
          return other.first_line == window.first_line && other.count == window.count &&
                 other.range == window.range;
        });
        if (place == windows.end()) {
          windows.push_back(window);
          continue;
        }
        place->reads += window.reads;
        for (size_t b = 0; b < place->pulses.size(); ++b) place->pulses[b] += window.pulses[b];
      }
      std::ranges::sort(windows, {}, [](const WindowReads& window) {
        return std::tuple(window.first_line, window.count, window.range);
      });
    }
  }
}

MacroReads macro_reads(std::span<const Macro> macros, int num_rows) {
  MacroReads reads(to_index(num_rows));
  for (int row = 0; row < num_rows; ++row) {
    for (const Macro& macro : macros) reads[to_index(row)].push_back(macro.window_reads(row));
  }
  return reads;
}

MacroReads macro_reads(const ChipModel& model) {
  MacroReads reads(model.program().layers.size());
  for (size_t row = 0; row < reads.size(); ++row) {
    for (int pe = 0; pe < model.config().num_pe; ++pe) {
      reads[row].push_back(model.macro(pe).window_reads(static_cast<int>(row)));
    }
  }
  return reads;
}

MacroReads since(const MacroReads& later, const MacroReads& earlier) {
  MacroReads reads = later;
  for (size_t row = 0; row < std::min(later.size(), earlier.size()); ++row) {
    for (size_t pe = 0; pe < earlier[row].size(); ++pe) {
      for (const WindowReads& before : earlier[row][pe]) {
        for (WindowReads& window : reads[row][pe]) {
          if (window.first_line != before.first_line || window.count != before.count ||
              window.range != before.range) {
            continue;
          }
          window.reads -= before.reads;
          for (size_t b = 0; b < window.pulses.size(); ++b) window.pulses[b] -= before.pulses[b];
        }
      }
      std::erase_if(reads[row][pe], [](const WindowReads& window) { return window.reads == 0; });
    }
  }
  return reads;
}

MacroWork& MacroWork::operator+=(const MacroWork& other) {
  conductance_uS += other.conductance_uS;
  reads += other.reads;
  pulses += other.pulses;
  conversions += other.conversions;
  return *this;
}

MacroWork macro_work(std::span<const std::vector<WindowReads>> reads,
                     std::span<const Macro> macros) {
  MacroWork work;
  for (size_t pe = 0; pe < reads.size(); ++pe) {
    for (const WindowReads& window : reads[pe]) {
      const std::vector<double> driven =
          macros[pe].window_conductances(window.first_line, window.count);
      for (size_t b = 0; b < driven.size(); ++b) {
        work.conductance_uS += driven[b] * static_cast<double>(window.pulses[b]);
      }
      work.reads += static_cast<int64_t>(window.reads);
      work.pulses += static_cast<int64_t>(window.total_pulses());
      work.conversions += static_cast<int64_t>(window.conversions());
    }
  }
  return work;
}

MacroWork macro_work(const MacroReads& reads, std::span<const Macro> macros) {
  MacroWork work;
  for (const std::vector<std::vector<WindowReads>>& row : reads) work += macro_work(row, macros);
  return work;
}

ProgrammingWork& ProgrammingWork::operator+=(const ProgrammingWork& other) {
  sets += other.sets;
  resets += other.resets;
  set_conductance_uS += other.set_conductance_uS;
  reset_conductance_uS += other.reset_conductance_uS;
  reads += other.reads;
  read += other.read;
  return *this;
}

ProgrammingWork programming_work(std::span<const Macro> macros) {
  ProgrammingWork work;
  for (const Macro& macro : macros) {
    const ProgrammingCounts& counts = macro.programming_counts();
    for (size_t i = 0; i < counts.set.size(); ++i) {
      work.sets += static_cast<int64_t>(counts.set[i].count);
      work.resets += static_cast<int64_t>(counts.reset[i].count);
      work.set_conductance_uS += counts.set[i].conductance_uS;
      work.reset_conductance_uS += counts.reset[i].conductance_uS;
    }
    work.reads += static_cast<int64_t>(counts.reads);
    work.read += {counts.read_conductance_uS, static_cast<int64_t>(counts.read_pulses),
                  static_cast<int64_t>(counts.conversions)};
  }
  return work;
}

}  // namespace mcnn
