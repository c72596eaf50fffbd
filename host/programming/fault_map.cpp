// SPDX-License-Identifier: Apache-2.0
#include "host/programming/fault_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

#include "common/index.h"

namespace mcnn {
namespace {

constexpr int kTopLevel = 7;
constexpr int kRepeats = 8;       // reads of a cell that does not reach its target
constexpr double kReached = 0.5;  // a weight that is further off cannot be reached [levels]
constexpr size_t kWindow = 10;    // blocks that are put in the best order at once
constexpr int kMaxRounds = 20;
// A layout has to be better by this to be taken, so that rounding decides nothing [levels^2].
constexpr double kGain = 1e-6;

// Every cell of the chip, PE by PE.
std::vector<CellAddress> all_cells(const ChipConfig& config) {
  std::vector<CellAddress> cells;
  for (int pe = 0; pe < config.num_pe; ++pe) {
    for (int line = 0; line < config.num_sl; ++line) {
      for (int bit = 0; bit < config.num_bl(); ++bit) {
        cells.push_back({pe, line, bit});
      }
    }
  }
  return cells;
}

// Calls take(positive cell, weight) for every weight of a placement, were it at `first_line` of
// `pe`. The weight is what lies in the cells where the placement is.
template <typename Take>
void for_each_weight(const MappedNetwork& mapped, const ChipConfig& config, const Placement& place,
                     int pe, int first_line, const Take& take) {
  const std::vector<uint8_t>& cells = mapped.program.cells[to_index(place.pe)];
  for_each_pair(place, [&](const PlacedPair& pair) {
    const size_t cell = to_index(pair.line * config.num_bl() + pair.bit_line);
    const int weight = cells[cell] - cells[cell + to_index(config.num_bl())];
    take(CellAddress{pe, pair.line - place.first_line + first_line, pair.bit_line}, weight);
  });
}

double weight_error(const FaultMap& faults, const CellAddress& positive, int weight) {
  return std::abs(faults.pair_reach(positive).nearest(weight) - weight);
}

// Where the blocks of a mapped network lie, and what each position costs.
class Layout {
 public:
  Layout(const MappedNetwork& mapped, const ChipConfig& config, const FaultMap& faults)
      : mapped_(mapped),
        config_(config),
        faults_(faults),
        units_(config.num_sl / kLineUnit),
        costs_(mapped.placements.size()),
        of_pe_(to_index(config.num_pe)) {
    for (size_t block = 0; block < mapped.placements.size(); ++block) {
      const Placement& place = mapped.placements[block];
      spots_.push_back({place.pe, place.first_line / kLineUnit});
      of_pe_[to_index(place.pe)].push_back(block);
    }
    for (std::vector<size_t>& blocks : of_pe_) {
      sort(blocks);
    }
  }

  void improve() {
    for (int pe = 0; pe < config_.num_pe; ++pe) {
      arrange(pe);
    }
    // Blocks of a replica that are read in the same step may change places.
    std::map<std::tuple<int, int, int>, std::vector<size_t>> groups;
    for (size_t block = 0; block < spots_.size(); ++block) {
      const Placement& place = mapped_.placements[block];
      groups[{place.layer_row, place.replica, place.step}].push_back(block);
    }
    bool better = true;
    for (int round = 0; round < kMaxRounds && better; ++round) {
      better = false;
      for (const auto& [key, blocks] : groups) {
        for (size_t i = 0; i < blocks.size(); ++i) {
          for (size_t j = i + 1; j < blocks.size(); ++j) {
            better = exchange(blocks[i], blocks[j]) || better;
          }
        }
      }
    }
  }

  MappedNetwork result() const {
    MappedNetwork moved = mapped_;
    ChipProgram& program = moved.program;
    const size_t bits = to_index(config_.num_bl());
    for (std::vector<uint8_t>& cells : program.cells) {
      std::fill(cells.begin(), cells.end(), uint8_t{0});
    }
    std::vector<size_t> records;
    for (const Placement& place : mapped_.placements) {
      records.push_back(record_of(place));
      StepRecord& record = program.records[records.back()];
      record.active[to_index(place.pe)] = 0;
      record.first_line[to_index(place.pe)] = 0;
      record.lane[to_index(place.pe)] = 0;
    }
    for (size_t block = 0; block < spots_.size(); ++block) {
      Placement& place = moved.placements[block];
      const std::vector<uint8_t>& from = mapped_.program.cells[to_index(place.pe)];
      const auto source = from.begin() + place.first_line * static_cast<std::ptrdiff_t>(bits);
      place.pe = spots_[block].pe;
      place.first_line = spots_[block].unit * kLineUnit;
      std::copy_n(source, to_index(place.lines) * bits,
                  program.cells[to_index(place.pe)].begin() +
                      place.first_line * static_cast<std::ptrdiff_t>(bits));
      StepRecord& record = program.records[records[block]];
      record.active[to_index(place.pe)] = 1;
      record.first_line[to_index(place.pe)] = place.first_line;
      record.lane[to_index(place.pe)] = (place.channel - place.first_window) % mapped_.lanes;
    }
    validate(program, config_);
    return moved;
  }

 private:
  struct Spot {
    int pe = 0;
    int unit = 0;  // of kLineUnit source lines
  };

  int length(size_t block) const { return mapped_.placements[block].lines / kLineUnit; }

  void sort(std::vector<size_t>& blocks) const {
    std::sort(blocks.begin(), blocks.end(),
              [this](size_t a, size_t b) { return spots_[a].unit < spots_[b].unit; });
  }

  // Squared error of a block at a spot [levels^2].
  double cost(size_t block, Spot spot) {
    std::vector<double>& known =
        costs_[block].try_emplace(spot.pe, to_index(units_), -1.0).first->second;
    double& value = known[to_index(spot.unit)];
    if (value < 0.0) {
      value = 0.0;
      for_each_weight(mapped_, config_, mapped_.placements[block], spot.pe, spot.unit * kLineUnit,
                      [&](const CellAddress& positive, int weight) {
                        const double error = weight_error(faults_, positive, weight);
                        value += error * error;
                      });
    }
    return value;
  }

  double cost_of(int pe) {
    double sum = 0.0;
    for (const size_t block : of_pe_[to_index(pe)]) {
      sum += cost(block, spots_[block]);
    }
    return sum;
  }

  // Orders the blocks of a PE, kWindow neighbours at a time, until no window gets better.
  void arrange(int pe) {
    std::vector<size_t>& blocks = of_pe_[to_index(pe)];
    bool better = !blocks.empty();
    for (int round = 0; round < kMaxRounds && better; ++round) {
      better = false;
      for (size_t first = 0; first == 0 || first + kWindow / 2 < blocks.size();
           first += kWindow / 2) {
        better = arrange(pe, first, std::min(first + kWindow, blocks.size())) || better;
        sort(blocks);
      }
      better = better && blocks.size() > kWindow;  // one window is done at once
    }
  }

  // The best order of neighbouring blocks and of the free units between them, exactly: dynamic
  // programming over (blocks placed, free units passed).
  bool arrange(int pe, size_t first, size_t last) {
    const std::vector<size_t>& all = of_pe_[to_index(pe)];
    const std::vector<size_t> blocks(all.begin() + static_cast<std::ptrdiff_t>(first),
                                     all.begin() + static_cast<std::ptrdiff_t>(last));
    const auto end_of = [this](size_t block) { return spots_[block].unit + length(block); };
    const int begin = first == 0 ? 0 : end_of(all[first - 1]);
    const int end = last == all.size() ? units_ : spots_[all[last]].unit;
    int free = end - begin;
    double present = 0.0;
    for (const size_t block : blocks) {
      free -= length(block);
      present += cost(block, spots_[block]);
    }
    if (present < kGain) {
      return false;
    }
    struct State {
      double cost = std::numeric_limits<double>::infinity();
      int last = -1;  // block that was placed to get here; -1: a free unit was passed
    };
    const size_t gaps = to_index(free) + 1;
    const size_t full = (size_t{1} << blocks.size()) - 1;
    std::vector<State> states((full + 1) * gaps);
    states[0].cost = 0.0;
    for (size_t placed = 0; placed <= full; ++placed) {
      int unit = begin;
      for (size_t i = 0; i < blocks.size(); ++i) {
        unit += (placed >> i & 1) != 0 ? length(blocks[i]) : 0;
      }
      for (size_t gap = 0; gap < gaps; ++gap, ++unit) {
        const double so_far = states[placed * gaps + gap].cost;
        if (gap + 1 < gaps && so_far < states[placed * gaps + gap + 1].cost) {
          states[placed * gaps + gap + 1] = {so_far, -1};
        }
        for (size_t i = 0; i < blocks.size(); ++i) {
          if ((placed >> i & 1) != 0) {
            continue;
          }
          State& next = states[(placed | size_t{1} << i) * gaps + gap];
          const double sum = so_far + cost(blocks[i], {pe, unit});
          if (sum < next.cost) {
            next = {sum, static_cast<int>(i)};
          }
        }
      }
    }
    if (states[full * gaps + gaps - 1].cost > present - kGain) {
      return false;
    }
    size_t placed = full;
    int unit = end;
    for (size_t gap = gaps - 1; placed != 0;) {
      const int i = states[placed * gaps + gap].last;
      if (i < 0) {
        --gap;
        --unit;
      } else {
        placed &= ~(size_t{1} << i);
        unit -= length(blocks[to_index(i)]);
        spots_[blocks[to_index(i)]].unit = unit;
      }
    }
    return true;
  }

  bool exchange(size_t a, size_t b) {
    const int pe_a = spots_[a].pe;
    const int pe_b = spots_[b].pe;
    const double before = cost_of(pe_a) + cost_of(pe_b);
    if (pe_a == pe_b || length(a) != length(b) || before < kGain) {
      return false;
    }
    const std::vector<Spot> spots = spots_;
    const std::vector<std::vector<size_t>> of_pe = of_pe_;
    std::swap(spots_[a], spots_[b]);
    std::replace(of_pe_[to_index(pe_a)].begin(), of_pe_[to_index(pe_a)].end(), a, b);
    std::replace(of_pe_[to_index(pe_b)].begin(), of_pe_[to_index(pe_b)].end(), b, a);
    arrange(pe_a);
    arrange(pe_b);
    if (cost_of(pe_a) + cost_of(pe_b) < before - kGain) {
      return true;
    }
    spots_ = spots;
    of_pe_ = of_pe;
    return false;
  }

  // The step record that drives a placement.
  size_t record_of(const Placement& place) const {
    const ChipProgram& program = mapped_.program;
    auto record = to_index(program.layers[to_index(place.layer_row)].first_record);
    int step = 0;
    while (step != place.step || program.records[record].active[to_index(place.pe)] == 0) {
      step += program.records[record++].last_step;
    }
    return record;
  }

  const MappedNetwork& mapped_;
  const ChipConfig& config_;
  const FaultMap& faults_;
  int units_;
  std::vector<std::map<int, std::vector<double>>> costs_;  // [block], by PE, [unit]; -1: not known
  std::vector<Spot> spots_;                                // [block]
  std::vector<std::vector<size_t>> of_pe_;                 // [PE] blocks by unit
};

}  // namespace

double Reach::nearest(double value) const { return std::clamp(value, low, high); }

Reach FaultMap::reach(const CellAddress& cell) const {
  const auto found = std::lower_bound(
      faults.begin(), faults.end(), cell,
      [](const CellFault& fault, const CellAddress& wanted) { return fault.cell < wanted; });
  return found != faults.end() && found->cell == cell ? found->reach : Reach{};
}

Reach FaultMap::pair_reach(const CellAddress& positive) const {
  const Reach up = reach(positive);
  const Reach down = reach({positive.pe, positive.line + 1, positive.bit_line});
  return {up.low - down.high, up.high - down.low};
}

std::vector<CellAddress> FaultMap::stuck_cells() const {
  std::vector<CellAddress> cells;
  for (const CellFault& fault : faults) {
    if (fault.is_stuck()) {
      cells.push_back(fault.cell);
    }
  }
  return cells;
}

size_t search_entries(const ChipConfig& config) { return 2 * all_cells(config).size(); }

FaultSearch find_faults(ProgramPort& port, const ChipConfig& config, const DeviceCard& card,
                        const ProgramSettings& settings, const LaneOffsets& offsets,
                        const std::function<void(size_t done, size_t total)>& progress) {
  TargetCorrection correction;
  correction.offset = offsets;
  const std::vector<CellAddress> cells = all_cells(config);
  const double lowest = card.g_min_uS / card.level_step_uS();
  const double max_code = (1 << config.adc_bits) - 1;
  FaultSearch search;
  std::map<CellAddress, Reach> found;
  for (const int level : {kTopLevel, 0}) {
    std::vector<ProgramEntry> entries;
    for (const CellAddress& cell : cells) {
      const double code = std::floor(
          value_code(level + lowest, settings.range, cell.pe, cell.line, config, correction) + 0.5);
      entries.push_back({.pe = cell.pe,
                         .source_line = cell.line,
                         .bit_line = cell.bit_line,
                         .target = static_cast<int>(std::clamp(code, 0.0, max_code)),
                         .tolerance = tolerance_codes(card, settings.range)});
    }
    LoopOptions options;
    if (progress) {
      options.progress = [&](size_t done, size_t total) {
        progress(done + (level == 0 ? total : 0), 2 * total);
      };
    }
    const LoopResult loop = run_closed_loop(port, std::move(entries), settings, config, options);
    search.counters += loop.counters();
    std::vector<CellAddress> missed;
    for (const size_t i : loop.failed) {
      missed.insert(missed.end(), kRepeats, cells[i]);
    }
    const CellReads reads = read_cells(port, missed, settings, config, correction);
    search.counters += reads.counters;
    for (size_t i = 0; i < missed.size(); i += kRepeats) {
      const auto first = reads.values.begin() + static_cast<std::ptrdiff_t>(i);
      const double mean = std::accumulate(first, first + kRepeats, 0.0) / kRepeats - lowest;
      Reach& reach = found[missed[i]];
      (level == 0 ? reach.low : reach.high) = mean;
    }
  }
  for (const auto& [cell, reach] : found) {
    // Within the tolerance of a level a cell counts as there, so the order may be the other one.
    const auto [low, high] = std::minmax(reach.low, reach.high);
    search.map.faults.push_back({cell, {low, high}});
  }
  return search;
}

FaultFigures fault_figures(const MappedNetwork& mapped, const ChipConfig& config,
                           const FaultMap& faults) {
  FaultFigures figures;
  const std::vector<std::vector<uint8_t>> used = used_lines(mapped.program, config);
  const auto is_used = [&used](const CellAddress& cell) {
    return used[to_index(cell.pe)][to_index(cell.line)] != 0;
  };
  const std::vector<CellAddress> cells = all_cells(config);
  figures.cells = static_cast<int64_t>(cells.size());
  figures.used_cells = std::count_if(cells.begin(), cells.end(), is_used);
  figures.faults = static_cast<int64_t>(faults.faults.size());
  for (const CellFault& fault : faults.faults) {
    figures.used_faults += is_used(fault.cell) ? 1 : 0;
  }
  for (const Placement& place : mapped.placements) {
    for_each_weight(mapped, config, place, place.pe, place.first_line,
                    [&](const CellAddress& positive, int weight) {
                      const double error = weight_error(faults, positive, weight);
                      ++figures.pairs;
                      figures.unreachable += error > kReached ? 1 : 0;
                      figures.squared_error += error * error;
                    });
  }
  return figures;
}

MappedNetwork move_blocks(const MappedNetwork& mapped, const ChipConfig& config,
                          const FaultMap& faults) {
  Layout layout(mapped, config, faults);
  layout.improve();
  return layout.result();
}

std::vector<std::vector<double>> pair_compensation(const MappedNetwork& mapped,
                                                   const ChipConfig& config,
                                                   const FaultMap& faults) {
  std::vector<std::vector<double>> change(
      to_index(config.num_pe), std::vector<double>(to_index(config.num_sl * config.num_bl()), 0.0));
  for (const Placement& place : mapped.placements) {
    for_each_weight(
        mapped, config, place, place.pe, place.first_line,
        [&](const CellAddress& positive, int weight) {
          const CellAddress negative = {positive.pe, positive.line + 1, positive.bit_line};
          const Reach up = faults.reach(positive);
          const Reach down = faults.reach(negative);
          const double level_up = std::max(weight, 0);
          const double level_down = std::max(-weight, 0);
          // The positive cell first, then the negative one to it, then what that could not do.
          const double lower = down.nearest(up.nearest(level_up) - weight);
          const double upper = up.nearest(weight + lower);
          const auto put = [&](const CellAddress& cell, double more) {
            change[to_index(cell.pe)][to_index(cell.line * config.num_bl() + cell.bit_line)] = more;
          };
          put(positive, upper - level_up);
          put(negative, lower - level_down);
        });
  }
  for (const CellAddress& cell : faults.stuck_cells()) {
    change[to_index(cell.pe)][to_index(cell.line * config.num_bl() + cell.bit_line)] = 0.0;
  }
  return change;
}

void leave_out_stuck(std::vector<ProgramEntry>& entries, const FaultMap& faults) {
  const std::vector<CellAddress> stuck = faults.stuck_cells();
  std::erase_if(entries, [&](const ProgramEntry& entry) {
    return std::binary_search(stuck.begin(), stuck.end(),
                              CellAddress{entry.pe, entry.source_line, entry.bit_line});
  });
}

}  // namespace mcnn
