// SPDX-License-Identifier: Apache-2.0
// Counts what the RTL does, on its own signals, and notes when: the independent side of
// host/engine/events.h and host/engine/timeline.h.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "behavioral_models/dpi/dpi_chip.h"
#include "host/engine/events.h"
#include "host/engine/timeline.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"

namespace mcnn::tb {

class EventMonitor final : public ChipMonitor {
 public:
  EventMonitor(const ChipProgram& program, const ChipConfig& config);

  void clock(const ChipClock& now) override;

  const ChipEvents& events() const { return events_; }
  // Counting begins again, and so do the clocks.
  void clear();

  // The clocks in which something happened, as single clocks in their order: the chip's side of a
  // timeline. Only with note_clocks(true).
  struct Seen {
    Activity activity;
    std::int64_t clock;
    int layer_row;
    int pe;

    bool operator==(const Seen&) const = default;
    friend bool operator<(const Seen& a, const Seen& b) {
      return std::tie(a.activity, a.clock, a.layer_row, a.pe) <
             std::tie(b.activity, b.clock, b.layer_row, b.pe);
    }
  };
  void note_clocks(bool on) { notes_ = on; }
  const std::vector<Seen>& seen() const { return seen_; }

 private:
  void note(Activity activity, int layer_row, int pe = -1) {
    if (notes_) seen_.push_back({activity, clock_, layer_row, pe});
  }

  const ChipProgram program_;
  const ChipConfig config_;
  ChipEvents events_;
  std::int64_t clock_ = 0;
  std::uint32_t layers_before_[2] = {0, 0};  // layer row one and two clocks ago
  bool notes_ = false;
  std::vector<Seen> seen_;
};

}  // namespace mcnn::tb
