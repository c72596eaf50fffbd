// SPDX-License-Identifier: Apache-2.0
// What can be asked of tuning.
#pragma once

#include <cstdint>
#include <string_view>

#include "host/tuning/hybrid_training.h"

namespace mcnn {

// How the groups of PEs that hold copies of the kernels share the work.
enum class Sharing {
  kRows,    // neighbouring rows of one image
  kImages,  // one image a group: image n goes to group n modulo their number
};
Sharing sharing(std::string_view name);  // "rows" or "images"; throws Error

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

}  // namespace mcnn
