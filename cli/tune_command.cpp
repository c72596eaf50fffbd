// SPDX-License-Identifier: Apache-2.0
#include "cli/tune_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/output/progress.h"
#include "cli/report/tuning_svg.h"
#include "cli/run/energy_cards.h"
#include "cli/run/provenance.h"
#include "cli/run/tuning_chip.h"
#include "cli/run/tuning_report.h"
#include "cli/run/tuning_run.h"
#include "common/error.h"
#include "common/interrupt.h"
#include "common/text_file.h"
#include "host/cost/cost_output.h"
#include "host/programming/cells_file.h"
#include "host/tuning/groups.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

// The options of a run. The engine is not among them, both give the same bits.
std::string run_options(const TuneOptions& options, const TuningSettings& settings) {
  return fmt::format(
      "{}{} --flow {}{} --sharing {} --validation {} --test-interval {}{} --wait {} --epochs {} "
      "--batch {} "
      "--patience {} --learning-rate {} --threshold {} --passes {} --pass-threshold {} "
      "--refit-epochs {} --refit-rate {} --refit-penalty {}",
      command_line(options.workload), options.programming.command_line(), options.flow,
      options.without.empty() ? "" : fmt::format(" --without {}", fmt::join(options.without, ",")),
      options.sharing, settings.validation, settings.test_interval,
      options.no_test ? " --no-test" : "", settings.wait_s, settings.max_epochs, settings.batch,
      settings.patience, settings.hybrid.learning_rate, settings.hybrid.threshold_uS,
      settings.passes, settings.pass_threshold_uS, settings.refit_epochs, settings.refit_rate,
      settings.refit_penalty);
}

// What a run is: a checkpoint continues only the same.
std::string describe_run(const TuneOptions& options, const TuningSettings& settings,
                         const Workload& workload, const Dataset& training) {
  return fmt::format("{}; {} training images, cells {}, {}", run_options(options, settings),
                     training.images.count, cells_digest(workload.mapped.program),
                     cells_card_text(workload.card));
}

std::string reproduce(const TuneOptions& options, const TuningSettings& settings) {
  std::string text = "mcnn tune " + run_options(options, settings);
  text += options.training.command_line();
  if (options.by_group) text += " --by-group";
  const TuneOptions defaults;
  return options.card == defaults.card ? text : text + " --card " + quoted(options.card);
}

int run_tune(TuneOptions options, unsigned jobs) {
  const bool rtl = is_rtl(options.engine, options.workload);
  options.programming.check();
  WorkloadLoader loader;
  Workload workload = loader.load(options.workload);
  const EnergyCard card = load_energy_cards(options.card, workload.config);
  const Dataset training = load_training(options.workload, options.training, loader);
  const TuningSettings settings = tuning_settings(options, workload, training.images.count);
  const Dataset test = first_images(*workload.data, workload.first, workload.count);
  if (options.by_group || settings.sharing == Sharing::kImages) convolver_groups(workload.mapped);
  const std::string run = describe_run(options, settings, workload, training);
  const Provenance made = provenance(workload, options.programming, reproduce(options, settings));
  TuningCheckpoint checkpoint(CheckpointFile(options.checkpoint, run));
  checkpoint.check();

  const auto curve_file = output_file(options.curve, "--curve");
  const auto csv_file = output_file(options.csv, "--csv");
  const auto result_file = output_file(options.result, "--result");
  const std::string save_cells = std::exchange(options.programming.save_cells, "");
  const auto cells_file = output_file(save_cells, "--save-cells");
  if (!options.checkpoint.empty()) OutputFile(options.checkpoint, "--checkpoint");

  install_interrupt_handler();
  const std::vector<BiasRow> mapped_biases = workload.mapped.program.biases;
  ProgrammedChip chip = program_chip(workload, options.programming, rtl);
  const auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<TuningChip> tuned =
      make_tuning_chip(workload, std::move(chip.macros), rtl, jobs);
  Tuner tuner(*tuned, workload.network, workload.mapped, workload.config, workload.card, training,
              options.no_test ? nullptr : &test, settings, chip.correction,
              chip.faults ? chip.faults->map : FaultMap{});
  const Tuner::Measured before = tuner.measure(options.by_group);
  checkpoint.load(tuner, *tuned);
  {
    Progress progress("tuning", static_cast<std::uint64_t>(tuner.most_steps()), "steps");
    checkpoint.tune(tuner, *tuned,
                    [&] { progress.set_done(static_cast<std::uint64_t>(tuner.state().step)); });
  }
  if (cells_file) {
    const std::vector<BiasRow>& biases = tuner.mapped().program.biases;
    cells_file->commit(cells_text(
        workload, tuned->states(),
        biases == mapped_biases ? std::vector<BiasRow>{} : difference(biases, mapped_biases),
        chip.faults));
  }
  const RefreshReport refresh =
      pass_age(workload, options.programming.refresh, chip, tuned->port(),
               [&](double seconds, double read_pulses) { tuned->elapse(seconds, read_pulses); });
  const Tuner::Measured after = tuner.measure(options.by_group);

  const TunerState& state = tuner.state();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const TuningReport report = {
      .options = options,
      .workload = workload,
      .tuner = tuner,
      .before = before,
      .after = after,
      .refresh = refresh,
      .card = card,
      .cost = tuning_cost(state.forward, tuner.forward_events(), tuner.programs(), state.written,
                          state.programming.clocks, workload.config, card),
      .summary = tuned_summary(workload, tuner, before, after, card),
      .tuned_s = elapsed.count(),
      .programmed_s = chip.seconds};
  if (curve_file) {
    const std::string title = fmt::format("{}, device {}, flow {}, seed {}", workload.network.name,
                                          workload.card.name, options.flow, workload.options.seed);
    curve_file->commit(with_provenance(tuning_svg(state, title, before, after), made));
  }
  if (csv_file) csv_file->commit(csv_comment(made) + tuning_csv(state));
  if (result_file) result_file->commit(tuning_json(report, run, made));
  fmt::print("{}\n{}{}\n{}", summary_text(report.summary), tuning_table(report),
             fault_text(chip, ""), tuning_cost_table(report.cost, card));
  print_written({options.curve, options.csv, options.result, save_cells});
  for (const std::string& message : chip.comparison.messages) fmt::print(stderr, "  {}\n", message);
  return exit_status(chip.comparison.mismatches);
}

void add_tune_options(CLI::App& command, TuneOptions& options) {
  TuningSettings& settings = options.settings;
  add_tuned_run_options(command, options.engine, options.checkpoint);
  begin_group(command, "Tuning");
  command.add_option("--flow", options.flow, "paper (hybrid training as published) or best")
      ->capture_default_str();
  command
      .add_option("--sharing", options.sharing,
                  "How convolver groups share the work: rows (of an image) or images (one a group)")
      ->capture_default_str();
  command.add_flag("--by-group", options.by_group,
                   "Test errors of each convolver group alone as well, before and after");
  add_training_options(command, options.training);
  command
      .add_option("--validation", settings.validation,
                  "The last ones of them are held out and say when to stop")
      ->capture_default_str();
  command.add_flag("--no-test", options.no_test, "Do not look at the test images at all");
  command
      .add_option("--test-interval", settings.test_interval,
                  "Test images in the curve at every so many evaluations; 0: before and after only")
      ->capture_default_str();
  begin_group(command, "Tuning");
  command.add_option(
      "--wait", options.wait_s,
      "Seconds that pass after cells were written (default: 1; flow best: the card's "
      "age_s if that is more)");
  command.add_option("--epochs", settings.max_epochs, "paper: most epochs")->capture_default_str();
  command.add_option("--batch", settings.batch, "Images of a mini-batch")->capture_default_str();
  command
      .add_option("--patience", settings.patience,
                  "paper: stop after so many epochs without a smaller validation loss")
      ->capture_default_str();
  command.add_option("--learning-rate", settings.hybrid.learning_rate, "paper: of the weights")
      ->capture_default_str();
  command
      .add_option("--threshold", settings.hybrid.threshold_uS,
                  "paper: rewrite where the accumulated update exceeds this [uS]")
      ->capture_default_str();
  command.add_option("--passes", settings.passes, "best: passes over the cells")
      ->capture_default_str();
  command
      .add_option("--pass-threshold", settings.pass_threshold_uS,
                  "best: rewrite pairs that are further off than this [uS]")
      ->capture_default_str();
  command
      .add_option("--without", options.without,
                  "best: leave out hidden, hidden-biases, refit, last, last-biases")
      ->delimiter(',');
  command.add_option("--refit-epochs", settings.refit_epochs, "best: epochs of the refit")
      ->capture_default_str();
  command.add_option("--refit-rate", settings.refit_rate, "best: learning rate of the refit")
      ->capture_default_str();
  command
      .add_option("--refit-penalty", settings.refit_penalty,
                  "best: holds the refit to the weights of the network")
      ->capture_default_str();
  begin_group(command, "Cost");
  add_card_option(command, options.card);
  add_file_option(command, "--curve", options.curve, "Write the learning curve (SVG)");
  add_file_option(command, "--csv", options.csv, "Write the learning curve (CSV)");
  add_file_option(command, "--result", options.result, "Write the figures of the run (JSON)");
  add_file_option(command, "--save-cells", options.programming.save_cells,
                  "Write the tuned cells and biases for --load-cells (JSON)");
}

}  // namespace

Command tune_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("tune", "Tune a programmed chip in place");
  add_examples(command, {{"mcnn tune --device yao2020 --seed 3", "hybrid training as published"},
                         {"mcnn tune --device yao2020 --flow best --save-cells tuned.json",
                          "goes further; the tuned chip for mcnn sim --load-cells tuned.json"},
                         {"mcnn tune --checkpoint run.json --curve curve.svg",
                          "can be stopped, and goes on"}});
  auto options = std::make_shared<TuneOptions>();
  auto jobs = std::make_shared<std::int64_t>(0);
  add_programmed_chip_options(command, options->workload, options->programming, *jobs);
  add_tune_options(command, *options);
  return {&command, [options, jobs] { return run_tune(*options, number_of_jobs(*jobs)); }};
}

}  // namespace mcnn::cli
