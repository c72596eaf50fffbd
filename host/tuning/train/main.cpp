// SPDX-License-Identifier: Apache-2.0
// mcnn_train: trains a network for the chip and writes a network file.
#include <fmt/format.h>
#include <malloc.h>
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
#include <limits>
#include <string>
#include <vector>

#include "common/error.h"
#include "host/network/network.h"
#include "host/tuning/train/evaluation.h"
#include "host/tuning/train/judge.h"
#include "host/tuning/train/options.h"
#include "host/tuning/train/topology.h"
#include "host/tuning/train/training.h"
#include "host/tuning/train/training_data.h"

namespace mcnn::train {
namespace {

constexpr int kTestDraws = 10;
constexpr std::uint64_t kTestSeed = 1;

struct Evaluation {
  double exact = 0;
  ErrorAccuracy with_errors;
};

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

std::string describe(const Options& options, const Topology& topology, const TrainingData& data,
                     const Settings& settings, const Evaluation& evaluation) {
  std::string how = fmt::format("{} epochs in real numbers, ", settings.epochs_float);
  if (topology.has_weights) how = fmt::format("from '{}', ", topology.network.name);
  if (settings.epochs_quantised == 0) {
    how += "then rounded to 15 weight levels";
  } else {
    how +=
        fmt::format("then {} epochs quantised with weight errors of {:.3g} % of the largest weight",
                    settings.epochs_quantised, 100 * settings.noise);
  }
  return fmt::format(
      "Trained on {} by mcnn_train{} with seed {}: {}; {:.2f} % of {} right as an integer network, "
      "{:.2f} % with a Gaussian error of {:.0f} % of the largest weight on every weight (mean of "
      "{} draws).",
      data.name, options.plain ? " --plain" : "", settings.seed, how, 100 * evaluation.exact,
      data.test_name, 100 * evaluation.with_errors.mean, 100 * kJudgedError, kTestDraws);
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
    if (!options.from.empty()) throw Error("--from: found no --out FILE, which it needs");
    options.out =
        fmt::format("data/networks/{}{}.json", options.network, options.plain ? "-plain" : "");
  }
  check_writable(options.out);
  const Topology topology = options.from.empty()
                                ? *std::ranges::find(topologies(), options.network, &Topology::name)
                                : topology_from(options.from, options.files);
  Settings settings = settings_of(options, topology);
  if (settings.resume && settings.checkpoint.empty()) {
    throw Error("--resume: found no --checkpoint to go on from, allowed with one");
  }
  const TrainingData data = read_training_data(options.files, topology.network.input);
  check_labels(data, topology.network);
  if (topology.has_weights) settings.held_out = std::min(1000, data.train.images.count / 10);

  const auto started = std::chrono::steady_clock::now();
  Network network = train(topology, data.train, settings);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;

  const Evaluation evaluation{
      accuracy(network, data.test),
      accuracy_with_errors(network, data.test, kTestDraws, kTestSeed, torch::kCPU)};
  network.name = std::filesystem::path(options.out).stem().string();
  network.description = describe(options, topology, data, settings, evaluation);
  save_network(network, options.out);
  fmt::print("training time                         {:.0f} s\n", seconds.count());
  print(evaluation);
  fmt::print("network file                          {}\n", options.out);
}

}  // namespace
}  // namespace mcnn::train

int main(int argc, char** argv) {
  // Tensors come and go at every step: their memory stays with the process.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  CLI::App app("Trains a network for the chip and writes a network file.");
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
