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
    void read(std::uint32_t pulses, std::uint32_t first_line, std::uint32_t count,
              std::uint32_t range, std::uint32_t* codes) const;
    // A programming pulse for the cell at source_line and the one bit line in `pulses`.
    void pulse(std::uint32_t source_line, std::uint32_t pulses, bool set,
               std::uint32_t amplitude) const;
  };

  Port* port(unsigned pe);  // null for a PE that does not exist
  void begin_image();
  void begin_program();
  void set_layer(std::uint32_t layer);

 private:
  std::vector<Port> ports_;
  std::uint32_t next_image_ = 0;
};

}  // namespace mcnn
