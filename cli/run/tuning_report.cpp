// SPDX-License-Identifier: Apache-2.0
#include "cli/run/tuning_report.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/si.h"
#include "host/cost/clock.h"
#include "host/cost/cost_output.h"

namespace mcnn::cli {
namespace {

std::string percent(int errors, int images) {
  return images <= 0 ? "-" : fmt::format("{:.2f} %", 100.0 * errors / images);
}

std::string why_it_stopped(const Tuner& tuner) {
  const TunerState& state = tuner.state();
  const TuningSettings& settings = tuner.settings();
  if (settings.flow == TuningFlow::kBest) return "every part of the flow was done";
  int epochs = 0;
  for (const EvaluationPoint& point : state.evaluations) epochs += point.step > 0 ? 1 : 0;
  if (epochs - state.best_round >= settings.patience) {
    return fmt::format("no smaller validation loss in {} epochs (smallest after epoch {} of {})",
                       settings.patience, state.best_round, epochs);
  }
  return fmt::format("{} epochs (--epochs)", epochs);
}

// Errors before and after, beside those that were published.
void put_errors(std::string& text, const TuningReport& report) {
  const Tuner::Measured& before = report.before;
  const Tuner::Measured& after = report.after;
  const TunerState& state = report.tuner.state();
  const auto out = std::back_inserter(text);
  const auto row = [&](std::string_view what, const std::string& a, const std::string& b,
                       std::string_view note) {
    fmt::format_to(out, "{:<36} {:>9} {:>9}  {}\n", what, a, b, note);
  };
  row("error", "before", "after", "published before -> after");
  if (after.test_images > 0) {
    row(fmt::format("  {} test images", after.test_images),
        percent(before.test_errors, before.test_images),
        percent(after.test_errors, after.test_images),
        report.options.sharing == "images" ? "6.14 % -> 4.17 % (three groups)"
                                           : "4.93 % -> 3.81 %");
  }
  constexpr std::array<std::string_view, 3> kPublishedGroups{"4.79 % -> 3.41 %", "6.60 % -> 4.86 %",
                                                             "6.20 % -> 3.86 %"};
  for (std::size_t group = 0; group < after.group_errors.size(); ++group) {
    row(fmt::format("    group {} alone", group + 1),
        percent(before.group_errors[group], before.test_images),
        percent(after.group_errors[group], after.test_images),
        group < kPublishedGroups.size() ? kPublishedGroups[group] : "");
  }
  row(fmt::format("  {} training images", after.train_images),
      percent(before.train_errors, before.train_images),
      percent(after.train_errors, after.train_images), "4.82 % -> 3.21 %");
  const EvaluationPoint& first = state.evaluations.front();
  const EvaluationPoint& last = state.evaluations.back();
  row(fmt::format("  {} held-out training images", last.validation_images),
      percent(first.validation_errors, first.validation_images),
      percent(last.validation_errors, last.validation_images), "");
}

}  // namespace

CostSummary tuned_summary(const Workload& workload, const Tuner& tuner,
                          const Tuner::Measured& before, const Tuner::Measured& after,
                          const EnergyCard& card) {
  const bool tested = after.test_images > 0;
  const int images = tested ? after.test_images : after.train_images;
  const int right = images - (tested ? after.test_errors : after.train_errors);
  const Cost cost =
      inference_cost(tested ? after.test_work : after.train_work, tuner.pass_events(images),
                     tuner.programs(), workload.config, card);
  CostSummary summary = cost_summary(cost, right);
  const int before_errors = tested ? before.test_errors : before.train_errors;
  summary.front().from =
      fmt::format("{} of {} {} images right; {:.2f} % before tuning", right, images,
                  tested ? "test" : "training", 100.0 * (images - before_errors) / images);
  return summary;
}

std::string tuning_table(const TuningReport& report) {
  const TunerState& state = report.tuner.state();
  const Workload& workload = report.workload;
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(
      out, "network {} on the {}, configuration {}, device {}, {} mapping, seed {}, flow {}{}\n\n",
      workload.network.name, report.options.engine == "rtl" ? "RTL" : "chip model",
      workload.config.name, workload.card.name, mapping_name(workload.mapped.kind),
      workload.options.seed, report.options.flow, image_note(workload));
  put_errors(text, report);
  fmt::format_to(out, "\nsteps {}; stopped: {}\n", state.step, why_it_stopped(report.tuner));
  const RewriteCounters& cells = state.counters;
  const ProgramCounters& work = state.programming;
  fmt::format_to(out,
                 "cells rewritten {} in {} changes of a pair ({} did not reach their target, {} "
                 "changes did not fit the window)\n",
                 cells.cells, cells.pairs, cells.failed, cells.saturated);
  fmt::format_to(out, "pulses {} ({} SET, {} RESET), verify reads {}\n", work.sets + work.resets,
                 work.sets, work.resets, work.reads);
  const Clock clock = clock_of(report.card, workload.config);
  const auto time = [&](std::int64_t clocks) {
    return si(clock.seconds(static_cast<double>(clocks)), "s", 4);
  };
  fmt::format_to(
      out,
      "on the chip, at {:g} ns a clock: forward {} images, {} clocks, {}; programming {} "
      "clocks, {}; waited {:g} s\n",
      clock.ns(), state.forward_images, report.tuner.forward_clocks(),
      time(report.tuner.forward_clocks()), work.clocks, time(work.clocks), state.waited_s);
  if (report.options.programming.refresh.every_s) {
    fmt::format_to(out,
                   "afterwards refreshed {} times in {:g} s: {} cells rewritten, {} pulses, {} "
                   "verify reads\n",
                   report.refresh.rounds, workload.card.age_s, report.refresh.cells.cells,
                   report.refresh.programming.sets + report.refresh.programming.resets,
                   report.refresh.programming.reads);
  }
  fmt::format_to(out, "tuned in {:.1f} s, programmed before in {:.1f} s\n", report.tuned_s,
                 report.programmed_s);
  return text;
}

std::string tuning_json(const TuningReport& report, const std::string& run,
                        const Provenance& made) {
  using nlohmann::json;
  const Tuner::Measured& before = report.before;
  const Tuner::Measured& after = report.after;
  const TunerState& state = report.tuner.state();
  const auto fraction = [](int errors, int images) {
    return images <= 0 ? json(nullptr) : json(1.0 - (static_cast<double>(errors) / images));
  };
  json file;
  file["run"] = run;
  file["provenance"] = to_json(made);
  file["summary"] = json::parse(summary_json(report.summary));
  file["flow"] = report.options.flow;
  file["engine"] = report.options.engine;
  file["network"] = report.workload.network.name;
  file["device"] = report.workload.card.name;
  file["seed"] = report.workload.options.seed;
  file["test_images"] = after.test_images;
  file["test_accuracy_before"] = fraction(before.test_errors, before.test_images);
  file["test_accuracy_after"] = fraction(after.test_errors, after.test_images);
  for (std::size_t group = 0; group < after.group_errors.size(); ++group) {
    file["groups"].push_back(
        {{"test_accuracy_before", fraction(before.group_errors[group], before.test_images)},
         {"test_accuracy_after", fraction(after.group_errors[group], after.test_images)}});
  }
  file["sharing"] = report.options.sharing;
  file["training_images"] = after.train_images;
  file["training_accuracy_before"] = fraction(before.train_errors, before.train_images);
  file["training_accuracy_after"] = fraction(after.train_errors, after.train_images);
  file["steps"] = state.step;
  file["cells_rewritten"] = state.counters.cells;
  file["cells_failed"] = state.counters.failed;
  file["changes_saturated"] = state.counters.saturated;
  file["set_pulses"] = state.programming.sets;
  file["reset_pulses"] = state.programming.resets;
  file["verify_reads"] = state.programming.reads;
  file["forward_images"] = state.forward_images;
  file["forward_clocks"] = report.tuner.forward_clocks();
  file["programming_clocks"] = state.programming.clocks;
  file["waited_s"] = state.waited_s;
  file["energy"] = json::parse(tuning_cost_json(report.cost));
  for (const EvaluationPoint& point : state.evaluations) {
    file["evaluations"].push_back(
        {{"step", point.step},
         {"what", point.what},
         {"validation_accuracy", fraction(point.validation_errors, point.validation_images)},
         {"validation_loss", point.validation_loss},
         {"test_accuracy", fraction(point.test_errors, point.test_images)}});
  }
  return file.dump(2) + "\n";
}

}  // namespace mcnn::cli
