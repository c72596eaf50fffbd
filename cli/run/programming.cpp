// SPDX-License-Identifier: Apache-2.0
#include "cli/run/programming.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

#include "cli/output/progress.h"
#include "common/error.h"
#include "common/interrupt.h"
#include "common/named.h"
#include "host/engine/chip_model.h"
#include "host/engine/driver.h"
#include "host/programming/cells_file.h"
#include "host/programming/program_model.h"
#include "tb/rtl_chip.h"

namespace mcnn::cli {
namespace {

constexpr auto kWays = std::to_array<Named<ProgramWay>>({{ProgramWay::kLoop, "loop"},
                                                         {ProgramWay::kDirect, "direct"},
                                                         {ProgramWay::kLoaded, "loaded"}});

constexpr std::size_t kMaxMessages = 10;

// Programs one set of macros through the RTL's AXI ports and another one by the program model, and
// compares everything that comes back.
class CheckedPort final : public ProgramPort {
 public:
  CheckedPort(const Workload& workload, std::vector<Macro>& rtl_macros,
              std::vector<Macro>& model_macros, ProgramComparison& comparison,
              const OutputFile* trace)
      : chip_(tb::RtlChip::make(workload.config.name, rtl_macros, rtl_options(workload, trace))),
        driver_(*chip_),
        model_(workload.config, model_macros),
        comparison_(comparison) {
    comparison_.checked = true;
    const std::string different = differences(driver_.read_config(), workload.config);
    if (!different.empty()) {
      throw Error(fmt::format("the RTL is another chip than configuration {} ({})",
                              workload.config.name, different));
    }
  }

  ProgramRun program(std::span<const ProgramEntry> entries,
                     const ProgramSettings& settings) override {
    ProgramRun found = driver_.program(entries, settings);
    const ProgramRun expected = model_.program(entries, settings);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (found.results[i] == expected.results[i]) continue;
      const auto text = [](const EntryResult& result) {
        return fmt::format("{}, code {}, {} pulses", status_name(result.status), result.code,
                           result.pulses);
      };
      differ(fmt::format("programming PE {}, source line {}, bit line {}: {}; expected {}",
                         entries[i].pe, entries[i].source_line, entries[i].bit_line,
                         text(found.results[i]), text(expected.results[i])));
    }
    const auto counter = [&](std::string_view name, std::int64_t value, std::int64_t wanted) {
      if (value != wanted) {
        differ(fmt::format("programming, PROGRAM_{}: {}, expected {}", name, value, wanted));
      }
    };
    counter("CLOCKS", found.counters.clocks, expected.counters.clocks);
    counter("READS", found.counters.reads, expected.counters.reads);
    counter("SETS", found.counters.sets, expected.counters.sets);
    counter("RESETS", found.counters.resets, expected.counters.resets);
    counter("DONE", found.counters.done, expected.counters.done);
    counter("FAILED", found.counters.failed, expected.counters.failed);
    counter("REFUSED", found.counters.refused, expected.counters.refused);
    return found;
  }

  void differ(std::string message) {
    ++comparison_.mismatches;
    if (comparison_.messages.size() < kMaxMessages) {
      comparison_.messages.push_back(std::move(message));
    }
  }

 private:
  static tb::RtlOptions rtl_options(const Workload& workload, const OutputFile* trace) {
    tb::RtlOptions options;
    options.seed = workload.options.seed;
    if (trace != nullptr) options.trace_path = trace->temporary_path().string();
    options.trace_all = true;
    return options;
  }

  std::unique_ptr<tb::RtlChip> chip_;
  Driver driver_;
  ProgramModel model_;
  ProgramComparison& comparison_;
};

// What programs the macros: the program model, or the RTL checked by it.
class Programmer {
 public:
  Programmer(const Workload& workload, std::vector<Macro>& macros, bool use_rtl,
             ProgramComparison& comparison, const OutputFile* trace = nullptr)
      : macros_(macros) {
    if (use_rtl) {
      model_macros_ = macros;
      checked_ = std::make_unique<CheckedPort>(workload, macros, model_macros_, comparison, trace);
    } else {
      model_ = std::make_unique<ProgramModel>(workload.config, macros);
    }
  }
  Programmer(const Programmer&) = delete;
  Programmer& operator=(const Programmer&) = delete;
  // The chip of the RTL points to the macros, so it must not outlive them.
  ~Programmer() = default;

  ProgramPort& port() { return checked_ ? static_cast<ProgramPort&>(*checked_) : *model_; }
  void elapse(double seconds, double read_pulses) {
    for (Macro& macro : macros_) macro.elapse(seconds, read_pulses);
    for (Macro& macro : model_macros_) macro.elapse(seconds, read_pulses);
  }
  // Cells, pulses and verify reads of the RTL's macros against those that the model leaves.
  void compare() {
    for (std::size_t pe = 0; pe < model_macros_.size(); ++pe) {
      if (macros_[pe].save_state() != model_macros_[pe].save_state()) {
        checked_->differ(fmt::format(
            "programming: the cells of PE {} are not those that the program model leaves", pe));
      }
      if (macros_[pe].programming_counts() != model_macros_[pe].programming_counts()) {
        checked_->differ(fmt::format(
            "programming: pulses and verify reads of PE {} are not those of the program model",
            pe));
      }
    }
  }

 private:
  std::vector<Macro>& macros_;
  std::vector<Macro> model_macros_;
  std::unique_ptr<CheckedPort> checked_;
  std::unique_ptr<ProgramModel> model_;
};

std::vector<std::vector<float>> conductances(const std::vector<Macro>& macros) {
  std::vector<std::vector<float>> all;
  for (const Macro& macro : macros) {
    const std::span<const float> cells = macro.conductances();
    all.emplace_back(cells.begin(), cells.end());
  }
  return all;
}

// Images that the calibration counts bit planes of.
struct CalibrationImages {
  ImageSet own;  // of a set of their own
  std::vector<std::span<const std::uint8_t>> images;
  std::string note;
};

CalibrationImages calibration_images(const Workload& workload, const ProgrammingOptions& options) {
  CalibrationImages chosen;
  const ImageSet* set = &workload.data->images;
  std::string name = "images of the run itself";
  // Images of their own for the network's own training set; other networks have none there.
  const std::filesystem::path subset =
      std::filesystem::path(data_folder()) / "mnist" / "train6k-images-idx3-ubyte.gz";
  const bool is_mnist = workload.options.images.empty();
  std::string file = options.calibration_images;
  if (file.empty() && is_mnist && std::filesystem::exists(subset)) file = subset.string();
  if (!file.empty()) {
    chosen.own = load_fitted_images(workload.options, file, "", workload.network).data.images;
    set = &chosen.own;
    name = std::filesystem::path(file).filename().string();
  }
  const int count = static_cast<int>(std::min<std::int64_t>(options.calibration_count, set->count));
  for (int i = 0; i < count; ++i) chosen.images.push_back(set->image(i));
  chosen.note = fmt::format("by the first {} of {}", count, name);
  return chosen;
}

// Moves the blocks of the workload around the faults and has the good cells of pairs make up for
// the others.
void program_around(const FaultMap& faults, Workload& workload, ProgrammedChip& chip) {
  FaultReport& report = chip.faults.emplace();
  report.map = faults;
  report.before = fault_figures(workload.mapped, workload.config, faults);
  workload.mapped = move_blocks(workload.mapped, workload.config, faults);
  report.after = fault_figures(workload.mapped, workload.config, faults);
  chip.correction.change = pair_compensation(workload.mapped, workload.config, faults);
}

void save(const Workload& workload, const std::vector<Macro>& macros,
          const std::vector<BiasRow>& bias_changes, ProgrammedChip& chip) {
  std::vector<MacroState> states;
  for (const Macro& macro : macros) states.push_back(macro.save_state());
  chip.cells_file = cells_text(workload, std::move(states), bias_changes, chip.faults);
}

}  // namespace

std::string cells_text(const Workload& workload, std::vector<MacroState> states,
                       const std::vector<BiasRow>& bias_changes,
                       const std::optional<FaultReport>& faults) {
  const ChipConfig& config = workload.config;
  CellsFile file;
  file.config = config.name;
  file.seed = workload.options.seed;
  file.card = cells_card_text(workload.card);
  file.cells_digest = cells_digest(workload.mapped.program);
  file.shape = {config.num_bl(), config.num_sl, config.num_adc, config.adc_bits};
  file.states = std::move(states);
  file.bias_changes = bias_changes;
  if (faults) file.faults = faults->map;
  return to_text(file);
}

void ProgrammingOptions::check() const {
  if (program != "loop" && program != "direct") {
    throw Error(fmt::format("--program: found '{}', allowed are loop and direct", program));
  }
  if (second_pass_wait_s && (!std::isfinite(*second_pass_wait_s) || *second_pass_wait_s < 0.0)) {
    throw Error(
        fmt::format("--second-pass: found {}, allowed are 0 or more seconds", *second_pass_wait_s));
  }
  if (calibration_count < 1) {
    throw Error(
        fmt::format("--calibration-count: found {}, allowed is 1 or more", calibration_count));
  }
  const bool loops = program == "loop" && load_cells.empty();
  const std::string_view instead = load_cells.empty() ? "--program direct" : "--load-cells";
  if (!load_cells.empty() && program == "direct") {
    throw Error("--load-cells: a chip is either loaded or programmed, give no --program with it");
  }
  if (second_pass_wait_s && !loops) {
    throw Error(fmt::format("--second-pass: there is no closed loop with {}", instead));
  }
  if (around_faults && !loops) {
    throw Error(fmt::format(
        "--around-faults: belongs to the closed loop, there is none with {} (a chip that was saved "
        "around its faults is loaded like that)",
        instead));
  }
  if (calibrate && !loops) {
    throw Error(fmt::format(
        "--calibrate: belongs to the closed loop, there is none with {} (a chip that was saved "
        "calibrated is loaded calibrated)",
        instead));
  }
  if (!calibration_images.empty() && !calibrate) {
    throw Error("--calibration-images: needs --calibrate");
  }
  refresh.check();
}

std::string ProgrammingOptions::command_line() const {
  const ProgrammingOptions defaults;
  std::string text;
  if (program != defaults.program) text += " --program " + quoted(program);
  if (second_pass_wait_s) text += fmt::format(" --second-pass {}", *second_pass_wait_s);
  if (!load_cells.empty()) text += " --load-cells " + quoted(load_cells);
  if (around_faults) text += " --around-faults";
  if (calibrate) text += " --calibrate";
  if (!calibration_images.empty()) text += " --calibration-images " + quoted(calibration_images);
  if (calibration_count != defaults.calibration_count) {
    text += fmt::format(" --calibration-count {}", calibration_count);
  }
  if (refresh.every_s) text += fmt::format(" --refresh-every {}", *refresh.every_s);
  if (refresh.threshold_uS) text += fmt::format(" --refresh-threshold {}", *refresh.threshold_uS);
  return text;
}

std::string_view way_name(ProgramWay way) { return name_of(kWays, way); }

RefreshReport pass_age(const Workload& workload, const RefreshPolicy& policy,
                       const ProgrammedChip& chip, ProgramPort& port,
                       const std::function<void(double seconds, double read_pulses)>& elapse,
                       bool quiet) {
  const DeviceCard& card = workload.card;
  CellWriter writer(port, workload.config, card, program_settings(card, workload.config),
                    chip.correction);
  if (chip.faults) {
    const std::vector<CellAddress> stuck = chip.faults->map.stuck_cells();
    writer.restore({}, {}, {stuck.begin(), stuck.end()});
  }
  const std::int64_t rounds = policy.rounds(card.age_s);
  Progress progress("refreshing", quiet ? 0 : static_cast<std::uint64_t>(rounds), "times");
  return pass_time(writer, workload.network, workload.mapped, card.level_step_uS(), policy,
                   card.age_s, card.read_disturb_pulses, elapse, [&](std::int64_t round) {
                     if (interrupt_requested()) throw Interrupted{};
                     progress.set_done(static_cast<std::uint64_t>(round));
                   });
}

namespace {

ProgrammedChip program_and_age(Workload& workload, const ProgrammingOptions& options, bool use_rtl,
                               bool quiet, const OutputFile* trace) {
  options.check();
  ProgrammedChip chip;
  ChipProgram& program = workload.mapped.program;
  const auto start = std::chrono::steady_clock::now();
  std::vector<BiasRow> bias_changes;
  std::vector<Macro> macros = make_macros(workload.config, workload.card, workload.options.seed);

  if (!options.load_cells.empty()) {
    chip.way = ProgramWay::kLoaded;
    const CellsFile file = load_cells_file(options.load_cells);
    if (file.faults) program_around(*file.faults, workload, chip);
    check_cells_file(file, options.load_cells, workload.config, workload.card,
                     workload.options.seed, program);
    for (std::size_t pe = 0; pe < macros.size(); ++pe) {
      try {
        macros[pe].restore(file.states[pe]);
      } catch (const Error& error) {
        throw Error(fmt::format("{}: macros[{}]: {}", options.load_cells, pe, error.what()));
      }
    }
    bias_changes = file.bias_changes;
    if (!bias_changes.empty()) chip.calibration_note = "as saved";
  } else if (options.program == "direct") {
    chip.way = ProgramWay::kDirect;
    program_direct(macros, program);
  } else {
    chip.way = ProgramWay::kLoop;
    Programmer programmer(workload, macros, use_rtl, chip.comparison, trace);
    ProgramPort& port = programmer.port();
    ProgramSettings settings = program_settings(workload.card, workload.config);
    if (options.calibrate) {
      chip.calibration = measure_lanes(port, workload.config, workload.card, settings);
      chip.correction.offset = chip.calibration->offset;
    }
    if (options.around_faults) {
      Progress progress("faults", quiet ? 0 : search_entries(workload.config), "cells");
      const FaultSearch search =
          find_faults(port, workload.config, workload.card, settings, chip.correction.offset,
                      [&](std::size_t done, std::size_t /*total*/) {
                        if (interrupt_requested()) throw Interrupted{};
                        progress.set_done(done);
                      });
      program_around(search.map, workload, chip);
      chip.faults->searched = true;
      chip.faults->counters = search.counters;
    }
    if (options.calibrate) {
      const CalibrationImages images = calibration_images(workload, options);
      Compensation compensation = compensate_offsets(program, workload.config, workload.card,
                                                     chip.calibration->offset, images.images);
      bias_changes = difference(compensation.biases, program.biases);
      chip.calibration_note = images.note;
      chip.correction.shift = std::move(compensation.shift);
      // Corrected targets may need a coarser verify range; cell_entries says when none is left.
      settings.range = std::max(0, fitting_range(program, workload.config, workload.card,
                                                 settings.range, chip.correction));
    }
    std::vector<ProgramEntry> entries =
        cell_entries(program, workload.config, workload.card, settings.range, chip.correction);
    if (chip.faults) leave_out_stuck(entries, chip.faults->map);
    const std::size_t passes = options.second_pass_wait_s ? 2 : 1;
    Progress progress("programming", quiet ? 0 : passes * entries.size(), "cells");
    LoopOptions loop;
    loop.second_pass_wait_s = options.second_pass_wait_s;
    loop.elapse = [&](double seconds) { programmer.elapse(seconds, 0.0); };
    loop.progress = [&](std::size_t done, std::size_t /*total*/) {
      if (interrupt_requested()) throw Interrupted{};
      progress.set_done(done);
    };
    chip.loop = run_closed_loop(port, std::move(entries), settings, workload.config, loop);
    programmer.compare();
  }
  chip.written = conductances(macros);
  if (!options.save_cells.empty()) save(workload, macros, bias_changes, chip);
  if (!bias_changes.empty()) program.biases = sum(program.biases, bias_changes);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  chip.seconds = elapsed.count();
  {
    Programmer programmer(workload, macros, use_rtl && options.refresh.every_s, chip.comparison);
    const RefreshReport refresh = pass_age(
        workload, options.refresh, chip, programmer.port(),
        [&](double seconds, double read_pulses) { programmer.elapse(seconds, read_pulses); },
        quiet);
    programmer.compare();
    if (options.refresh.every_s) chip.refresh = refresh;
  }
  for (Macro& macro : macros) macro.clear_counts();
  chip.macros = std::move(macros);
  return chip;
}

}  // namespace

ProgrammedChip program_chip(Workload& workload, const ProgrammingOptions& options, bool use_rtl,
                            bool quiet, OutputFile* trace) {
  ProgrammedChip chip;
  try {
    chip = program_and_age(workload, options, use_rtl, quiet, trace);
  } catch (...) {
    // The chip has gone, and closed its waves.
    if (trace != nullptr) trace->commit_part("the waves up to where programming ended");
    throw;
  }
  if (trace != nullptr) trace->commit();
  return chip;
}

std::string check_text(const ProgrammedChip& chip, std::string_view indent) {
  const ProgramComparison& comparison = chip.comparison;
  if (!comparison.checked) return "";
  std::string text = fmt::format(
      "{}check: results, counters, clocks and cells against the program model: {}\n", indent,
      comparison.mismatches == 0 ? "equal" : fmt::format("{} differences", comparison.mismatches));
  for (const std::string& message : comparison.messages) text += fmt::format("  {}\n", message);
  return text;
}

std::string fault_text(const ProgrammedChip& chip, std::string_view indent) {
  if (!chip.faults) return {};
  const FaultReport& report = *chip.faults;
  const FaultFigures& before = report.before;
  const FaultFigures& after = report.after;
  std::string text = fmt::format(
      "{}faults: {} of {} cells, {} of the {} used ones\n"
      "{}  pairs whose weight cannot be reached: {} of {}, {} where the mapper put the blocks\n",
      indent, after.faults, after.cells, after.used_faults, after.used_cells, indent,
      after.unreachable, after.pairs, before.unreachable);
  const ProgramCounters& counters = report.counters;
  text += report.searched
              ? fmt::format("{}  search: {} pulses, {} reads, {} clocks\n", indent,
                            counters.sets + counters.resets, counters.reads, counters.clocks)
              : fmt::format("{}  as saved\n", indent);
  return text;
}

double target_uS(const Workload& workload, const ProgrammedChip& chip, int pe, int source_line,
                 int bit_line) {
  const DeviceCard& card = workload.card;
  const auto row = static_cast<std::size_t>(pe);
  const auto cell = static_cast<std::size_t>((source_line * workload.config.num_bl()) + bit_line);
  const double more = chip.correction.shift_of(pe, source_line) +
                      chip.correction.change_of(pe, source_line, bit_line, workload.config);
  return card.level_uS(workload.mapped.program.cells[row][cell]) + (more * card.level_step_uS());
}

CellStatistics cell_statistics(const Workload& workload, const ProgrammedChip& chip) {
  CellStatistics statistics;
  if (!chip.loop) return statistics;
  const LoopResult& loop = *chip.loop;
  const ProgramCounters counters = loop.counters();
  statistics.sets = static_cast<std::uint64_t>(counters.sets);
  statistics.resets = static_cast<std::uint64_t>(counters.resets);
  statistics.cells = loop.entries.size();
  statistics.done = loop.entries.size() - loop.failed.size();
  for (std::size_t i = 0; i < loop.entries.size(); ++i) {
    const ProgramEntry& entry = loop.entries[i];
    const int pulses = loop.pulses(i);
    statistics.pulses += static_cast<std::uint64_t>(pulses);
    statistics.most_pulses = std::max(statistics.most_pulses, pulses);
    const double target = target_uS(workload, chip, entry.pe, entry.source_line, entry.bit_line);
    const auto pe = static_cast<std::size_t>(entry.pe);
    const auto cell =
        static_cast<std::size_t>((entry.source_line * workload.config.num_bl()) + entry.bit_line);
    const auto within = [&](float conductance) {
      return std::abs(static_cast<double>(conductance) - target) <= statistics.limit_uS ? 1U : 0U;
    };
    statistics.written_within += within(chip.written[pe][cell]);
    statistics.aged_within += within(chip.macros[pe].conductances()[cell]);
  }
  return statistics;
}

}  // namespace mcnn::cli
