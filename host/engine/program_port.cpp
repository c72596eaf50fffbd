// SPDX-License-Identifier: Apache-2.0
#include "host/engine/program_port.h"

#include <fmt/format.h>

#include <array>

#include "common/error.h"
#include "common/index.h"
#include "common/named.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/registers.h"

namespace mcnn {
namespace {

constexpr auto kStatuses = std::to_array<Named<EntryStatus>>({{EntryStatus::kPending, "pending"},
                                                              {EntryStatus::kDone, "done"},
                                                              {EntryStatus::kFailed, "failed"},
                                                              {EntryStatus::kRefused, "refused"}});

void check_setting(std::string_view name, int value, int low, int high) {
  if (value < low || value > high) {
    throw Error(fmt::format("programming: {}: found {}, allowed: {}..{}", name, value, low, high));
  }
}

void check_amplitudes(std::string_view polarity, const PulseAmplitudes& amplitudes) {
  constexpr int kLargest = (1 << reg::kAmplitudeBits) - 1;
  check_setting(fmt::format("{} START", polarity), amplitudes.start, 0, kLargest);
  check_setting(fmt::format("{} STEP", polarity), amplitudes.step, 0, kLargest);
  check_setting(fmt::format("{} LIMIT", polarity), amplitudes.limit, 0, kLargest);
}

int largest(const BitField& field) { return static_cast<int>(field.mask()); }

}  // namespace

std::string_view status_name(EntryStatus status) { return name_of(kStatuses, status); }

ProgramCounters& ProgramCounters::operator+=(const ProgramCounters& other) {
  clocks += other.clocks;
  reads += other.reads;
  sets += other.sets;
  resets += other.resets;
  done += other.done;
  failed += other.failed;
  refused += other.refused;
  return *this;
}

std::vector<ProgramBatch> program_batches(std::span<const ProgramEntry> entries,
                                          const ChipConfig& config) {
  std::vector<ProgramBatch> batches;
  std::vector<size_t> of_pe(to_index(config.num_pe), 0);
  for (size_t i = 0; i < entries.size(); ++i) {
    const size_t pe = to_index(entries[i].pe);
    const size_t run = of_pe.at(pe)++ / to_index(config.num_entries);
    if (run == batches.size()) {
      batches.emplace_back(to_index(config.num_pe));
    }
    batches[run][pe].push_back(i);
  }
  return batches;
}

void check_program(std::span<const ProgramEntry> entries, const ProgramSettings& settings,
                   const ChipConfig& config) {
  check_amplitudes("SET", settings.set);
  check_amplitudes("RESET", settings.reset);
  check_setting("MAX_PULSES", settings.max_pulses, 0, largest(reg::kProgramMaxPulses));
  check_setting("PULSE_CLOCKS", settings.pulse_clocks, 1, largest(reg::kProgramPulseClocks));
  check_setting("RANGE", settings.range, 0, largest(reg::kProgramRange));
  for (size_t i = 0; i < entries.size(); ++i) {
    const ProgramEntry& entry = entries[i];
    const auto check = [i](std::string_view name, int value, int high) {
      if (value < 0 || value > high) {
        throw Error(fmt::format("programming: entry {}: {}: found {}, allowed: 0..{}", i, name,
                                value, high));
      }
    };
    check("PE", entry.pe, config.num_pe - 1);
    check("SOURCE_LINE", entry.source_line, largest(reg::kEntrySourceLine));
    check("BIT_LINE", entry.bit_line, largest(reg::kEntryBitLine));
    check("TARGET", entry.target, largest(reg::kEntryTarget));
    check("TOLERANCE", entry.tolerance, largest(reg::kEntryTolerance));
  }
}

}  // namespace mcnn
