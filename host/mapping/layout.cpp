// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "host/mapping/cycle_model.h"

namespace mcnn {
namespace {

constexpr int kMaxRowStep = 127;
constexpr int kMaxGroupRows = 15;

// Whether the fetched rows, the pooling and the tables allow so many replicas.
bool replicas_allowed(const MappingTask& task, const LayerPlan& plan, int replicas) {
  const int stride = plan.stride;
  const int most = std::min(task.config.row_banks, kMaxGroupRows);
  if (replicas % plan.array_rows != 0 || replicas > task.config.num_pe * plan.array_rows ||
      replicas > most || replicas >= plan.layer->convolution.height + plan.array_rows ||
      replicas * stride > kMaxRowStep ||
      plan.max_window_rows() + (replicas - 1) * stride > task.config.row_banks) {
    return false;
  }
  const int height = plan.layer->convolution.height;
  for (int y0 = 0; y0 < height; y0 += replicas) {
    const int last = std::min(y0 + replicas, height) - 1;
    int first_pooled = plan.layer->output.height;
    int last_pooled = -1;
    for (int py = 0; py < plan.layer->output.height; ++py) {
      const int top = py * plan.pool.row_stride;
      if (top <= last && top + plan.pool.rows > y0) {
        first_pooled = std::min(first_pooled, py);
        last_pooled = py;
      }
    }
    if (last_pooled - first_pooled >= task.config.row_banks) {
      return false;
    }
  }
  return true;
}

// Clocks of all passes of a layer, for one image.
int64_t clocks_of(const MappingTask& task, const LayerLayout& layout) {
  const bool whole = task.options.kind != MappingKind::kSliding;
  ChipProgram program;
  for_each_record(layout, [&](std::span<const WindowPlace> windows, int, bool last) {
    StepRecord record;
    record.window_columns = windows.front().window->columns;
    program.records.insert(program.records.end(), whole ? windows.size() : 1, record);
    program.records.back().last_step = last ? 1 : 0;
  });
  program.records.back().last_pass = 1;
  int64_t clocks = 0;
  for (const KernelPass& pass : layout.plan->passes) {
    program.layers.assign(1, make_row(task, *layout.plan, pass, layout.replicas));
    PassTiming timing = pass_timing(program, task.config, 0);
    if (whole) timing.fetch_slid = timing.fetch;
    clocks += pass_cycles(timing, task.config).clocks;
  }
  return clocks;
}

}  // namespace

int LayerLayout::windows_of(int i) const {
  return std::clamp(static_cast<int>(plan->windows.size()) - i * steps, 0, steps);
}

int LayerLayout::blocks_of(int i) const {
  const int windows = windows_of(i);
  if (windows == 0) return 0;
  const int first = i * steps;
  return plan->windows[to_index(first + windows - 1)].block - plan->windows[to_index(first)].block +
         1;
}

int64_t LayerLayout::total_lines() const {
  int64_t blocks = 0;
  for (int i = 0; i < pes; ++i) blocks += blocks_of(i);
  int64_t lines = 0;
  for (const KernelPass& pass : plan->passes) {
    lines += pass.lines * blocks * segments();
  }
  return lines;
}

int max_replicas(const MappingTask& task, std::span<const LayerPlan> plans) {
  int most = 0;
  for (const LayerPlan& plan : plans) {
    for (int replicas = plan.array_rows; replicas_allowed(task, plan, replicas);
         replicas += plan.array_rows) {
      most = std::max(most, replicas);
    }
  }
  return most;
}

LayerRow make_row(const MappingTask& task, const LayerPlan& plan, const KernelPass& pass,
                  int replicas) {
  const Layer& layer = *plan.layer;
  LayerRow row;
  row.final = plan.final ? 1 : 0;
  row.vector = plan.vector_output ? 1 : 0;
  row.kernels = pass.kernels;
  row.range = plan.range;
  row.shift = layer.shift + plan.range;
  row.group_rows = replicas;
  row.array_rows = plan.array_rows;
  row.pairs = pass.pairs;
  row.add = layer.adds() ? 1 : 0;
  row.in_height = plan.in_height;
  row.in_width = plan.in_width;
  row.stride = plan.stride;
  row.row_step = replicas * plan.stride;
  row.out_height = layer.convolution.height;
  row.out_width = layer.convolution.width;
  row.pool_rows = plan.pool.rows;
  row.pool_columns = plan.pool.columns;
  row.pool_row_stride = plan.pool.row_stride;
  row.pool_column_stride = plan.pool.column_stride;
  row.pooled_height = layer.output.height;
  row.pooled_width = layer.output.width;
  row.out_pitch = plan.out_pitch;
  const int first_word = pass.first_kernel / plan.lanes;
  row.out_base = plan.final || plan.vector_output ? first_word : first_word * plan.out_pitch;
  row.replica.assign(to_index(task.config.num_pe), 0);
  row.row_offset.assign(to_index(task.config.num_pe), 0);
  return row;
}

StepRecord make_record(const MappingTask& task, const LayerPlan& plan, const KernelWindow& window) {
  const Layer& layer = *plan.layer;
  StepRecord record;
  record.window_columns = window.columns;
  record.window_rows = window.rows;
  record.windows = plan.array_rows == 1 ? window.lead + window.channels : plan.array_rows;
  record.column_offset = window.column - layer.padding.left;
  record.row_offset = window.row - layer.padding.top;
  record.channel_base = plan.channel_base(window.channel);
  record.first_line.assign(to_index(task.config.num_pe), 0);
  record.lane.assign(to_index(task.config.num_pe), 0);
  record.active.assign(to_index(task.config.num_pe), 0);
  return record;
}

std::optional<LayerLayout> make_layout(const MappingTask& task, const LayerPlan& plan, int replicas,
                                       int pes) {
  LayerLayout layout;
  layout.plan = &plan;
  layout.replicas = replicas;
  layout.pes = pes;
  layout.steps = divide_up(static_cast<int>(plan.windows.size()), pes);
  if (layout.windows_of(pes - 1) == 0) {
    return std::nullopt;
  }
  layout.clocks = clocks_of(task, layout);
  return layout;
}

int forced_replicas(const MappingTask& task, const LayerPlans& plans, size_t layer) {
  const std::vector<std::optional<int>>& asked = task.options.replicas;
  if (layer >= asked.size() || !asked[layer]) {
    return 0;
  }
  const int replicas = *asked[layer];
  if (replicas < 1 || std::ranges::none_of(plans[layer], [&](const LayerPlan& plan) {
        return replicas_allowed(task, plan, replicas);
      })) {
    throw Error(
        fmt::format("mapping: replicas of layer {}: found {}, allowed: 1..{} (rows that one fetch "
                    "delivers, PEs, pooled rows)",
                    plans[layer].front().layer->name, replicas, max_replicas(task, plans[layer])));
  }
  return replicas;
}

std::vector<LayerLayout> layouts_of(const MappingTask& task, const LayerPlans& plans,
                                    size_t layer) {
  const int forced = forced_replicas(task, plans, layer);
  if (!replicas_allowed(task, plans[layer].front(), 1)) {
    task.fail(fmt::format("pooling: one output row of layer {} touches more than {} pooled rows",
                          plans[layer].front().layer->name, task.config.row_banks));
  }
  std::vector<LayerLayout> list;
  for (const LayerPlan& plan : plans[layer]) {
    for (int replicas = plan.array_rows; replicas_allowed(task, plan, replicas);
         replicas += plan.array_rows) {
      if (forced != 0 && replicas != forced) {
        continue;
      }
      for (int pes = 1; replicas / plan.array_rows * pes <= task.config.num_pe; ++pes) {
        if (const std::optional<LayerLayout> layout = make_layout(task, plan, replicas, pes)) {
          list.push_back(*layout);
        }
      }
    }
  }
  std::stable_sort(list.begin(), list.end(), [](const LayerLayout& a, const LayerLayout& b) {
    return std::pair(a.clocks, a.segments() * a.pes) < std::pair(b.clocks, b.segments() * b.pes);
  });
  return list;
}

}  // namespace mcnn
