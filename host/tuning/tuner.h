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
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/engine/events.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/mapper.h"
#include "host/network/idx.h"
#include "host/network/network.h"
#include "host/programming/cell_writer.h"
#include "host/programming/fault_map.h"
#include "host/tuning/gradients.h"
#include "host/tuning/hybrid_training.h"
#include "host/tuning/tuned_layer.h"
#include "host/tuning/tuner_state.h"
#include "host/tuning/tuning_chip.h"
#include "host/tuning/tuning_settings.h"

namespace mcnn {

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
    MacroWork train_work;           // what the images took of the macros
    MacroWork test_work;
  };
  Measured measure(bool by_group = false);
  int64_t forward_clocks() const;  // of the forward passes
  // Events of the forward passes, as tuning_cost takes them: summed over the programs that take
  // turns, each counted for all passes.
  ChipEvents forward_events() const;
  // The same of so many passes without a map read back.
  ChipEvents pass_events(int64_t images) const;
  int programs() const { return static_cast<int>(programs_.size()); }

 private:
  // What the two cells of a pair can do, and as much of its weight as that.
  Reach reach(const CellPair& pair) const;
  double reachable_weight(const CellPair& pair) const;
  ForwardBatch forward(std::span<const int> images, bool features);
  std::vector<TuningChip::ImageOutput> pass(std::span<const std::span<const uint8_t>> images,
                                            bool maps);
  struct TestRun {
    int errors = 0;
    MacroWork work;
  };
  TestRun run_test_images();
  ChipEvents events_of(int64_t images, int64_t halted_images) const;
  void load_programs();
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

}  // namespace mcnn
