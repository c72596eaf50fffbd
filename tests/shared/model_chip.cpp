// SPDX-License-Identifier: Apache-2.0
// The suite's chip is the chip model.
#include <utility>

#include "tests/shared/chip_under_test.h"

namespace mcnn::testing {
namespace {

class ModelChip final : public ChipUnderTest {
 public:
  ModelChip(const ChipConfig& config, const ChipProgram& program, const DeviceCard& card,
            const ChipOptions& options)
      : model_(config, program, card, options.seed, {.skip = options.skip, .maps = true}) {}

  ImageResult run_layers(std::uint32_t number, std::span<const std::uint8_t> pixels) override {
    return model_.run(number, pixels);
  }

  std::vector<Outcome> run_stream(std::uint32_t first,
                                  std::span<const std::span<const std::uint8_t>> images) override {
    std::vector<Outcome> outcomes;
    for (const std::span<const std::uint8_t> pixels : images) {
      const ImageResult& result = model_.run(first++, pixels);
      outcomes.push_back({result.digit, result.logits});
    }
    return outcomes;
  }

 private:
  ChipModel model_;
};

}  // namespace

std::unique_ptr<ChipUnderTest> make_chip(const ChipConfig& config, const ChipProgram& program,
                                         const DeviceCard& card, const ChipOptions& options) {
  return std::make_unique<ModelChip>(config, program, card, options);
}

Effort effort() {
  return {.engine = "chip model", .ideal_images = 10'000, .noisy_images = 1000, .suite_images = 20};
}

}  // namespace mcnn::testing
