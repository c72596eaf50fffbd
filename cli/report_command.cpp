// SPDX-License-Identifier: Apache-2.0
#include "cli/report_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/report/report_page.h"
#include "cli/run/cost_run.h"
#include "cli/run/energy_cards.h"
#include "cli/run/engines.h"
#include "cli/run/run_report.h"
#include "cli/run_command.h"
#include "common/error.h"
#include "common/interrupt.h"

namespace mcnn::cli {
namespace {

constexpr std::size_t kMostBytes = 5'000'000;  // of the page

// What a run on the chip model has, and what becomes of it.
struct ReportOptions : RunCommandOptions {
  std::string engine = "model";       // model or rtl
  std::string out;                    // file; empty: <runs>/report/report.html, its folder made
  std::string runs = "build";         // folder with what other commands left
  std::optional<std::int64_t> image;  // that is followed; none: the first of the run
  std::string card = kStandardCards;  // energy cards
};

std::uint32_t followed_image(const ReportOptions& options, const Workload& workload) {
  if (!options.image) return workload.first;
  if (*options.image < workload.first || *options.image >= workload.first + workload.count) {
    throw Error(fmt::format("--image: found {}, allowed is {}..{}, an image of the run",
                            *options.image, workload.first, workload.first + workload.count - 1));
  }
  return static_cast<std::uint32_t>(*options.image);
}

Engine checked_engine(const ReportOptions& options) {
  const Engine engine = is_rtl(options.engine, options.workload) ? Engine::kRtl : Engine::kModel;
  options.programming.check();
  if (options.check < -1) {
    throw Error(fmt::format("--check: found {}, allowed is 0 or more", options.check));
  }
  return engine;
}

// The options that the run of the page shares with the one of mcnn model or mcnn sim.
std::string run_options(const ReportOptions& options) {
  std::string text = command_line(options.workload) + options.programming.command_line();
  if (options.check >= 0) text += fmt::format(" --check {}", options.check);
  return text + skip_option(options.skip);
}

std::string reproduce(const ReportOptions& options) {
  const ReportOptions defaults;
  std::string text = "mcnn report " + run_options(options);
  if (options.engine != defaults.engine) text += " --engine " + options.engine;
  if (options.image) text += fmt::format(" --image {}", *options.image);
  if (options.card != defaults.card) text += " --card " + quoted(options.card);
  if (options.runs != defaults.runs) text += " --runs " + quoted(options.runs);
  if (!options.out.empty()) text += " --out " + quoted(options.out);
  return text;
}

// Where the page goes; the folder of its default place is made.
std::filesystem::path page_path(const ReportOptions& options) {
  if (!options.out.empty()) return options.out;
  std::filesystem::path path = std::filesystem::path(options.runs) / "report" / "report.html";
  std::error_code ignored;  // OutputFile says what is wrong
  std::filesystem::create_directories(path.parent_path(), ignored);
  return path;
}

int run_report(const ReportOptions& options) {
  const unsigned jobs = number_of_jobs(options.jobs);
  const Engine engine = checked_engine(options);
  Workload workload = load_workload(options.workload);
  const Provenance made =
      provenance(workload, options.programming, options.skip,
                 (engine == Engine::kRtl ? "mcnn sim " : "mcnn model ") + run_options(options));
  EnergyCard card = load_energy_cards(options.card, workload.config);
  const std::uint32_t followed = followed_image(options, workload);
  const std::int64_t check =
      options.check >= 0 ? options.check : (engine == Engine::kRtl ? 100 : 0);
  const auto checked = static_cast<std::uint32_t>(std::min<std::int64_t>(check, workload.count));

  const std::filesystem::path out = page_path(options);
  OutputFile page_file(out, "--out");
  const auto result_file = output_file(options.result, "--result");
  const auto logits_file = output_file(options.logits, "--logits");
  const auto cells_file = output_file(options.programming.save_cells, "--save-cells");

  install_interrupt_handler();
  const EngineRun integer = run_integer(workload, jobs);
  const ProgrammedChip chip = program_chip(workload, options.programming, engine == Engine::kRtl);
  Comparison comparison;
  EngineRun run;
  if (engine == Engine::kRtl) {
    comparison = compare_rtl_with_model(workload, chip.macros, checked, jobs, options.skip);
    run = run_rtl(workload, chip.macros, jobs, options.skip, TraceOptions{});
  } else {
    comparison = compare_model_with_integer(workload, chip.macros, checked, jobs);
    run = run_model(workload, chip.macros, jobs, options.skip);
  }
  compare_outcomes(workload, run, comparison);

  const Report report = {engine, workload, run, integer, comparison, options.skip, &chip, made};
  // Events are counted on the chip model; its run is the RTL's, bit for bit.
  const CostReport cost = cost_report(
      workload, chip,
      engine == Engine::kRtl ? run_model(workload, chip.macros, jobs, options.skip) : run,
      std::move(card));
  const std::string page = report_page({.report = report,
                                        .followed = followed,
                                        .runs = options.runs,
                                        .cost = cost,
                                        .command = reproduce(options),
                                        .skip = options.skip});
  if (page.size() > kMostBytes) {
    throw Error(
        fmt::format("the report would have {} bytes, allowed: {}; fewer wrong images, "
                    "sweeps or a smaller chip make it smaller",
                    page.size(), kMostBytes));
  }
  if (result_file) result_file->commit(result_json(report));
  if (logits_file) logits_file->commit(logits_csv(workload, run));
  if (cells_file) cells_file->commit(chip.cells_file);
  page_file.commit(page);
  fmt::print("{}: {:.2f} %, integer network {:.2f} %, {} images, {:.1f} clocks an image\n",
             engine_title(engine), 100.0 * run.accuracy(), 100.0 * integer.accuracy(),
             workload.count, run.clocks_per_image);
  print_written({options.result, options.logits, options.programming.save_cells});
  fmt::print("wrote {} ({:.2f} MB)\n", out.string(), static_cast<double>(page.size()) * 1e-6);
  return exit_status(report.mismatches());
}

}  // namespace

Command report_command(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("report", "Classify images and report on it as an HTML page");
  auto options = std::make_shared<ReportOptions>();
  add_examples(command, {{"mcnn report", "all test images: build/report/report.html"},
                         {"mcnn report --count 500 --image 449 --out page.html",
                          "fewer images, image 449 followed through the layers"}});
  add_run_options(command, *options, Engine::kModel);
  begin_group(command, kRunGroup);
  command
      .add_option("--engine", options->engine,
                  "model (bit for bit the RTL's results) or rtl, which is slower")
      ->type_name("NAME")
      ->capture_default_str();
  add_file_option(command, "--out", options->out,
                  "The page (default: report/report.html of --runs)");
  begin_group(command, "Page");
  command
      .add_option("--runs", options->runs,
                  "Folder with what other commands left (sim, sweep, tune)")
      ->type_name("FOLDER")
      ->capture_default_str();
  command
      .add_option("--image", options->image,
                  "Number of the image that is followed through the layers (default: the first)")
      ->type_name("N");
  add_card_option(command, options->card);
  return {&command, [options] { return run_report(*options); }};
}

}  // namespace mcnn::cli
