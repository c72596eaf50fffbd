// SPDX-License-Identifier: Apache-2.0
// The options of mcnn_train.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "host/tuning/train/topology.h"
#include "host/tuning/train/training.h"
#include "host/tuning/train/training_data.h"

namespace mcnn::train {

struct Options {
  std::string network = "yao2020";
  std::string from;
  DataFiles files;
  std::string out;
  bool plain = false;
  bool cpu = false;
  // What has a default that depends on --network or --plain.
  std::optional<int> epochs_float;
  std::optional<int> epochs_quantised;
  std::optional<double> noise;
  std::optional<double> max_shift;
  std::optional<double> max_rotation;
  std::optional<double> weight_range;
  std::optional<double> learning_rate;
  std::optional<double> learning_rate_quantised;
  Settings settings;
};

void add_options(CLI::App& app, Options& options);

// Defaults filled in.
Settings settings_of(const Options& options, const Topology& topology);

}  // namespace mcnn::train
