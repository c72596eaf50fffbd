// SPDX-License-Identifier: Apache-2.0
// What a sweep is: the settings that its runs share, the keys that it varies (every combination)
// and those that it draws at random.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/sweep/axes.h"
#include "cli/sweep/run_settings.h"

namespace mcnn::cli {

struct Sweep {
  std::string name;
  std::string title;        // of the plot
  Settings fixed;           // what all runs share
  std::vector<Axis> axes;   // every combination is run; the last one varies fastest
  std::vector<Draw> draws;  // drawn for each sample
  std::uint64_t samples = 1;
  std::uint64_t sample_seed = 1;

  // Run = sample * combinations() + combination.
  std::uint64_t combinations() const;
  std::uint64_t runs() const { return samples * combinations(); }
  // Varied and drawn keys in order.
  std::vector<std::string> varied() const;
  // The whole settings of a run: fixed, then varied() and, if it is not among them, seed. With
  // draws, a seed that is not varied is the fixed one (1 if there is none) plus the sample's
  // number.
  Settings settings(std::uint64_t run) const;
};

// Throws Error if a key appears twice, there is nothing to vary or there are too many runs.
void check_sweep(const Sweep& sweep, const std::string& where);
// The same text for sweeps that give the same rows.
std::string canonical_text(const Sweep& sweep);
}  // namespace mcnn::cli
