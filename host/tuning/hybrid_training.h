// SPDX-License-Identifier: Apache-2.0
// Hybrid training as published: stochastic gradient descent of the last layer in its cells, which
// are rewritten when their accumulated change exceeds a threshold.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/programming/cell_writer.h"
#include "host/tuning/gradients.h"
#include "host/tuning/tuned_layer.h"

namespace mcnn {

struct HybridSettings {
  double learning_rate = 2.0;  // of weights in units of 1 / (255 beta)
  double threshold_uS = 1.5;
};

// Stochastic gradient descent in the cells: adds the wanted change of a mini-batch to each weight's
// accumulator, and has those beyond the threshold written.
class HybridTraining {
 public:
  HybridTraining(const TunedLayer& layer, const DeviceCard& card, const HybridSettings& settings,
                 double beta);

  // Returns the number of pairs that were rewritten.
  int64_t step(const ForwardBatch& batch, CellWriter& writer);

  double beta() const { return beta_; }
  std::span<const double> accumulators() const { return accumulators_; }  // [level steps]
  void set_accumulators(std::vector<double> accumulators);

 private:
  const TunedLayer& layer_;
  double step_uS_;
  HybridSettings settings_;
  double beta_;
  std::vector<double> accumulators_;
};

}  // namespace mcnn
