// SPDX-License-Identifier: Apache-2.0
#include "cli/program_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/report/conductance_svg.h"
#include "cli/run/energy_cards.h"
#include "cli/run/provenance.h"
#include "cli/run/run_report.h"
#include "common/error.h"
#include "common/interrupt.h"

namespace mcnn::cli {
namespace {

constexpr std::size_t kListedFailures = 20;

std::string milliseconds(double ns) { return fmt::format("{:.3f} ms", ns * 1e-6); }

double root_mean_square(const std::vector<std::vector<double>>& values, double from) {
  double sum = 0.0;
  std::size_t count = 0;
  for (const std::vector<double>& row : values) {
    for (const double value : row) {
      sum += (value - from) * (value - from);
      ++count;
    }
  }
  return count == 0 ? 0.0 : std::sqrt(sum / static_cast<double>(count));
}

}  // namespace

std::string program_table(const Workload& workload, const ProgrammedChip& chip, bool used_rtl) {
  const LoopResult& loop = chip.loop.value();
  const CellStatistics cells = cell_statistics(workload, chip);
  const ProgramCounters counters = loop.counters();
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "network {} on configuration {}, device {}, {} mapping, seed {}\n",
                 workload.network.name, workload.config.name, workload.card.name,
                 mapping_name(workload.mapped.kind), workload.options.seed);
  fmt::format_to(
      out, "programmed by the {}, verified at range {}, tolerance {} codes ({:.3f} uS)\n\n",
      used_rtl ? "RTL" : "program model", loop.settings.range,
      loop.entries.empty() ? 0 : loop.entries.front().tolerance, workload.card.loop_tolerance_uS());
  const auto line = [&](std::string_view what, const std::string& value) {
    fmt::format_to(out, "{:<44} {}\n", what, value);
  };
  const auto share = [&](std::uint64_t part) {
    return fmt::format("{:8.3f} %  ({} of {})", percent(part, cells.cells), part, cells.cells);
  };
  line("inside the tolerance by the last verify read", share(cells.done));
  line(fmt::format("within +-{:g} uS when programming ended", cells.limit_uS),
       share(cells.written_within));
  line(fmt::format("within +-{:g} uS {:g} s and {:g} reads later", cells.limit_uS,
                   workload.card.age_s, workload.card.read_disturb_pulses),
       share(cells.aged_within));
  line("pulses a cell",
       fmt::format("{:8.3f} mean, {} at most", cells.mean_pulses(), cells.most_pulses));
  line("SET and RESET pulses", fmt::format("{} and {}", cells.sets, cells.resets));
  line("verify reads", fmt::format("{}", counters.reads));
  for (std::size_t pass = 0; pass < loop.passes.size(); ++pass) {
    const ProgramCounters& part = loop.passes[pass].counters;
    if (loop.passes.size() > 1) {
      line(fmt::format("  pass {}", pass + 1),
           fmt::format("{} inside, {} failed, {} pulses, {} reads, {} clocks", part.done,
                       part.failed, part.sets + part.resets, part.reads, part.clocks));
    }
  }
  line("clocks",
       fmt::format("{} in {} runs", counters.clocks,
                   loop.passes.size() * static_cast<std::size_t>(loop.passes.front().runs)));
  line("clocks with one PE at a time (cycle model)",
       fmt::format("{}, {:.2f} times as many", loop.serial_clocks(),
                   counters.clocks == 0 ? 0.0
                                        : static_cast<double>(loop.serial_clocks()) /
                                              static_cast<double>(counters.clocks)));
  const auto pulses = static_cast<double>(counters.sets + counters.resets);
  const EnergyCard card = load_energy_cards(kStandardCards, workload.config);
  const double pulse_ns = card.required("program_pulse");
  const Clock clock = clock_of(card, workload.config);
  line(fmt::format("time of all pulses, {:g} ns each", pulse_ns), milliseconds(pulses * pulse_ns));
  line(fmt::format("time of all pulses and reads of {:g} ns", clock.read_ns),
       milliseconds((pulses * pulse_ns) + (static_cast<double>(counters.reads) * clock.read_ns)));
  line(fmt::format("time of the chip at {:g} ns a clock", clock.ns()),
       milliseconds(static_cast<double>(counters.clocks) * clock.ns()));
  if (chip.calibration) {
    const CalibrationReport& report = *chip.calibration;
    line("calibration: offsets of the lanes",
         fmt::format("{:.3f} codes r.m.s.", root_mean_square(report.offset, 0.0)));
    line("calibration: gains of the lanes",
         fmt::format("{:.3f} % r.m.s. around their mean",
                     100.0 * root_mean_square(report.gain, 1.0)));
    line("calibration: reads, pulses, clocks",
         fmt::format("{}, {}, {}", report.counters.reads,
                     report.counters.sets + report.counters.resets, report.counters.clocks));
  }
  text += fault_text(chip, "");
  line("failed cells", fmt::format("{}", loop.failed.size()));
  for (std::size_t i = 0; i < std::min(loop.failed.size(), kListedFailures); ++i) {
    fmt::format_to(out, "  {}\n", describe_failure(loop, loop.failed[i]));
  }
  if (loop.failed.size() > kListedFailures) {
    fmt::format_to(out, "  and {} more\n", loop.failed.size() - kListedFailures);
  }
  text += check_text(chip, "");
  fmt::format_to(out, "programmed in {:.2f} s\n", chip.seconds);
  return text;
}

std::string cells_csv(const Workload& workload, const ProgrammedChip& chip) {
  const LoopResult& loop = chip.loop.value();
  const int bits = workload.config.num_bl();
  std::string text =
      "pe,source_line,bit_line,level,target_uS,target_code,status,code,pulses,written_uS,aged_uS\n";
  const auto out = std::back_inserter(text);
  for (std::size_t i = 0; i < loop.entries.size(); ++i) {
    const ProgramEntry& entry = loop.entries[i];
    const EntryResult& result = loop.results()[i];
    const auto pe = static_cast<std::size_t>(entry.pe);
    const auto cell = static_cast<std::size_t>((entry.source_line * bits) + entry.bit_line);
    fmt::format_to(out, "{},{},{},{},{},{},{},{},{},{},{}\n", entry.pe, entry.source_line,
                   entry.bit_line, workload.mapped.program.cells[pe][cell],
                   target_uS(workload, chip, entry.pe, entry.source_line, entry.bit_line),
                   entry.target, status_name(result.status), result.code, loop.pulses(i),
                   chip.written[pe][cell], chip.macros[pe].conductances()[cell]);
  }
  return text;
}

namespace {

struct ProgramCommandOptions {
  WorkloadOptions workload;
  ProgrammingOptions programming;
  std::string engine = "rtl";  // rtl or model
  std::string svg;             // file: conductance picture
  std::string csv;             // file: one row a cell
  std::string trace;           // file, FST
};

int run_program(const ProgramCommandOptions& options) {
  const bool use_rtl = is_rtl(options.engine, options.workload);
  if (!options.trace.empty() && !use_rtl) {
    throw Error("--trace: waves are of the RTL, there are none with --engine model");
  }
  options.programming.check();
  // Only a calibration looks at images.
  Workload workload = options.programming.calibrate
                          ? load_workload(options.workload)
                          : load_workload_without_images(options.workload);
  const Provenance made =
      provenance(workload, options.programming,
                 "mcnn program " + command_line(options.workload) +
                     options.programming.command_line());  // either engine: the same bits
  const auto trace_file = output_file(options.trace, "--trace");
  const auto svg_file = output_file(options.svg, "--svg");
  const auto csv_file = output_file(options.csv, "--csv");
  const auto cells_file = output_file(options.programming.save_cells, "--save-cells");
  install_interrupt_handler();
  const ProgrammedChip chip =
      program_chip(workload, options.programming, use_rtl, /*quiet=*/false, trace_file.get());
  if (svg_file) svg_file->commit(with_provenance(conductance_svg(workload, chip), made));
  if (csv_file) csv_file->commit(csv_comment(made) + cells_csv(workload, chip));
  if (cells_file) cells_file->commit(chip.cells_file);
  fmt::print("{}", program_table(workload, chip, use_rtl));
  print_written({options.svg, options.csv, options.trace, options.programming.save_cells});
  return exit_status(chip.comparison.mismatches);
}

}  // namespace

Command program_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("program", "Program the cells of a network in the loop");
  auto options = std::make_shared<ProgramCommandOptions>();
  add_examples(command,
               {{"mcnn program --device yao2020", "success, pulses and clocks, on the RTL"},
                {"mcnn program --engine model --svg cells.svg", "a picture of every cell"},
                {"mcnn program --trace build/program.fst", "every clock, for GTKWave"},
                {"mcnn program --save-cells chip.json", "for mcnn sim --load-cells chip.json"}});
  add_choice_options(command, options->workload);
  add_loop_options(command, options->programming);
  begin_group(command, kRunGroup);
  command
      .add_option("--engine", options->engine, "rtl (checked against the program model) or model")
      ->type_name("NAME")
      ->capture_default_str();
  add_file_option(command, "--svg", options->svg,
                  "Write a picture: target, reached and error of each cell");
  add_file_option(command, "--csv", options->csv, "Write a row for each cell");
  add_file_option(command, "--trace", options->trace,
                  "Write waves of the RTL, every clock of programming (FST)");
  add_save_cells_option(command, options->programming);
  add_old_name(command, "--cells", options->programming.save_cells);
  return {&command, [options] { return run_program(*options); }};
}

}  // namespace mcnn::cli
