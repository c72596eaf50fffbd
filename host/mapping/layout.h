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

struct LayerLayout {
  int replicas = 1;
  int pes = 1;         // of a segment
  int steps = 1;       // windows of a PE, at most
  int64_t clocks = 0;  // of all passes, for one image

  // Windows that PE i of a segment holds.
  int windows_of(int i, const LayerPlan& plan) const;
  // Source lines of one pass in PE i of a segment.
  int lines_of(const LayerPlan& plan, const KernelPass& pass, int i) const {
    return windows_of(i, plan) * pass.lines;
  }
  // Source lines of all passes and replicas.
  int64_t total_lines(const LayerPlan& plan) const;
};

// The most replicas that the fetched rows, the pooling and the tables allow; 0: not even one.
int max_replicas(const MappingTask& task, const LayerPlan& plan);
// Replicas that the options ask for, 0: any number. Throws Error when they cannot be.
int forced_replicas(const MappingTask& task, std::span<const LayerPlan> plans, size_t layer);

// A layout with segments of `pes` PEs, or none if fewer PEs do the same.
std::optional<LayerLayout> make_layout(const MappingTask& task, const LayerPlan& plan, int replicas,
                                       int pes);
// Every layout of a layer that could fit, the fastest first. Throws Error when there can be none.
std::vector<LayerLayout> layouts_of(const MappingTask& task, std::span<const LayerPlan> plans,
                                    size_t layer);

// A row of the layer table without its tables, and the record of a window without its PEs.
LayerRow make_row(const MappingTask& task, const LayerPlan& plan, const KernelPass& pass,
                  int replicas);
StepRecord make_record(const MappingTask& task, const LayerPlan& plan, const KernelWindow& window);

// Calls take(window, step, PE of the segment, last) in the order of the records; `last` is true for
// the last record of a step.
template <typename Take>
void for_each_record(const LayerPlan& plan, const LayerLayout& layout, const Take& take) {
  for (int step = 0; step < layout.steps; ++step) {
    int users = 0;
    while (users < layout.pes && step < layout.windows_of(users, plan)) {
      ++users;
    }
    for (int i = 0; i < users; ++i) {
      take(plan.windows[to_index(i * layout.steps + step)], step, i, i + 1 == users);
    }
  }
}

}  // namespace mcnn
