// SPDX-License-Identifier: Apache-2.0
#include "host/programming/program_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

#include "common/error.h"
#include "common/index.h"
#include "host/mapping/cycle_model.h"

namespace mcnn {

ProgramModel::ProgramModel(const ChipConfig& config, std::span<Macro> macros)
    : config_(config), macros_(macros) {
  if (macros.size() != to_index(config.num_pe)) {
    throw Error(fmt::format("program model: macros: found {}, allowed: {} (NumPe)", macros.size(),
                            config.num_pe));
  }
  for (const Macro& macro : macros) {
    const MacroShape& shape = macro.shape();
    if (shape.bit_lines != config.num_bl() || shape.source_lines != config.num_sl ||
        shape.adc_lanes != config.num_adc || shape.adc_bits != config.adc_bits) {
      throw Error(fmt::format(
          "program model: macro: found {} x {} cells with {} lanes of {} bits, allowed: {} x {} "
          "with {} of {}",
          shape.bit_lines, shape.source_lines, shape.adc_lanes, shape.adc_bits, config.num_bl(),
          config.num_sl, config.num_adc, config.adc_bits));
    }
  }
}

EntryResult ProgramModel::work_on(const ProgramEntry& entry, const ProgramSettings& settings,
                                  ProgramCounters& counters) {
  EntryResult result;
  if (entry.bit_line >= config_.num_bl() || entry.source_line >= config_.num_sl ||
      entry.target >= 1 << config_.adc_bits) {
    result.status = EntryStatus::kRefused;
    ++counters.refused;
    return result;
  }
  Macro& macro = macros_[to_index(entry.pe)];
  std::array<uint32_t, Macro::kMaxBitLines / 32> driven{};
  if (!entry.no_drive) driven[to_index(entry.bit_line / 32)] = 1u << entry.bit_line % 32;
  const std::span<const uint32_t> pulses(driven.data(), macro.pulse_words());
  bool set_before = false;  // polarity and amplitude of the pulse before
  int amplitude = 0;
  for (;;) {
    uint16_t code = 0;
    macro.read(pulses, entry.source_line, 1, settings.range, {&code, 1});
    ++counters.reads;
    result.code = code;
    if (std::abs(result.code - entry.target) <= entry.tolerance) {
      result.status = EntryStatus::kDone;
      ++counters.done;
      return result;
    }
    if (result.pulses == settings.max_pulses || entry.no_drive) {
      result.status = EntryStatus::kFailed;
      ++counters.failed;
      return result;
    }
    const bool set = result.code < entry.target;
    const PulseAmplitudes& amplitudes = set ? settings.set : settings.reset;
    const bool first = result.pulses == 0 || set != set_before;
    amplitude = std::min(first ? amplitudes.start : amplitude + amplitudes.step, amplitudes.limit);
    macro.pulse(entry.source_line, entry.bit_line, set, amplitude);
    set_before = set;
    ++result.pulses;
    ++(set ? counters.sets : counters.resets);
  }
}

ProgramRun ProgramModel::program(std::span<const ProgramEntry> entries,
                                 const ProgramSettings& settings) {
  check_program(entries, settings, config_);
  ProgramRun run;
  run.results.resize(entries.size());
  for (const ProgramBatch& batch : program_batches(entries, config_)) {
    for (Macro& macro : macros_) {
      macro.begin_programming();
    }
    std::vector<int64_t> engine_clocks(batch.size(), 0);
    for (size_t pe = 0; pe < batch.size(); ++pe) {
      for (const size_t i : batch[pe]) {
        const EntryResult& result = run.results[i] = work_on(entries[i], settings, run.counters);
        engine_clocks[pe] += entry_clocks({.refused = result.status == EntryStatus::kRefused,
                                           .reads = result.reads(),
                                           .pulses = result.pulses},
                                          config_, settings.pulse_clocks);
      }
    }
    run.counters.clocks += program_clocks(engine_clocks);
  }
  return run;
}

}  // namespace mcnn
