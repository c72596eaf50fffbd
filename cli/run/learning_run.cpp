// SPDX-License-Identifier: Apache-2.0
#include "cli/run/learning_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "cli/output/progress.h"
#include "cli/run/tuning_chip.h"
#include "common/error.h"
#include "host/engine/events.h"
#include "host/tuning/checkpoint.h"

namespace mcnn::cli {
namespace {

// What a picture shows of a chip whose cells nobody else may see.
CellPicture picture_of(const Workload& workload, const LearntLayer& layer, int epoch,
                       const std::vector<MacroState>& states) {
  std::vector<Macro> macros = make_macros(workload.config, workload.card, workload.options.seed);
  for (std::size_t pe = 0; pe < macros.size(); ++pe) macros[pe].restore(states[pe]);
  CellPicture picture;
  picture.epoch = epoch;
  for (const LearntCell& learnt : layer.cells) {
    const CellAddress& cell = learnt.cell;
    picture.conductances_uS.push_back(static_cast<double>(
        macros[static_cast<std::size_t>(cell.pe)].conductances()[static_cast<std::size_t>(
            (cell.line * workload.config.num_bl()) + cell.bit_line)]));
  }
  return picture;
}

}  // namespace

LearningSettings learning_settings(const LearnOptions& options, const Workload& workload,
                                   int training_images) {
  LearningSettings settings = options.settings;
  settings.rule = learning_rule(options.rule);
  settings.function = output_function(options.function);
  settings.seed = workload.options.seed;
  settings.first_test = workload.first;
  settings.check(training_images);
  for (const int epoch : options.picture_epochs) {
    if (epoch < 0) {
      throw Error(fmt::format("--picture-epochs: found {}, allowed are 0 (before learning), 1, ...",
                              epoch));
    }
  }
  return settings;
}

void begin_learning(Workload& workload, const LearnOptions& options) {
  if (options.keep_weights) return;
  Network network = std::move(workload.network);
  Layer& layer = network.layers.back();
  const auto map = [&](const Network& mapped) {
    return map_chosen(workload.options, mapped, workload.config, workload.card);
  };
  if (!layer.range) layer.range = map(with_largest_weights(network)).layers.back().range;
  set_random_weights(layer, workload.options.seed);
  workload.mapped = map(network);
  workload.network = std::move(network);
}

LearnRun learn(const Workload& workload, const LearnOptions& options,
               const LearningSettings& settings, ProgrammedChip chip, const Dataset& training,
               const Dataset* test, unsigned jobs, CheckpointFile& checkpoint, bool quiet) {
  const auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<TuningChip> learning =
      make_tuning_chip(workload, std::move(chip.macros), options.engine == "rtl", jobs);
  Learner learner(*learning, workload.network, workload.mapped, workload.config, workload.card,
                  training, test, settings, chip.correction);
  LearnRun run;
  run.layer = learner.layer();
  if (std::optional<LearningCheckpoint> saved = checkpoint.read(parse_learning_checkpoint)) {
    learning->restore(saved->macros);
    learner.restore(std::move(saved->state));
    run.pictures = std::move(saved->pictures);
  }
  const auto wanted = [&](int epoch, bool last) {
    return options.picture_epochs.empty()
               ? epoch == 0 || last
               : std::ranges::find(options.picture_epochs, epoch) != options.picture_epochs.end();
  };
  Progress progress("learning", quiet ? 0 : static_cast<std::uint64_t>(settings.max_epochs),
                    "epochs");
  for (bool more = !learner.state().done; more;) {
    more = learner.step();
    const int epoch = learner.state().points.back().epoch;
    if (!options.picture.empty() && wanted(epoch, !more)) {
      run.pictures.push_back(picture_of(workload, run.layer, epoch, learning->states()));
    }
    progress.set_done(static_cast<std::uint64_t>(epoch));
    checkpoint.after_step(!more, [&] {
      return to_text(
          LearningCheckpoint{checkpoint.run(), learner.state(), run.pictures, learning->states()});
    });
  }
  run.state = learner.state();
  run.work = learner.work();
  run.training_images = learner.training_images();
  run.test_images = learner.test_images();
  run.cells = learning->states();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  run.seconds = elapsed.count();
  return run;
}

TuningCost learning_cost(const LearningWork& work, const Workload& workload,
                         const EnergyCard& card) {
  const ChipProgram& program = workload.mapped.program;
  ChipEvents events = image_events(program, workload.config, work.images - work.halted_images);
  events += image_events(program, workload.config, work.halted_images, /*halted=*/true);
  return tuning_cost(work.forward, events, 1, work.written, work.program_clocks, workload.config,
                     card);
}

double cells_pJ(const TuningCost& cost) {
  double sum = cost.programming.pulse_pJ();
  for (const std::vector<CostPart>* const parts : {&cost.forward, &cost.programming.read_parts}) {
    const CostPart* const array = find_part(*parts, "array");
    if (array != nullptr) sum += array->pJ.value_or(0.0);
  }
  return sum;
}

}  // namespace mcnn::cli
