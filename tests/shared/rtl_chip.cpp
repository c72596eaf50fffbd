// SPDX-License-Identifier: Apache-2.0
// The suite's chip is the Verilated RTL, driven through its AXI ports.
#include "tests/shared/chip_under_test.h"
#include "tests/shared/rtl_bench.h"

namespace mcnn::testing {
namespace {

class VerilatedRtl final : public ChipUnderTest {
 public:
  VerilatedRtl(const ChipConfig& config, const ChipProgram& program, const DeviceCard& card,
               const ChipOptions& options)
      : bench_(
            config, program, card, options.seed,
            {.seed = options.bench_seed, .stall_percent = options.stall_percent, .trace_path = {}},
            options.skip) {
    bench_.driver().load(program, config);
  }

  ImageResult run_layers(std::uint32_t number, std::span<const std::uint8_t> pixels) override {
    bench_.chip().set_next_image(number);
    ChipTrace trace = bench_.driver().run_halted(pixels);
    const PerfCounters counters = bench_.driver().read_counters();
    ImageResult result;
    result.digit = trace.result.digit;
    result.logits = std::move(trace.result.logits);
    result.maps = std::move(trace.maps);
    result.counters = {.clocks = 1,
                       .beats = counters.beats,
                       .reads = counters.reads,
                       .skipped = counters.skipped,
                       .conversions = counters.conversions,
                       .stall_beat = counters.stall_beat,
                       .layer_clocks = {}};
    for (const std::uint32_t clocks : counters.layer_clocks) {
      result.counters.layer_clocks.push_back(clocks);
      result.counters.clocks += clocks;
    }
    return result;
  }

  std::vector<Outcome> run_stream(std::uint32_t first,
                                  std::span<const std::span<const std::uint8_t>> images) override {
    bench_.chip().set_next_image(first);
    std::vector<Outcome> outcomes;
    for (const ChipResult& result : bench_.driver().run(images)) {
      outcomes.push_back({result.digit, result.logits});
    }
    return outcomes;
  }

 private:
  RtlBench bench_;
};

}  // namespace

std::unique_ptr<ChipUnderTest> make_chip(const ChipConfig& config, const ChipProgram& program,
                                         const DeviceCard& card, const ChipOptions& options) {
  return std::make_unique<VerilatedRtl>(config, program, card, options);
}

Effort effort() {
  return {.engine = "RTL", .ideal_images = 500, .noisy_images = 200, .suite_images = 6};
}

}  // namespace mcnn::testing
