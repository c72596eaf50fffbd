// SPDX-License-Identifier: Apache-2.0
#include "host/programming/cell_writer.h"

#include <algorithm>
#include <cmath>

#include "host/programming/cell_values.h"

namespace mcnn {

RewriteCounters& RewriteCounters::operator+=(const RewriteCounters& other) {
  pairs += other.pairs;
  cells += other.cells;
  failed += other.failed;
  saturated += other.saturated;
  reads += other.reads;
  return *this;
}

PairSplit split_change(double positive, double negative, double change, double low, double high,
                       bool positive_fixed, bool negative_fixed) {
  PairSplit split{.positive = positive, .negative = negative};
  const double up = positive + change;
  const double down = negative - change;
  const bool positive_can = !positive_fixed && up >= low && up <= high;
  const bool negative_can = !negative_fixed && down >= low && down <= high;
  if (positive_can && (!negative_can || change < 0.0)) {
    split.positive = up;
    split.write_positive = true;
  } else if (negative_can) {
    split.negative = down;
    split.write_negative = true;
  } else {
    // Neither can do it alone: the cell that goes down goes first, as far as it can.
    double left = change;
    const auto take = [&](bool is_positive) {
      double& cell = is_positive ? split.positive : split.negative;
      const bool fixed = is_positive ? positive_fixed : negative_fixed;
      const double wish = cell + (is_positive ? left : -left);
      const double next = std::clamp(wish, low, high);
      if (fixed || next == cell) {
        return;
      }
      left -= is_positive ? next - cell : cell - next;
      cell = next;
      (is_positive ? split.write_positive : split.write_negative) = true;
    };
    take(change < 0.0);
    take(change >= 0.0);
    constexpr double kRounding = 1e-9;
    split.saturated = std::abs(left) > kRounding;
  }
  return split;
}

CellWriter::CellWriter(ProgramPort& port, const ChipConfig& config, const DeviceCard& card,
                       ProgramSettings settings, TargetCorrection correction,
                       std::span<const CellAddress> bad)
    : port_(port),
      config_(config),
      card_(card),
      settings_(settings),
      correction_(std::move(correction)),
      bad_(bad.begin(), bad.end()) {}

std::vector<std::pair<double, double>> CellWriter::read(std::span<const CellPair> pairs) {
  std::vector<CellAddress> cells;
  cells.reserve(2 * pairs.size());
  for (const CellPair& pair : pairs) {
    cells.push_back({pair.pe, pair.line, pair.bit_line});
    cells.push_back({pair.pe, pair.line + 1, pair.bit_line});
  }
  const CellReads reads = read_cells(port_, cells, settings_, config_, correction_);
  const std::vector<double>& values = reads.values;
  programming_ += reads.counters;
  counters_.reads += reads.counters.reads;
  std::vector<std::pair<double, double>> present;
  present.reserve(pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    present.emplace_back(values[2 * i], values[2 * i + 1]);
  }
  return present;
}

std::vector<double> CellWriter::write(std::span<const CellPair> pairs,
                                      std::span<const std::pair<double, double>> present,
                                      std::span<const double> changes) {
  const double low = card_.g_min_uS / card_.level_step_uS();
  const double high = low + 7.0;
  std::vector<CellValue> cells;
  std::vector<size_t> owner;
  std::vector<PairSplit> splits;
  const auto add = [&](size_t i, int line, double value) {
    cells.push_back({{pairs[i].pe, line, pairs[i].bit_line}, value});
    owner.push_back(i);
  };
  for (size_t i = 0; i < pairs.size(); ++i) {
    const CellPair& pair = pairs[i];
    const bool positive_bad = bad_.contains({pair.pe, pair.line, pair.bit_line});
    const bool negative_bad = bad_.contains({pair.pe, pair.line + 1, pair.bit_line});
    const PairSplit& split = splits.emplace_back(
        split_change(present[i].first, present[i].second, changes[i], low, high,
                     positive_bad && !negative_bad, negative_bad && !positive_bad));
    counters_.saturated += split.saturated ? 1 : 0;
    if (split.write_positive) {
      add(i, pair.line, split.positive);
    }
    if (split.write_negative) {
      add(i, pair.line + 1, split.negative);
    }
  }
  counters_.pairs += static_cast<int64_t>(pairs.size());
  counters_.cells += static_cast<int64_t>(cells.size());
  std::vector<std::pair<double, double>> after(present.begin(), present.end());
  const WrittenCells written = write_cells(port_, cells, card_, settings_, config_, correction_);
  programming_ += written.counters;
  for (size_t n = 0; n < cells.size(); ++n) {
    if (written.done[n] == 0) {
      ++counters_.failed;
      bad_.insert(cells[n].cell);
    }
    auto& [positive, negative] = after[owner[n]];
    (cells[n].cell.line == pairs[owner[n]].line ? positive : negative) = written.values[n];
  }
  std::vector<double> left(pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    const double done = (after[i].first - after[i].second) - (present[i].first - present[i].second);
    left[i] = splits[i].saturated ? 0.0 : changes[i] - done;
  }
  return left;
}

std::vector<double> CellWriter::change(std::span<const CellPair> pairs,
                                       std::span<const double> changes) {
  if (pairs.empty()) {
    return {};
  }
  return write(pairs, read(pairs), changes);
}

int64_t CellWriter::bring(std::span<const CellPair> pairs, std::span<const double> wanted,
                          double threshold) {
  const std::vector<std::pair<double, double>> all = read(pairs);
  std::vector<CellPair> outside;
  std::vector<std::pair<double, double>> present;
  std::vector<double> changes;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const double change = wanted[i] - (all[i].first - all[i].second);
    if (std::abs(change) > threshold) {
      outside.push_back(pairs[i]);
      present.push_back(all[i]);
      changes.push_back(change);
    }
  }
  write(outside, present, changes);
  return static_cast<int64_t>(outside.size());
}

void CellWriter::restore(const RewriteCounters& counters, const ProgramCounters& programming,
                         std::set<CellAddress> bad) {
  counters_ = counters;
  programming_ = programming;
  bad_ = std::move(bad);
}

}  // namespace mcnn
