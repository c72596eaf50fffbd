// SPDX-License-Identifier: Apache-2.0
// mcnn: classifies images on the RTL, on the chip model or as integers; shows mappings and
// configurations.
//
// Exit status: 0 good, 1 something differs from its reference, 2 bad input, 130 interrupted.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "common/error.h"
#include "host/driver.h"
#include "tb/cost_command.h"
#include "tb/crossbar_command.h"
#include "tb/engines.h"
#include "tb/interrupt.h"
#include "tb/output_file.h"
#include "tb/program_command.h"
#include "tb/programming.h"
#include "tb/report.h"
#include "tb/report_command.h"
#include "tb/rtl_chip.h"
#include "tb/sweep_command.h"
#include "tb/timeline_file.h"
#include "tb/tune_command.h"
#include "tb/workload.h"

namespace mcnn::tb {
namespace {

constexpr int kExitDiffers = 1;
constexpr int kExitBadInput = 2;
constexpr int kExitInterrupted = 130;

struct Options {
  WorkloadOptions workload;
  ProgrammingOptions programming;
  CostOptions cost;               // of mcnn cost: card and JSON
  ProgramCommandOptions program;  // of mcnn program: without workload and programming
  ReportCommandOptions report;    // of mcnn report: without what other commands have
  TuneOptions tune;               // of mcnn tune: without workload
  std::int64_t jobs = 0;          // 0: all cores
  std::int64_t check = -1;        // -1: the engine's default
  bool skip = false;
  bool no_counts = false;
  std::string logits;
  std::string result;
  std::string trace;
  std::string trace_images;
  std::string timeline;
  std::string timeline_images;
};

unsigned number_of_jobs(const Options& options) {
  if (options.jobs < 0 || options.jobs > 1024) {
    throw Error(
        fmt::format("--jobs: found {}, allowed is 1..1024, or 0 for all cores", options.jobs));
  }
  if (options.jobs > 0) return static_cast<unsigned>(options.jobs);
  return std::max(1U, std::thread::hardware_concurrency());
}

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

TraceOptions trace_options(const Options& options, const Workload& workload) {
  if (!options.trace_images.empty() && options.trace.empty()) {
    throw Error("--trace-images: needs --trace FILE");
  }
  TraceOptions trace;
  std::tie(trace.first, trace.last) = image_range("--trace-images", options.trace_images, workload);
  return trace;
}

// The command that reproduces the figures of a run.
std::string reproduce(Engine engine, const Options& options) {
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
  return text + (options.skip ? " --skip" : "");
}

int run_engine(Engine engine, const Options& options) {
  const unsigned jobs = number_of_jobs(options);
  options.programming.check();
  Workload workload = load_workload(options.workload);
  if (options.check < -1) {
    throw Error(fmt::format("--check: found {}, allowed is 0 or more", options.check));
  }
  const std::int64_t check =
      options.check >= 0 ? options.check : (engine == Engine::kRtl ? 100 : 0);
  const auto checked = static_cast<std::uint32_t>(std::min<std::int64_t>(check, workload.count));
  TraceOptions trace = trace_options(options, workload);

  std::optional<OutputFile> logits_file;
  std::optional<OutputFile> result_file;
  std::optional<OutputFile> trace_file;
  std::optional<OutputFile> cells_file;
  std::optional<OutputFile> timeline_file;
  if (!options.timeline_images.empty() && options.timeline.empty()) {
    throw Error("--timeline-images: needs --timeline FILE");
  }
  const auto timeline_images = image_range("--timeline-images", options.timeline_images, workload);
  if (!options.logits.empty()) logits_file.emplace(options.logits, "--logits");
  if (!options.result.empty()) result_file.emplace(options.result, "--result");
  if (!options.trace.empty()) {
    trace_file.emplace(options.trace, "--trace");
    trace.path = trace_file->temporary_path().string();
  }

  if (!options.timeline.empty()) timeline_file.emplace(options.timeline, "--timeline");
  if (!options.programming.save_cells.empty()) {
    cells_file.emplace(options.programming.save_cells, "--save-cells");
  }

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
      comparison = compare_rtl_with_model(workload, chip.macros, checked, jobs, options.skip);
      run = run_rtl(workload, chip.macros, jobs, options.skip, trace);
      break;
    case Engine::kModel:
      comparison = compare_model_with_integer(workload, chip.macros, checked, jobs);
      run = run_model(workload, chip.macros, jobs, options.skip);
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
                         options.skip,
                         engine == Engine::kInteger ? nullptr : &chip,
                         reproduce(engine, options)};
  if (logits_file) logits_file->commit(logits_csv(workload, run));
  if (result_file) result_file->commit(result_json(report));
  if (trace_file) trace_file->commit();
  if (timeline_file) {
    timeline_file->commit(timeline_json(workload, chip.macros, timeline_images.first,
                                        timeline_images.second, options.skip));
  }
  if (cells_file) cells_file->commit(chip.cells_file);
  fmt::print("{}", report_table(report));
  for (const std::string& file : {options.result, options.logits, options.trace, options.timeline,
                                  options.programming.save_cells}) {
    if (!file.empty()) fmt::print("wrote {}\n", file);
  }
  if (report.mismatches() > 0) {
    fmt::print(stderr, "mcnn: {} mismatches\n", report.mismatches());
    return kExitDiffers;
  }
  return 0;
}

int show_map(const Options& options) {
  const ChipConfig config = load_configuration(options.workload);
  const Network network = load_chosen_network(options.workload);
  const DeviceCard card = load_chosen_card(options.workload);
  const MappedNetwork mapped = map_chosen(options.workload, network, config, card);
  fmt::print("network {} on {} ({})\n\n{}\n{}\n{} clocks an image\n", network.name, config.name,
             describe(config), mapping_table(mapped, config), mapping_picture(mapped, config),
             mapped.clocks_per_image);
  return 0;
}

std::string describe_layer(const Layer& layer) {
  const auto shape = [](const MapShape& map) {
    return fmt::format("{}x{}x{}", map.channels, map.height, map.width);
  };
  if (layer.type == LayerType::kFullyConnected) {
    return fmt::format("{:<10} fully connected  {} -> {}, shift {}", layer.name, shape(layer.input),
                       layer.kernels, layer.shift);
  }
  std::string text = fmt::format(
      "{:<10} convolution      {} -> {}, {} kernels {}x{}, stride {}, padding {}x{}, shift {}",
      layer.name, shape(layer.input), shape(layer.output), layer.kernels, layer.kernel_rows,
      layer.kernel_columns, layer.stride, layer.padding_rows, layer.padding_columns, layer.shift);
  if (layer.pool) {
    text += fmt::format(", max pool {}x{} stride {}x{}{}", layer.pool->rows, layer.pool->columns,
                        layer.pool->row_stride, layer.pool->column_stride,
                        layer.pool->ceil ? " ceil" : "");
  }
  return text;
}

int show_info(const Options& options) {
  const ChipConfig config = load_configuration(options.workload);
  const DeviceCard card = load_chosen_card(options.workload);
  const Network network = load_chosen_network(options.workload);
  fmt::print("mcnn {}, Verilator {}, configurations {}\n", MCNN_VERSION, MCNN_VERILATOR_VERSION,
             fmt::join(RtlChip::configurations(), ", "));
  fmt::print("\nconfiguration {}: {}\n", config.name, describe(config));

  // What the chip itself says, read from its registers.
  std::vector<Macro> macros;
  macros.reserve(static_cast<std::size_t>(config.num_pe));
  for (int pe = 0; pe < config.num_pe; ++pe) {
    macros.emplace_back(MacroShape{config.num_bl(), config.num_sl, config.num_adc, config.adc_bits},
                        card, options.workload.seed, pe);
  }
  const std::unique_ptr<RtlChip> chip = RtlChip::make(config.name, macros, RtlOptions{});
  const Driver driver(*chip);
  const ChipConfig said = driver.read_config(config.name);
  const std::string difference = differences(config, said);
  const std::uint32_t version = chip->read(reg::kVersion);
  fmt::print("the RTL's registers: version {}.{}.{}, {}\n", version >> 16, version >> 8 & 0xFF,
             version & 0xFF,
             difference.empty() ? "capabilities as the configuration"
                                : "NOT as the configuration: " + difference);

  fmt::print("\ndevice {}: {} to {} uS in 8 levels\n", card.name, card.g_min_uS, card.g_max_uS);
  fmt::print("  programming error  {} uS + {} * g + {} / uS * g^2\n", card.programming_sigma_uS,
             card.programming_sigma_slope, card.programming_sigma_curvature_per_uS);
  fmt::print(
      "  read noise         {} of a cell's conductance, {} uS a cell, {} codes a conversion\n",
      card.read_noise, card.read_noise_uS, card.adc_sigma_codes);

  fmt::print("\nnetwork {} ({})\n", network.name, network_path(options.workload));
  if (!network.description.empty()) fmt::print("  {}\n", network.description);
  for (const Layer& layer : network.layers) fmt::print("  {}\n", describe_layer(layer));
  return difference.empty() ? 0 : kExitDiffers;
}

void add_choice_options(CLI::App& command, Options& options) {
  WorkloadOptions& workload = options.workload;
  command
      .add_option("--config", workload.config,
                  "Chip configuration: a name of constraints/*.params, or for commands on the chip "
                  "model such a file")
      ->capture_default_str();
  command.add_option("--network", workload.network,
                     "Network file (default: data/networks/<config>.json)");
  command.add_option("--device", workload.device, "Device card: a name of data/devices, or a file")
      ->capture_default_str();
  command
      .add_option("--set", workload.set,
                  "name=value: another value of a field of the device card (repeatable)")
      ->allow_extra_args(false);
  command.add_option("--age", workload.age_s,
                     "Seconds between programming and inference: short for --set age_s=...");
  command.add_option("--seed", workload.seed, "Seed of everything random")->capture_default_str();
  command.add_option("--mapping", workload.mapping, "default (fewest clocks) or paper")
      ->capture_default_str();
  command
      .add_option("--replicas", workload.replicas,
                  "Replicas of each network layer: numbers or 'auto', with commas")
      ->delimiter(',');
  command
      .add_option("--range", workload.range,
                  "Converter range: auto, or 0..3 (2^range codes a weight level)")
      ->capture_default_str();
}

// Of the closed loop, and what follows it.
void add_loop_options(CLI::App& command, ProgrammingOptions& programming) {
  command.add_option("--refresh-every", programming.refresh.every_s,
                     "While --age passes: read all cells every so many seconds and rewrite what moved");
  command
      .add_option("--refresh-threshold", programming.refresh.threshold_uS,
                  "Rewrite a pair of cells whose difference moved by more than this [uS]")
      ->capture_default_str();
  command.add_option("--second-pass", programming.second_pass_wait_s,
                     "Go over all cells again after so many seconds");
  command.add_flag("--around-faults", programming.around_faults,
                   "Find the cells that are stuck first, move blocks around them and have the "
                   "other cell of a pair make up for them");
  command.add_flag("--calibrate", programming.calibrate,
                   "Measure the converters first, correct targets and biases");
  command.add_option(
      "--calibration-images", programming.calibration_images,
      "Images (IDX) that say how much offsets count (default: the training subset for MNIST, "
      "otherwise the images of the run)");
  command
      .add_option("--calibration-count", programming.calibration_count,
                  "How many of them, from the first on")
      ->capture_default_str();
}

void add_timeline_options(CLI::App& command, Options& options) {
  command.add_option("--timeline", options.timeline,
                     "Write what the chip does clock by clock (JSON of the Chrome trace format, "
                     "opens in Perfetto)");
  command.add_option("--timeline-images", options.timeline_images,
                     "Image numbers A:B of the timeline (default: the first)");
}

void add_test_image_options(CLI::App& command, WorkloadOptions& workload) {
  command.add_option("--images", workload.images,
                     "Images, IDX, plain or gzip (default: the MNIST test set)");
  command.add_option("--labels", workload.labels, "Their labels, IDX");
  command.add_option("--first", workload.first, "First image")->capture_default_str();
  command.add_option("--count", workload.count,
                     "Number of images (default: all from the first on)");
}

void add_jobs_option(CLI::App& command, Options& options) {
  command
      .add_option("--jobs", options.jobs,
                  "Threads, 0 for all cores; the results do not depend on it")
      ->capture_default_str();
}

void add_run_options(CLI::App& command, Options& options, Engine engine) {
  add_test_image_options(command, options.workload);
  add_jobs_option(command, options);
  command.add_option("--logits", options.logits, "Write the logits of every image (CSV)");
  command.add_option("--result", options.result, "Write the figures of the run (JSON)");
  if (engine == Engine::kRtl) {
    command.add_option(
        "--check", options.check,
        "Compare the first N images with the chip model: every feature map, logit and counter "
        "(default: 100)");
    command.add_option("--trace", options.trace,
                       "Write waves (FST); the run is on one thread then");
    command.add_option("--trace-images", options.trace_images,
                       "Image numbers A:B to write waves of (default: the first)");
  }
  if (engine == Engine::kModel) {
    command.add_option("--adc-bits", options.workload.adc_bits,
                       "Bits of a converter (default: the configuration's)");
    command.add_option(
        "--check", options.check,
        "Compare the first N images with the integer network: equal with the ideal card "
        "(default: 0)");
  }
  if (engine != Engine::kInteger) {
    ProgrammingOptions& programming = options.programming;
    command
        .add_option("--program", programming.program,
                    "How the cells get their levels: loop (by the chip's programmer) or direct")
        ->capture_default_str();
    command.add_option("--load-cells", programming.load_cells,
                       "Take the cells of a file that --save-cells wrote instead");
    command.add_option("--save-cells", programming.save_cells,
                       "Write the programmed cells (JSON), before any time passes");
    add_loop_options(command, programming);
    command.add_flag("--skip", options.skip,
                     "Leave out the leading bit planes that are zero in every PE (MODE.SKIP)");
  }
}

void add_cost_options(CLI::App& command, Options& options) {
  add_test_image_options(command, options.workload);
  add_jobs_option(command, options);
  command
      .add_option("--program", options.programming.program,
                  "How the cells get their levels: loop (by the chip's programmer) or direct")
      ->capture_default_str();
  add_loop_options(command, options.programming);
  command.add_flag("--skip", options.skip,
                   "Leave out the leading bit planes that are zero in every PE (MODE.SKIP)");
  command
      .add_option(
          "--card", options.cost.card,
          "Energy cards, names of data/energy or files: a figure is from the first that has "
          "it; name@NM:RATIO scales one to a technology and a supply")
      ->capture_default_str();
  command.add_option("--adc-bits", options.workload.adc_bits,
                     "Bits of a converter instead of the configuration's (chip model only)");
  command.add_option("--json", options.cost.json, "Write the figures (JSON)");
}

int run_command(int argc, char** argv) {
  Options options;
  CLI::App app("A memristor compute-in-memory CNN chip: simulate it, look into it.", "mcnn");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("mcnn ") + MCNN_VERSION);
  CLI::App& sim = *app.add_subcommand("sim", "Classify images on the RTL");
  CLI::App& model = *app.add_subcommand("model", "Classify images on the chip model");
  CLI::App& report =
      *app.add_subcommand("report", "Classify images and report on it as an HTML page");
  CLI::App& program = *app.add_subcommand("program", "Program the cells of a network in the loop");
  CLI::App& tune = *app.add_subcommand("tune", "Tune a programmed chip in place");
  CLI::App& cost = *app.add_subcommand("cost", "Energy, time and area of classifying images");
  CLI::App& integer = *app.add_subcommand("integer", "Classify images with the integer network");
  CLI::App& map = *app.add_subcommand("map", "Show how a network lies in the arrays");
  CLI::App& info = *app.add_subcommand("info", "Show configuration, device and network");
  SweepOptions sweep_options;
  CLI::App& sweep = *app.add_subcommand("sweep", "Accuracy over many settings, on the chip model");
  add_sweep_options(sweep, sweep_options);
  for (CLI::App* command : {&sim, &model, &report, &program, &tune, &cost, &integer, &map, &info})
    add_choice_options(*command, options);
  add_run_options(sim, options, Engine::kRtl);
  add_run_options(model, options, Engine::kModel);
  for (CLI::App* command : {&sim, &model}) {
    add_timeline_options(*command, options);
    command->add_flag("--no-counts", options.no_counts,
                      "Do not count what the energy of the arrays needs (no result depends on it)");
  }
  add_run_options(report, options, Engine::kModel);
  add_run_options(integer, options, Engine::kInteger);
  add_report_options(report, options.report);
  add_cost_options(cost, options);
  add_loop_options(program, options.programming);
  add_test_image_options(tune, options.workload);
  add_jobs_option(tune, options);
  add_loop_options(tune, options.tune.programming);
  tune.add_option("--adc-bits", options.workload.adc_bits,
                  "Bits of a converter instead of the configuration's (chip model only)");
  add_tune_options(tune, options.tune);
  program
      .add_option("--engine", options.program.engine,
                  "rtl (checked against the program model) or model")
      ->capture_default_str();
  program.add_option("--svg", options.program.svg,
                     "Write a picture: target, reached and error of each cell");
  program.add_option("--csv", options.program.csv, "Write a row for each cell");
  program.add_option("--cells", options.programming.save_cells,
                     "Write the programmed cells for --load-cells (JSON)");
  CrossbarOptions crossbar_options;
  const CLI::App& crossbar = add_crossbar_command(app, crossbar_options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    throw Error(fmt::format("{} (mcnn --help lists the options)", error.what()));
  }
  if (sim.parsed()) return run_engine(Engine::kRtl, options);
  if (model.parsed()) return run_engine(Engine::kModel, options);
  if (report.parsed()) {
    ReportCommandOptions chosen = options.report;
    chosen.workload = options.workload;
    chosen.programming = options.programming;
    chosen.skip = options.skip;
    chosen.check = options.check;
    chosen.result = options.result;
    chosen.logits = options.logits;
    return run_report(chosen, number_of_jobs(options));
  }
  if (program.parsed()) {
    options.program.workload = options.workload;
    options.program.programming = options.programming;
    return run_program(options.program);
  }
  if (tune.parsed()) {
    options.tune.workload = options.workload;
    return run_tune(options.tune, number_of_jobs(options));
  }
  if (cost.parsed()) {
    options.cost.workload = options.workload;
    options.cost.programming = options.programming;
    options.cost.jobs = number_of_jobs(options);
    options.cost.skip = options.skip;
    return run_cost(options.cost);
  }
  if (integer.parsed()) return run_engine(Engine::kInteger, options);
  if (map.parsed()) return show_map(options);
  if (crossbar.parsed()) return run_crossbar(crossbar_options);
  if (sweep.parsed()) return run_sweeps(sweep_options);
  return show_info(options);
}

// One line, whatever is in the text.
void print_error(std::string_view what) {
  std::string line(what);
  std::replace(line.begin(), line.end(), '\n', ' ');
  fmt::print(stderr, "mcnn: error: {}\n", line);
}

}  // namespace
}  // namespace mcnn::tb

int main(int argc, char** argv) {
  try {
    return mcnn::tb::run_command(argc, argv);
  } catch (const mcnn::Error& error) {
    mcnn::tb::print_error(error.what());
  } catch (const mcnn::tb::Interrupted&) {
    std::fputs("mcnn: interrupted\n", stderr);
    return mcnn::tb::kExitInterrupted;
  } catch (const std::exception& error) {
    mcnn::tb::print_error(error.what());
  }
  return mcnn::tb::kExitBadInput;
}
