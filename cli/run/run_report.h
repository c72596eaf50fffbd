// SPDX-License-Identifier: Apache-2.0
// What a command tells about a run: the table on the terminal, the logits file, the result file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cli/run/engines.h"
#include "cli/run/programming.h"
#include "cli/run/provenance.h"
#include "cli/run/workload.h"
#include "host/mapping/cycle_model.h"

namespace mcnn::cli {

enum class Engine { kRtl, kModel, kInteger };

struct Report {
  Engine engine = Engine::kRtl;
  const Workload& workload;
  const EngineRun& run;
  const EngineRun& integer;
  const Comparison& comparison;
  bool skip = false;
  const ProgrammedChip* chip = nullptr;  // none with the integer network
  Provenance provenance;                 // the command in it reproduces the run

  std::uint64_t mismatches() const {
    return comparison.mismatches + run.timing_mismatches.size() +
           (chip != nullptr ? chip->comparison.mismatches : 0);
  }
};

// A network layer's share of the counters: the sum over its rows of the layer table.
struct LayerFigures {
  double clocks = 0.0;  // per image
  std::int64_t model_clocks = 0;
  ReadCounts counts;

  double clip_rate() const {
    return counts.conversions == 0 ? 0.0
                                   : static_cast<double>(counts.clipped_low + counts.clipped_high) /
                                         static_cast<double>(counts.conversions);
  }
};
LayerFigures layer_figures(const Report& report, const LayerMapping& layer,
                           const ImageCycles& cycles);
// The finest converter range of a layer row (0..3) at which the largest code of a layer would not
// have been clipped, -1 when there is none.
int unclipped_range(const LayerFigures& figures, int range, const ChipConfig& config);

double percent(std::uint64_t part, std::uint64_t whole);  // 0 of nothing
std::string_view engine_title(Engine engine);             // "chip (RTL)"

// What others measured with such a network.
struct PublishedAccuracy {
  std::string_view what;
  double percent = 0.0;
  std::string_view note;  // what to compare it with
};
std::span<const PublishedAccuracy> published_accuracies(const Network& network);

std::string report_table(const Report& report);
std::string result_json(const Report& report);
// image,label,class,logit0,...: the same bytes from every engine that gives the same logits. The
// label is empty where none is known.
std::string logits_csv(const Workload& workload, const EngineRun& run);

}  // namespace mcnn::cli
