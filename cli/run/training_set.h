// SPDX-License-Identifier: Apache-2.0
// The training images of a command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "cli/run/workload.h"
#include "host/network/image_set.h"

namespace mcnn::cli {

struct TrainingOptions {
  std::string images;  // file; empty: the training subset
  std::string labels;
  std::optional<std::int64_t> count;  // the first ones; none: all

  // As a command line has them, those at their default left out; begins with a blank.
  std::string command_line() const;
};

// Files of the training set: images, labels. Throws Error.
std::pair<std::string, std::string> training_files(const TrainingOptions& options);
// The training images through the checks that the images of every command go through. `loader`:
// reads each file once. Throws Error.
Dataset load_training(const WorkloadOptions& workload, const TrainingOptions& options,
                      WorkloadLoader& loader);

// Images first..first + count - 1, with their labels.
Dataset first_images(const Dataset& from, std::size_t first, std::size_t count);

}  // namespace mcnn::cli
