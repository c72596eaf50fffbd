// SPDX-License-Identifier: Apache-2.0
#include "cli/cost_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/run/cost_run.h"
#include "cli/run/energy_cards.h"
#include "cli/run/engines.h"
#include "cli/run/provenance.h"
#include "common/error.h"
#include "common/interrupt.h"
#include "host/cost/cost_output.h"

namespace mcnn::cli {
namespace {

struct CostOptions {
  WorkloadOptions workload;
  ProgrammingOptions programming;
  std::int64_t jobs = 0;  // 0: all cores
  bool skip = true;
  std::string card = kStandardCards;
  std::string json;  // file; empty: none
};

std::string reproduce(const CostOptions& options) {
  const CostOptions defaults;
  return "mcnn cost " + command_line(options.workload) + options.programming.command_line() +
         skip_option(options.skip) +
         (options.card != defaults.card ? " --card " + quoted(options.card) : "");
}

int run_cost(const CostOptions& options) {
  const unsigned jobs = number_of_jobs(options.jobs);
  options.programming.check();
  Workload workload = load_workload(options.workload);
  const Provenance made =
      provenance(workload, options.programming, options.skip, reproduce(options));
  EnergyCard card = load_energy_cards(options.card, workload.config);
  const auto file = output_file(options.json, "--result");
  const auto cells_file = output_file(options.programming.save_cells, "--save-cells");
  install_interrupt_handler();
  const ProgrammedChip chip = program_chip(workload, options.programming, /*use_rtl=*/false);
  const EngineRun run = run_model(workload, chip.macros, jobs, options.skip);
  const CostReport report = cost_report(workload, chip, run, std::move(card));
  if (file) {
    auto json = nlohmann::ordered_json::parse(cost_json(report));
    json["provenance"] = to_json(made);
    file->commit(json.dump(2) + "\n");
  }
  if (cells_file) cells_file->commit(chip.cells_file);
  fmt::print("{}\nnetwork {} on {}, device {}, {} mapping{}, seed {}\n{}",
             summary_text(report.summary), workload.network.name, workload.config.name,
             workload.card.name, mapping_name(workload.mapped.kind),
             options.skip ? "" : ", no planes left out", workload.options.seed, cost_table(report));
  print_written({options.json, options.programming.save_cells});
  return 0;
}

}  // namespace

Command cost_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("cost", "Energy, time and area of classifying images");
  auto options = std::make_shared<CostOptions>();
  add_examples(command,
               {{"mcnn cost --count 100", "by layer and component"},
                {"mcnn cost --count 100 --card paper65,osu018,gf180sram", "without clock gates"}});
  add_choice_options(command, options->workload);
  add_test_image_options(command, options->workload);
  add_program_option(command, options->programming);
  add_load_cells_option(command, options->programming);
  add_loop_options(command, options->programming);
  add_jobs_option(command, options->jobs);
  add_skip_option(command, options->skip);
  add_adc_bits_option(command, options->workload);
  begin_group(command, "Cost");
  add_card_option(command, options->card);
  add_file_option(command, "--result", options->json, "Write the figures (JSON)");
  add_old_name(command, "--json", options->json);
  add_save_cells_option(command, options->programming);
  return {&command, [options] { return run_cost(*options); }};
}

}  // namespace mcnn::cli
