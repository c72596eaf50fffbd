// SPDX-License-Identifier: Apache-2.0
// What the programming suite needs of a chip. The suite is linked once with the program model and
// once with the RTL; only the factory differs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "behavioral_models/device_card.h"
#include "behavioral_models/macro.h"
#include "host/engine/program_port.h"
#include "host/mapping/chip_config.h"

namespace mcnn::testing {

struct ProgrammerOptions {
  std::uint64_t seed = 1;        // of the devices
  int stall_percent = 0;         // RTL: every channel of every bus holds back at random
  std::uint64_t bench_seed = 1;  // RTL: of stalls and of register contents before reset
};

class ProgrammerUnderTest {
 public:
  virtual ~ProgrammerUnderTest() = default;

  virtual ProgramPort& port() = 0;
  virtual std::span<Macro> macros() = 0;  // [PE]
};

// The configuration must be a named one.
std::unique_ptr<ProgrammerUnderTest> make_programmer(const ChipConfig& config,
                                                     const DeviceCard& card,
                                                     const ProgrammerOptions& options);

}  // namespace mcnn::testing
