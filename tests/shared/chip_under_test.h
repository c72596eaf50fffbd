// SPDX-License-Identifier: Apache-2.0
// What the end-to-end suite needs of a chip. The suite is linked once with the chip model and once
// with the RTL; only the factory differs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/engine/chip_model.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"

namespace mcnn::testing {

struct ChipOptions {
  bool skip = false;             // MODE.SKIP
  std::uint64_t seed = 1;        // of the devices
  int stall_percent = 0;         // RTL: every channel of every bus holds back at random
  std::uint64_t bench_seed = 1;  // RTL: of stalls and of register contents before reset
};

struct Outcome {
  int digit = 0;
  std::vector<std::int32_t> logits;

  bool operator==(const Outcome&) const = default;
};

class ChipUnderTest {
 public:
  virtual ~ChipUnderTest() = default;

  // One image, layer by layer: every hidden feature map, logits, class and counters.
  // counters.clocks is 1 + the clocks of the layers.
  virtual ImageResult run_layers(std::uint32_t number, std::span<const std::uint8_t> pixels) = 0;

  // Images first, first + 1, ... one after the other at full speed.
  virtual std::vector<Outcome> run_stream(
      std::uint32_t first, std::span<const std::span<const std::uint8_t>> images) = 0;
};

// Loads the program. The configuration must be a named one.
std::unique_ptr<ChipUnderTest> make_chip(const ChipConfig& config, const ChipProgram& program,
                                         const DeviceCard& card, const ChipOptions& options);

// Images that the long tests run: the chip model is the faster one.
struct Effort {
  std::string_view engine;
  int ideal_images;  // five-layer network, ideal card, against the integer network
  int noisy_images;  // five-layer network, typical card, against the chip model, each mapping
  int suite_images;  // each network of the suite
};
Effort effort();

}  // namespace mcnn::testing
