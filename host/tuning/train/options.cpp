// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/options.h"

#include <fmt/format.h>

#include <vector>

#include "common/error.h"

namespace mcnn::train {
namespace {

constexpr double kPlainWeightRange = 2.5;  // rounding alone cannot make up for weights cut off

// A default of every network: "8, tiny 20".
template <class Value>
std::string by_network(const Value& value) {
  std::string text;
  for (const Topology& topology : topologies()) {
    text += text.empty() ? fmt::format("{}", value(topology))
                         : fmt::format(", {} {}", topology.name, value(topology));
  }
  return text;
}

void add_training(CLI::App& app, Options& options) {
  Settings& settings = options.settings;
  app.add_option("--epochs-float", options.epochs_float,
                 fmt::format("Epochs in real numbers (default: {})",
                             by_network([](const Topology& t) { return t.epochs_float; })))
      ->check(CLI::Range(1, 1000));
  app.add_option("--epochs-quantised", options.epochs_quantised,
                 fmt::format("Epochs in the chip's integers (default: {}, with --plain 0)",
                             by_network([](const Topology& t) { return t.epochs_quantised; })))
      ->check(CLI::Range(0, 1000));
  app.add_option("--noise", options.noise,
                 fmt::format("Weight errors while training, standard deviation / largest weight "
                             "(default: {}, with --plain 0)",
                             by_network([](const Topology& t) { return t.noise; })))
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--max-shift", options.max_shift,
                 fmt::format("Images move by up to this many pixels, digits of 28x28 (default: {}, "
                             "with --plain 0)",
                             by_network([](const Topology& t) { return t.max_shift; })))
      ->check(CLI::Range(0.0, 14.0));
  app.add_option("--max-rotation", options.max_rotation,
                 fmt::format("Digits turn by up to this many degrees (default: {}, with --plain 0)",
                             by_network([](const Topology& t) { return t.max_rotation; })))
      ->check(CLI::Range(0.0, 180.0));
  app.add_option("--learning-rate", options.learning_rate,
                 fmt::format("Largest one in real numbers (default: {})",
                             by_network([](const Topology& t) { return t.learning_rate; })))
      ->check(CLI::Range(1e-6, 10.0));
  app.add_option(
         "--learning-rate-quantised", options.learning_rate_quantised,
         fmt::format("Largest one in the chip's integers (default: {})",
                     by_network([](const Topology& t) { return t.learning_rate_quantised; })))
      ->check(CLI::Range(1e-6, 1.0));
  app.add_option("--batch", settings.batch, "Images of a mini-batch")
      ->check(CLI::Range(1, 2000))
      ->capture_default_str();
  app.add_option("--weight-range", options.weight_range,
                 fmt::format("Weights beyond this many standard deviations become +-7 (default: "
                             "{}, with --plain {})",
                             by_network([](const Topology& t) { return t.weight_range; }),
                             kPlainWeightRange))
      ->check(CLI::Range(0.5, 100.0));
}

}  // namespace

void add_options(CLI::App& app, Options& options) {
  Settings& settings = options.settings;
  std::vector<std::string> names;
  for (const Topology& topology : topologies()) names.push_back(topology.name);
  app.add_option("--network", options.network, "Which network")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  app.add_option("--from", options.from,
                 "Network file, or ONNX file, whose weights are trained on in the chip's integers "
                 "(instead of --network; needs --out)")
      ->excludes("--network");
  app.add_option("--data", options.files.folder,
                 "Folder of the training images: MNIST's four files (default: build/mnist) or "
                 "CIFAR-10's six (default: build/cifar10)");
  app.add_option("--images", options.files.images,
                 "Training images of your own, for --from: IDX, PNG, PGM, CIFAR-10 (.bin), or a "
                 "folder of pictures; the last tenth of them tests");
  app.add_option("--labels", options.files.labels,
                 "Their labels: IDX, or text with a number for each")
      ->needs("--images");
  app.add_option("--out", options.out,
                 "Network file to write (default: data/networks/<network>.json, with --plain "
                 "data/networks/<network>-plain.json)");
  app.add_flag(
      "--plain", options.plain,
      "For comparison: train in real numbers only, then round; no errors, no augmentation");
  app.add_option("--seed", settings.seed, "Seed of everything random")->capture_default_str();
  app.add_option("--checkpoint", settings.checkpoint,
                 "File to write after every epoch, to go on from");
  app.add_flag("--resume", settings.resume, "Go on from the checkpoint, where it is there");
  app.add_flag("--cpu", options.cpu, "Leave a GPU alone");
  app.add_option("--threads", settings.threads,
                 "Threads of libtorch: with another number, sums round differently and the network "
                 "is another one")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--shards", settings.shards,
                 "Parts of a mini-batch that are trained side by side on a thread each; with "
                 "another number the network is another one")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_flag("--bfloat16", settings.bfloat16,
               "Convolutions round to bfloat16 while training: faster where the processor has it");
  add_training(app, options);
}

Settings settings_of(const Options& options, const Topology& topology) {
  Settings settings = options.settings;
  settings.use_gpu = !options.cpu;
  settings.held_out = topology.held_out;
  settings.weight_decay = topology.weight_decay;
  settings.epochs_float = options.epochs_float.value_or(topology.epochs_float);
  settings.epochs_quantised = topology.epochs_quantised;
  settings.noise = topology.noise;
  settings.weight_range = topology.weight_range;
  settings.augmentation = {topology.max_shift, topology.max_rotation, topology.mirror};
  if (options.plain) {
    settings.epochs_quantised = 0;
    settings.noise = 0;
    settings.augmentation = {};
    settings.weight_range = kPlainWeightRange;
  }
  settings.epochs_quantised = options.epochs_quantised.value_or(settings.epochs_quantised);
  settings.noise = options.noise.value_or(settings.noise);
  settings.augmentation.max_shift = options.max_shift.value_or(settings.augmentation.max_shift);
  settings.augmentation.max_rotation =
      options.max_rotation.value_or(settings.augmentation.max_rotation);
  if (settings.augmentation.max_rotation > 0 && topology.network.input.channels > 1) {
    throw Error(fmt::format("--max-rotation: found {}, allowed for images of one channel",
                            settings.augmentation.max_rotation));
  }
  settings.weight_range = options.weight_range.value_or(settings.weight_range);
  settings.learning_rate = options.learning_rate.value_or(topology.learning_rate);
  settings.learning_rate_quantised =
      options.learning_rate_quantised.value_or(topology.learning_rate_quantised);
  return settings;
}

}  // namespace mcnn::train
