// SPDX-License-Identifier: Apache-2.0
#include "cli/run/learning_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/si.h"
#include "host/cost/clock.h"
#include "host/cost/cost_output.h"
#include "host/mapping/cycle_model.h"

namespace mcnn::cli {
namespace {

std::string right(int errors, int images) {
  return fmt::format("{} of {}, {:.2f} %", images - errors, images,
                     100.0 * (images - errors) / images);
}

std::int64_t pulses(const LearningWork& work) { return work.written.sets + work.written.resets; }

std::string energy(double pJ) { return si(pJ * 1e-12, "J", 4); }

}  // namespace

std::string learning_table(const LearningReport& report) {
  const LearnRun& run = report.run;
  const Workload& workload = report.workload;
  const LearningSettings& settings = report.settings;
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "network {} on the {}, configuration {}, device {}, seed {}\n",
                 workload.network.name, report.options.engine == "rtl" ? "RTL" : "chip model",
                 workload.config.name, workload.card.name, workload.options.seed);
  fmt::format_to(out,
                 "layer {}: {} weights of {}, {} cells, from {}; rule {}, {}, {} images an "
                 "iteration\n\n",
                 workload.network.layers.back().name, run.layer.inputs * run.layer.outputs,
                 workload.network.layers.back().cells == 1 ? "one cell" : "two cells",
                 run.layer.cells.size(),
                 report.options.keep_weights ? "the weights of the network" : "random levels",
                 rule_name(settings.rule), function_name(settings.function),
                 settings.batch == 0 ? run.training_images : settings.batch);
  fmt::format_to(out, "{:>6} {:>10} {:>24} {:>24} {:>9} {:>12} {:>12}\n", "epoch", "iterations",
                 "training images right", "test images right", "pulses", "cells", "chip");
  const auto line = [&](const LearningPoint& point) {
    const TuningCost cost = learning_cost(point.work, workload, report.card);
    fmt::format_to(out, "{:>6} {:>10} {:>24} {:>24} {:>9} {:>12} {:>12}\n", point.epoch,
                   point.iterations, right(point.errors, run.training_images),
                   point.test_errors < 0 ? "-" : right(point.test_errors, run.test_images),
                   pulses(point.work), energy(cells_pJ(cost)), energy(cost.pJ()));
  };
  constexpr int kShown = 30;
  const std::vector<LearningPoint>& points = run.state.points;
  const auto every = static_cast<std::size_t>(1 + (run.epochs() / kShown));
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i % every == 0 || i + 1 == points.size()) line(points[i]);
  }
  const LearningWork& work = run.work;
  const TuningCost cost = learning_cost(work, workload, report.card);
  const Clock clock = clock_of(report.card, workload.config);
  const std::int64_t forward_clocks =
      work.images * image_cycles(workload.mapped.program, workload.config).clocks;
  const auto time = [&](std::int64_t clocks) {
    return si(clock.seconds(static_cast<double>(clocks)), "s", 4);
  };
  fmt::format_to(out, "\n{} after {} iterations\n",
                 run.last().errors == 0 ? "every training image right" : "not all right",
                 run.last().iterations);
  fmt::format_to(out, "cells moved {} times, {} pulses ({} SET, {} RESET), {} verify reads{}\n",
                 work.cells, pulses(work), work.written.sets, work.written.resets,
                 work.written.reads,
                 work.failed == 0 ? "" : fmt::format(", {} outside the tolerance", work.failed));
  fmt::format_to(out,
                 "on the chip, at {:g} ns a clock: forward {} images, {} clocks, {}; programming "
                 "{} clocks, {}\n",
                 clock.ns(), work.images, forward_clocks, time(forward_clocks), work.program_clocks,
                 time(work.program_clocks));
  fmt::format_to(out, "energy of learning: cells {}, with converters and drivers {}, chip {}\n",
                 energy(cells_pJ(cost)), energy(cost.macro_pJ()), energy(cost.pJ()));
  if (run.last().iterations > 0) {
    fmt::format_to(out, "an iteration: cells {}\n",
                   energy(cells_pJ(cost) / static_cast<double>(run.last().iterations)));
  }
  fmt::format_to(out, "learnt in {:.1f} s, programmed before in {:.1f} s\n", run.seconds,
                 report.programmed_s);
  return text;
}

std::string learning_csv(const LearningReport& report) {
  std::string text =
      "epoch,iterations,training_errors,training_images,test_errors,test_images,cells_moved,sets,"
      "resets,verify_reads,cells_pJ,macro_pJ,chip_pJ\n";
  for (const LearningPoint& point : report.run.state.points) {
    const TuningCost cost = learning_cost(point.work, report.workload, report.card);
    const LearningWork& work = point.work;
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                   point.epoch, point.iterations, point.errors, report.run.training_images,
                   point.test_errors < 0 ? "" : fmt::format("{}", point.test_errors),
                   point.test_errors < 0 ? "" : fmt::format("{}", report.run.test_images),
                   work.cells, work.written.sets, work.written.resets, work.written.reads,
                   cells_pJ(cost), cost.macro_pJ(), cost.pJ());
  }
  return text;
}

std::string learning_json(const LearningReport& report, const Provenance& made) {
  using nlohmann::ordered_json;
  const LearnRun& run = report.run;
  const LearningWork& work = run.work;
  const TuningCost cost = learning_cost(work, report.workload, report.card);
  const auto accuracy = [](int errors, int images) {
    return errors < 0 || images == 0 ? ordered_json(nullptr)
                                     : ordered_json(1.0 - (static_cast<double>(errors) / images));
  };
  ordered_json file;
  file["provenance"] = to_json(made);
  file["engine"] = report.options.engine;
  file["rule"] = rule_name(report.settings.rule);
  file["function"] = function_name(report.settings.function);
  file["network"] = report.workload.network.name;
  file["device"] = report.workload.card.name;
  file["seed"] = report.workload.options.seed;
  file["cells"] = run.layer.cells.size();
  file["epochs"] = run.epochs();
  file["iterations"] = run.last().iterations;
  file["training_images"] = run.training_images;
  file["training_accuracy"] = accuracy(run.last().errors, run.training_images);
  file["test_images"] = run.test_images;
  file["test_accuracy"] = accuracy(run.last().test_errors, run.test_images);
  file["set_pulses"] = work.written.sets;
  file["reset_pulses"] = work.written.resets;
  file["verify_reads"] = work.written.reads;
  file["cells_moved"] = work.cells;
  file["cells_failed"] = work.failed;
  file["forward_images"] = work.images;
  file["programming_clocks"] = work.program_clocks;
  file["cells_pJ"] = cells_pJ(cost);
  file["energy"] = ordered_json::parse(tuning_cost_json(cost));
  for (const LearningPoint& point : run.state.points) {
    file["curve"].push_back({{"epoch", point.epoch},
                             {"iterations", point.iterations},
                             {"training_accuracy", accuracy(point.errors, run.training_images)},
                             {"test_accuracy", accuracy(point.test_errors, run.test_images)},
                             {"pulses", pulses(point.work)}});
  }
  return file.dump(2) + "\n";
}

}  // namespace mcnn::cli
