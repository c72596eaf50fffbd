// SPDX-License-Identifier: Apache-2.0
#include "cli/run/cost_run.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mcnn::cli {
namespace {

std::vector<std::span<const std::uint8_t>> images_of(const Workload& workload) {
  std::vector<std::span<const std::uint8_t>> images;
  images.reserve(workload.count);
  for (std::uint32_t i = 0; i < workload.count; ++i) {
    images.push_back(workload.image(workload.first + i));
  }
  return images;
}

// Of all runs of the programmer; 0 for a chip that was loaded or programmed directly.
std::int64_t programming_clocks(const ProgrammedChip& chip) {
  return (chip.loop ? chip.loop->counters().clocks : 0) +
         (chip.calibration ? chip.calibration->counters.clocks : 0) +
         (chip.faults ? chip.faults->counters.clocks : 0) +
         (chip.refresh ? chip.refresh->programming.clocks : 0);
}

double mean_conductance(const std::vector<Macro>& macros) {
  double sum = 0.0;
  double cells = 0.0;
  for (const Macro& macro : macros) {
    for (const float g : macro.conductances()) sum += static_cast<double>(g);
    cells += static_cast<double>(macro.conductances().size());
  }
  return sum / cells;
}

}  // namespace

CostReport cost_report(const Workload& workload, const ProgrammedChip& chip, const EngineRun& run,
                       EnergyCard card) {
  CostReport report;
  report.config = workload.config;
  report.card = std::move(card);
  report.cost = make_cost(workload.network, workload.mapped, workload.config, run.events, run.reads,
                          chip.macros, programming_clocks(chip), report.card);
  report.summary = cost_summary(report.cost, static_cast<std::int64_t>(run.correct));
  const auto lines = static_cast<int>(MacroPeak{}.lines);
  report.wide = wide_layers(report.cost, workload.network, workload.mapped,
                            wide_reads(workload.network, images_of(workload), lines), lines,
                            workload.config, report.card);
  report.peak = macro_peak(report.card, mean_conductance(chip.macros));
  report.gaps =
      layer_gaps(report.cost, workload.network, workload.mapped, report.peak, workload.config);
  return report;
}

}  // namespace mcnn::cli
