// SPDX-License-Identifier: Apache-2.0
// Runs images on one of the three engines, on several threads. What an image gives depends on its
// number and the seed, never on the thread, so the results of every --jobs are the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/output/output_file.h"
#include "cli/output/progress.h"
#include "cli/run/workload.h"
#include "common/interrupt.h"
#include "host/engine/chip_model.h"
#include "host/engine/events.h"

namespace mcnn::cli {

struct ImageOutcome {
  int digit = 0;
  std::vector<std::int32_t> logits;

  bool operator==(const ImageOutcome&) const = default;
};

// What a run over all images of a workload gave.
struct EngineRun {
  std::vector<ImageOutcome> images;  // of the workload, in order
  std::uint64_t correct = 0;
  double seconds = 0.0;      // wall clock
  double cpu_seconds = 0.0;  // of all threads together
  unsigned jobs = 1;         // threads

  // RTL and chip model only.
  ChipCounters counters;
  std::int64_t stall_image =
      0;  // RTL: clocks that waited for an image, the first load of every chunk included
  std::int64_t stall_result = 0;  // RTL: clocks that waited for the host
  std::vector<ReadCounts> rows;   // per layer row, all PEs
  ChipEvents events;              // chip model only
  MacroReads reads;               // chip model only
  double clocks_per_image = 0.0;  // sustained: from result to result
  std::vector<std::string>
      timing_mismatches;  // layer rows whose clocks are not those of the cycle model

  double accuracy() const {
    return images.empty() ? 0.0 : static_cast<double>(correct) / static_cast<double>(images.size());
  }
};

// Thrown by a run over images that was interrupted: how far it came. The images that are done need
// not be the first ones.
struct InterruptedRun : Interrupted {
  std::string engine;
  std::uint64_t done = 0;
  std::optional<std::uint64_t> correct;  // none without labels
  std::uint64_t total = 0;
};
// The accuracy so far, in one line.
std::string partial_accuracy(const InterruptedRun& run);

struct TraceOptions {
  OutputFile* file = nullptr;  // null: no waves
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

// Each throws InterruptedRun when it sees Ctrl-C.
EngineRun run_integer(const Workload& workload, unsigned jobs);
// `macros`, one a PE: the programmed chip. Every thread works on copies of its own. `progress`: of
// a longer piece of work that this run is part of; null: one of its own.
EngineRun run_model(const Workload& workload, const std::vector<Macro>& macros, unsigned jobs,
                    bool skip, Progress* progress = nullptr);
// The waves are there at the end however the run ends: one that fails, hangs until the bus gives up
// or is interrupted leaves those up to then, and says so on stderr before it throws.
EngineRun run_rtl(const Workload& workload, const std::vector<Macro>& macros, unsigned jobs,
                  bool skip, const TraceOptions& trace);

// The result of comparing images bit by bit.
struct Comparison {
  std::uint32_t images = 0;
  std::uint64_t mismatches = 0;
  std::vector<std::string> messages;   // the first few: image, layer, place, found, expected
  std::vector<ImageOutcome> expected;  // of the reference, per image
};

// The first `count` images, each layer by layer: every hidden feature map, every logit, every
// counter of the RTL against the chip model.
Comparison compare_rtl_with_model(const Workload& workload, const std::vector<Macro>& macros,
                                  std::uint32_t count, unsigned jobs, bool skip);
// Every hidden feature map and every logit of the chip model against the integer network. Equal
// with the ideal card.
Comparison compare_model_with_integer(const Workload& workload, const std::vector<Macro>& macros,
                                      std::uint32_t count, unsigned jobs);
// Adds what differs between the outcomes of a run and those that the comparison expects.
void compare_outcomes(const Workload& workload, const EngineRun& run, Comparison& comparison);

}  // namespace mcnn::cli
