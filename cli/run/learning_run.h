// SPDX-License-Identifier: Apache-2.0
// A chip of the command line that learns (host/tuning/learner.h): its options, where it begins, the
// run, and what it cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/run/checkpoint_file.h"
#include "cli/run/energy_cards.h"
#include "cli/run/programming.h"
#include "cli/run/training_set.h"
#include "cli/run/workload.h"
#include "host/cost/cost.h"
#include "host/network/image_set.h"
#include "host/tuning/learner.h"

namespace mcnn::cli {

struct LearnOptions {
  WorkloadOptions workload;  // its images are the test images
  ProgrammingOptions programming;
  std::string engine = "model";  // rtl or model
  std::string rule = "verify";
  std::string function = "softmax";
  bool keep_weights = false;  // begin at the network's own weights
  TrainingOptions training;
  bool no_test = false;
  LearningSettings settings;
  std::vector<int> picture_epochs;    // that the picture shows; empty: the first and the last
  std::string card = kStandardCards;  // energy cards
  std::string checkpoint;             // file
  std::string curve;                  // file, SVG
  std::string csv;                    // file
  std::string picture;                // file, SVG
  std::string result;                 // file, JSON
  std::string save_cells;             // file, JSON
  std::string save_network;           // file, JSON: the network as it was mapped
};

// The settings of the options; throws Error that names the option.
LearningSettings learning_settings(const LearnOptions& options, const Workload& workload,
                                   int training_images);
// Puts the last layer of the workload where learning begins, and maps it.
void begin_learning(Workload& workload, const LearnOptions& options);

struct LearnRun {
  LearntLayer layer;
  LearningState state;
  LearningWork work;
  int training_images = 0;
  int test_images = 0;
  std::vector<CellPicture> pictures;
  std::vector<MacroState> cells;  // of the chip when it was done, [PE]
  double seconds = 0.0;

  const LearningPoint& last() const { return state.points.back(); }
  int epochs() const { return last().epoch; }
};

// Learns on the programmed chip, from where the checkpoint left off if it is there. `test`: null,
// not looked at. `quiet`: without progress. Throws Error, Interrupted.
LearnRun learn(const Workload& workload, const LearnOptions& options,
               const LearningSettings& settings, ProgrammedChip chip, const Dataset& training,
               const Dataset* test, unsigned jobs, CheckpointFile& checkpoint, bool quiet = false);

// What learning took, of the whole chip.
TuningCost learning_cost(const LearningWork& work, const Workload& workload,
                         const EnergyCard& card);
// Of it the cells alone: read pulses, verify reads and programming pulses through them.
double cells_pJ(const TuningCost& cost);

}  // namespace mcnn::cli
