// SPDX-License-Identifier: Apache-2.0
#include "cli/run/engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include "behavioral_models/macro.h"
#include "cli/output/progress.h"
#include "common/error.h"
#include "common/interrupt.h"
#include "host/engine/driver.h"
#include "host/mapping/cycle_model.h"
#include "host/mapping/image_stream.h"
#include "host/network/integer_network.h"
#include "tb/event_monitor.h"
#include "tb/rtl_chip.h"
#include "tb/rtl_configurations.h"

namespace mcnn::cli {
namespace {

constexpr std::size_t kMaxMessages = 10;

double thread_cpu_seconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + (1e-9 * static_cast<double>(now.tv_nsec));
}

// Works on images [first, first + count), counted from the first image of the workload.
using ChunkWork = std::function<void(std::uint32_t first, std::uint32_t count)>;

struct ThreadTimes {
  double seconds = 0.0;
  double cpu_seconds = 0.0;
  unsigned jobs = 1;
};

// Hands out chunks of `chunk` images to `jobs` threads. `make_worker` is called once on each
// thread; the time it takes is not counted as run time of the processor, the wall clock counts
// everything. The chunks do not depend on `jobs`.
ThreadTimes run_chunks(std::uint32_t count, std::uint32_t chunk, unsigned jobs,
                       const std::function<ChunkWork()>& make_worker) {
  const std::uint32_t chunks = (count + chunk - 1) / chunk;
  jobs = std::clamp(jobs, 1U, std::max(chunks, 1U));
  std::atomic<std::uint32_t> next = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::exception_ptr failure;
  ThreadTimes times;
  times.jobs = jobs;
  const auto start = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (unsigned job = 0; job < jobs; ++job) {
      threads.emplace_back([&] {
        try {
          const ChunkWork work = make_worker();
          const double cpu_start = thread_cpu_seconds();
          while (!stop) {
            const std::uint32_t index = next++;
            if (index >= chunks) break;
            const std::uint32_t first = index * chunk;
            work(first, std::min(chunk, count - first));
          }
          const std::scoped_lock lock(mutex);
          times.cpu_seconds += thread_cpu_seconds() - cpu_start;
        } catch (...) {
          stop = true;
          const std::scoped_lock lock(mutex);
          if (!failure) failure = std::current_exception();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  times.seconds = elapsed.count();
  return times;
}

// run_chunks for a run whose progress says how far it came if it is interrupted; null: it is part
// of longer work, which says so itself.
ThreadTimes run_images(std::string_view engine, const Workload& workload, std::uint32_t chunk,
                       unsigned jobs, const Progress* progress,
                       const std::function<ChunkWork()>& make_worker) {
  try {
    return run_chunks(workload.count, chunk, jobs, make_worker);
  } catch (const Interrupted&) {
    if (progress == nullptr) throw;
    InterruptedRun part;
    part.engine = engine;
    part.done = progress->done();
    part.correct = progress->correct();
    part.total = workload.count;
    throw part;
  }
}

std::uint32_t chunk_size(std::uint32_t count, std::uint32_t smallest, std::uint32_t largest) {
  return std::clamp((count + 31) / 32, smallest, largest);
}

void finish(const Workload& workload, const ThreadTimes& times, EngineRun& run) {
  run.seconds = times.seconds;
  run.cpu_seconds = times.cpu_seconds;
  run.jobs = times.jobs;
  for (std::uint32_t i = 0; i < workload.count; ++i) {
    if (workload.is_right(workload.first + i, run.images[i].digit).value_or(false)) ++run.correct;
  }
}

void add(const ChipCounters& part, ChipCounters& sum) {
  sum.clocks += part.clocks;
  sum.beats += part.beats;
  sum.reads += part.reads;
  sum.skipped += part.skipped;
  sum.conversions += part.conversions;
  sum.stall_beat += part.stall_beat;
  sum.layer_clocks.resize(std::max(sum.layer_clocks.size(), part.layer_clocks.size()));
  for (std::size_t i = 0; i < part.layer_clocks.size(); ++i) {
    sum.layer_clocks[i] += part.layer_clocks[i];
  }
}

// A Verilated chip with its macros and driver, loaded with the workload's program.
class RtlWorker {
 public:
  RtlWorker(const Workload& workload, const std::vector<Macro>& macros, bool skip,
            const tb::RtlOptions& options)
      : macros_(macros),
        chip_(tb::RtlChip::make(workload.config.name, macros_, options)),
        driver_(*chip_, Driver::Options{.skip = skip}) {
    driver_.load(workload.mapped.program, workload.config);
  }

  tb::RtlChip& chip() { return *chip_; }
  Driver& driver() { return driver_; }
  std::span<const Macro> macros() const { return macros_; }
  ReadCounts row_counts(int row) const {
    ReadCounts sum;
    for (const Macro& macro : macros_) sum += macro.counts(row);
    return sum;
  }

 private:
  std::vector<Macro> macros_;
  std::unique_ptr<tb::RtlChip> chip_;
  Driver driver_;
};

// Collects what differs; keeps the first messages.
class Collector {
 public:
  explicit Collector(Comparison& comparison) : comparison_(comparison) {}

  void differ(std::string message) {
    const std::scoped_lock lock(mutex_);
    ++comparison_.mismatches;
    messages_.push_back(std::move(message));
    // In the order of the text, so that they do not depend on the threads.
    std::sort(messages_.begin(), messages_.end());
    if (messages_.size() > kMaxMessages) messages_.pop_back();
    comparison_.messages = messages_;
  }

  void map(std::uint32_t image, const std::string& layer, const MapShape& shape,
           std::span<const std::uint8_t> found, std::span<const std::uint8_t> expected) {
    if (found.size() != expected.size()) {
      differ(fmt::format("image {:5}, layer {}: {} pixels, expected {}", image, layer, found.size(),
                         expected.size()));
      return;
    }
    const auto plane = static_cast<std::size_t>(std::max(shape.height * shape.width, 1));
    const auto width = static_cast<std::size_t>(std::max(shape.width, 1));
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i] == expected[i]) continue;
      differ(fmt::format("image {:5}, layer {}, channel {} row {} column {}: {}, expected {}",
                         image, layer, i / plane, i % plane / width, i % width, found[i],
                         expected[i]));
    }
  }

  void logits(std::uint32_t image, std::string_view run, const ImageOutcome& found,
              const ImageOutcome& expected) {
    const std::size_t count = std::max(found.logits.size(), expected.logits.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (i < found.logits.size() && i < expected.logits.size()) {
        if (found.logits[i] == expected.logits[i]) continue;
        differ(fmt::format("image {:5}, logit {}{}: {}, expected {}", image, i, run,
                           found.logits[i], expected.logits[i]));
      } else {
        differ(fmt::format("image {:5}, logit {}{}: {} logits, expected {}", image, i, run,
                           found.logits.size(), expected.logits.size()));
      }
    }
    if (found.digit != expected.digit) {
      differ(fmt::format("image {:5}, class{}: {}, expected {}", image, run, found.digit,
                         expected.digit));
    }
  }

  void counter(std::uint32_t image, const std::string& name, std::int64_t found,
               std::int64_t expected) {
    if (found == expected) return;
    differ(fmt::format("image {:5}, {}: {}, expected {}", image, name, found, expected));
  }

 private:
  Comparison& comparison_;
  std::mutex mutex_;
  std::vector<std::string> messages_;
};

}  // namespace

std::string partial_accuracy(const InterruptedRun& run) {
  if (!run.correct) {
    return fmt::format("{}: {} of {} images were done", run.engine, run.done, run.total);
  }
  return fmt::format("{}: {:.2f} % right on the {} of {} images that were done", run.engine,
                     100.0 * static_cast<double>(*run.correct) /
                         static_cast<double>(std::max<std::uint64_t>(run.done, 1)),
                     run.done, run.total);
}

EngineRun run_integer(const Workload& workload, unsigned jobs) {
  EngineRun run;
  run.images.resize(workload.count);
  Progress progress("integer network", workload.count);
  const ThreadTimes times =
      run_images("integer network", workload, chunk_size(workload.count, 1, 100), jobs, &progress,
                 [&]() -> ChunkWork {
                   return [&, network = std::make_shared<IntegerNetwork>(workload.network)](
                              std::uint32_t first, std::uint32_t count) {
                     for (std::uint32_t i = first; i < first + count; ++i) {
                       if (interrupt_requested()) throw Interrupted{};
                       const std::uint32_t number = workload.first + i;
                       IntegerResult result = network->classify(workload.image(number));
                       progress.add(workload.is_right(number, result.digit));
                       run.images[i] = {result.digit, std::move(result.logits)};
                     }
                   };
                 });
  finish(workload, times, run);
  return run;
}

EngineRun run_model(const Workload& workload, const std::vector<Macro>& macros, unsigned jobs,
                    bool skip, Progress* progress) {
  EngineRun run;
  run.images.resize(workload.count);
  const std::size_t num_rows = workload.mapped.program.layers.size();
  run.rows.resize(num_rows);
  std::mutex mutex;
  std::optional<Progress> own;
  if (progress == nullptr) progress = &own.emplace("chip model", workload.count);
  // The next image loads meanwhile.
  const std::int64_t load_clocks =
      image_load_clocks(workload.mapped.program.image, workload.config);
  std::int64_t sustained_clocks = 0;
  const ThreadTimes times = run_images(
      "chip model", workload, chunk_size(workload.count, 1, 500), jobs, own ? &*own : nullptr,
      [&]() -> ChunkWork {
        auto model = std::make_shared<ChipModel>(workload.config, workload.mapped.program, macros,
                                                 ChipModel::Options{.skip = skip});
        return [&, model](std::uint32_t first, std::uint32_t count) {
          model->clear_counters();
          std::int64_t sustained = 0;
          for (std::uint32_t i = first; i < first + count; ++i) {
            if (interrupt_requested()) throw Interrupted{};
            const std::uint32_t number = workload.first + i;
            const ImageResult& result = model->run(number, workload.image(number));
            progress->add(workload.is_right(number, result.digit));
            run.images[i] = {result.digit, result.logits};
            sustained += std::max<std::int64_t>(result.counters.clocks, load_clocks);
          }
          const std::scoped_lock lock(mutex);
          sustained_clocks += sustained;
          add(model->totals(), run.counters);
          run.events += chip_events(*model, count);
          add(macro_reads(*model), run.reads);
          for (std::size_t row = 0; row < num_rows; ++row) {
            run.rows[row] += model->row_counts(static_cast<int>(row));
          }
        };
      });
  finish(workload, times, run);
  run.clocks_per_image =
      static_cast<double>(sustained_clocks) / static_cast<double>(workload.count);
  return run;
}

namespace {

EngineRun run_rtl_images(const Workload& workload, const std::vector<Macro>& macros, unsigned jobs,
                         bool skip, const TraceOptions& trace) {
  EngineRun run;
  run.images.resize(workload.count);
  const std::size_t num_rows = workload.mapped.program.layers.size();
  run.rows.resize(num_rows);
  std::mutex mutex;
  std::uint64_t interval_clocks = 0;
  std::uint64_t intervals = 0;
  const ImageCycles cycles = image_cycles(workload.mapped.program, workload.config);

  // The counters of a run have 32 bits; no counter grows faster than one conversion a lane and
  // clock.
  const std::uint64_t fastest = static_cast<std::uint64_t>(cycles.clocks) *
                                static_cast<std::uint64_t>(workload.config.num_pe) *
                                static_cast<std::uint64_t>(workload.config.num_adc);
  const auto largest =
      static_cast<std::uint32_t>(std::clamp<std::uint64_t>(0xFFFF'FFFFU / fastest, 1, 500));
  const std::uint32_t chunk = chunk_size(workload.count, std::min(16U, largest), largest);

  Progress progress("RTL", workload.count);
  const ThreadTimes times = run_images("RTL", workload, chunk, jobs, &progress, [&]() -> ChunkWork {
    tb::RtlOptions options;
    options.seed = workload.options.seed;
    options.timeout =
        std::max<std::uint64_t>(100'000, 20 * static_cast<std::uint64_t>(cycles.clocks));
    if (trace.file != nullptr) options.trace_path = trace.file->temporary_path().string();
    options.trace_first = trace.first;
    options.trace_last = trace.last;
    auto worker = std::make_shared<RtlWorker>(workload, macros, skip, options);
    auto counted = std::make_shared<std::vector<ReadCounts>>(num_rows);
    return [&, worker, counted](std::uint32_t first, std::uint32_t count) {
      std::vector<std::span<const std::uint8_t>> images;
      images.reserve(count);
      for (std::uint32_t i = first; i < first + count; ++i) {
        images.push_back(workload.image(workload.first + i));
      }
      worker->chip().set_next_image(workload.first + first);
      worker->driver().run(images, [&](std::size_t index, const ChipResult& result) {
        const std::uint32_t i = first + static_cast<std::uint32_t>(index);
        progress.add(workload.is_right(workload.first + i, result.digit));
        run.images[i] = {result.digit, result.logits};
      });
      const PerfCounters counters = worker->driver().read_counters();
      const std::vector<std::uint64_t> result_clocks = worker->chip().take_result_clocks();

      const std::scoped_lock lock(mutex);
      interval_clocks += result_clocks.back() - result_clocks.front();
      intervals += result_clocks.size() - 1;
      ChipCounters part = {.clocks = counters.clocks,
                           .beats = counters.beats,
                           .reads = counters.reads,
                           .skipped = counters.skipped,
                           .conversions = counters.conversions,
                           .stall_beat = counters.stall_beat,
                           .layer_clocks = {}};
      for (std::size_t row = 0; row < num_rows; ++row) {
        part.layer_clocks.push_back(counters.layer_clocks[row]);
        const std::int64_t expected = cycles.passes[row].clocks * count;
        if (skip ? counters.layer_clocks[row] > expected : counters.layer_clocks[row] != expected) {
          run.timing_mismatches.push_back(
              fmt::format("images {}..{}, layer row {}: {} clocks, expected {}{}",
                          workload.first + first, workload.first + first + count - 1, row,
                          counters.layer_clocks[row], skip ? "at most " : "", expected));
        }
        const ReadCounts now = worker->row_counts(static_cast<int>(row));
        const ReadCounts& before = (*counted)[row];
        run.rows[row] += ReadCounts{now.reads - before.reads, now.conversions - before.conversions,
                                    now.clipped_low - before.clipped_low,
                                    now.clipped_high - before.clipped_high, now.peak};
        (*counted)[row] = now;
      }
      add(part, run.counters);
      run.stall_image += counters.stall_image;
      run.stall_result += counters.stall_result;
    };
  });
  finish(workload, times, run);
  std::sort(run.timing_mismatches.begin(), run.timing_mismatches.end());
  // One image has no interval: what its layers took, and the clock to take it.
  std::int64_t layer_clocks = 0;
  for (const std::int64_t clocks : run.counters.layer_clocks) layer_clocks += clocks;
  run.clocks_per_image =
      intervals > 0
          ? static_cast<double>(interval_clocks) / static_cast<double>(intervals)
          : 1.0 + (static_cast<double>(layer_clocks) / static_cast<double>(workload.count));
  return run;
}

}  // namespace

EngineRun run_rtl(const Workload& workload, const std::vector<Macro>& macros, unsigned jobs,
                  bool skip, const TraceOptions& trace) {
  if (trace.file == nullptr) return run_rtl_images(workload, macros, jobs, skip, trace);
  EngineRun run;
  try {
    run = run_rtl_images(workload, macros, 1, skip, trace);
  } catch (...) {
    // The chip has gone with its thread, and closed its waves.
    trace.file->commit_part("the waves up to where the run ended");
    throw;
  }
  trace.file->commit();
  return run;
}

Comparison compare_rtl_with_model(const Workload& workload, const std::vector<Macro>& macros,
                                  std::uint32_t count, unsigned jobs, bool skip) {
  Comparison comparison;
  comparison.images = std::min(count, workload.count);
  comparison.expected.resize(comparison.images);
  if (comparison.images == 0) return comparison;
  Collector collector(comparison);
  const ChipProgram& program = workload.mapped.program;
  Progress progress("check", comparison.images);
  run_chunks(comparison.images, 1, jobs, [&]() -> ChunkWork {
    tb::RtlOptions options;
    options.seed = workload.options.seed + 1;  // other register contents than in the run
    auto monitor = std::make_shared<tb::EventMonitor>(program, workload.config);
    options.monitor = monitor.get();
    auto worker = std::make_shared<RtlWorker>(workload, macros, skip, options);
    auto model = std::make_shared<ChipModel>(workload.config, program, macros,
                                             ChipModel::Options{.skip = skip, .maps = true});
    return [&, monitor, worker, model](std::uint32_t first, std::uint32_t /*count*/) {
      if (interrupt_requested()) throw Interrupted{};
      const std::uint32_t number = workload.first + first;
      worker->chip().set_next_image(number);
      monitor->clear();
      const auto rows = static_cast<int>(program.layers.size());
      const MacroReads reads_before = macro_reads(worker->macros(), rows);
      model->clear_counters();
      const ChipTrace chip = worker->driver().run_halted(workload.image(number));
      const PerfCounters counters = worker->driver().read_counters();
      const ImageResult& expected = model->run(number, workload.image(number));
      comparison.expected[first] = {expected.digit, expected.logits};

      for (std::size_t map = 0; map < program.maps.size(); ++map) {
        collector.map(number, program.maps[map].name, program.maps[map].shape, chip.maps[map],
                      expected.maps[map]);
      }
      collector.logits(number, " (layer by layer)", {chip.result.digit, chip.result.logits},
                       comparison.expected[first]);
      const ChipCounters& model_counters = expected.counters;
      collector.counter(number, "PERF_BEATS", counters.beats, model_counters.beats);
      collector.counter(number, "PERF_READS", counters.reads, model_counters.reads);
      collector.counter(number, "PERF_SKIPPED", counters.skipped, model_counters.skipped);
      collector.counter(number, "PERF_CONVERSIONS", counters.conversions,
                        model_counters.conversions);
      collector.counter(number, "PERF_STALL_BEAT", counters.stall_beat, model_counters.stall_beat);
      for (std::size_t row = 0; row < program.layers.size(); ++row) {
        collector.counter(number, fmt::format("PERF_LAYER_CLOCKS of layer row {}", row),
                          counters.layer_clocks[row], model_counters.layer_clocks[row]);
      }
      if (tb::rtl_counts_events()) {
        for (const std::string& line :
             differences(monitor->events(), chip_events(*model, 1, /*halted=*/true))) {
          collector.differ(fmt::format("image {:5}, events, {}", number, line));
        }
      }
      if (since(macro_reads(worker->macros(), rows), reads_before) != macro_reads(*model)) {
        collector.differ(
            fmt::format("image {:5}, events: pulses, reads and conversions of the "
                        "macros are not those of the chip model's",
                        number));
      }
      progress.add(workload.is_right(number, expected.digit));
    };
  });
  return comparison;
}

Comparison compare_model_with_integer(const Workload& workload, const std::vector<Macro>& macros,
                                      std::uint32_t count, unsigned jobs) {
  Comparison comparison;
  comparison.images = std::min(count, workload.count);
  comparison.expected.resize(comparison.images);
  if (comparison.images == 0) return comparison;
  Collector collector(comparison);
  const ChipProgram& program = workload.mapped.program;
  Progress progress("check", comparison.images);
  run_chunks(comparison.images, 16, jobs, [&]() -> ChunkWork {
    auto network = std::make_shared<IntegerNetwork>(workload.network);
    auto model = std::make_shared<ChipModel>(workload.config, program, macros,
                                             ChipModel::Options{.skip = false, .maps = true});
    return [&, network, model](std::uint32_t first, std::uint32_t chunk) {
      for (std::uint32_t i = first; i < first + chunk; ++i) {
        if (interrupt_requested()) throw Interrupted{};
        const std::uint32_t number = workload.first + i;
        const IntegerResult expected = network->run(workload.image(number));
        const ImageResult& found = model->run(number, workload.image(number));
        comparison.expected[i] = {expected.digit, expected.logits};
        for (std::size_t map = 0; map < program.maps.size(); ++map) {
          collector.map(number, program.maps[map].name, program.maps[map].shape, found.maps[map],
                        expected.maps[map]);
        }
        collector.logits(number, " (layer by layer)", {found.digit, found.logits},
                         comparison.expected[i]);
        progress.add(workload.is_right(number, found.digit));
      }
    };
  });
  return comparison;
}

void compare_outcomes(const Workload& workload, const EngineRun& run, Comparison& comparison) {
  Collector collector(comparison);
  std::vector<std::string> earlier = std::move(comparison.messages);
  comparison.messages.clear();
  for (std::uint32_t i = 0; i < comparison.images; ++i) {
    collector.logits(workload.first + i, "", run.images[i], comparison.expected[i]);
  }
  earlier.insert(earlier.end(), comparison.messages.begin(), comparison.messages.end());
  if (earlier.size() > kMaxMessages) earlier.resize(kMaxMessages);
  comparison.messages = std::move(earlier);
}

}  // namespace mcnn::cli
