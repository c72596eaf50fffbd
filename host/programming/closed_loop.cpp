// SPDX-License-Identifier: Apache-2.0
#include "host/programming/closed_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "common/error.h"
#include "common/index.h"
#include "host/mapping/cycle_model.h"
#include "host/mapping/registers.h"

namespace mcnn {
namespace {

struct Target {
  int pe = 0;
  int source_line = 0;
  int bit_line = 0;
  int level = 0;
  double code = 0.0;  // rounded
};

double scale(int range) { return static_cast<double>(1 << range); }

// A lane whose offset takes a target below 0 reads 0 there: the best that it can verify.
std::vector<Target> targets(const ChipProgram& program, const ChipConfig& config,
                            const DeviceCard& card, int range, const TargetCorrection& correction) {
  const std::vector<std::vector<uint8_t>> used = used_lines(program, config);
  std::vector<Target> all;
  for (int pe = 0; pe < config.num_pe; ++pe) {
    for (int line = 0; line < config.num_sl; ++line) {
      if (used[to_index(pe)][to_index(line)] == 0) {
        continue;
      }
      const double offset = correction.offset_of(pe, line, config);
      const double shift = correction.shift_of(pe, line);
      for (int bit = 0; bit < config.num_bl(); ++bit) {
        const int level = program.cells[to_index(pe)][to_index(line * config.num_bl() + bit)];
        const double change = correction.change_of(pe, line, bit, config);
        const double code = std::floor(level_code(level, card, range) +
                                       (scale(range) * (change + shift)) + offset + 0.5);
        all.push_back({pe, line, bit, level, std::max(0.0, code)});
      }
    }
  }
  return all;
}

double largest(const std::vector<Target>& all) {
  double code = 0.0;
  for (const Target& target : all) {
    code = std::max(code, target.code);
  }
  return code;
}

}  // namespace

std::vector<std::vector<uint8_t>> used_lines(const ChipProgram& program, const ChipConfig& config) {
  std::vector<std::vector<uint8_t>> used(to_index(config.num_pe),
                                         std::vector<uint8_t>(to_index(config.num_sl), 0));
  for (const LayerRow& row : program.layers) {
    for (size_t i = to_index(row.first_record); i < program.records.size(); ++i) {
      const StepRecord& record = program.records[i];
      for (size_t pe = 0; pe < used.size(); ++pe) {
        if (record.active[pe] != 0) {
          std::fill_n(used[pe].begin() + record.first_line[pe], 2 * row.pairs, uint8_t{1});
        }
      }
      if (record.last_pass != 0) {
        break;
      }
    }
  }
  return used;
}

ProgramSettings program_settings(const DeviceCard& card, const ChipConfig& config,
                                 int pulse_clocks) {
  ProgramSettings settings;
  settings.set = {card.programming_set_start, card.programming_set_step,
                  card.programming_set_limit};
  settings.reset = {card.programming_reset_start, card.programming_reset_step,
                    card.programming_reset_limit};
  settings.max_pulses = card.programming_max_pulses;
  settings.pulse_clocks = pulse_clocks;
  settings.range = card.verify_range(config.adc_bits);
  try {
    check_program({}, settings, ChipConfig{});
  } catch (const Error& error) {
    throw Error(fmt::format("device card {}: {}", card.name, error.what()));
  }
  return settings;
}

double level_code(int level, const DeviceCard& card, int range) {
  return scale(range) * (level + card.g_min_uS / card.level_step_uS());
}

double TargetCorrection::offset_of(int pe, int source_line, const ChipConfig& config) const {
  return offset.empty() ? 0.0 : offset.at(to_index(pe)).at(to_index(source_line % config.num_adc));
}

double TargetCorrection::shift_of(int pe, int source_line) const {
  return shift.empty() ? 0.0 : shift.at(to_index(pe)).at(to_index(source_line));
}

double TargetCorrection::change_of(int pe, int source_line, int bit_line,
                                   const ChipConfig& config) const {
  return change.empty()
             ? 0.0
             : change.at(to_index(pe)).at(to_index(source_line * config.num_bl() + bit_line));
}

double value_code(double value, int range, int pe, int source_line, const ChipConfig& config,
                  const TargetCorrection& correction) {
  return scale(range) * (value + correction.shift_of(pe, source_line)) +
         correction.offset_of(pe, source_line, config);
}

double code_value(int code, int range, int pe, int source_line, const ChipConfig& config,
                  const TargetCorrection& correction) {
  const double nothing = value_code(0.0, range, pe, source_line, config, correction);
  return std::max(0.0, (code - nothing) / scale(range));
}

CellReads read_cells(ProgramPort& port, std::span<const CellAddress> cells,
                     ProgramSettings settings, const ChipConfig& config,
                     const TargetCorrection& correction) {
  const int max_code = (1 << config.adc_bits) - 1;
  CellReads reads;
  reads.values.assign(cells.size(), 0.0);
  std::vector<size_t> left(cells.size());
  std::iota(left.begin(), left.end(), size_t{0});
  settings.max_pulses = 0;
  for (; !left.empty(); --settings.range) {
    std::vector<ProgramEntry> entries;
    entries.reserve(left.size());
    for (const size_t i : left) {
      // A tolerance that every code meets.
      entries.push_back({.pe = cells[i].pe,
                         .source_line = cells[i].line,
                         .bit_line = cells[i].bit_line,
                         .target = 0,
                         .tolerance = max_code});
    }
    const ProgramRun run = port.program(entries, settings);
    reads.counters += run.counters;
    std::vector<size_t> clipped;
    for (size_t n = 0; n < left.size(); ++n) {
      const CellAddress& cell = cells[left[n]];
      if (run.results[n].status != EntryStatus::kDone) {
        throw Error(fmt::format(
            "verify read: PE {}, source line {}, bit line {}: found a read that is {}, allowed: "
            "done",
            cell.pe, cell.line, cell.bit_line, status_name(run.results[n].status)));
      }
      const int code = run.results[n].code;
      if (code == max_code && settings.range > 0) {
        clipped.push_back(left[n]);
      }
      reads.values[left[n]] =
          code_value(code, settings.range, cell.pe, cell.line, config, correction);
    }
    left = std::move(clipped);
  }
  return reads;
}

int tolerance_codes(const DeviceCard& card, int range) {
  // A tolerance that is meant as a whole number of codes must not lose one to rounding.
  constexpr double kRounding = 1e-9;
  const double codes = scale(range) * card.loop_tolerance_uS() / card.level_step_uS();
  return static_cast<int>(
      std::min(std::floor(codes + kRounding), static_cast<double>(reg::kEntryTolerance.mask())));
}

std::vector<ProgramEntry> cell_entries(const ChipProgram& program, const ChipConfig& config,
                                       const DeviceCard& card, int range,
                                       const TargetCorrection& correction) {
  const int max_code = (1 << config.adc_bits) - 1;
  const int tolerance = tolerance_codes(card, range);
  std::vector<ProgramEntry> entries;
  for (const Target& target : targets(program, config, card, range, correction)) {
    if (target.code > max_code) {
      const int fits = fitting_range(program, config, card, range, correction);
      throw Error(fmt::format(
          "programming: PE {}, source line {}, bit line {}: level {} is code {} at converter range "
          "{}, allowed: 0..{}; {}",
          target.pe, target.source_line, target.bit_line, target.level, target.code, range,
          max_code,
          fits >= 0 ? fmt::format("range {} would do (programming_range of device card {})", fits,
                                  card.name)
                    : "no range would do"));
    }
    entries.push_back({.pe = target.pe,
                       .source_line = target.source_line,
                       .bit_line = target.bit_line,
                       .target = static_cast<int>(target.code),
                       .tolerance = tolerance});
  }
  return entries;
}

int fitting_range(const ChipProgram& program, const ChipConfig& config, const DeviceCard& card,
                  int range, const TargetCorrection& correction) {
  while (range >= 0 && largest(targets(program, config, card, range, correction)) >
                           static_cast<double>((1 << config.adc_bits) - 1)) {
    --range;
  }
  return range;
}

ProgramCounters LoopResult::counters() const {
  ProgramCounters sum;
  for (const LoopPass& pass : passes) {
    sum += pass.counters;
  }
  return sum;
}

int64_t LoopResult::serial_clocks() const {
  int64_t sum = 0;
  for (const LoopPass& pass : passes) {
    sum += pass.serial_clocks;
  }
  return sum;
}

int LoopResult::pulses(size_t entry) const {
  int sum = 0;
  for (const LoopPass& pass : passes) {
    sum += pass.results[entry].pulses;
  }
  return sum;
}

LoopResult run_closed_loop(ProgramPort& port, std::vector<ProgramEntry> entries,
                           const ProgramSettings& settings, const ChipConfig& config,
                           const LoopOptions& options) {
  LoopResult loop;
  loop.entries = std::move(entries);
  loop.settings = settings;
  const size_t passes = options.second_pass_wait_s ? 2 : 1;
  const size_t total = passes * loop.entries.size();
  size_t done = 0;
  // One run of the programmer at a time, so that progress can be told.
  const std::vector<ProgramBatch> batches = program_batches(loop.entries, config);
  for (size_t number = 0; number < passes; ++number) {
    if (number > 0 && options.elapse) {
      options.elapse(*options.second_pass_wait_s);
    }
    LoopPass& pass = loop.passes.emplace_back();
    pass.results.resize(loop.entries.size());
    for (const ProgramBatch& batch : batches) {
      std::vector<ProgramEntry> part;
      for (const std::vector<size_t>& list : batch) {
        for (const size_t i : list) {
          part.push_back(loop.entries[i]);
        }
      }
      const ProgramRun run = port.program(part, settings);
      pass.counters += run.counters;
      ++pass.runs;
      size_t next = 0;
      for (const std::vector<size_t>& list : batch) {
        std::array<int64_t, 1> clocks{};
        for (const size_t i : list) {
          const EntryResult& result = pass.results[i] = run.results[next++];
          clocks[0] += entry_clocks({.refused = result.status == EntryStatus::kRefused,
                                     .reads = result.reads(),
                                     .pulses = result.pulses},
                                    config, settings.pulse_clocks);
        }
        pass.serial_clocks += list.empty() ? 0 : program_clocks(clocks);
      }
      done += part.size();
      if (options.progress) {
        options.progress(done, total);
      }
    }
  }
  for (size_t i = 0; i < loop.entries.size(); ++i) {
    if (loop.results()[i].status != EntryStatus::kDone) {
      loop.failed.push_back(i);
    }
  }
  return loop;
}

std::string describe_failure(const LoopResult& result, size_t entry) {
  const ProgramEntry& cell = result.entries.at(entry);
  const EntryResult& end = result.results()[entry];
  if (end.status != EntryStatus::kFailed) {
    return fmt::format("PE {}, source line {}, bit line {}: {}", cell.pe, cell.source_line,
                       cell.bit_line, status_name(end.status));
  }
  return fmt::format("PE {}, source line {}, bit line {}: target {}, reached {} after {} pulses",
                     cell.pe, cell.source_line, cell.bit_line, cell.target, end.code,
                     result.pulses(entry));
}

}  // namespace mcnn
