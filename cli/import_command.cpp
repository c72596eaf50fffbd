// SPDX-License-Identifier: Apache-2.0
#include "cli/import_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "common/error.h"
#include "common/parallel.h"
#include "host/import/onnx_import.h"
#include "host/import/quantiser.h"
#include "host/network/image_files.h"
#include "host/network/integer_network.h"

namespace mcnn::cli {
namespace {

struct ImportOptions {
  std::string model;
  std::string calibrate;
  std::int64_t calibration_count = 1000;
  std::vector<double> scale = {1.0 / 255.0};
  std::vector<double> mean = {0.0};
  std::string images;
  std::string labels;
  std::string out;
  std::int64_t jobs = 0;  // 0: all cores
};

// A channel of the network's input is (pixel - mean) * scale.
std::vector<InputChannel> input_channels(const ImportOptions& options, int channels) {
  std::vector<InputChannel> input;
  const auto check = [&](const char* option, const std::vector<double>& numbers) {
    if (numbers.size() != 1 && numbers.size() != static_cast<std::size_t>(channels)) {
      throw Error(
          fmt::format("{}: found {} numbers, allowed is one, or one for each of {} channels",
                      option, numbers.size(), channels));
    }
    for (const double number : numbers) {
      if (!std::isfinite(number)) throw Error(fmt::format("{}: found {}", option, number));
    }
  };
  check("--scale", options.scale);
  check("--mean", options.mean);
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    const double scale = options.scale[std::min(c, options.scale.size() - 1)];
    const double mean = options.mean[std::min(c, options.mean.size() - 1)];
    if (!(scale > 0.0)) throw Error(fmt::format("--scale: found {}, allowed is above 0", scale));
    if (mean < 0.0 || mean > 255.0) {
      throw Error(fmt::format("--mean: found {}, allowed is 0..255, as the pixels", mean));
    }
    input.push_back({scale, -mean * scale});
  }
  return input;
}

LoadedImages calibration_images(const ImportOptions& options) {
  LoadedImages loaded = read_images(options.calibrate);
  ImageSet& images = loaded.data.images;
  if (options.calibration_count < 1) {
    throw Error(fmt::format("--calibration-count: found {}, allowed is 1 or more",
                            options.calibration_count));
  }
  if (images.count < 1) throw Error(fmt::format("--calibrate: {} has no image", options.calibrate));
  images.count = static_cast<int>(std::min<std::int64_t>(images.count, options.calibration_count));
  images.pixels.resize(static_cast<std::size_t>(images.count) * images.image_size());
  return loaded;
}

// A line that says what was done to images or left out; empty when nothing was.
std::string image_line(const std::string& option, const LoadedImages& loaded,
                       const MapShape& shape) {
  const std::string text = loaded.text(shape);
  return text.empty() ? text : fmt::format("{}: {}\n", option, text);
}

std::string layer_table(const std::vector<QuantisedLayer>& layers) {
  std::size_t width = 5;
  for (const QuantisedLayer& layer : layers) width = std::max(width, layer.name.size());
  std::string text = fmt::format("{:<{}}  {:>10}  {:>10}  {:>15}  {:>14}  {:>7}\n", "layer", width,
                                 "level", "step", "clipped weights", "clipped pixels", "SNR");
  for (const QuantisedLayer& layer : layers) {
    const bool weights = layer.level > 0.0;
    text += fmt::format("{:<{}}  {:>10}  {:>10.4g}  {:>15}  {:>12.2f} %  {:>4.1f} dB\n", layer.name,
                        width, weights ? fmt::format("{:.4g}", layer.level) : "-", layer.step,
                        weights ? fmt::format("{:.2f} %", 100.0 * layer.clipped_weights) : "-",
                        100.0 * layer.clipped_pixels, layer.snr_db);
  }
  return text;
}

// Images to compare on, all of them with labels that the network has.
LoadedImages labelled_images(const ImportOptions& options, const Network& network) {
  LoadedImages loaded = load_images(options.images, options.labels, network, {});
  if (loaded.label_file.empty()) {
    throw Error(fmt::format("--labels: missing, {} has none of its own", options.images));
  }
  const std::vector<std::uint8_t>& labels = loaded.data.labels;
  const auto largest = std::ranges::max_element(labels);
  if (largest != labels.end() && *largest >= network.num_logits()) {
    throw Error(fmt::format("--labels: {} has label {}, the network has {} classes",
                            loaded.label_file, *largest, network.num_logits()));
  }
  return loaded;
}

// How many images both networks get right, and how often they agree.
std::string accuracy(const FloatNetwork& exact, const Network& network, const Dataset& data,
                     unsigned jobs) {
  const IntegerNetwork integer(network);
  std::atomic<int> right_exact = 0;
  std::atomic<int> right = 0;
  std::atomic<int> equal = 0;
  for_each_index(static_cast<std::size_t>(data.images.count), jobs, [&](std::size_t i) {
    const auto pixels = data.images.image(static_cast<int>(i));
    const std::vector<float> logits = evaluate(exact, pixels);
    const auto largest = std::max_element(logits.begin(), logits.end()) - logits.begin();
    const int digit = integer.classify(pixels).digit;
    right_exact += largest == data.labels[i] ? 1 : 0;
    right += digit == data.labels[i] ? 1 : 0;
    equal += largest == digit ? 1 : 0;
  });
  const auto percent = [&](const std::atomic<int>& count) {
    return 100.0 * count / data.images.count;
  };
  return fmt::format(
      "{} images: floating point {:.2f} %, integer {:.2f} %, the same class {:.2f} %\n",
      data.images.count, percent(right_exact), percent(right), percent(equal));
}

std::string numbers_text(const std::vector<double>& numbers) {
  std::string text;
  for (const double number : numbers)
    text += fmt::format("{}{:.6g}", text.empty() ? "" : ", ", number);
  return text;
}

int import(const ImportOptions& options) {
  if (options.model.empty()) throw Error("mcnn import: MODEL is missing, an ONNX file");
  if (options.calibrate.empty()) throw Error("mcnn import: --calibrate FILE is missing");
  if (options.out.empty()) throw Error("mcnn import: --out FILE is missing");
  if (options.images.empty() && !options.labels.empty()) {
    throw Error("mcnn import: --labels needs --images FILE");
  }
  const unsigned jobs = number_of_jobs(options.jobs);
  const OnnxModel model = load_onnx(options.model);
  const LoadedImages loaded = calibration_images(options);
  const ImageSet& calibration = loaded.data.images;
  const MapShape shape = {calibration.channels, calibration.height, calibration.width};
  FloatNetwork exact = import_onnx(model, {shape, input_channels(options, shape.channels)});
  exact.layers.name = std::filesystem::path(options.model).stem().string();
  exact.layers.description =
      fmt::format("imported from {}, calibrated on {} images of {}",
                  std::filesystem::path(options.model).filename().string(), calibration.count,
                  std::filesystem::path(options.calibrate).filename().string());
  std::optional<LoadedImages> compared;
  if (!options.images.empty()) compared = labelled_images(options, exact.layers);
  const auto file = output_file(options.out, "--out");
  const QuantisedNetwork quantised = quantise(exact, calibration, jobs);
  fmt::print("{} layers, input (pixel - {}) * {}, calibrated on {} images\n",
             exact.layers.layers.size(), numbers_text(options.mean), numbers_text(options.scale),
             calibration.count);
  fmt::print("{}", image_line("--calibrate", loaded, shape));
  if (compared) fmt::print("{}", image_line("--images", *compared, shape));
  if (quantised.other_border) {
    fmt::print("padding of the image: pixels of 0, as the chip has them, not of the mean\n");
  }
  fmt::print("\n{}\n", layer_table(quantised.layers));
  if (compared) fmt::print("{}", accuracy(exact, quantised.network, compared->data, jobs));
  file->commit(network_to_json(quantised.network));
  print_written({options.out});
  return 0;
}

}  // namespace

Command import_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "import", "Make an ONNX model a network file: 15 weight levels, pixels of 8 bits");
  add_examples(command, {{"mcnn import model.onnx --calibrate images --out net.json",
                          "weights and scales fitted on images of the training set"},
                         {"mcnn import model.onnx --calibrate set --mean 33 --scale 0.01 --out "
                          "net.json",
                          "a network trained on (pixel - 33) * 0.01"}});
  auto options = std::make_shared<ImportOptions>();
  begin_group(command, kChipGroup);
  command.add_option("model", options->model, "ONNX file")->type_name("MODEL");
  begin_group(command, kImagesGroup);
  command
      .add_option("--calibrate", options->calibrate,
                  "Images that the network is fitted on, as in mcnn model: some of those it was "
                  "trained on")
      ->type_name("FILE");
  command
      .add_option("--calibration-count", options->calibration_count,
                  "How many of them, from the first on")
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--mean", options->mean,
                  "What the network was trained on is (pixel - mean) * scale, pixels 0..255; one "
                  "number, or one a channel with commas")
      ->type_name("N,N,...")
      ->delimiter(',')
      ->default_str("0");
  command.add_option("--scale", options->scale, "The scale of that, above 0")
      ->type_name("N,N,...")
      ->delimiter(',')
      ->default_str("1/255");
  command
      .add_option("--images", options->images, "Images to compare floating point and integer on")
      ->type_name("FILE");
  command.add_option("--labels", options->labels, "Their labels; CIFAR-10's files have their own")
      ->type_name("FILE");
  add_file_option(command, "--out", options->out, "Network file to write");
  add_jobs_option(command, options->jobs);
  return {&command, [options] { return import(*options); }};
}

}  // namespace mcnn::cli
