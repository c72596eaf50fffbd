// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "common/error.h"

namespace mcnn::cli {

void add_choice_options(CLI::App& command, WorkloadOptions& workload) {
  command
      .add_option("--config", workload.config,
                  "Chip configuration: a name of constraints/*.params, or for commands on the chip "
                  "model such a file")
      ->capture_default_str();
  command.add_option("--network", workload.network,
                     "Network file (default: data/networks/<config>.json)");
  command.add_option("--device", workload.device, "Device card: a name of data/devices, or a file")
      ->capture_default_str();
  command
      .add_option("--set", workload.set,
                  "name=value: another value of a field of the device card (repeatable)")
      ->allow_extra_args(false);
  command.add_option("--age", workload.age_s,
                     "Seconds between programming and inference: short for --set age_s=...");
  command.add_option("--seed", workload.seed, "Seed of everything random")->capture_default_str();
  command.add_option("--mapping", workload.mapping, "default (fewest clocks) or paper")
      ->capture_default_str();
  command
      .add_option("--replicas", workload.replicas,
                  "Replicas of each network layer: numbers or 'auto', with commas")
      ->delimiter(',');
  command
      .add_option("--range", workload.range,
                  "Converter range: auto, or 0..3 (2^range codes a weight level)")
      ->capture_default_str();
}

void add_test_image_options(CLI::App& command, WorkloadOptions& workload) {
  command.add_option("--images", workload.images,
                     "Images, IDX, plain or gzip (default: the MNIST test set)");
  command.add_option("--labels", workload.labels, "Their labels, IDX");
  command.add_option("--first", workload.first, "First image")->capture_default_str();
  command.add_option("--count", workload.count,
                     "Number of images (default: all from the first on)");
}

void add_adc_bits_option(CLI::App& command, WorkloadOptions& workload) {
  command.add_option("--adc-bits", workload.adc_bits,
                     "Bits of a converter instead of the configuration's (chip model only)");
}

void add_loop_options(CLI::App& command, ProgrammingOptions& programming) {
  command.add_option(
      "--refresh-every", programming.refresh.every_s,
      "While --age passes: read all cells every so many seconds and rewrite what moved");
  command
      .add_option("--refresh-threshold", programming.refresh.threshold_uS,
                  "Rewrite a pair of cells whose difference moved by more than this [uS]")
      ->capture_default_str();
  command.add_option("--second-pass", programming.second_pass_wait_s,
                     "Go over all cells again after so many seconds");
  command.add_flag("--around-faults", programming.around_faults,
                   "Find the cells that are stuck first, move blocks around them and have the "
                   "other cell of a pair make up for them");
  command.add_flag("--calibrate", programming.calibrate,
                   "Measure the converters first, correct targets and biases");
  command.add_option(
      "--calibration-images", programming.calibration_images,
      "Images (IDX) that say how much offsets count (default: the training subset for MNIST, "
      "otherwise the images of the run)");
  command
      .add_option("--calibration-count", programming.calibration_count,
                  "How many of them, from the first on")
      ->capture_default_str();
}

void add_program_option(CLI::App& command, ProgrammingOptions& programming) {
  command
      .add_option("--program", programming.program,
                  "How the cells get their levels: loop (by the chip's programmer) or direct")
      ->capture_default_str();
}

void add_skip_option(CLI::App& command, bool& skip) {
  command.add_flag("--skip", skip,
                   "Leave out the leading bit planes that are zero in every PE (MODE.SKIP)");
}

void add_jobs_option(CLI::App& command, std::int64_t& jobs) {
  command.add_option("--jobs", jobs, "Threads, 0 for all cores; the results do not depend on it")
      ->capture_default_str();
}

unsigned number_of_jobs(std::int64_t jobs) {
  if (jobs < 0 || jobs > 1024) {
    throw Error(fmt::format("--jobs: found {}, allowed is 1..1024, or 0 for all cores", jobs));
  }
  return jobs > 0 ? static_cast<unsigned>(jobs) : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace mcnn::cli
