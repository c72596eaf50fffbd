// SPDX-License-Identifier: Apache-2.0
// The program model: what the chip's programmer does (rtl/README.md, "Programming") on macro
// models, bit for bit like the RTL: results, counters, clocks and the cells that it leaves.
#pragma once

#include <span>

#include "behavioral_models/macro.h"
#include "host/engine/program_port.h"
#include "host/mapping/chip_config.h"

namespace mcnn {

class ProgramModel final : public ProgramPort {
 public:
  // One macro a PE; they must outlive the model. Throws Error when their number or shape is not
  // that of the configuration.
  ProgramModel(const ChipConfig& config, std::span<Macro> macros);

  ProgramRun program(std::span<const ProgramEntry> entries,
                     const ProgramSettings& settings) override;

 private:
  EntryResult work_on(const ProgramEntry& entry, const ProgramSettings& settings,
                      ProgramCounters& counters);

  ChipConfig config_;
  std::span<Macro> macros_;
};

}  // namespace mcnn
