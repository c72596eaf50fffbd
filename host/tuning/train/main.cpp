// SPDX-License-Identifier: Apache-2.0
// mcnn_train: trains a network on MNIST for the chip and writes a network file.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "host/network/idx.h"
#include "host/network/image_fit.h"
#include "host/network/network.h"
#include "host/tuning/train/evaluation.h"
#include "host/tuning/train/model.h"
#include "host/tuning/train/training.h"

namespace mcnn::train {
namespace {

constexpr int kTestDraws = 10;
constexpr std::uint64_t kTestSeed = 1;
constexpr double kPlainWeightRange = 2.5;  // rounding alone cannot make up for weights cut off

struct Options {
  std::string network = "yao2020";
  std::string data = "build/mnist";
  std::string out;
  bool plain = false;
  // What has a default that depends on --network or --plain.
  std::optional<int> epochs_float;
  std::optional<int> epochs_quantised;
  std::optional<double> noise;
  std::optional<double> max_shift;
  std::optional<double> max_rotation;
  std::optional<double> weight_range;
  Settings settings;
};

struct Evaluation {
  double exact = 0;
  ErrorAccuracy with_errors;
};

// A default of every network: "8, tiny 20".
template <class Value>
std::string by_network(const Value& value) {
  std::string text;
  for (const NetworkShape& shape : network_shapes()) {
    text += text.empty() ? fmt::format("{}", value(shape))
                         : fmt::format(", {} {}", shape.name, value(shape));
  }
  return text;
}

void add_options(CLI::App& app, Options& options) {
  Settings& settings = options.settings;
  app.add_option("--data", options.data, "Folder of the four MNIST files (`make data`)")
      ->capture_default_str();
  std::vector<std::string> names;
  for (const NetworkShape& shape : network_shapes()) names.emplace_back(shape.name);
  app.add_option("--network", options.network, "Which network")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  app.add_option("--out", options.out,
                 "Network file to write (default: data/networks/<network>.json, with --plain "
                 "data/networks/<network>-plain.json)");
  app.add_flag(
      "--plain", options.plain,
      "For comparison: train in real numbers only, then round; no errors, no augmentation");
  app.add_option("--seed", settings.seed, "Seed of everything random")->capture_default_str();
  app.add_option("--epochs-float", options.epochs_float,
                 fmt::format("Epochs in real numbers (default: {})",
                             by_network([](const NetworkShape& s) { return s.epochs_float; })))
      ->check(CLI::Range(1, 1000));
  app.add_option("--epochs-quantised", options.epochs_quantised,
                 fmt::format("Epochs in the chip's integers (default: {}, with --plain 0)",
                             by_network([](const NetworkShape& s) { return s.epochs_quantised; })))
      ->check(CLI::Range(0, 1000));
  app.add_option("--noise", options.noise,
                 fmt::format("Weight errors while training, standard deviation / largest weight "
                             "(default: {}, with --plain 0)",
                             settings.noise))
      ->check(CLI::Range(0.0, 1.0));
  app.add_option(
         "--max-shift", options.max_shift,
         fmt::format("Digits move by up to this many pixels of 28x28 (default: {}, with --plain 0)",
                     by_network([](const NetworkShape& s) { return s.max_shift; })))
      ->check(CLI::Range(0.0, 14.0));
  app.add_option("--max-rotation", options.max_rotation,
                 fmt::format("Images turn by up to this many degrees (default: {}, with --plain 0)",
                             by_network([](const NetworkShape& s) { return s.max_rotation; })))
      ->check(CLI::Range(0.0, 180.0));
  app.add_option("--learning-rate", settings.learning_rate, "Largest one of each half")
      ->check(CLI::Range(1e-6, 1.0))
      ->capture_default_str();
  app.add_option("--batch", settings.batch, "Images of a mini-batch")
      ->check(CLI::Range(1, 2000))
      ->capture_default_str();
  app.add_option("--weight-range", options.weight_range,
                 fmt::format("Weights beyond this many standard deviations become +-7 (default: "
                             "{}, with --plain {})",
                             settings.weight_range, kPlainWeightRange))
      ->check(CLI::Range(0.5, 100.0));
  app.add_option("--threads", settings.threads,
                 "Threads of libtorch: with another number, sums round differently and the network "
                 "is another one")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
}

Settings settings_of(const Options& options, const NetworkShape& shape) {
  Settings settings = options.settings;
  settings.epochs_float = options.epochs_float.value_or(shape.epochs_float);
  settings.epochs_quantised = shape.epochs_quantised;
  settings.max_shift = shape.max_shift;
  settings.max_rotation = shape.max_rotation;
  if (options.plain) {
    settings.epochs_quantised = 0;
    settings.noise = 0;
    settings.max_shift = 0;
    settings.max_rotation = 0;
    settings.weight_range = kPlainWeightRange;
  }
  settings.epochs_quantised = options.epochs_quantised.value_or(settings.epochs_quantised);
  settings.noise = options.noise.value_or(settings.noise);
  settings.max_shift = options.max_shift.value_or(settings.max_shift);
  settings.max_rotation = options.max_rotation.value_or(settings.max_rotation);
  settings.weight_range = options.weight_range.value_or(settings.weight_range);
  return settings;
}

// Throws Error unless `file` can be written. Called before training, so that the work does not end
// in "permission denied". Leaves nothing behind.
void check_writable(const std::filesystem::path& file) {
  std::error_code ignored;
  const auto status = std::filesystem::status(file, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw Error(
        fmt::format("{}: cannot be written: found something that is not a file, allowed: a "
                    "file or a new name",
                    file.string()));
  }
  const auto attempt = fmt::format("{}.{}.tmp", file.string(), static_cast<long>(getpid()));
  errno = 0;
  if (!std::ofstream(attempt)) {
    throw Error(fmt::format("{}: cannot be written: {}", file.string(), std::strerror(errno)));
  }
  std::filesystem::remove(attempt, ignored);
}

// Reads <folder>/<name>-images-idx3-ubyte[.gz] and its labels, checks that they are digits of 28x28
// pixels and makes them as small as the network takes.
Dataset read_digits(const std::filesystem::path& folder, const std::string& name,
                    const NetworkShape& shape) {
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
  if (shape.image_size != kDigitSize) {
    data.images = scaled(data.images, shape.image_size, shape.image_size);
  }
  return data;
}

std::string describe(const Options& options, const NetworkShape& shape, const Settings& settings,
                     const Evaluation& evaluation) {
  const std::string quantised =
      settings.epochs_quantised == 0
          ? std::string("then rounded to 15 weight levels")
          : fmt::format(
                "then {} epochs quantised with weight errors of {:.3g} % of the largest weight",
                settings.epochs_quantised, 100 * settings.noise);
  return fmt::format(
      "Trained on MNIST{} by mcnn_train{} with seed {}: {} epochs in real numbers, {}; {:.2f} % of "
      "the test images right as an integer network, {:.2f} % with a Gaussian error of {:.0f} % of "
      "the largest weight on every weight (mean of {} draws).",
      shape.image_size == kDigitSize ? "" : " with each square of 2x2 pixels averaged to one",
      options.plain ? " --plain" : "", settings.seed, settings.epochs_float, quantised,
      100 * evaluation.exact, 100 * evaluation.with_errors.mean, 100 * kJudgedError, kTestDraws);
}

void print(const Evaluation& evaluation) {
  fmt::print("test images, integer network          {:.2f} %\n", 100 * evaluation.exact);
  fmt::print(
      "test images, {:.0f} % errors on weights   {:.2f} % mean, {:.2f} % standard deviation, {} "
      "draws\n",
      100 * kJudgedError, 100 * evaluation.with_errors.mean, 100 * evaluation.with_errors.deviation,
      kTestDraws);
}

void run(Options options) {
  if (options.out.empty()) {
    options.out =
        fmt::format("data/networks/{}{}.json", options.network, options.plain ? "-plain" : "");
  }
  const NetworkShape& shape = *std::ranges::find(
      network_shapes(), options.network, [](const NetworkShape& s) { return std::string(s.name); });
  const Settings settings = settings_of(options, shape);
  check_writable(options.out);
  const Dataset training_images = read_digits(options.data, "train", shape);
  const Dataset test_images = read_digits(options.data, "t10k", shape);

  const auto started = std::chrono::steady_clock::now();
  Network network = train(shape, training_images, settings);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;

  const Evaluation evaluation{accuracy(network, test_images),
                              accuracy_over_draws(network, test_images, kTestDraws, kTestSeed)};
  network.name = std::filesystem::path(options.out).stem().string();
  network.description = describe(options, shape, settings, evaluation);
  save_network(network, options.out);
  fmt::print("training time                         {:.0f} s\n", seconds.count());
  print(evaluation);
  fmt::print("network file                          {}\n", options.out);
}

}  // namespace
}  // namespace mcnn::train

int main(int argc, char** argv) {
  CLI::App app("Trains a network on MNIST for the chip and writes a network file.");
  mcnn::train::Options options;
  mcnn::train::add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    mcnn::train::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "mcnn_train: {}\n", error.what());
    return 2;
  }
  return 0;
}
