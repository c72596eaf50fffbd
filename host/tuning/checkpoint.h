// SPDX-License-Identifier: Apache-2.0
// A run of tuning, or of learning, in a file, to go on from where it was killed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "behavioral_models/macro.h"
#include "host/tuning/learner.h"
#include "host/tuning/learnt_layer.h"
#include "host/tuning/tuner_state.h"

namespace mcnn {

// A checkpoint: state, macros, and a text that says what it belongs to.
struct Checkpoint {
  std::string run;  // what was asked for; a run continues only the same
  TunerState state;
  std::vector<MacroState> macros;
};
std::string to_text(const Checkpoint& checkpoint);
// Throws Error, `source` first.
Checkpoint parse_checkpoint(std::string_view text, const std::string& source);

// The same of learning, with the pictures that were taken on the way.
struct LearningCheckpoint {
  std::string run;
  LearningState state;
  std::vector<CellPicture> pictures;
  std::vector<MacroState> macros;
};
std::string to_text(const LearningCheckpoint& checkpoint);
LearningCheckpoint parse_learning_checkpoint(std::string_view text, const std::string& source);

}  // namespace mcnn
