// SPDX-License-Identifier: Apache-2.0
// Tuning a programmed chip in place, step by step: the chip runs the forward passes, the host
// computes, the chip's programmer rewrites cells. Two flows:
//
//   paper  hybrid training as published: stochastic gradient descent of the last layer, and a
//          weight is rewritten when its accumulated change exceeds a threshold;
//   best   cells of all layers that relaxed away are rewritten in a few passes, biases of hidden
//          layers follow their statistics, the last layer is refitted on the chip's own features,
//          written in passes as well, and its biases are fitted on the chip's own logits.
//
// The state between two steps is all there is: saved and restored, the steps that follow give the
// same bits. The chip is behind TuningChip: RTL over AXI, or the chip model.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "behavioral_models/macro.h"
#include "host/engine/events.h"
#include "host/network/idx.h"
#include "host/tuning/tuning.h"

namespace mcnn {

// How the groups of PEs that hold copies of the kernels share the work.
enum class Sharing {
  kRows,    // neighbouring rows of one image
  kImages,  // one image a group: image n goes to group n modulo their number
};
Sharing sharing(std::string_view name);  // "rows" or "images"; throws Error

// What tuning needs of a chip.
class TuningChip {
 public:
  virtual ~TuningChip() = default;

  // Runs images with the numbers first, first + 1, ... (they key the noise). `maps`: with every
  // hidden map of each image, as ChipProgram::maps.
  struct ImageOutput {
    std::vector<int32_t> logits;
    std::vector<std::vector<uint8_t>> maps;
  };
  virtual std::vector<ImageOutput> forward(uint32_t first,
                                           std::span<const std::span<const uint8_t>> images,
                                           bool maps) = 0;
  virtual ProgramPort& port() = 0;
  // Time passes for every cell, and every cell sees so many read pulses.
  virtual void elapse(double seconds, double read_pulses) = 0;
  // The chip runs these programs from now on, image n with number n modulo how many there are. All
  // use the same cells.
  virtual void load(std::span<const ChipProgram> programs) = 0;
  virtual std::vector<MacroState> states() const = 0;  // [PE]
  // What forward passes, and what programming, took of the macros since this was asked last.
  virtual MacroWork take_forward_work() = 0;
  virtual ProgrammingWork take_programming_work() = 0;
  virtual void restore(std::span<const MacroState> states) = 0;
};

enum class TuningFlow { kPaper, kBest };
TuningFlow tuning_flow(std::string_view name);  // "paper" or "best"; throws Error
std::string_view flow_name(TuningFlow flow);

struct TuningSettings {
  TuningFlow flow = TuningFlow::kPaper;
  uint64_t seed = 1;      // of the order of the images and of the refit
  int validation = 1000;  // last images of the set, kept from training
  Sharing sharing = Sharing::kRows;
  int test_interval = 0;    // evaluations between two looks at the test images; 0: none
  uint32_t first_test = 0;  // number of the first test image
  double wait_s = 1.0;      // time that passes after cells were written
  // paper
  int max_epochs = 12;
  int batch = 100;
  int patience = 3;  // epochs without a better validation loss
  HybridSettings hybrid;
  // best
  int passes = 4;                  // over the cells of the hidden layers, and of the last one
  double pass_threshold_uS = 0.8;  // a pair further off than this is rewritten
  bool rewrite_hidden = true;      // each part can be left out
  bool tune_hidden_biases = true;
  bool refit_last = true;
  bool rewrite_last = true;
  bool tune_last_biases = true;
  int refit_epochs = 30;
  double refit_rate = 0.02;
  double refit_penalty = 1e-3;

  // Throws Error that names the option.
  void check(int images) const;
};

// One step of the learning curve.
struct BatchPoint {
  int64_t step = 0;  // mini-batches and passes, from 1
  int errors = 0;    // of a mini-batch; -1: no images in this step
  int images = 0;
  int64_t cells = 0;  // rewritten so far
  int64_t pulses = 0;

  bool operator==(const BatchPoint&) const = default;
};
// Errors on images that are not trained on.
struct EvaluationPoint {
  int64_t step = 0;  // after this step; 0: before tuning
  std::string what;  // "start", "epoch 1", "hidden pass 2", ...
  int validation_errors = 0;
  int validation_images = 0;
  double validation_loss = 0.0;
  int test_errors = -1;  // -1: not looked at
  int test_images = 0;

  bool operator==(const EvaluationPoint&) const = default;
};

// Everything between two steps, but for the macros.
struct TunerState {
  std::string stage = "start";
  int round = 0;  // epoch or pass of the stage
  int batch = 0;  // of the epoch
  int64_t step = 0;
  uint32_t next_image = 0;     // number of the next forward pass
  int64_t forward_images = 0;  // passes through the chip, evaluation on test images left out
  int64_t halted_images = 0;   // of them with MODE.HALT, to read maps back
  MacroWork forward;           // what they took of the macros
  ProgrammingWork written;     // and what rewriting cells did
  double waited_s = 0.0;
  double beta = 0.0;
  int train_errors = -1;  // before tuning, on all images but those for validation
  double train_loss = 0.0;
  double best_loss = 0.0;  // smallest validation loss so far
  int best_round = 0;
  std::vector<double> accumulators;          // paper [level steps]
  std::vector<double> wanted;                // best: weights of the last layer [level steps]
  std::vector<std::vector<int32_t>> biases;  // [layer][kernel] of the network
  RewriteCounters counters;
  ProgramCounters programming;
  std::vector<CellAddress> bad_cells;
  std::vector<BatchPoint> batches;
  std::vector<EvaluationPoint> evaluations;

  bool operator==(const TunerState&) const = default;
};

class Tuner {
 public:
  // `training`: images to tune with; the last ones are for validation. `test`: optional, looked at
  // for the curve only, never for a decision. All must outlive the tuner. `faults`: the cells that
  // are known not to take every level. Throws Error.
  Tuner(TuningChip& chip, const Network& network, const MappedNetwork& mapped,
        const ChipConfig& config, const DeviceCard& card, const Dataset& training,
        const Dataset* test, const TuningSettings& settings,
        const TargetCorrection& correction = {}, FaultMap faults = {});

  // One mini-batch, pass or evaluation. Returns false when there is nothing more to do.
  bool step();
  bool done() const { return state_.stage == "done"; }

  const TunerState& state() const { return state_; }
  // Continues from a saved state; the chip's macros are restored by the caller.
  void restore(TunerState state);

  const Network& network() const { return network_; }  // with its tuned biases
  const MappedNetwork& mapped() const { return mapped_; }
  const TuningSettings& settings() const { return settings_; }
  // Steps that there are at most, for progress.
  int64_t most_steps() const;
  // Errors of the chip as it is now, on the training images and on the test images (-1 without).
  // Changes no state.
  struct Measured {
    int train_errors = 0;
    int train_images = 0;
    int test_errors = -1;
    int test_images = 0;
    std::vector<int> group_errors;  // on the test images, each group alone
  };
  Measured measure(bool by_group = false);
  int64_t forward_clocks() const;  // of the forward passes
  // Events of the forward passes, as tuning_cost takes them: summed over the programs that take
  // turns, each counted for all passes.
  ChipEvents forward_events() const;
  int programs() const { return static_cast<int>(programs_.size()); }

 private:
  // What the two cells of a pair can do, and as much of its weight as that.
  Reach reach(const CellPair& pair) const;
  double reachable_weight(const CellPair& pair) const;
  ForwardBatch forward(std::span<const int> images, bool features);
  std::vector<TuningChip::ImageOutput> pass(std::span<const std::span<const uint8_t>> images,
                                            bool maps);
  int test_errors();
  void load_programs();
  std::vector<int> epoch_order(int epoch) const;
  void evaluate(const std::string& what);
  void end_step(int errors, int images, bool wrote);
  void go_on(std::string_view behind);
  void start();
  void train();
  void rewrite_hidden();
  void tune_hidden_biases();
  void refit_last();
  void rewrite_last();
  void tune_last_biases();
  void put_biases(int layer, std::span<const int32_t> biases);

  TuningChip& chip_;
  Network network_;
  MappedNetwork mapped_;
  ChipConfig config_;
  DeviceCard card_;
  const Dataset& training_;
  const Dataset* test_;
  TuningSettings settings_;
  TunedLayer layer_;
  FaultMap faults_;
  CellWriter writer_;
  std::optional<HybridTraining> hybrid_;
  std::vector<ChipProgram> programs_;
  double image_clocks_ = 0.0;  // mean over the programs
  std::vector<int> training_ids_;
  std::vector<int> validation_ids_;
  TunerState state_;
};

// A checkpoint: state, macros, and a text that says what it belongs to.
struct Checkpoint {
  std::string run;  // what was asked for; a run continues only the same
  TunerState state;
  std::vector<MacroState> macros;
};
std::string to_text(const Checkpoint& checkpoint);
// Throws Error, `source` first.
Checkpoint parse_checkpoint(std::string_view text, const std::string& source);

}  // namespace mcnn
