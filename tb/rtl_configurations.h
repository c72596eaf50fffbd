// SPDX-License-Identifier: Apache-2.0
// The table of the configurations that are Verilated into this program. CMake writes its entries.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "tb/rtl_chip.h"

namespace mcnn::tb {

using RtlFactory = std::unique_ptr<RtlChip> (*)(std::span<Macro> macros, const RtlOptions& options);

struct RtlConfiguration {
  std::string_view name;
  RtlFactory make;         // fast, no waves
  RtlFactory make_traced;  // the same chip, able to write waves
};

std::span<const RtlConfiguration> rtl_configurations();

// Whether the bench sees the signals inside the chip that events are counted from: not in a
// netlist.
bool rtl_counts_events();

}  // namespace mcnn::tb
