// SPDX-License-Identifier: Apache-2.0
#include "cli/learn_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/report/learning_svg.h"
#include "cli/run/learning_report.h"
#include "cli/run/learning_run.h"
#include "cli/run/provenance.h"
#include "cli/run/training_set.h"
#include "common/interrupt.h"
#include "host/programming/cells_file.h"
#include "host/tuning/checkpoint.h"

namespace mcnn::cli {
namespace {

std::string reproduce(const LearnOptions& options) {
  const LearnOptions defaults;
  const LearningSettings& settings = options.settings;
  std::string text = fmt::format(
      "mcnn learn {}{} --rule {} --function {} --batch {} --epochs {} --gain {} --rate {} "
      "--threshold {} --test-interval {} --wait {}",
      command_line(options.workload), options.programming.command_line(), options.rule,
      options.function, settings.batch, settings.max_epochs, settings.gain, settings.rate,
      settings.threshold, settings.test_interval, settings.wait_s);
  if (settings.amplitude) text += fmt::format(" --amplitude {}", *settings.amplitude);
  if (options.keep_weights) text += " --keep-weights";
  if (options.no_test) text += " --no-test";
  text += options.training.command_line();
  return options.card == defaults.card ? text : text + " --card " + quoted(options.card);
}

// What a run is: a checkpoint continues only the same.
std::string describe_run(const LearnOptions& options, const Workload& workload,
                         const Dataset& training) {
  const std::string pictures =
      options.picture.empty()
          ? "no pictures"
          : fmt::format("pictures of epochs {}",
                        options.picture_epochs.empty()
                            ? "0, last"
                            : fmt::format("{}", fmt::join(options.picture_epochs, ", ")));
  return fmt::format("{}; {} training images, {}, cells {}, {}", reproduce(options),
                     training.images.count, pictures, cells_digest(workload.mapped.program),
                     cells_card_text(workload.card));
}

int run_learn(const LearnOptions& options, unsigned jobs) {
  const bool rtl = is_rtl(options.engine, options.workload);
  options.programming.check();
  WorkloadLoader loader;
  Workload workload = loader.load(options.workload);
  const EnergyCard card = load_energy_cards(options.card, workload.config);
  const Dataset training = load_training(options.workload, options.training, loader);
  const LearningSettings settings = learning_settings(options, workload, training.images.count);
  const Dataset test = first_images(*workload.data, workload.first, workload.count);
  const Provenance made = provenance(workload, options.programming, reproduce(options));
  begin_learning(workload, options);
  CheckpointFile checkpoint(options.checkpoint, describe_run(options, workload, training));
  checkpoint.read(parse_learning_checkpoint);

  const auto curve_file = output_file(options.curve, "--curve");
  const auto csv_file = output_file(options.csv, "--csv");
  const auto picture_file = output_file(options.picture, "--picture");
  const auto result_file = output_file(options.result, "--result");
  const auto cells_file = output_file(options.save_cells, "--save-cells");
  const auto network_file = output_file(options.save_network, "--save-network");
  if (!options.checkpoint.empty()) OutputFile(options.checkpoint, "--checkpoint");
  install_interrupt_handler();
  const std::vector<BiasRow> mapped_biases = workload.mapped.program.biases;
  ProgrammedChip chip = program_chip(workload, options.programming, rtl);
  const std::optional<FaultReport> faults = chip.faults;
  const double programmed_s = chip.seconds;
  const std::uint64_t mismatches = chip.comparison.mismatches;
  const LearnRun run = learn(workload, options, settings, std::move(chip), training,
                             options.no_test ? nullptr : &test, jobs, checkpoint);
  const LearningReport report = {.options = options,
                                 .settings = settings,
                                 .workload = workload,
                                 .run = run,
                                 .card = card,
                                 .programmed_s = programmed_s};
  const std::string title =
      fmt::format("{}, device {}, rule {}, seed {}", workload.network.name, workload.card.name,
                  rule_name(settings.rule), workload.options.seed);
  if (curve_file) curve_file->commit(with_provenance(learning_svg(run, title), made));
  if (csv_file) csv_file->commit(csv_comment(made) + learning_csv(report));
  if (picture_file) {
    picture_file->commit(with_provenance(learnt_cells_svg(run, workload, title), made));
  }
  if (cells_file) {
    const std::vector<BiasRow>& biases = workload.mapped.program.biases;
    cells_file->commit(cells_text(
        workload, run.cells,
        biases == mapped_biases ? std::vector<BiasRow>{} : difference(biases, mapped_biases),
        faults));
  }
  if (network_file) network_file->commit(network_to_json(workload.network));
  if (result_file) result_file->commit(learning_json(report, made));
  fmt::print("{}", learning_table(report));
  print_written({options.curve, options.csv, options.picture, options.result, options.save_cells,
                 options.save_network});
  return exit_status(mismatches);
}

void add_learn_options(CLI::App& command, LearnOptions& options) {
  LearningSettings& settings = options.settings;
  add_tuned_run_options(command, options.engine, options.checkpoint);
  begin_group(command, "Learning");
  command
      .add_option("--rule", options.rule,
                  "pulse: one SET or RESET a cell by the sign of its update; verify: to the new "
                  "conductance in the closed loop")
      ->capture_default_str();
  command.add_option("--function", options.function, "Of the logits, in the host: softmax or tanh")
      ->capture_default_str();
  command.add_option("--batch", settings.batch, "Images of an iteration (0: all)")
      ->capture_default_str();
  command
      .add_option("--epochs", settings.max_epochs,
                  "Most passes over the training images; ends before where all are right")
      ->capture_default_str();
  command
      .add_option("--gain", settings.gain,
                  "Of the function, in units of 1 / r.m.s. of the logits before learning")
      ->capture_default_str();
  command
      .add_option("--rate", settings.rate,
                  "verify: levels that an update as large as the r.m.s. of the first one moves a "
                  "cell by")
      ->capture_default_str();
  command
      .add_option("--threshold", settings.threshold,
                  "Leave out updates that are smaller than this part of the largest one")
      ->capture_default_str();
  command.add_option("--amplitude", settings.amplitude,
                     "pulse: its code, 0..63 (default: that of the card's first pulse)");
  command.add_option("--wait", settings.wait_s, "Seconds that pass after cells were moved")
      ->capture_default_str();
  command.add_flag(
      "--keep-weights", options.keep_weights,
      "Begin at the weights of the network (default: the last layer at random levels)");
  add_training_options(command, options.training);
  command.add_flag("--no-test", options.no_test, "Do not look at the test images at all");
  command
      .add_option("--test-interval", settings.test_interval,
                  "Epochs between two looks at the test images (0: none); nothing depends on them")
      ->capture_default_str();
  begin_group(command, "Cost");
  add_card_option(command, options.card);
  add_file_option(command, "--curve", options.curve, "Write the learning curve (SVG)");
  add_file_option(command, "--csv", options.csv, "Write the learning curve (CSV)");
  add_file_option(command, "--picture", options.picture,
                  "Write the learnt cells as pictures of the inputs (SVG)");
  command
      .add_option("--picture-epochs", options.picture_epochs,
                  "Epochs that the picture shows (default: before learning and the last)")
      ->delimiter(',');
  add_file_option(command, "--save-cells", options.save_cells,
                  "Write the learnt cells for --load-cells (JSON)");
  add_file_option(command, "--save-network", options.save_network,
                  "Write the network that they belong to, for mcnn model --network (JSON)");
  add_file_option(command, "--result", options.result, "Write the figures of the run (JSON)");
}

}  // namespace

Command learn_command(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("learn", "Learn the last layer of a network in the cells, on the chip");
  add_examples(command,
               {{"mcnn learn --device yao2020 --rule verify --batch 100 --rate 0.1 --epochs 3",
                 "the last layer of the MNIST network, from random cells"},
                {"mcnn learn --rule pulse --picture cells.svg --picture-epochs 0,1,2,4",
                 "one pulse a cell and iteration, the cells as pictures"},
                {"mcnn learn --device yao2020 --batch 100 --checkpoint run.json",
                 "can be stopped, and goes on"}});
  auto options = std::make_shared<LearnOptions>();
  auto jobs = std::make_shared<std::int64_t>(0);
  add_programmed_chip_options(command, options->workload, options->programming, *jobs);
  add_learn_options(command, *options);
  return {&command, [options, jobs] { return run_learn(*options, number_of_jobs(*jobs)); }};
}

}  // namespace mcnn::cli
