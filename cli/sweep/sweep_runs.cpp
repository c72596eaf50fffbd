// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/sweep_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "cli/output/progress.h"
#include "cli/run/engines.h"
#include "cli/run/programming.h"
#include "cli/run/tuning_run.h"
#include "cli/sweep/setting_text.h"
#include "common/error.h"
#include "common/fingerprint.h"
#include "common/interrupt.h"
#include "host/programming/cells_file.h"
#include "host/programming/closed_loop.h"
#include "host/programming/fault_map.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

constexpr double kCheckpointSeconds = 60.0;

RunResult run_one(Workload workload, const Dataset& training, const RunOptions& options,
                  TuningCheckpoint& checkpoint, Progress& progress) {
  ProgrammedChip chip = program_chip(workload, options.programming, false, true);
  ProgramCounters work;
  if (chip.refresh) work += chip.refresh->programming;
  if (chip.loop) work += chip.loop->counters();
  if (chip.faults) work += chip.faults->counters;
  if (options.tuned) work += tune_on_model(workload, options.tune, training, chip, 1, checkpoint);
  const EngineRun run = run_model(workload, chip.macros, 1, false, &progress);
  ReadCounts counts;
  for (const ReadCounts& row : run.rows) counts += row;
  RunResult result;
  result.pulses = static_cast<std::uint64_t>(work.sets + work.resets);
  result.images = run.images.size();
  result.correct = run.correct;
  if (counts.conversions > 0) {
    result.clipped = static_cast<double>(counts.clipped_low + counts.clipped_high) /
                     static_cast<double>(counts.conversions);
  }
  return result;
}

}  // namespace

std::vector<std::uint64_t> runs_to_check(const Sweep& sweep) {
  const Settings first = sweep.settings(0);
  const std::string* cells = find_setting(first, "load_cells");
  const bool seeds_are_files = cells != nullptr && cells->find("{seed}") != std::string::npos;
  std::set<std::uint64_t> runs = {0};
  // Every value of every key with the first ones of the others.
  std::uint64_t stride = 1;
  std::uint64_t seed_stride = 0;
  std::uint64_t seeds = 1;
  for (auto axis = sweep.axes.rbegin(); axis != sweep.axes.rend(); ++axis) {
    const bool is_seed = axis->key == "seed";
    const std::uint64_t size = axis->values.size();
    const std::uint64_t most =
        is_seed && !seeds_are_files ? std::min<std::uint64_t>(size, 2) : size;
    for (std::uint64_t value = 1; value < most; ++value) runs.insert(value * stride);
    if (is_seed) {
      seed_stride = stride;
      seeds = size;
    }
    stride *= size;
  }
  if (seeds_are_files && seed_stride == 0) {
    for (std::uint64_t sample = 1; sample < sweep.samples; ++sample) runs.insert(sample * stride);
  }
  // More combinations of the first sample, with the first seed, then more samples.
  for (std::uint64_t run = 0; run < stride && runs.size() < kMostChecked;) {
    runs.insert(run);
    ++run;
    if (seed_stride > 0 && run % (seed_stride * seeds) >= seed_stride) {
      run += seed_stride * (seeds - 1);
    }
  }
  for (std::uint64_t sample = 1; sample < std::min(sweep.samples, kSamplesChecked); ++sample) {
    runs.insert(sample * stride);
  }
  return {runs.begin(), runs.end()};
}

CheckedSweep check_runs(const Sweep& sweep, WorkloadLoader& loader, const std::string& command) {
  CheckedSweep checked;
  std::set<std::string> files;
  bool calibrates = false;
  for (const Axis& axis : sweep.axes) {
    if (axis.key != "seed") continue;
    for (const std::string& value : axis.values) {
      try {
        integer<std::uint64_t>("--seed", value);
      } catch (const Error& error) {
        throw Error(fmt::format("sweep {}: {}", sweep.name, error.what()));
      }
    }
  }
  const std::vector<std::uint64_t> runs = runs_to_check(sweep);
  for (const std::uint64_t run : runs) {
    if (interrupt_requested()) throw Interrupted{};
    try {
      const RunOptions options = run_options(sweep.settings(run));
      options.programming.check();
      calibrates = calibrates || options.programming.calibrate;
      const Workload workload = loader.load(options.workload);
      const Provenance row = provenance(workload, options.programming, command);
      if (run == 0) checked.made = row;
      checked.made.add_row(row);
      if (options.tuned) {
        const Dataset training =
            load_training(options.tune.workload, options.tune.training, loader);
        tuning_settings(options.tune, workload, training.images.count);
      }
      const bool loop = options.programming.program == "loop" && !options.programming.calibrate;
      if (!options.programming.load_cells.empty()) {
        files.insert(options.programming.load_cells);
        const CellsFile cells = load_cells_file(options.programming.load_cells);
        const MappedNetwork mapped =
            cells.faults ? move_blocks(workload.mapped, workload.config, *cells.faults)
                         : workload.mapped;
        check_cells_file(cells, options.programming.load_cells, workload.config, workload.card,
                         workload.options.seed, mapped.program);
      } else if (loop) {
        cell_entries(
            workload.mapped.program, workload.config, workload.card,
            program_settings(workload.card, workload.config).range);  // refuses what does not fit
      }
      checked.images_a_run += workload.count / static_cast<double>(runs.size());
    } catch (const Error& error) {
      throw Error(fmt::format("sweep {}, run {}: {}", sweep.name, run, error.what()));
    }
  }
  files.merge(loader.take_files());
  const std::string subset = data_folder() + "/mnist/train6k-images-idx3-ubyte.gz";
  if (calibrates && fs::exists(subset)) files.insert(subset);  // what the calibration counts on
  for (const std::string& file : files) checked.origin.inputs += file_fingerprint(file);
  checked.origin.program = program_fingerprint();
  checked.origin.provenance = csv_comment(checked.made);
  return checked;
}

void run_missing(const Sweep& sweep, SweepFile& file, WorkloadLoader& loader, double images_a_run,
                 unsigned jobs, const std::string& title) {
  const std::vector<std::uint64_t> missing = file.missing();
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::exception_ptr failure;
  Progress progress(title, static_cast<std::uint64_t>(
                               std::llround(images_a_run * static_cast<double>(missing.size()))));
  {
    std::vector<std::jthread> threads;
    for (unsigned job = 0; job < std::min<std::size_t>(jobs, missing.size()); ++job) {
      threads.emplace_back([&] {
        try {
          while (!stop) {
            const std::size_t index = next++;
            if (index >= missing.size()) break;
            const std::uint64_t run = missing[index];
            const RunOptions options = run_options(sweep.settings(run));
            std::unique_lock lock(mutex);
            Workload workload = loader.load(options.workload);
            Dataset training;
            if (options.tuned)
              training = load_training(options.tune.workload, options.tune.training, loader);
            lock.unlock();
            TuningCheckpoint checkpoint(
                CheckpointFile(options.tuned ? file.checkpoint(run).string() : "",
                               fmt::format("{}run {}", file.header(), run), kCheckpointSeconds));
            RunResult result;
            try {
              result = run_one(std::move(workload), training, options, checkpoint, progress);
            } catch (const Error& error) {
              throw Error(fmt::format("sweep {}, run {}: {}", sweep.name, run, error.what()));
            }
            file.add(run, result);
            checkpoint.remove();
          }
        } catch (...) {
          stop = true;
          const std::scoped_lock lock(mutex);
          if (!failure) failure = std::current_exception();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
  file.finish();
}

}  // namespace mcnn::cli
