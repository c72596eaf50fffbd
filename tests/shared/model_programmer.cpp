// SPDX-License-Identifier: Apache-2.0
// The suite's programmer is the program model.
#include <vector>

#include "host/engine/chip_model.h"
#include "host/programming/program_model.h"
#include "tests/shared/programmer_under_test.h"

namespace mcnn::testing {
namespace {

class ModelProgrammer final : public ProgrammerUnderTest {
 public:
  ModelProgrammer(const ChipConfig& config, const DeviceCard& card, std::uint64_t seed)
      : macros_(make_macros(config, card, seed)), model_(config, macros_) {}

  ProgramPort& port() override { return model_; }
  std::span<Macro> macros() override { return macros_; }

 private:
  std::vector<Macro> macros_;
  ProgramModel model_;
};

}  // namespace

std::unique_ptr<ProgrammerUnderTest> make_programmer(const ChipConfig& config,
                                                     const DeviceCard& card,
                                                     const ProgrammerOptions& options) {
  return std::make_unique<ModelProgrammer>(config, card, options.seed);
}

}  // namespace mcnn::testing
