// SPDX-License-Identifier: Apache-2.0
#include "cli/run/tuning_chip.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "host/engine/events.h"
#include "host/mapping/cycle_model.h"

namespace mcnn::cli {
namespace {

std::vector<MacroState> states_of(const std::vector<Macro>& macros) {
  std::vector<MacroState> states;
  states.reserve(macros.size());
  for (const Macro& macro : macros) states.push_back(macro.save_state());
  return states;
}

void restore_all(std::vector<Macro>& macros, std::span<const MacroState> states) {
  for (std::size_t pe = 0; pe < macros.size(); ++pe) macros[pe].restore(states[pe]);
}

ProgrammingWork take_work(std::vector<Macro>& macros) {
  const ProgrammingWork work = programming_work(macros);
  for (Macro& macro : macros) macro.clear_programming_counts();
  return work;
}

tb::RtlOptions rtl_options(std::uint64_t seed, const ChipProgram& program,
                           const ChipConfig& config) {
  tb::RtlOptions options;
  options.seed = seed;
  options.timeout = std::max<std::uint64_t>(
      100'000, 20 * static_cast<std::uint64_t>(image_cycles(program, config).clocks));
  return options;
}

}  // namespace

ModelTuningChip::ModelTuningChip(const ChipConfig& config, const ChipProgram& program,
                                 std::vector<Macro> macros, unsigned jobs)
    : config_(config),
      programs_{program},
      macros_(std::move(macros)),
      port_(*this),
      workers_(std::max(1U, jobs)) {}

ProgramRun ModelTuningChip::Port::program(std::span<const ProgramEntry> entries,
                                          const ProgramSettings& settings) {
  if (settings.max_pulses > 0) ++chip_.cell_changes_;
  return model_.program(entries, settings);
}

void ModelTuningChip::bring_up_to_date(Worker& worker) const {
  if (worker.program != program_changes_) {
    worker.models.clear();
    for (const ChipProgram& program : programs_) {
      worker.models.emplace_back(config_, program, macros_, ChipModel::Options{});
    }
  } else if (worker.cells != cell_changes_) {
    for (ChipModel& model : worker.models) {
      for (int pe = 0; pe < config_.num_pe; ++pe) {
        model.macro(pe) = macros_[static_cast<std::size_t>(pe)];
      }
    }
  }
  worker.program = program_changes_;
  worker.cells = cell_changes_;
}

std::vector<TuningChip::ImageOutput> ModelTuningChip::forward(
    std::uint32_t first, std::span<const std::span<const std::uint8_t>> images, bool maps) {
  constexpr std::size_t kChunk = 10;
  std::vector<ImageOutput> outputs(images.size());
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&](Worker& worker) {
    try {
      bring_up_to_date(worker);
      for (ChipModel& model : worker.models) {
        model.set_options({.skip = false, .maps = maps});
        model.clear_counters();
      }
      for (;;) {
        const std::size_t begin = next.fetch_add(kChunk);
        if (begin >= images.size()) break;
        for (std::size_t i = begin; i < std::min(begin + kChunk, images.size()); ++i) {
          const std::uint32_t number = first + static_cast<std::uint32_t>(i);
          const ImageResult& result =
              worker.models[number % worker.models.size()].run(number, images[i]);
          outputs[i] = {result.logits, result.maps};
        }
      }
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < workers_.size(); ++i) {
      threads.emplace_back([&, i] { work(workers_[i]); });
    }
    work(workers_.front());
  }
  if (failure) std::rethrow_exception(failure);
  // Whole numbers are summed over the threads, so the energy does not depend on them.
  MacroReads reads;
  for (const Worker& worker : workers_) {
    for (const ChipModel& model : worker.models) add(macro_reads(model), reads);
  }
  forward_work_ += macro_work(reads, macros_);
  return outputs;
}

ProgrammingWork ModelTuningChip::take_programming_work() { return take_work(macros_); }

void ModelTuningChip::elapse(double seconds, double read_pulses) {
  for (Macro& macro : macros_) macro.elapse(seconds, read_pulses);
  ++cell_changes_;
}

void ModelTuningChip::load(std::span<const ChipProgram> programs) {
  programs_.assign(programs.begin(), programs.end());
  ++program_changes_;
}

std::vector<MacroState> ModelTuningChip::states() const { return states_of(macros_); }

void ModelTuningChip::restore(std::span<const MacroState> states) {
  restore_all(macros_, states);
  ++cell_changes_;
}

RtlTuningChip::RtlTuningChip(const ChipConfig& config, const ChipProgram& program,
                             std::vector<Macro> macros, std::uint64_t seed)
    : config_(config),
      macros_(std::move(macros)),
      chip_(tb::RtlChip::make(config.name, macros_, rtl_options(seed, program, config))),
      driver_(*chip_) {
  load(std::span(&program, 1));
}

std::vector<TuningChip::ImageOutput> RtlTuningChip::forward(
    std::uint32_t first, std::span<const std::span<const std::uint8_t>> images, bool maps) {
  std::vector<ImageOutput> outputs(images.size());
  for (Macro& macro : macros_) macro.clear_counts();
  run(first, images, maps, outputs);
  const auto rows = static_cast<int>(programs_.front().layers.size());
  forward_work_ += macro_work(macro_reads(macros_, rows), macros_);
  return outputs;
}

ProgrammingWork RtlTuningChip::take_programming_work() { return take_work(macros_); }

void RtlTuningChip::run(std::uint32_t first, std::span<const std::span<const std::uint8_t>> images,
                        bool maps, std::span<ImageOutput> outputs) {
  chip_->set_next_image(first);
  if (programs_.size() > 1) {
    // Program by program, so that each is loaded once.
    for (std::size_t index = 0; index < programs_.size(); ++index) {
      load_program(index);
      for (std::size_t i = 0; i < images.size(); ++i) {
        const std::uint32_t number = first + static_cast<std::uint32_t>(i);
        if (number % programs_.size() != index) continue;
        chip_->set_next_image(number);
        ChipTrace trace = driver_.run_halted(images[i]);
        outputs[i] = {std::move(trace.result.logits), std::move(trace.maps)};
        if (!maps) outputs[i].maps.clear();
      }
    }
    return;
  }
  if (!maps) {
    // The chip's counters have 32 bits, and no counter grows faster than this.
    constexpr std::size_t kChunk = 500;
    for (std::size_t begin = 0; begin < images.size(); begin += kChunk) {
      const std::size_t count = std::min(kChunk, images.size() - begin);
      driver_.run(images.subspan(begin, count), [&](std::size_t i, const ChipResult& result) {
        outputs[begin + i].logits = result.logits;
      });
    }
    return;
  }
  for (std::size_t i = 0; i < images.size(); ++i) {
    ChipTrace trace = driver_.run_halted(images[i]);
    outputs[i] = {std::move(trace.result.logits), std::move(trace.maps)};
  }
}

void RtlTuningChip::elapse(double seconds, double read_pulses) {
  for (Macro& macro : macros_) macro.elapse(seconds, read_pulses);
}

void RtlTuningChip::load(std::span<const ChipProgram> programs) {
  programs_.assign(programs.begin(), programs.end());
  driver_.load(programs_.front(), config_);
  loaded_ = 0;
}

void RtlTuningChip::load_program(std::size_t index) {
  if (loaded_ == index) return;
  driver_.load(programs_[index], config_);
  loaded_ = index;
}

std::vector<MacroState> RtlTuningChip::states() const { return states_of(macros_); }

void RtlTuningChip::restore(std::span<const MacroState> states) { restore_all(macros_, states); }

std::unique_ptr<TuningChip> make_tuning_chip(const Workload& workload, std::vector<Macro> macros,
                                             bool rtl, unsigned jobs) {
  const ChipProgram& program = workload.mapped.program;
  if (rtl) {
    return std::make_unique<RtlTuningChip>(workload.config, program, std::move(macros),
                                           workload.options.seed);
  }
  return std::make_unique<ModelTuningChip>(workload.config, program, std::move(macros), jobs);
}

}  // namespace mcnn::cli
