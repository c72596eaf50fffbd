// SPDX-License-Identifier: Apache-2.0
// The default mapping: a search over the layouts of all layers.
#include "host/mapping/packing.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <tuple>

namespace mcnn {
namespace {

constexpr int kMaxSearchNodes = 200'000;

// Into which PEs a piece goes first.
enum class Fit { kEmptiest, kFullest };

// Branch and bound over the layouts of the layers.
class Search {
 public:
  Search(const MappingTask& task, const LayerPlans& plans)
      : task_(task),
        plans_(plans),
        room_(static_cast<int64_t>(task.config.num_pe) * task.config.num_sl),
        clocks_left_(plans.size() + 1, 0),
        lines_left_(plans.size() + 1, 0) {
    for (size_t l = 0; l < plans.size(); ++l) {
      lists_.push_back(layouts_of(task, plans, l));
    }
  }

  Packing run() {
    begin_with(bound());
    descend(0, 0);
    if (best_.empty()) {
      fail(lines_left_.front());
    }
    Packing packing;
    packing.layouts = best_;
    pack(best_, best_fit_, &packing);
    return packing;
  }

 private:
  // Fills in the bounds, and returns the layouts that are easiest to pack: one replica in the
  // smallest pieces.
  std::vector<LayerLayout> bound() {
    std::vector<LayerLayout> smallest(plans_.size());
    for (size_t l = plans_.size(); l-- > 0;) {
      const std::vector<LayerLayout>& list = lists_[l];
      if (list.empty()) {
        task_.fail(fmt::format("PEs: {} replicas of layer {} asked for, {} PEs there",
                               forced_replicas(task_, plans_, l), plans_[l].front().layer->name,
                               task_.config.num_pe));
      }
      clocks_left_[l] = clocks_left_[l + 1] + list.front().clocks;
      int64_t least = std::numeric_limits<int64_t>::max();
      for (const LayerLayout& layout : list) {
        least = std::min(least, layout.total_lines());
      }
      lines_left_[l] = lines_left_[l + 1] + least;
      smallest[l] = *std::min_element(
          list.begin(), list.end(), [](const LayerLayout& a, const LayerLayout& b) {
            return std::tuple(a.replicas, a.steps, a.pes) < std::tuple(b.replicas, b.steps, b.pes);
          });
    }
    return smallest;
  }

  // Where the search starts, if it fits.
  void begin_with(const std::vector<LayerLayout>& layouts) {
    const std::optional<Fit> fit = fits(layouts);
    if (!fit) {
      return;
    }
    best_ = layouts;
    best_fit_ = *fit;
    best_clocks_ = 1;  // one more than the sum, so that a layout as fast replaces it
    for (const LayerLayout& layout : layouts) {
      best_clocks_ += layout.clocks;
    }
  }

  void descend(int64_t clocks, int64_t lines) {
    const size_t depth = current_.size();
    if (depth == plans_.size()) {
      best_clocks_ = clocks;
      best_ = current_;
      best_fit_ = *fits(current_);
      return;
    }
    for (const LayerLayout& layout : lists_[depth]) {
      if (clocks + layout.clocks + clocks_left_[depth + 1] >= best_clocks_ ||
          nodes_ >= kMaxSearchNodes) {
        return;
      }
      const int64_t total = lines + layout.total_lines();
      if (total + lines_left_[depth + 1] > room_) {
        continue;
      }
      ++nodes_;
      current_.push_back(layout);
      if (fits(current_)) {
        descend(clocks + layout.clocks, total);
      }
      current_.pop_back();
    }
  }

  std::optional<Fit> fits(std::span<const LayerLayout> layouts) const {
    for (const Fit fit : {Fit::kEmptiest, Fit::kFullest}) {
      if (pack(layouts, fit, nullptr)) {
        return fit;
      }
    }
    return std::nullopt;
  }

  // Gives every pass of the first layers its PEs, the largest pieces first.
  bool pack(std::span<const LayerLayout> layouts, Fit fit, Packing* packing) const {
    struct Item {
      size_t layer;
      size_t pass;
      int lines;
    };
    std::vector<Item> items;
    for (size_t l = 0; l < layouts.size(); ++l) {
      const std::vector<KernelPass>& passes = layouts[l].plan->passes;
      for (size_t p = 0; p < passes.size(); ++p) {
        items.push_back({l, p, layouts[l].lines_of(passes[p], 0)});
      }
    }
    std::stable_sort(items.begin(), items.end(),
                     [](const Item& a, const Item& b) { return a.lines > b.lines; });
    std::vector<int> free(to_index(task_.config.num_pe), task_.config.num_sl);
    if (packing != nullptr) {
      packing->pes.clear();
      for (size_t l = 0; l < layouts.size(); ++l) {
        packing->pes.emplace_back(layouts[l].plan->passes.size());
      }
    }
    for (const Item& item : items) {
      const LayerLayout& layout = layouts[item.layer];
      const LayerPlan& plan = *layout.plan;
      const std::vector<int> pes =
          emptiest_or_fullest(free, fit, item.lines, layout.segments() * layout.pes,
                              plan.layer->type == LayerType::kFullyConnected);
      if (pes.empty()) {
        return false;
      }
      for (size_t i = 0; i < pes.size(); ++i) {
        int& left = free[to_index(pes[i])];
        left -= layout.lines_of(plan.passes[item.pass], static_cast<int>(i) % layout.pes);
        if (left < 0) {
          return false;
        }
      }
      if (packing != nullptr) {
        packing->pes[item.layer][item.pass] = pes;
      }
    }
    return true;
  }

  // `count` PEs in ascending order, or none when there are not so many; of PEs that are as full the
  // first ones, or for `last_first` the last ones, as published for fully connected layers.
  static std::vector<int> emptiest_or_fullest(std::span<const int> free, Fit fit, int lines,
                                              int count, bool last_first) {
    std::vector<int> order(free.size());
    std::iota(order.begin(), order.end(), 0);
    if (last_first) {
      std::reverse(order.begin(), order.end());
    }
    if (fit == Fit::kFullest) {
      std::erase_if(order, [&](int pe) { return free[to_index(pe)] < lines; });
    }
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      const int free_a = free[to_index(a)];
      const int free_b = free[to_index(b)];
      return fit == Fit::kEmptiest ? free_a > free_b : free_a < free_b;
    });
    if (order.size() < to_index(count)) {
      return {};
    }
    order.resize(to_index(count));
    std::sort(order.begin(), order.end());
    return order;
  }

  [[noreturn]] void fail(int64_t lines) const {
    int largest = 0;
    for (const std::vector<LayerPlan>& plans : plans_) {
      largest = std::max(largest, plans.front().passes.front().lines);
    }
    if (lines > room_) {
      task_.fail(
          fmt::format("source lines: {} needed with the replicas asked for, {} there ({} too many)",
                      lines, room_, lines - room_));
    }
    task_.fail(fmt::format(
        "source lines: {} needed, {} there, but in {} PEs of {} lines each: blocks of up to {} "
        "lines do not pack",
        lines, room_, task_.config.num_pe, task_.config.num_sl, largest));
  }

  const MappingTask& task_;
  const LayerPlans& plans_;
  const int64_t room_;                           // source lines of all PEs
  std::vector<std::vector<LayerLayout>> lists_;  // [layer]
  std::vector<int64_t> clocks_left_;             // least clocks of layers i and behind
  std::vector<int64_t> lines_left_;              // least lines of layers i and behind
  std::vector<LayerLayout> current_;
  std::vector<LayerLayout> best_;
  int64_t best_clocks_ = std::numeric_limits<int64_t>::max();
  Fit best_fit_ = Fit::kEmptiest;
  int nodes_ = 0;
};

}  // namespace

Packing pack_fastest(const MappingTask& task, const LayerPlans& plans) {
  return Search(task, plans).run();
}

}  // namespace mcnn
