// SPDX-License-Identifier: Apache-2.0
// How a layer can be laid out, as replicas that are segments of PEs, and what a layout takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/index.h"
#include "host/mapping/layer_plan.h"

namespace mcnn {

using LayerPlans = std::vector<std::vector<LayerPlan>>;  // [layer][]

struct LayerLayout {
  const LayerPlan* plan = nullptr;
  int replicas = 1;    // output rows of a row group, array_rows of them in each segment
  int pes = 1;         // of a segment
  int steps = 1;       // windows of a PE, at most
  int64_t clocks = 0;  // of all passes, for one image

  int segments() const { return replicas / plan->array_rows; }
  // Windows that PE i of a segment holds.
  int windows_of(int i) const;
  // Blocks of cells that it holds for them.
  int blocks_of(int i) const;
  // Source lines of one pass in PE i of a segment.
  int lines_of(const KernelPass& pass, int i) const { return blocks_of(i) * pass.lines; }
  // Source lines of all passes and replicas.
  int64_t total_lines() const;
};

// The most replicas that the fetched rows, the pooling and the tables allow; 0: not even one.
int max_replicas(const MappingTask& task, std::span<const LayerPlan> plans);
// Replicas that the options ask for, 0: any number. Throws Error when they cannot be.
int forced_replicas(const MappingTask& task, const LayerPlans& plans, size_t layer);

// A layout with segments of `pes` PEs, or none if fewer PEs do the same.
std::optional<LayerLayout> make_layout(const MappingTask& task, const LayerPlan& plan, int replicas,
                                       int pes);
// Every layout of a layer that could fit, the fastest first. Throws Error when there can be none.
std::vector<LayerLayout> layouts_of(const MappingTask& task, const LayerPlans& plans, size_t layer);

// A row of the layer table without its tables, and the record of a window without its PEs.
LayerRow make_row(const MappingTask& task, const LayerPlan& plan, const KernelPass& pass,
                  int replicas);
StepRecord make_record(const MappingTask& task, const LayerPlan& plan, const KernelWindow& window);

// A window that a PE of each segment reads.
struct WindowPlace {
  const KernelWindow* window = nullptr;
  int pe = 0;  // of the segment
};

// Calls take(windows, step, last) for each record in order: windows of one word, which differ in
// their channels alone; `last` is true for the last record of a step.
template <typename Take>
void for_each_record(const LayerLayout& layout, const Take& take) {
  const LayerPlan& plan = *layout.plan;
  const auto one_record = [&](const KernelWindow& a, const KernelWindow& b) {
    return a.channel / plan.lanes == b.channel / plan.lanes &&
           a.lead + a.channels == b.lead + b.channels && a.row == b.row && a.column == b.column &&
           a.rows == b.rows && a.columns == b.columns;
  };
  for (int step = 0; step < layout.steps; ++step) {
    std::vector<std::vector<WindowPlace>> records;
    for (int pe = 0; pe < layout.pes && step < layout.windows_of(pe); ++pe) {
      const KernelWindow& window = plan.windows[to_index(pe * layout.steps + step)];
      auto record = records.begin();
      while (record != records.end() && !one_record(*record->front().window, window)) ++record;
      if (record == records.end()) record = records.emplace(record);
      record->push_back({&window, pe});
    }
    for (size_t i = 0; i < records.size(); ++i) {
      take(std::span<const WindowPlace>(records[i]), step, i + 1 == records.size());
    }
  }
}

}  // namespace mcnn
