// SPDX-License-Identifier: Apache-2.0
// What a training run goes on from: a file of libtorch's archive format, written whole or not at
// all.
#pragma once

#include <torch/torch.h>

#include <map>
#include <optional>
#include <string>

namespace mcnn::train {

using State = std::map<std::string, torch::Tensor>;

struct Checkpoint {
  int phase = 0;         // 0: real numbers, 1: the chip's integers
  int epochs = 0;        // of the phase, done
  std::string settings;  // of this phase and those before, which must be the same to go on
  State model;
  State averaged;
  torch::Tensor generator;  // state of libtorch's
  std::string best;         // network file; empty: none yet
  double best_score = -1;
  double seconds = 0;
};

void save_checkpoint(const std::string& path, const Checkpoint& checkpoint,
                     const torch::optim::Optimizer& optimiser);

// Nothing when there is no such file. Throws Error when it is none.
std::optional<Checkpoint> load_checkpoint(const std::string& path);
// The optimiser's part, once that is made.
void load_optimiser(const std::string& path, torch::optim::Optimizer& optimiser);

}  // namespace mcnn::train
