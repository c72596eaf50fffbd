// SPDX-License-Identifier: Apache-2.0
// The programmed chip of a workload: its macros as they are when the first image comes, and what it
// took to get there. Programmed once; every worker, RTL or model, then has copies.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "behavioral_models/macro.h"
#include "cli/output/output_file.h"
#include "cli/run/workload.h"
#include "host/programming/calibration.h"
#include "host/programming/closed_loop.h"
#include "host/programming/fault_map.h"
#include "host/programming/refresh.h"

namespace mcnn::cli {

// The options of the command line.
struct ProgrammingOptions {
  std::string program = "loop";              // loop or direct
  std::optional<double> second_pass_wait_s;  // of the loop
  std::string load_cells;                    // file: no programming at all
  std::string save_cells;                    // file
  bool around_faults = false;
  bool calibrate = false;
  std::string calibration_images;  // file; empty: the training subset, or the images of the run
  std::int64_t calibration_count = 256;  // the first ones
  RefreshPolicy refresh;                 // while the card's age_s passes

  // Checks each option and that they go together. Throws Error.
  void check() const;
  // As a command line has them, those at their default left out; begins with a blank.
  std::string command_line() const;
};

enum class ProgramWay { kLoop, kDirect, kLoaded };
std::string_view way_name(ProgramWay way);  // "loop"

// What the chip programmed by the RTL has other than the program model.
struct ProgramComparison {
  bool checked = false;  // against the program model
  std::uint64_t mismatches = 0;
  std::vector<std::string> messages;  // the first few
};

// The faults that the chip is programmed around, and what that takes.
struct FaultReport {
  FaultMap map;
  bool searched = false;     // on this chip, now; otherwise a file told
  ProgramCounters counters;  // of the search
  FaultFigures before;       // with the blocks where the mapper put them
  FaultFigures after;        // and where they are now
};

struct ProgrammedChip {
  ProgramWay way = ProgramWay::kDirect;
  std::vector<Macro> macros;  // [PE] aged by the card's age and read disturb
  // Conductances when programming ended, before that time passed [uS], [PE][cell].
  std::vector<std::vector<float>> written;
  std::optional<LoopResult> loop;
  std::optional<CalibrationReport> calibration;
  std::optional<FaultReport> faults;
  std::optional<RefreshReport> refresh;  // while that time passed, when it was asked for
  TargetCorrection correction;           // of the targets, by the calibration and for the faults
  std::string calibration_note;          // that biases are calibrated, and with what
  ProgramComparison comparison;
  double seconds = 0.0;  // of programming, wall clock

  // What --save-cells writes: the macros when programming ended.
  std::string cells_file;
};

// A file of --save-cells: cells in these states, what the biases are more than those of the mapper,
// and the faults that the blocks were moved around.
std::string cells_text(const Workload& workload, std::vector<MacroState> states,
                       const std::vector<BiasRow>& bias_changes,
                       const std::optional<FaultReport>& faults);

// Programs the chip of the workload and lets the card's age_s pass: by RTL and model, compared with
// each other, or by the model alone. With calibration the biases of the workload's program change,
// around faults the blocks of its mapping move. `quiet`: without progress of its own. `trace`: gets
// the waves of the RTL from the reset to the last clock of programming, however that ends; null:
// none. Throws Error, Interrupted.
ProgrammedChip program_chip(Workload& workload, const ProgrammingOptions& options, bool use_rtl,
                            bool quiet = false, OutputFile* trace = nullptr);

// Lets the card's age_s and its reads pass for a programmed chip by `elapse`, its cells refreshed
// through `port`. `quiet` as above. Throws Error, Interrupted.
RefreshReport pass_age(const Workload& workload, const RefreshPolicy& policy,
                       const ProgrammedChip& chip, ProgramPort& port,
                       const std::function<void(double seconds, double read_pulses)>& elapse,
                       bool quiet = false);

// How well the cells of a loop lie.
struct CellStatistics {
  std::uint64_t cells = 0;           // that the loop wrote
  std::uint64_t done = 0;            // by the loop's own verify reads
  std::uint64_t written_within = 0;  // true conductance within +-limit_uS when programming ended
  std::uint64_t aged_within = 0;     // and when the first image comes
  double limit_uS = 1.0;
  std::uint64_t pulses = 0;
  int most_pulses = 0;  // of a cell
  std::uint64_t sets = 0;
  std::uint64_t resets = 0;

  double mean_pulses() const {
    return cells == 0 ? 0.0 : static_cast<double>(pulses) / static_cast<double>(cells);
  }
};
CellStatistics cell_statistics(const Workload& workload, const ProgrammedChip& chip);

// What was found and what it took, lines that begin with `indent`; empty without a search.
std::string fault_text(const ProgrammedChip& chip, std::string_view indent);

// Whether the chip was what the program model is, as above; empty where they were not compared.
std::string check_text(const ProgrammedChip& chip, std::string_view indent);

// Target conductance of a cell [uS], with what a calibration and faults made of it.
double target_uS(const Workload& workload, const ProgrammedChip& chip, int pe, int source_line,
                 int bit_line);

}  // namespace mcnn::cli
