// SPDX-License-Identifier: Apache-2.0
#include "cli/run/training_set.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <tuple>

#include "common/error.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::string TrainingOptions::command_line() const {
  std::string text;
  if (!images.empty()) text += fmt::format(" --training-images {}", quoted(images));
  if (!labels.empty()) text += fmt::format(" --training-labels {}", quoted(labels));
  if (count) text += fmt::format(" --training-count {}", *count);
  return text;
}

Dataset first_images(const Dataset& from, std::size_t first, std::size_t count) {
  const std::size_t size = from.images.image_size();
  Dataset part;
  part.images.count = static_cast<int>(count);
  part.images.channels = from.images.channels;
  part.images.height = from.images.height;
  part.images.width = from.images.width;
  const auto pixels = from.images.pixels.begin() + static_cast<std::ptrdiff_t>(first * size);
  part.images.pixels.assign(pixels, pixels + static_cast<std::ptrdiff_t>(count * size));
  const auto labels = from.labels.begin() + static_cast<std::ptrdiff_t>(first);
  part.labels.assign(labels, labels + static_cast<std::ptrdiff_t>(count));
  return part;
}

std::pair<std::string, std::string> training_files(const TrainingOptions& options) {
  if (options.images.empty() && !options.labels.empty()) {
    throw Error("--training-labels: needs --training-images FILE: MNIST's have their own labels");
  }
  if (!options.images.empty()) return {options.images, options.labels};
  const fs::path mnist = fs::path(data_folder()) / "mnist";
  return {(mnist / "train6k-images-idx3-ubyte.gz").string(),
          (mnist / "train6k-labels-idx1-ubyte.gz").string()};
}

Dataset load_training(const WorkloadOptions& workload, const TrainingOptions& options,
                      WorkloadLoader& loader) {
  WorkloadOptions choice = workload;
  std::tie(choice.images, choice.labels) = training_files(options);
  choice.first = 0;
  choice.count.reset();
  const std::shared_ptr<const Dataset> data = loader.load(choice, {.labels = false}).data;
  const Dataset& all = *data;
  if (all.labels.empty()) {
    throw Error(fmt::format("--training-images: needs --training-labels FILE: {} has no labels",
                            choice.images));
  }
  const std::int64_t count = options.count.value_or(all.images.count);
  if (count < 2 || count > all.images.count) {
    throw Error(fmt::format("--training-count: found {}, allowed is 2..{} ({} has {} images)",
                            count, all.images.count, choice.images, all.images.count));
  }
  return first_images(all, 0, static_cast<std::size_t>(count));
}

}  // namespace mcnn::cli
