// SPDX-License-Identifier: Apache-2.0
// What can be asked of learning.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mcnn {

// How an update gets into a cell.
enum class LearningRule {
  kPulse,   // one SET or RESET pulse by its sign, and nobody looks where that goes
  kVerify,  // the closed loop to the conductance that the update asks for
};
LearningRule learning_rule(std::string_view name);  // "pulse" or "verify"; throws Error
std::string_view rule_name(LearningRule rule);

// What the host makes of the logits of an image, less their mean.
enum class OutputFunction { kTanh, kSoftmax };
OutputFunction output_function(std::string_view name);  // "tanh" or "softmax"; throws Error
std::string_view function_name(OutputFunction function);

struct LearningSettings {
  LearningRule rule = LearningRule::kVerify;
  OutputFunction function = OutputFunction::kSoftmax;
  uint64_t seed = 1;     // of the order of the images
  int batch = 0;         // images of an iteration; 0: all
  int max_epochs = 100;  // passes over the training images
  double gain = 2.0;     // of the function: times the logits in units of their r.m.s. at the start
  double rate = 0.3;     // verify: an update as large as the r.m.s. of the first one [levels]
  double threshold = 0.0;  // smallest update that is made, in units of the largest of its iteration
  std::optional<int> amplitude;  // pulse: its code; none: that of the card's first pulse
  int test_interval = 1;         // epochs between two looks at the test images; 0: none
  uint32_t first_test = 0;       // number of the first test image
  double wait_s = 1.0;           // time that passes after cells were moved

  // Throws Error that names the option.
  void check(int images) const;
};

}  // namespace mcnn
