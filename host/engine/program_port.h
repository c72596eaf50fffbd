// SPDX-License-Identifier: Apache-2.0
// Programming entries and what the chip's programmer answers (rtl/README.md, "Programming"): the
// interface that the driver (over AXI) and the program model (on macro models) share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mcnn {

struct ChipConfig;

// Amplitude codes of the pulses of one polarity: `start` for the first one and behind a change of
// polarity, then `step` more for each one up to `limit`. 0..2^AmplitudeBits - 1 each.
struct PulseAmplitudes {
  int start = 0;
  int step = 0;
  int limit = 0;

  bool operator==(const PulseAmplitudes&) const = default;
};

// PROGRAM_SET, PROGRAM_RESET and PROGRAM_PULSE.
struct ProgramSettings {
  PulseAmplitudes set;
  PulseAmplitudes reset;
  int max_pulses = 0;    // of an entry, 0..255; 0: only read
  int pulse_clocks = 1;  // 1..255
  int range = 5;         // converter range of the verify reads, 0..7

  bool operator==(const ProgramSettings&) const = default;
};

// One cell to bring to a code of the verify range.
struct ProgramEntry {
  int pe = 0;
  int source_line = 0;
  int bit_line = 0;
  int target = 0;         // [codes]
  int tolerance = 0;      // [codes]; |code - target| <= tolerance is good
  bool no_drive = false;  // read without driving a bit line, never pulse

  bool operator==(const ProgramEntry&) const = default;
};

enum class EntryStatus : uint8_t { kPending = 0, kDone = 1, kFailed = 2, kRefused = 3 };
std::string_view status_name(EntryStatus status);  // "done"

struct EntryResult {
  EntryStatus status = EntryStatus::kPending;
  int code = 0;    // of the last verify read; 0 when refused or pending
  int pulses = 0;  // given; 0 when refused or pending

  // Every entry that is worked on is read once and again after each pulse.
  int64_t reads() const {
    return status == EntryStatus::kDone || status == EntryStatus::kFailed ? 1 + pulses : 0;
  }
  bool operator==(const EntryResult&) const = default;
};

// The PROGRAM counters, summed over runs.
struct ProgramCounters {
  int64_t clocks = 0;
  int64_t reads = 0;
  int64_t sets = 0;    // SET pulses
  int64_t resets = 0;  // RESET pulses
  int64_t done = 0;    // entries
  int64_t failed = 0;
  int64_t refused = 0;

  ProgramCounters& operator+=(const ProgramCounters& other);
  bool operator==(const ProgramCounters&) const = default;
};

struct ProgramRun {
  std::vector<EntryResult> results;  // in the order of the entries
  ProgramCounters counters;
};

class ProgramPort {
 public:
  virtual ~ProgramPort() = default;

  // Works through the entries, those of a PE in their order, the PEs in parallel. As many runs of
  // the programmer as the longest list of a PE needs. Throws Error on what no register can hold;
  // an entry outside the array is refused by the chip and comes back as such.
  virtual ProgramRun program(std::span<const ProgramEntry> entries,
                             const ProgramSettings& settings) = 0;
};

// The entries (as indices) of each run of the programmer, [run][PE]: run n holds entries
// n * NumEntries and on of each PE.
using ProgramBatch = std::vector<std::vector<size_t>>;
std::vector<ProgramBatch> program_batches(std::span<const ProgramEntry> entries,
                                          const ChipConfig& config);

// Throws Error that names the field when a setting or an entry does not fit its register or bit
// field, or an entry its PE. What fits the bits and not the array is for the chip to refuse.
void check_program(std::span<const ProgramEntry> entries, const ProgramSettings& settings,
                   const ChipConfig& config);

}  // namespace mcnn
