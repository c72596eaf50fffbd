// SPDX-License-Identifier: Apache-2.0
#include "cli/run/tuning_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <string_view>
#include <tuple>

#include "cli/run/tuning_chip.h"
#include "common/error.h"
#include "host/tuning/checkpoint.h"

namespace mcnn::cli {
namespace {

struct Part {
  std::string_view name;
  bool TuningSettings::*wanted;
};
constexpr std::array<Part, 5> kParts{{{"hidden", &TuningSettings::rewrite_hidden},
                                      {"hidden-biases", &TuningSettings::tune_hidden_biases},
                                      {"refit", &TuningSettings::refit_last},
                                      {"last", &TuningSettings::rewrite_last},
                                      {"last-biases", &TuningSettings::tune_last_biases}}};

}  // namespace

TuningSettings tuning_settings(const TuneOptions& options, const Workload& workload, int images) {
  TuningSettings settings = options.settings;
  settings.flow = tuning_flow(options.flow);
  settings.sharing = sharing(options.sharing);
  settings.seed = workload.options.seed;
  if (!options.without.empty() && settings.flow != TuningFlow::kBest) {
    throw Error("--without: leaves out parts of --flow best, there are none in --flow paper");
  }
  for (const std::string& name : options.without) {
    const auto same = [&](const Part& part) { return part.name == name; };
    const auto* part = std::find_if(kParts.begin(), kParts.end(), same);
    if (part == kParts.end()) {
      std::vector<std::string_view> names;
      for (const Part& one : kParts) names.push_back(one.name);
      throw Error(
          fmt::format("--without: found '{}', allowed are {}", name, fmt::join(names, ", ")));
    }
    settings.*(part->wanted) = false;
  }
  const double standard_wait_s =
      settings.flow == TuningFlow::kBest ? std::max(1.0, workload.card.age_s) : 1.0;
  settings.wait_s = options.wait_s.value_or(standard_wait_s);
  settings.first_test = workload.first;
  settings.check(images);
  return settings;
}

void TuningCheckpoint::load(Tuner& tuner, TuningChip& chip) const {
  std::optional<Checkpoint> checkpoint = read();
  if (!checkpoint) return;
  chip.restore(checkpoint->macros);
  tuner.restore(std::move(checkpoint->state));
}

void TuningCheckpoint::tune(Tuner& tuner, const TuningChip& chip,
                            const std::function<void()>& on_step) {
  while (!tuner.done()) {
    tuner.step();
    on_step();
    file_.after_step(tuner.done(), [&] {
      return to_text(Checkpoint{file_.run(), tuner.state(), chip.states()});
    });
  }
}

ProgramCounters tune_on_model(Workload& workload, const TuneOptions& options,
                              const Dataset& training, ProgrammedChip& chip, unsigned jobs,
                              TuningCheckpoint& checkpoint) {
  const TuningSettings settings = tuning_settings(options, workload, training.images.count);
  ModelTuningChip tuned(workload.config, workload.mapped.program, std::move(chip.macros), jobs);
  Tuner tuner(tuned, workload.network, workload.mapped, workload.config, workload.card, training,
              nullptr, settings, chip.correction, chip.faults ? chip.faults->map : FaultMap{});
  checkpoint.load(tuner, tuned);
  checkpoint.tune(tuner, tuned, [] {});
  workload.network = tuner.network();
  workload.mapped = tuner.mapped();
  ProgramCounters work = tuner.state().programming;
  work += pass_age(
              workload, options.programming.refresh, chip, tuned.port(),
              [&](double seconds, double read_pulses) { tuned.elapse(seconds, read_pulses); }, true)
              .programming;
  chip.macros = tuned.take_macros();
  return work;
}

std::string tuning_csv(const TunerState& state) {
  std::string text =
      "step,what,train_errors,train_images,cells,pulses,validation_errors,validation_images,"
      "validation_loss,test_errors,test_images\n";
  const auto out = std::back_inserter(text);
  auto evaluation = state.evaluations.begin();
  const auto evaluations_at = [&](std::int64_t step, std::int64_t cells, std::int64_t pulses) {
    for (; evaluation != state.evaluations.end() && evaluation->step <= step; ++evaluation) {
      fmt::format_to(out, "{},\"{}\",,,{},{},{},{},{},", evaluation->step, evaluation->what, cells,
                     pulses, evaluation->validation_errors, evaluation->validation_images,
                     evaluation->validation_loss);
      if (evaluation->test_images > 0) {
        fmt::format_to(out, "{},{}\n", evaluation->test_errors, evaluation->test_images);
      } else {
        text += ",\n";
      }
    }
  };
  evaluations_at(0, 0, 0);
  for (const BatchPoint& point : state.batches) {
    if (point.images > 0) {
      fmt::format_to(out, "{},batch,{},{},{},{},,,,,\n", point.step, point.errors, point.images,
                     point.cells, point.pulses);
    }
    evaluations_at(point.step, point.cells, point.pulses);
  }
  return text;
}

}  // namespace mcnn::cli
