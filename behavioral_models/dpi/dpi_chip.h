// SPDX-License-Identifier: Apache-2.0
// Thin adapter between a simulated chip's DPI-C calls and the macro models: basic types on one
// side, Macro on the other. One DpiChip stands for one simulated chip. The bench hangs it on the
// simulator's scopes as user data (svPutUserData with user_key()), so that any number of chips live
// in one process without anything shared.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "behavioral_models/macro.h"

namespace mcnn {

// What the chip does in one clock, from signals inside it (tb/mcnn_tb.sv has the bits).
struct ChipClock {
  std::uint32_t layer = 0;       // layer row
  std::uint32_t events = 0;      // one bit an event
  std::uint64_t columns = 0;     // PEs that take a column
  std::uint64_t active = 0;      // PEs whose window is driven
  std::uint64_t strobes = 0;     // PEs with a read strobe at their macro
  std::uint64_t segments = 0;    // PEs that end a replica
  std::uint32_t pool_reads = 0;  // banks
  // Lanes of banks, a bit each in as many words as it takes: [lane][bank].
  const std::uint32_t* map_reads = nullptr;
  const std::uint32_t* pool_writes = nullptr;
  const std::uint32_t* image_write = nullptr;  // one that takes a pixel
};

// Sees every clock of a chip whose bench has the monitor.
class ChipMonitor {
 public:
  virtual ~ChipMonitor() = default;
  virtual void clock(const ChipClock& now) = 0;
};

class DpiChip {
 public:
  // One macro a PE; they must outlive the adapter.
  explicit DpiChip(std::span<Macro> macros);
  DpiChip(const DpiChip&) = delete;
  DpiChip& operator=(const DpiChip&) = delete;

  // The key of the user data.
  static void* user_key();

  // Number of the image that the chip begins next; the ones after it count on.
  void set_next_image(std::uint32_t number) { next_image_ = number; }

  // One PE as the simulator holds it, behind a chandle.
  struct Port {
    Macro* macro = nullptr;
    unsigned adc_lanes = 0;
    unsigned adc_bits = 0;

    // codes: lane i at bits [i*adc_bits +: adc_bits]. Lanes that convert nothing give all ones: a
    // chip that looks at them will be wrong.
    // pulses: bit b % 32 of word b / 32 drives bit line b.
    void read(const std::uint32_t* pulses, std::uint32_t first_line, std::uint32_t count,
              std::uint32_t range, std::uint32_t* codes) const;
    // A programming pulse for the cell at source_line and the one bit line in `pulses`.
    void pulse(std::uint32_t source_line, const std::uint32_t* pulses, bool set,
               std::uint32_t amplitude) const;
  };

  // Null: nobody looks.
  void set_monitor(ChipMonitor* monitor) { monitor_ = monitor; }
  void clock(const ChipClock& now) {
    if (monitor_ != nullptr) monitor_->clock(now);
  }

  Port* port(unsigned pe);  // null for a PE that does not exist
  void begin_image();
  void begin_program();
  void set_layer(std::uint32_t layer);

 private:
  std::vector<Port> ports_;
  std::uint32_t next_image_ = 0;
  ChipMonitor* monitor_ = nullptr;
};

}  // namespace mcnn
