// SPDX-License-Identifier: Apache-2.0
// What a host sees of the chip: one AXI4-Lite port and two streams. Implemented by the testbench
// around the Verilated chip.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mcnn {

class ChipBus {
 public:
  virtual ~ChipBus() = default;

  // One 32-bit access at a byte address. Throws Error when the chip answers SLVERR.
  virtual uint32_t read(uint32_t address) = 0;
  virtual void write(uint32_t address, uint32_t value) = 0;

  // Queues one packet of the image stream, LoadRows bytes a beat (image_beats of
  // host/mapping/image_stream.h), TLAST on its last beat, and returns; it is sent while simulated
  // time passes. Throws Error for bytes that are not whole beats.
  virtual void send(std::span<const uint8_t> bytes) = 0;

  // Lets simulated time pass until a result packet is there: class, then logits. Throws Error on a
  // time-out.
  virtual std::vector<uint32_t> receive() = 0;
};

}  // namespace mcnn
