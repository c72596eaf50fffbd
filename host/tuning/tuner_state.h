// SPDX-License-Identifier: Apache-2.0
// Where tuning stands between two steps, and the learning curve so far.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/engine/events.h"
#include "host/engine/program_port.h"
#include "host/programming/cell_writer.h"
#include "host/programming/closed_loop.h"

namespace mcnn {

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

}  // namespace mcnn
