// SPDX-License-Identifier: Apache-2.0
// The chips that can be tuned: the chip model on several threads, and the RTL over its AXI ports.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "behavioral_models/macro.h"
#include "cli/run/workload.h"
#include "host/engine/chip_model.h"
#include "host/engine/driver.h"
#include "host/engine/events.h"
#include "host/programming/program_model.h"
#include "host/tuning/tuning_chip.h"
#include "tb/rtl_chip.h"

namespace mcnn::cli {

// Images are spread over threads; every thread has a chip model with copies of the macros, which
// are made again when a cell or a bias has changed.
class ModelTuningChip final : public TuningChip {
 public:
  ModelTuningChip(const ChipConfig& config, const ChipProgram& program, std::vector<Macro> macros,
                  unsigned jobs);

  std::vector<ImageOutput> forward(std::uint32_t first,
                                   std::span<const std::span<const std::uint8_t>> images,
                                   bool maps) override;
  ProgramPort& port() override { return port_; }
  void elapse(double seconds, double read_pulses) override;
  void load(std::span<const ChipProgram> programs) override;
  std::vector<MacroState> states() const override;
  void restore(std::span<const MacroState> states) override;
  // The chip's macros; it is of no use behind this.
  std::vector<Macro> take_macros() { return std::move(macros_); }
  MacroWork take_forward_work() override { return std::exchange(forward_work_, {}); }
  ProgrammingWork take_programming_work() override;

 private:
  // Programs the macros and remembers that they changed.
  class Port final : public ProgramPort {
   public:
    explicit Port(ModelTuningChip& chip) : chip_(chip), model_(chip.config_, chip.macros_) {}
    ProgramRun program(std::span<const ProgramEntry> entries,
                       const ProgramSettings& settings) override;

   private:
    ModelTuningChip& chip_;
    ProgramModel model_;
  };
  struct Worker {
    std::vector<ChipModel> models;  // one a program
    std::uint64_t cells = 0;        // change of the cells that it has taken in
    std::uint64_t program = 0;      // change of the program
  };
  void bring_up_to_date(Worker& worker) const;

  ChipConfig config_;
  std::vector<ChipProgram> programs_;
  std::vector<Macro> macros_;
  Port port_;
  std::vector<Worker> workers_;
  MacroWork forward_work_;
  std::uint64_t cell_changes_ = 1;
  std::uint64_t program_changes_ = 1;
};

// One Verilated chip. Feature maps come through BUFFERS and the feature-map window with MODE.HALT.
class RtlTuningChip final : public TuningChip {
 public:
  RtlTuningChip(const ChipConfig& config, const ChipProgram& program, std::vector<Macro> macros,
                std::uint64_t seed);

  std::vector<ImageOutput> forward(std::uint32_t first,
                                   std::span<const std::span<const std::uint8_t>> images,
                                   bool maps) override;
  ProgramPort& port() override { return driver_; }
  void elapse(double seconds, double read_pulses) override;
  void load(std::span<const ChipProgram> programs) override;
  std::vector<MacroState> states() const override;
  void restore(std::span<const MacroState> states) override;
  MacroWork take_forward_work() override { return std::exchange(forward_work_, {}); }
  ProgrammingWork take_programming_work() override;

 private:
  void run(std::uint32_t first, std::span<const std::span<const std::uint8_t>> images, bool maps,
           std::span<ImageOutput> outputs);
  void load_program(std::size_t index);

  ChipConfig config_;
  std::vector<Macro> macros_;
  std::unique_ptr<tb::RtlChip> chip_;
  Driver driver_;
  std::vector<ChipProgram> programs_;
  std::size_t loaded_ = 0;  // the program that the chip has
  MacroWork forward_work_;
};

// One of them for the workload, with these macros.
std::unique_ptr<TuningChip> make_tuning_chip(const Workload& workload, std::vector<Macro> macros,
                                             bool rtl, unsigned jobs);

}  // namespace mcnn::cli
