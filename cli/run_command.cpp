// SPDX-License-Identifier: Apache-2.0
#include "cli/run_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/run/engines.h"
#include "cli/run/timeline_file.h"
#include "common/error.h"
#include "common/interrupt.h"

namespace mcnn::cli {
namespace {

// "A:B" or "A": image numbers. Without it the first image of the run.
std::pair<std::uint32_t, std::uint32_t> image_range(std::string_view option, std::string_view text,
                                                    const Workload& workload) {
  if (text.empty()) return {workload.first, workload.first};
  const std::uint32_t last = workload.first + workload.count - 1;
  const auto fail = [&] {
    throw Error(fmt::format("{}: found '{}', allowed is A:B with {} <= A <= B <= {}", option, text,
                            workload.first, last));
  };
  const auto number = [&](std::string_view part) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size()) fail();
    return value;
  };
  const std::size_t colon = text.find(':');
  const std::uint32_t from = number(text.substr(0, colon));
  const std::uint32_t to = colon == std::string_view::npos ? from : number(text.substr(colon + 1));
  if (from < workload.first || from > to || to > last) fail();
  return {from, to};
}

TraceOptions trace_options(const RunCommandOptions& options, const Workload& workload) {
  if (!options.trace_images.empty() && options.trace.empty()) {
    throw Error("--trace-images: needs --trace FILE");
  }
  TraceOptions trace;
  std::tie(trace.first, trace.last) = image_range("--trace-images", options.trace_images, workload);
  return trace;
}

// The command that reproduces the figures of a run.
std::string reproduce(Engine engine, const RunCommandOptions& options) {
  std::string text = "mcnn ";
  switch (engine) {
    case Engine::kRtl:
      text += "sim ";
      break;
    case Engine::kModel:
      text += "model ";
      break;
    case Engine::kInteger:
      text += "integer ";
      break;
  }
  text += command_line(options.workload);
  if (engine != Engine::kInteger) text += options.programming.command_line();
  if (options.check >= 0) text += fmt::format(" --check {}", options.check);
  return engine == Engine::kInteger ? text : text + skip_option(options.skip);
}

int run_engine(Engine engine, const RunCommandOptions& options) {
  const unsigned jobs = number_of_jobs(options.jobs);
  options.programming.check();
  Workload workload =
      load_workload(options.workload, {.chip = engine != Engine::kInteger, .labels = false});
  const bool skip = options.skip && engine != Engine::kInteger;
  const Provenance made =
      provenance(workload, options.programming, skip, reproduce(engine, options));
  if (options.check < -1) {
    throw Error(fmt::format("--check: found {}, allowed is 0 or more", options.check));
  }
  const std::int64_t check =
      options.check >= 0 ? options.check : (engine == Engine::kRtl ? 100 : 0);
  const auto checked = static_cast<std::uint32_t>(std::min<std::int64_t>(check, workload.count));
  TraceOptions trace = trace_options(options, workload);

  if (!options.timeline_images.empty() && options.timeline.empty()) {
    throw Error("--timeline-images: needs --timeline FILE");
  }
  const auto timeline_images = image_range("--timeline-images", options.timeline_images, workload);
  const auto logits_file = output_file(options.logits, "--logits");
  const auto result_file = output_file(options.result, "--result");
  const auto trace_file = output_file(options.trace, "--trace");
  trace.file = trace_file.get();
  const auto timeline_file = output_file(options.timeline, "--timeline");
  const auto cells_file = output_file(options.programming.save_cells, "--save-cells");

  install_interrupt_handler();
  const EngineRun integer = run_integer(workload, jobs);
  ProgrammedChip chip;
  if (engine != Engine::kInteger) {
    chip = program_chip(workload, options.programming, engine == Engine::kRtl);
    for (Macro& macro : chip.macros) macro.count_energy(!options.no_counts);
  }
  Comparison comparison;
  EngineRun run;
  switch (engine) {
    case Engine::kRtl:
      // In this order, so that a check that ends in an error leaves the waves of the run.
      run = run_rtl(workload, chip.macros, jobs, skip, trace);
      comparison = compare_rtl_with_model(workload, chip.macros, checked, jobs, skip);
      break;
    case Engine::kModel:
      comparison = compare_model_with_integer(workload, chip.macros, checked, jobs);
      run = run_model(workload, chip.macros, jobs, skip);
      break;
    case Engine::kInteger:
      run = integer;
      break;
  }
  compare_outcomes(workload, run, comparison);

  const Report report = {engine,
                         workload,
                         run,
                         integer,
                         comparison,
                         skip,
                         engine == Engine::kInteger ? nullptr : &chip,
                         made};
  if (logits_file) logits_file->commit(logits_csv(workload, run));
  if (result_file) result_file->commit(result_json(report));
  if (timeline_file) {
    timeline_file->commit(
        timeline_json(workload, chip.macros, timeline_images.first, timeline_images.second, skip));
  }
  if (cells_file) cells_file->commit(chip.cells_file);
  fmt::print("{}", report_table(report));
  print_written({options.result, options.logits, options.trace, options.timeline,
                 options.programming.save_cells});
  return exit_status(report.mismatches());
}

void add_timeline_options(CLI::App& command, RunCommandOptions& options) {
  add_file_option(command, "--timeline", options.timeline,
                  "Write what the chip does clock by clock (JSON of the Chrome trace format, "
                  "opens in Perfetto)");
  command
      .add_option("--timeline-images", options.timeline_images,
                  "Image numbers of the timeline (default: the first)")
      ->type_name("A:B");
}

Command engine_command(CLI::App& app, Engine engine, const std::string& name,
                       const std::string& what, const std::vector<Example>& examples) {
  CLI::App& command = *app.add_subcommand(name, what);
  add_examples(command, examples);
  auto options = std::make_shared<RunCommandOptions>();
  add_run_options(command, *options, engine);
  if (engine != Engine::kInteger) {
    add_timeline_options(command, *options);
    begin_group(command, kRunGroup);
    command.add_flag("--no-counts", options->no_counts,
                     "Do not count what the energy of the arrays needs (no result depends on it)");
  }
  return {&command, [engine, options] { return run_engine(engine, *options); }};
}

}  // namespace

void add_run_options(CLI::App& command, RunCommandOptions& options, Engine engine) {
  add_choice_options(command, options.workload);
  add_test_image_options(command, options.workload);
  if (engine != Engine::kInteger) {
    ProgrammingOptions& programming = options.programming;
    add_program_option(command, programming);
    add_load_cells_option(command, programming);
    add_loop_options(command, programming);
  }
  add_jobs_option(command, options.jobs);
  if (engine == Engine::kRtl) {
    command
        .add_option("--check", options.check,
                    "Compare the first N images with the chip model: every feature map, logit and "
                    "counter (default: 100)")
        ->type_name("N");
  }
  if (engine == Engine::kModel) {
    command
        .add_option("--check", options.check,
                    "Compare the first N images with the integer network: equal with the ideal "
                    "card (default: 0)")
        ->type_name("N");
    add_adc_bits_option(command, options.workload);
  }
  if (engine != Engine::kInteger) add_skip_option(command, options.skip);
  add_file_option(command, "--logits", options.logits, "Write the logits of every image (CSV)");
  add_file_option(command, "--result", options.result, "Write the figures of the run (JSON)");
  if (engine == Engine::kRtl) {
    add_file_option(command, "--trace", options.trace,
                    "Write waves (FST); the run is on one thread then");
    command
        .add_option("--trace-images", options.trace_images,
                    "Image numbers to write waves of (default: the first)")
        ->type_name("A:B");
  }
  if (engine != Engine::kInteger) add_save_cells_option(command, options.programming);
}

Command sim_command(CLI::App& app) {
  return engine_command(
      app, Engine::kRtl, "sim", "Classify images on the RTL",
      {{"mcnn sim --count 1000", "the first 1,000 test images; the first 100 are checked"},
       {"mcnn sim --count 100 --device ideal --mapping paper", "another device, another mapping"},
       {"mcnn sim --count 10 --trace waves.fst --trace-images 3:5", "waves of three images"}});
}

Command model_command(CLI::App& app) {
  return engine_command(
      app, Engine::kModel, "model", "Classify images on the chip model",
      {{"mcnn model --seed 2", "all test images on the chip with this seed"},
       {"mcnn model --set stuck_low_rate=0.01 --around-faults", "cells that are stuck"},
       {"mcnn model --adc-bits 6 --range 1 --set programming_range=3", "converters of 6 bits"}});
}

Command integer_command(CLI::App& app) {
  return engine_command(app, Engine::kInteger, "integer",
                        "Classify images with the integer network",
                        {{"mcnn integer", "all test images, no device in it"},
                         {"mcnn integer --count 100 --logits logits.csv", "every logit"}});
}

}  // namespace mcnn::cli
