// SPDX-License-Identifier: Apache-2.0
// Rewriting pairs of cells of a chip through its programmer: which cell takes a wanted change of
// their difference, and the closed loop that writes it. Conductances are in level steps Gs.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/engine/program_port.h"
#include "host/mapping/chip_config.h"
#include "host/programming/cell_pairs.h"
#include "host/programming/closed_loop.h"

namespace mcnn {

struct RewriteCounters {
  int64_t pairs = 0;      // that were to change
  int64_t cells = 0;      // rewritten
  int64_t failed = 0;     // rewritten cells that did not reach their target
  int64_t saturated = 0;  // pairs whose wanted difference the window does not hold
  int64_t reads = 0;      // cells that were read to know where they stand

  RewriteCounters& operator+=(const RewriteCounters& other);
  bool operator==(const RewriteCounters&) const = default;
};

// New values of the two cells of a pair [level steps above g_min is 0..7 and all below].
struct PairSplit {
  double positive = 0.0;
  double negative = 0.0;
  bool write_positive = false;
  bool write_negative = false;
  bool saturated = false;
};

// How a pair whose cells stand at `positive` and `negative` changes its difference by `change`.
// One cell takes all of it if it can: of two that can, the one that goes down, because less
// conductance means less noise; otherwise the one that has room; otherwise both. `low` and `high`
// bound a written cell. A cell that cannot be written (`positive_fixed`, `negative_fixed`) is left.
// All in level steps.
PairSplit split_change(double positive, double negative, double change, double low, double high,
                       bool positive_fixed = false, bool negative_fixed = false);

// Reads and rewrites cells of a chip through its programmer, in a closed loop.
class CellWriter {
 public:
  // `bad`: cells that are known not to move.
  CellWriter(ProgramPort& port, const ChipConfig& config, const DeviceCard& card,
             ProgramSettings settings, TargetCorrection correction,
             std::span<const CellAddress> bad = {});

  // Verify reads: conductances of the cells of each pair, positive and negative [level steps]. A
  // cell that reads the largest code is read again at a coarser range.
  std::vector<std::pair<double, double>> read(std::span<const CellPair> pairs);

  // Changes the difference of each pair by changes[i] [level steps]. Reads the pairs first.
  // Returns what is left of each change, by the verify reads: 0 of one that the window cut off.
  std::vector<double> change(std::span<const CellPair> pairs, std::span<const double> changes);

  // Reads all pairs and rewrites those whose difference is more than `threshold` [level steps] from
  // wanted[i]. Returns the number of pairs that were outside.
  int64_t bring(std::span<const CellPair> pairs, std::span<const double> wanted, double threshold);

  const RewriteCounters& counters() const { return counters_; }
  const ProgramCounters& programming() const { return programming_; }
  // Cells that a loop did not bring to their target, and those known before: no more written while
  // the other cell can do.
  const std::set<CellAddress>& bad_cells() const { return bad_; }

  void restore(const RewriteCounters& counters, const ProgramCounters& programming,
               std::set<CellAddress> bad);

 private:
  std::vector<double> write(std::span<const CellPair> pairs,
                            std::span<const std::pair<double, double>> present,
                            std::span<const double> changes);

  ProgramPort& port_;
  ChipConfig config_;
  DeviceCard card_;
  ProgramSettings settings_;
  TargetCorrection correction_;
  RewriteCounters counters_;
  ProgramCounters programming_;
  std::set<CellAddress> bad_;
};

}  // namespace mcnn
