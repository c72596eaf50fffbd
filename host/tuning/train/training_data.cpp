// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/training_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "common/error.h"
#include "host/import/onnx_import.h"
#include "host/import/quantiser.h"
#include "host/network/cifar10.h"
#include "host/network/idx.h"
#include "host/network/image_files.h"
#include "host/network/image_fit.h"
#include "host/tuning/train/evaluation.h"
#include "host/tuning/train/images.h"
#include "host/tuning/train/model.h"

namespace mcnn::train {
namespace {

constexpr int kImportImages = 200;  // of the training set, to import an ONNX file with
constexpr MapShape kPicture{3, 32, 32};

// Reads <folder>/<name>-images-idx3-ubyte[.gz] and its labels, checks that they are digits of 28x28
// pixels and makes them as small as the network takes.
Dataset read_digits(const std::filesystem::path& folder, const std::string& name,
                    const MapShape& input) {
  const auto find = [&](const std::string& suffix) {
    const auto path = folder / (name + suffix);
    if (std::filesystem::is_regular_file(path.string() + ".gz")) return path.string() + ".gz";
    if (std::filesystem::is_regular_file(path)) return path.string();
    throw Error(fmt::format("{}: not found, neither plain nor with .gz (`make data` fetches MNIST)",
                            path.string()));
  };
  const std::string images = find("-images-idx3-ubyte");
  const std::string labels = find("-labels-idx1-ubyte");
  Dataset data = read_dataset(images, labels);
  if (data.images.count == 0) {
    throw Error(fmt::format("{}: images: found 0, allowed: 1 or more", images));
  }
  if (data.images.channels != 1 || data.images.height != kDigitSize ||
      data.images.width != kDigitSize) {
    throw Error(fmt::format("{}: size of the images: found {}x{}x{}, allowed: 1x{}x{}", images,
                            data.images.channels, data.images.height, data.images.width, kDigitSize,
                            kDigitSize));
  }
  const auto bad = std::ranges::find_if(data.labels, [](auto label) { return label >= kClasses; });
  if (bad != data.labels.end()) {
    throw Error(fmt::format("{}: label of image {}: found {}, allowed: 0..{}", labels,
                            bad - data.labels.begin(), *bad, kClasses - 1));
  }
  if (input.height != kDigitSize) data.images = scaled(data.images, input.height, input.width);
  return data;
}

// CIFAR-10's training images, or its test images.
Dataset read_pictures(const std::filesystem::path& folder, bool test) {
  const auto find = [&](const std::string& name) {
    const auto path = folder / (name + ".bin");
    if (std::filesystem::is_regular_file(path)) return path.string();
    if (std::filesystem::is_regular_file(path.string() + ".gz")) return path.string() + ".gz";
    throw Error(fmt::format(
        "{}: not found, neither plain nor with .gz (`make data SET=cifar10` fetches CIFAR-10)",
        path.string()));
  };
  if (test) return read_cifar10(find("test_batch"));
  Dataset all;
  for (int batch = 1; batch <= 5; ++batch) {
    const Dataset part = read_cifar10(find(fmt::format("data_batch_{}", batch)));
    all.images.channels = part.images.channels;
    all.images.height = part.images.height;
    all.images.width = part.images.width;
    all.images.count += part.images.count;
    all.images.pixels.insert(all.images.pixels.end(), part.images.pixels.begin(),
                             part.images.pixels.end());
    all.labels.insert(all.labels.end(), part.labels.begin(), part.labels.end());
  }
  return all;
}

bool is_digit(const MapShape& input) {
  return input == MapShape{1, kDigitSize, kDigitSize} || input == MapShape{1, 14, 14};
}

}  // namespace

TrainingData read_training_data(const DataFiles& files, const MapShape& input) {
  if (!files.images.empty()) {
    Network shape;
    shape.input = input;
    Dataset all = load_images(files.images, files.labels, shape, {}).data;
    if (all.labels.empty()) {
      throw Error(fmt::format("--labels: missing, {} has none of its own", files.images));
    }
    const int held_out = all.images.count / 10;
    TrainingData data;
    data.test = part_of(all, all.images.count - held_out, held_out);
    data.train = part_of(all, 0, all.images.count - held_out);
    data.name = std::filesystem::path(files.images).filename().string();
    data.test_name = "the last tenth of the images, which were not trained on,";
    return data;
  }
  if (input == kPicture) {
    const std::string folder = files.folder.empty() ? "build/cifar10" : files.folder;
    return {read_pictures(folder, false), read_pictures(folder, true), "CIFAR-10"};
  }
  if (!is_digit(input)) {
    throw Error(
        fmt::format("network of {} x {} x {} pixels: found no --images, which are needed but for "
                    "MNIST (1 x 28 x 28, 1 x 14 x 14) and CIFAR-10 (3 x 32 x 32)",
                    input.channels, input.height, input.width));
  }
  const std::string folder = files.folder.empty() ? "build/mnist" : files.folder;
  return {read_digits(folder, "train", input), read_digits(folder, "t10k", input),
          input.height == kDigitSize ? "MNIST"
                                     : "MNIST with each square of 2x2 pixels averaged to one"};
}

Topology topology_from(const std::string& path, const DataFiles& files) {
  Topology topology;
  topology.has_weights = true;
  topology.name = std::filesystem::path(path).stem().string();
  topology.epochs_quantised = 10;
  topology.learning_rate_quantised = 1e-3;
  topology.noise = 0.04;
  topology.keep_last = true;
  if (!path.ends_with(".onnx")) {
    topology.network = load_network(path);
    return topology;
  }
  const OnnxModel model = load_onnx(path);
  if (model.inputs.size() != 1 || model.inputs.front().dims.size() != 4) {
    throw Error(
        fmt::format("{}: found an input that is no image of 4 dimensions, allowed: what "
                    "`mcnn import` makes of it, --from net.json",
                    path));
  }
  const std::vector<std::int64_t>& dims = model.inputs.front().dims;
  const MapShape input{static_cast<int>(dims[1]), static_cast<int>(dims[2]),
                       static_cast<int>(dims[3])};
  ImageSet images = read_training_data(files, input).train.images;
  images.count = std::min(images.count, kImportImages);
  topology.network =
      quantise(import_onnx(model, {input, {{1.0 / kMaxActivation, 0.0}}}), images).network;
  return topology;
}

void check_labels(const TrainingData& data, const Network& network) {
  for (const Dataset* set : {&data.train, &data.test}) {
    const auto largest = std::ranges::max_element(set->labels);
    if (largest != set->labels.end() && *largest >= network.num_logits()) {
      throw Error(fmt::format("{}: found label {}, network '{}' has {} classes", data.name,
                              *largest, network.name, network.num_logits()));
    }
  }
}

}  // namespace mcnn::train
