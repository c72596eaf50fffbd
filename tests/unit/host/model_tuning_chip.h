// SPDX-License-Identifier: Apache-2.0
// A chip to tune or to teach: the chip model on one thread, whose cells can be sealed.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "common/error.h"
#include "host/engine/chip_model.h"
#include "host/programming/program_model.h"
#include "host/tuning/tuning_chip.h"

namespace mcnn::testing {

class ModelChip final : public TuningChip {
 public:
  ModelChip(const ChipConfig& config, const ChipProgram& program, std::vector<Macro> macros)
      : config_(config), macros_(std::move(macros)), port_(config, macros_), program_(program) {}

  std::vector<ImageOutput> forward(uint32_t first, std::span<const std::span<const uint8_t>> images,
                                   bool maps) override {
    ChipModel model(config_, program_, macros_, {.skip = false, .maps = maps});
    std::vector<ImageOutput> outputs;
    for (const auto& image : images) {
      const ImageResult& result = model.run(first++, image);
      outputs.push_back({result.logits, result.maps});
    }
    forward_work_ += macro_work(macro_reads(model), macros_);
    return outputs;
  }
  ProgramPort& port() override { return port_; }
  void elapse(double seconds, double read_pulses) override {
    for (Macro& macro : macros_) macro.elapse(seconds, read_pulses);
  }
  void load(std::span<const ChipProgram> programs) override { program_ = programs.front(); }
  // From now on nobody gets to the cells but through reads and the programmer.
  void seal() { sealed_ = true; }
  std::vector<MacroState> states() const override {
    if (sealed_) throw Error("the conductances of a chip are nowhere to be read");
    std::vector<MacroState> states;
    for (const Macro& macro : macros_) states.push_back(macro.save_state());
    return states;
  }
  void restore(std::span<const MacroState> states) override {
    if (sealed_) throw Error("the conductances of a chip are nowhere to be written");
    for (size_t pe = 0; pe < macros_.size(); ++pe) macros_[pe].restore(states[pe]);
  }
  MacroWork take_forward_work() override { return std::exchange(forward_work_, {}); }
  ProgrammingWork take_programming_work() override {
    const ProgrammingWork work = programming_work(macros_);
    for (Macro& macro : macros_) macro.clear_programming_counts();
    return work;
  }

 private:
  ChipConfig config_;
  std::vector<Macro> macros_;
  ProgramModel port_;
  ChipProgram program_;
  MacroWork forward_work_;
  bool sealed_ = false;
};

}  // namespace mcnn::testing
