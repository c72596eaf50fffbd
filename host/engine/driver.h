// SPDX-License-Identifier: Apache-2.0
// The driver: runs a chip program over the chip's AXI ports, and nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "host/engine/chip_bus.h"
#include "host/engine/program_port.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"

namespace mcnn {

struct ChipResult {
  int digit = 0;                // the class that the chip sent
  std::vector<int32_t> logits;  // sign-extended by the chip
};

// Everything about one image: its result and what each hidden layer left in the feature-map
// buffers.
struct ChipTrace {
  ChipResult result;
  std::vector<std::vector<uint8_t>> maps;  // per ChipProgram::maps: [channel][row][column]
};

// The chip's PERF counters (32 bits, cleared by START).
struct PerfCounters {
  uint32_t clocks = 0;
  uint32_t beats = 0;
  uint32_t reads = 0;
  uint32_t skipped = 0;
  uint32_t conversions = 0;
  uint32_t stall_image = 0;
  uint32_t stall_result = 0;
  uint32_t stall_beat = 0;
  std::vector<uint32_t> layer_clocks;  // per row of the layer table in use
};

class Driver final : public ProgramPort {
 public:
  struct Options {
    bool skip = false;  // MODE.SKIP
    int status_polls =
        1'000'000;  // STATUS reads to wait for a halt or the end of a run before giving up
  };

  // Checks ID and major version. Throws Error. The bus must outlive the driver.
  explicit Driver(ChipBus& bus) : Driver(bus, Options{}) {}
  Driver(ChipBus& bus, Options options);

  // What the capability registers say, with the given name.
  ChipConfig read_config(const std::string& name = "chip") const;

  // Brings cells to codes with the chip's programmer; needs no chip program. Writes settings and
  // lists, begins a run, waits for its end and reads lists and counters back. Aborts the run and
  // throws Error when the chip reports an error other than a refused entry, or does not finish.
  ProgramRun program(std::span<const ProgramEntry> entries,
                     const ProgramSettings& settings) override;

  // Checks that the chip is the one the program was made for, validates the program, writes tables
  // and set-up registers and reads all of them back. Cells are not programmed here. Throws Error.
  void load(const ChipProgram& program, const ChipConfig& config);

  // Runs images in order, keeping one queued while one is computed; calls `done` with the index
  // (from 0) and result of each one. Throws Error that names the chip's error code when the chip
  // stops.
  void run(std::span<const std::span<const uint8_t>> images,
           const std::function<void(size_t, const ChipResult&)>& done);
  std::vector<ChipResult> run(std::span<const std::span<const uint8_t>> images);

  // Runs one image with MODE.HALT: reads back every hidden layer's feature map through BUFFERS and
  // the feature-map window.
  ChipTrace run_halted(std::span<const uint8_t> image);

  PerfCounters read_counters() const;

  void set_skip(bool skip) { options_.skip = skip; }
  // What the source of images does with an image that it is in the middle of when a run is stopped.
  enum class Source {
    kGoesOn,  // sends the rest: the chip takes and drops it
    kStopped  // sends a first beat next: the chip is told so (STREAM_RESET)
  };
  // Stops a run (waiting images are dropped) and clears errors.
  void abort(Source source = Source::kGoesOn);
  // Throws Error naming the error code, row and meaning if STATUS holds one; clears it first.
  void check_status();

 private:
  void start(uint32_t images, bool halt);
  void check_image(std::span<const uint8_t> image, size_t index) const;
  void send(std::span<const uint8_t> image);
  ChipResult receive(size_t index);
  ChipResult to_result(std::span<const uint32_t> packet, size_t index) const;
  void run_programmer(const ProgramBatch& batch, std::span<const ProgramEntry> entries,
                      ProgramRun& run);
  void write_checked(uint32_t address, uint32_t value);
  uint32_t wait_status(uint32_t mask, uint32_t value, const char* what);

  ChipBus& bus_;
  Options options_;
  ChipConfig config_;
  ChipProgram program_;
  bool loaded_ = false;
  ChipConfig capabilities_;  // read when cells are programmed for the first time
};

}  // namespace mcnn
