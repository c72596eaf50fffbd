// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <thread>

#include "cli/help.h"
#include "common/error.h"

namespace mcnn::cli {

void add_choice_options(CLI::App& command, WorkloadOptions& workload) {
  begin_group(command, kChipGroup);
  command
      .add_option("--config", workload.config,
                  "Chip configuration: a name of constraints/*.params, or for commands on the chip "
                  "model such a file")
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--network", workload.network,
                  "Network: a name of data/networks, or a file (default: that of the "
                  "configuration's name, or "
                  "yao2020)")
      ->type_name("FILE");
  command.add_option("--mapping", workload.mapping, "default, sliding (fewest clocks) or paper")
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--replicas", workload.replicas,
                  "Replicas of each network layer: numbers or 'auto', with commas")
      ->type_name("N,N,...")
      ->delimiter(',');
  command
      .add_option("--range", workload.range,
                  "Converter range: auto, or 0..3 (2^range codes a weight level)")
      ->type_name("N")
      ->capture_default_str();
  begin_group(command, kDeviceGroup);
  command.add_option("--device", workload.device, "Device card: a name of data/devices, or a file")
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--set", workload.set,
                  "Another value of a field of the device card (repeatable); mcnn info lists the "
                  "fields")
      ->type_name("FIELD=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--age", workload.age_s,
                  "Time between programming and inference: short for --set age_s=...")
      ->type_name("SECONDS");
  command.add_option("--seed", workload.seed, "Seed of everything random")
      ->type_name("N")
      ->capture_default_str();
}

void add_test_image_options(CLI::App& command, WorkloadOptions& workload) {
  begin_group(command, kImagesGroup);
  command
      .add_option("--images", workload.images,
                  "Images: IDX, PNG, PGM, CIFAR-10 (.bin), or a folder of pictures (default: the "
                  "MNIST test set, or for networks of 3x32x32 test images of CIFAR-10)")
      ->type_name("FILE");
  command
      .add_option("--labels", workload.labels,
                  "Their labels: IDX, or text with a number for each (CIFAR-10 has its own)")
      ->type_name("FILE");
  command
      .add_option("--fit", workload.fit,
                  "Images of another size than the network takes: exact (an error), scale (the "
                  "whole image resampled) or crop (its centre cut out)")
      ->type_name("HOW")
      ->capture_default_str();
  command.add_flag("--invert", workload.invert, "Dark for light: 255 - pixel");
  command.add_option("--first", workload.first, "First image")
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--count", workload.count, "Number of images (default: all from the first on)")
      ->type_name("N");
}

void add_adc_bits_option(CLI::App& command, WorkloadOptions& workload) {
  begin_group(command, kChipGroup);
  command
      .add_option("--adc-bits", workload.adc_bits,
                  "Bits of a converter instead of the configuration's (chip model only)")
      ->type_name("N");
}

void add_loop_options(CLI::App& command, ProgrammingOptions& programming) {
  begin_group(command, kProgrammingGroup);
  command
      .add_option("--second-pass", programming.second_pass_wait_s,
                  "Go over all cells again after so much time")
      ->type_name("SECONDS");
  command.add_flag("--around-faults", programming.around_faults,
                   "Find the cells that are stuck first, move blocks around them and have the "
                   "other cell of a pair make up for them");
  command.add_flag("--calibrate", programming.calibrate,
                   "Measure the converters first, correct targets and biases");
  command
      .add_option("--calibration-images", programming.calibration_images,
                  "Images that say how much offsets count (default: the training subset for "
                  "MNIST, otherwise the images of the run)")
      ->type_name("FILE");
  command
      .add_option("--calibration-count", programming.calibration_count,
                  "How many of them, from the first on")
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--refresh-every", programming.refresh.every_s,
                  "While --age passes: read all cells that often and rewrite what moved")
      ->type_name("SECONDS");
  command
      .add_option("--refresh-threshold", programming.refresh.threshold_uS,
                  "Rewrite a pair of cells whose difference moved by more than this")
      ->type_name("uS")
      ->default_str(fmt::format("{}", RefreshPolicy::kStandardThreshold));
}

void add_programmed_chip_options(CLI::App& command, WorkloadOptions& workload,
                                 ProgrammingOptions& programming, std::int64_t& jobs) {
  add_choice_options(command, workload);
  add_test_image_options(command, workload);
  add_adc_bits_option(command, workload);
  add_program_option(command, programming);
  add_load_cells_option(command, programming);
  add_loop_options(command, programming);
  add_jobs_option(command, jobs);
}

void add_tuned_run_options(CLI::App& command, std::string& engine, std::string& checkpoint) {
  begin_group(command, kRunGroup);
  command.add_option("--engine", engine, "model, or rtl: slower, the same bits")
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--checkpoint", checkpoint,
                  "Keep the state of the run in this file, and go on from it if it is there")
      ->type_name("FILE");
}

void add_training_options(CLI::App& command, TrainingOptions& training) {
  begin_group(command, "Training images");
  command.add_option("--training-images", training.images,
                     "Training images (default: the first 6,000 of MNIST)");
  command.add_option("--training-labels", training.labels, "Their labels");
  command.add_option("--training-count", training.count,
                     "How many of them, from the first on (default: all)");
}

void add_program_option(CLI::App& command, ProgrammingOptions& programming) {
  begin_group(command, kProgrammingGroup);
  command
      .add_option("--program", programming.program,
                  "How the cells get their levels: loop (by the chip's programmer) or direct")
      ->type_name("NAME")
      ->capture_default_str();
}

void add_load_cells_option(CLI::App& command, ProgrammingOptions& programming) {
  begin_group(command, kProgrammingGroup);
  command
      .add_option("--load-cells", programming.load_cells,
                  "Take the cells of a file that --save-cells wrote instead")
      ->type_name("FILE");
}

CLI::Option& add_save_cells_option(CLI::App& command, ProgrammingOptions& programming) {
  return add_file_option(command, "--save-cells", programming.save_cells,
                         "Write the programmed cells for --load-cells (JSON), before any time "
                         "passes");
}

CLI::Option& add_file_option(CLI::App& command, const std::string& name, std::string& file,
                             const std::string& what) {
  begin_group(command, kFilesGroup);
  return *command.add_option(name, file, what)->type_name("FILE");
}

void add_old_name(CLI::App& command, const std::string& name, std::string& value) {
  command.add_option(name, value)->group("");
}

void add_card_option(CLI::App& command, std::string& card) {
  command
      .add_option(
          "--card", card,
          "Energy cards, names of data/energy or files: a figure is from the first that "
          "has it; name@NM:RATIO scales one to a technology and a supply; by default paper65, "
          "osu018-gated, gf180sram")
      ->type_name("NAMES");
}

void add_skip_option(CLI::App& command, bool& skip) {
  begin_group(command, kRunGroup);
  command.add_flag("--skip,!--no-skip", skip,
                   "Leave out the leading bit planes that are zero in every PE (MODE.SKIP), which "
                   "is the default, or drive them all; no result depends on it");
}

std::string skip_option(bool skip) { return skip ? "" : " --no-skip"; }

void add_jobs_option(CLI::App& command, std::int64_t& jobs) {
  begin_group(command, kRunGroup);
  command.add_option("--jobs", jobs, "Threads, 0 for all cores; the results do not depend on it")
      ->type_name("N")
      ->capture_default_str();
}

int exit_status(std::uint64_t mismatches) {
  if (mismatches == 0) return 0;
  fmt::print(stderr, "mcnn: {} mismatches\n", mismatches);
  return kExitDiffers;
}

bool is_rtl(const std::string& engine, const WorkloadOptions& workload) {
  if (engine != "rtl" && engine != "model") {
    throw Error(fmt::format("--engine: found '{}', allowed are rtl and model", engine));
  }
  const bool rtl = engine == "rtl";
  if (rtl && workload.adc_bits) {
    throw Error(
        "--adc-bits: the RTL has the converters of its configuration; allowed with --engine model");
  }
  return rtl;
}

unsigned number_of_jobs(std::int64_t jobs) {
  if (jobs < 0 || jobs > 1024) {
    throw Error(fmt::format("--jobs: found {}, allowed is 1..1024, or 0 for all cores", jobs));
  }
  return jobs > 0 ? static_cast<unsigned>(jobs) : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace mcnn::cli
