// SPDX-License-Identifier: Apache-2.0
// The published mapping: convolver groups.
#include <fmt/format.h>

#include <algorithm>

#include "host/mapping/packing.h"

namespace mcnn {
namespace {

bool is_convolution(const LayerPlan& plan) { return plan.layer->type == LayerType::kConvolution; }
bool is_fully_connected(const LayerPlan& plan) {
  return plan.layer->type == LayerType::kFullyConnected;
}

// One copy of some layers in neighbouring PEs, which are numbered from 0.
struct Group {
  int pes = 0;
  std::vector<std::vector<std::vector<int>>> pes_of;  // [layer][pass]
};

// One copy of the chosen layers in `count` PEs; false if it does not fit.
template <typename Chosen>
bool pack_into(const MappingTask& task, const LayerPlans& plans, const Chosen& chosen, int count,
               Group& group) {
  group.pes = count;
  group.pes_of.assign(plans.size(), {});
  std::vector<int> free(to_index(count), task.config.num_sl);
  for (size_t l = 0; l < plans.size(); ++l) {
    const LayerPlan& plan = plans[l].front();
    if (!chosen(plan)) {
      continue;
    }
    LayerLayout layout;
    layout.plan = &plan;
    layout.steps = divide_up(static_cast<int>(plan.windows.size()), count);
    layout.pes = divide_up(static_cast<int>(plan.windows.size()), layout.steps);
    for (const KernelPass& pass : plan.passes) {
      std::vector<int> taken;
      for (int pe = 0; pe < count && static_cast<int>(taken.size()) < layout.pes; ++pe) {
        const int lines = layout.lines_of(pass, static_cast<int>(taken.size()));
        if (lines <= free[to_index(pe)]) {
          free[to_index(pe)] -= lines;
          taken.push_back(pe);
        }
      }
      if (static_cast<int>(taken.size()) < layout.pes) {
        return false;
      }
      group.pes_of[l].push_back(taken);
    }
  }
  return true;
}

// The same in as few PEs as possible.
template <typename Chosen>
Group pack_group(const MappingTask& task, const LayerPlans& plans, const Chosen& chosen,
                 const char* what) {
  Group group;
  if (std::ranges::none_of(plans, [&](const auto& layer) { return chosen(layer.front()); })) {
    group.pes_of.assign(plans.size(), {});
    return group;
  }
  for (int count = 1; count <= task.config.num_pe; ++count) {
    if (pack_into(task, plans, chosen, count, group)) {
      return group;
    }
  }
  task.fail(
      fmt::format("source lines: one copy of the {} layers does not pack into {} PEs of {} lines",
                  what, task.config.num_pe, task.config.num_sl));
}

// Copies of a convolution layer, one a group.
int replicas_in(const MappingTask& task, const LayerPlans& plans, size_t layer, int groups) {
  const LayerPlan& plan = plans[layer].front();
  const int forced = forced_replicas(task, plans, layer);
  const int most = is_convolution(plan) ? std::min(groups, max_replicas(task, {&plan, 1})) : 1;
  if (most == 0) {
    task.fail(fmt::format("pooling: one output row of layer {} touches more than {} pooled rows",
                          plan.layer->name, task.config.row_banks));
  }
  if (forced > most) {
    task.fail(fmt::format("PEs: {} replicas of layer {} asked for, {} convolver groups there",
                          forced, plan.layer->name, groups));
  }
  return forced != 0 ? forced : most;
}

}  // namespace

Packing pack_paper(const MappingTask& task, const LayerPlans& plans) {
  const Group convolver = pack_group(task, plans, is_convolution, "convolution");
  const Group shared = pack_group(task, plans, is_fully_connected, "fully connected");
  const int groups = convolver.pes == 0 ? 0 : (task.config.num_pe - shared.pes) / convolver.pes;
  if (convolver.pes != 0 && groups == 0) {
    task.fail(
        fmt::format("PEs: {} needed for one convolver group and {} for the fully connected "
                    "layers, {} there",
                    convolver.pes, shared.pes, task.config.num_pe));
  }
  Packing packing;
  for (size_t l = 0; l < plans.size(); ++l) {
    const bool convolution = is_convolution(plans[l].front());
    const int replicas = replicas_in(task, plans, l, groups);
    const Group& group = convolution ? convolver : shared;
    const int first = convolution ? 0 : task.config.num_pe - shared.pes;
    const int segment_pes = static_cast<int>(group.pes_of[l].front().size());
    packing.layouts.push_back(*make_layout(task, plans[l].front(), replicas, segment_pes));
    std::vector<std::vector<int>>& passes = packing.pes.emplace_back();
    for (const std::vector<int>& pes : group.pes_of[l]) {
      std::vector<int>& all = passes.emplace_back();
      for (int replica = 0; replica < replicas; ++replica) {
        for (const int pe : pes) {
          all.push_back(first + replica * group.pes + pe);
        }
      }
    }
  }
  return packing;
}

}  // namespace mcnn
