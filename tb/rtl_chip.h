// SPDX-License-Identifier: Apache-2.0
// The Verilated RTL of one chip with its macro models, clock and bus models, seen as the bus that a
// host drives.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "behavioral_models/dpi/dpi_chip.h"
#include "behavioral_models/macro.h"
#include "host/engine/chip_bus.h"
#include "host/mapping/chip_config.h"

namespace mcnn::tb {

struct RtlOptions {
  std::uint64_t seed = 1;             // of the register contents before reset, and of the stalls
  int stall_percent = 0;              // clocks in which each channel of each bus holds back, 0..90
  std::uint64_t timeout = 1'000'000;  // clocks that a bus waits for the chip before it gives up

  // Waves of the images first..last (image numbers), from the first beat in to the result out.
  // Empty: none.
  std::string trace_path;
  std::uint32_t trace_first = 0;
  std::uint32_t trace_last = 0;
  bool trace_all = false;  // every clock instead, from the reset on

  // Sees every clock of the chip; must outlive it. Null: none.
  ChipMonitor* monitor = nullptr;
};

// The answer to an AXI4-Lite access.
struct AxiAnswer {
  std::uint32_t data = 0;
  bool slave_error = false;
};

class RtlChip : public ChipBus {
 public:
  // Builds a chip of a named configuration (constraints/<name>.params) that was Verilated with the
  // program, resets it and connects one macro model to each PE. The macros must outlive the chip.
  // Throws Error.
  static std::unique_ptr<RtlChip> make(std::string_view configuration, std::span<Macro> macros,
                                       const RtlOptions& options);
  // The configurations that were Verilated.
  static std::vector<std::string> configurations();

  // Number of the next image that the chip begins; the ones after it count on. Keys the noise.
  virtual void set_next_image(std::uint32_t number) = 0;

  // Accesses that may fail.
  virtual AxiAnswer try_read(std::uint32_t address) = 0;
  virtual AxiAnswer try_write(std::uint32_t address, std::uint32_t value, unsigned strobe) = 0;
  // Queues beats of the image stream (ChipBus::send), TLAST with the last one or not at all.
  virtual void send_packet(std::span<const std::uint8_t> bytes, bool last) = 0;
  // Forgets the beats that were queued and not taken (the one that is offered stays: a bus may not
  // take it back).
  virtual void drop_queue() = 0;
  // Lets clocks pass.
  virtual void idle(std::uint64_t clocks) = 0;
  // Resets the chip. Queued beats and results are dropped.
  virtual void reset() = 0;

  virtual bool interrupt() const = 0;
  virtual std::size_t results_waiting() const = 0;
  virtual std::uint64_t clocks() const = 0;  // since the chip was made
  // The clock at which the last word of each result left the chip, in order; cleared by reading.
  virtual std::vector<std::uint64_t> take_result_clocks() = 0;
  // Writes what is left of the waves.
  virtual void close_trace() = 0;
};

}  // namespace mcnn::tb
