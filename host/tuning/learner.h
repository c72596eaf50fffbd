// SPDX-License-Identifier: Apache-2.0
// On-line learning of the last layer of a network in its cells, from any state of them: the chip
// runs the forward passes, the host takes function and error of its logits, the chip's programmer
// moves the cells. In an iteration, over its images,
//
//   a_k = gain (l_k - mean of l) / s        s: r.m.s. of (l_k - mean of l) before learning
//   e_k = t_k - tanh(a_k), t_k = 1 for the label and -1 for the others;  or [label] - softmax(a)_k
//   u_c = sign_c * sum over the images of e_k x_i     of cell c of output k, input i
//
// and a cell with an update that counts gets a pulse by its sign, or is brought to
// G_c + rate * u_c / (r.m.s. of the first updates) in the closed loop. Learning sees logits, maps
// and verify reads, never a conductance; it ends when every training image is right, or after the
// epochs that were asked for. Test images are looked at for the curve only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/engine/events.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/mapper.h"
#include "host/network/image_set.h"
#include "host/network/network.h"
#include "host/programming/cell_values.h"
#include "host/tuning/gradients.h"
#include "host/tuning/learning_settings.h"
#include "host/tuning/learnt_layer.h"
#include "host/tuning/tuning_chip.h"

namespace mcnn {

// What learning took of the chip.
struct LearningWork {
  int64_t images = 0;         // forward passes, those of test images left out
  int64_t halted_images = 0;  // of them with MODE.HALT, to read maps back
  MacroWork forward;
  ProgrammingWork written;
  int64_t program_clocks = 0;
  int64_t cells = 0;   // that were pulsed or written
  int64_t failed = 0;  // of those written: outside the tolerance

  LearningWork& operator+=(const LearningWork& other);
  bool operator==(const LearningWork&) const = default;
};

// The chip behind so many epochs.
struct LearningPoint {
  int epoch = 0;           // 0: before learning
  int64_t iterations = 0;  // so far
  int errors = 0;          // on the training images
  int test_errors = -1;    // -1: not looked at
  LearningWork work;       // since the point before, with the pass that gave `errors`

  bool operator==(const LearningPoint&) const = default;
};

struct LearningState {
  uint32_t next_image = 0;  // number of the next forward pass
  int64_t iterations = 0;
  double scale = 0.0;          // of the logits: gain / s; 0: no image was seen
  double update_unit = 0.0;    // r.m.s. of the first updates; 0: there was none
  std::vector<double> wanted;  // verify: of each cell [level steps]
  std::vector<double> held;    // by its last verify read
  std::vector<LearningPoint> points;
  bool done = false;

  bool operator==(const LearningState&) const = default;
};

class Learner {
 public:
  // `test`: may be null. All must outlive the learner. Throws Error.
  Learner(TuningChip& chip, const Network& network, const MappedNetwork& mapped,
          const ChipConfig& config, const DeviceCard& card, const Dataset& training,
          const Dataset* test, const LearningSettings& settings,
          const TargetCorrection& correction = {});

  // An epoch: its iterations, and a look at where they led. The first step only looks. Returns
  // false when there is nothing more to do.
  bool step();

  // Goes on from a state between two steps; the chip has the cells that belong to it. Throws Error.
  void restore(LearningState state);
  const LearningState& state() const { return state_; }
  const LearningSettings& settings() const { return settings_; }
  const LearntLayer& layer() const { return layer_; }
  int training_images() const { return training_.images.count; }
  int test_images() const { return test_ == nullptr ? 0 : test_->images.count; }
  LearningWork work() const;  // of all epochs
  bool all_right() const { return state_.points.back().errors == 0; }

 private:
  bool whole_batches() const;
  ForwardBatch forward(std::span<const int> images, bool features);
  void look();
  void learn(const ForwardBatch& batch);
  std::vector<double> errors_of(const ForwardBatch& batch, size_t image) const;
  void pulse(std::span<const double> updates, double least);
  void verify(std::span<const double> updates, double least);

  TuningChip& chip_;
  const ChipConfig& config_;
  const DeviceCard& card_;
  const Dataset& training_;
  const Dataset* test_;
  LearningSettings settings_;
  TargetCorrection correction_;
  LearntLayer layer_;
  ProgramSettings program_;
  bool one_layer_;
  std::vector<int> all_;  // training images
  ForwardBatch looked_;   // of the last look, if a batch is all of them
  LearningWork work_;     // since the last point
  LearningState state_;
};

}  // namespace mcnn
