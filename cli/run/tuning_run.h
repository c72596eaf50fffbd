// SPDX-License-Identifier: Apache-2.0
// A chip of the command line tuned in place (host/tuning/tuner.h): its options, the
// training set, the learning curve.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/run/checkpoint_file.h"
#include "cli/run/energy_cards.h"
#include "cli/run/programming.h"
#include "cli/run/training_set.h"
#include "cli/run/workload.h"
#include "host/engine/program_port.h"
#include "host/tuning/checkpoint.h"
#include "host/tuning/tuner.h"

namespace mcnn::cli {

struct TuneOptions {
  WorkloadOptions workload;  // its images are the test images
  ProgrammingOptions programming;
  std::string engine = "model";  // rtl or model
  std::string flow = "paper";
  std::string sharing = "rows";  // of the convolver groups: rows or images
  bool by_group = false;
  std::vector<std::string> without;  // parts of the best flow to leave out
  TrainingOptions training;
  bool no_test = false;
  std::optional<double> wait_s;  // none: 1 s, or the card's age_s in the flow best if it is more
  TuningSettings settings;
  std::string card = kStandardCards;  // energy cards
  std::string checkpoint;             // file
  std::string curve;                  // file, SVG
  std::string csv;                    // file
  std::string result;                 // file, JSON
};

// The settings of the options for this workload; throws Error that names the option. `images`: of
// the training set.
TuningSettings tuning_settings(const TuneOptions& options, const Workload& workload, int images);
// The file that a run of tuning keeps its state in, to go on from it after a kill.
class TuningCheckpoint {
 public:
  explicit TuningCheckpoint(CheckpointFile file) : file_(std::move(file)) {}

  // Throws Error if the file is there and is not of this run.
  void check() const { read(); }
  // Puts chip and tuner where the file left them, if it is there.
  void load(Tuner& tuner, TuningChip& chip) const;
  // Tunes to the end, from where the tuner is; `on_step` after every step. Throws Interrupted,
  // after writing the file.
  void tune(Tuner& tuner, const TuningChip& chip, const std::function<void()>& on_step);
  void remove() const { file_.remove(); }  // of a run that is done

 private:
  std::optional<Checkpoint> read() const { return file_.read(parse_checkpoint); }

  CheckpointFile file_;
};

// Tunes the chip, programmed for `workload`, on the chip model, and lets the card's age_s pass: the
// workload then has the tuned biases and the chip the tuned cells. Returns what the programmer did.
// Throws Error, Interrupted.
ProgramCounters tune_on_model(Workload& workload, const TuneOptions& options,
                              const Dataset& training, ProgrammedChip& chip, unsigned jobs,
                              TuningCheckpoint& checkpoint);

// The learning curve: one row a step.
std::string tuning_csv(const TunerState& state);
}  // namespace mcnn::cli
