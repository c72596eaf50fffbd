// SPDX-License-Identifier: Apache-2.0
// The suite's programmer is the Verilated RTL, driven through its AXI ports.
#include <vector>

#include "host/engine/chip_model.h"
#include "host/engine/driver.h"
#include "tb/rtl_chip.h"
#include "tests/shared/programmer_under_test.h"

namespace mcnn::testing {
namespace {

class RtlProgrammer final : public ProgrammerUnderTest {
 public:
  RtlProgrammer(const ChipConfig& config, const DeviceCard& card, const ProgrammerOptions& options)
      : macros_(make_macros(config, card, options.seed)),
        chip_(tb::RtlChip::make(config.name, macros_,
                                {.seed = options.bench_seed,
                                 .stall_percent = options.stall_percent,
                                 .trace_path = {}})),
        driver_(*chip_) {}

  ProgramPort& port() override { return driver_; }
  std::span<Macro> macros() override { return macros_; }

 private:
  std::vector<Macro> macros_;
  std::unique_ptr<tb::RtlChip> chip_;
  Driver driver_;
};

}  // namespace

std::unique_ptr<ProgrammerUnderTest> make_programmer(const ChipConfig& config,
                                                     const DeviceCard& card,
                                                     const ProgrammerOptions& options) {
  return std::make_unique<RtlProgrammer>(config, card, options);
}

}  // namespace mcnn::testing
