// SPDX-License-Identifier: Apache-2.0
// A Verilated chip with its macros and driver, for tests that want more of it than ChipUnderTest
// has.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "behavioral_models/macro.h"
#include "host/engine/driver.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"
#include "tb/rtl_chip.h"

namespace mcnn::testing {

class RtlBench {
 public:
  RtlBench(const ChipConfig& config, const ChipProgram& program, const DeviceCard& card,
           std::uint64_t device_seed, const tb::RtlOptions& options, bool skip = false)
      : macros_(make_macros(config, program, card, device_seed)),
        chip_(tb::RtlChip::make(config.name, macros_, options)),
        driver_(*chip_, Driver::Options{.skip = skip}) {}

  tb::RtlChip& chip() { return *chip_; }
  Driver& driver() { return driver_; }
  std::span<Macro> macros() { return macros_; }

 private:
  static std::vector<Macro> make_macros(const ChipConfig& config, const ChipProgram& program,
                                        const DeviceCard& card, std::uint64_t seed) {
    const MacroShape shape = {config.num_bl(), config.num_sl, config.num_adc, config.adc_bits};
    std::vector<Macro> macros;
    macros.reserve(static_cast<std::size_t>(config.num_pe));
    for (int pe = 0; pe < config.num_pe; ++pe) {
      macros.emplace_back(shape, card, seed, pe);
      macros.back().program(program.cells[static_cast<std::size_t>(pe)]);
    }
    return macros;
  }

  std::vector<Macro> macros_;
  std::unique_ptr<tb::RtlChip> chip_;
  Driver driver_;
};

}  // namespace mcnn::testing
