// SPDX-License-Identifier: Apache-2.0
// What the chip does in each clock of one or more images, derived from the chip program with the
// recurrences of rtl/README.md ("Beats and clocks") and, where it depends on the pixels, from what
// the chip model read. The RTL does the same in the same clocks; a test holds it to that.
//
// Clock 0 is the clock in which the chip takes the first beat of the first image. The host is
// always ready: beats follow each other clock by clock as soon as the chip takes them, and results
// are taken at once. MODE.HALT is off.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/engine/chip_model.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"

namespace mcnn {

enum class Activity : uint8_t {
  kImageLoad,    // beats of the stream taken, one a clock
  kImageTake,    // the clock that takes a loaded image
  kImageStall,   // clocks that wait for an image (PERF_STALL_IMAGE)
  kResultStall,  // clocks that wait for the last result to leave (PERF_STALL_RESULT)
  kResult,       // from the class word to the last logit
  kLayer,        // a row of the layer table (PERF_LAYER_CLOCKS)
  kFetch,        // columns of a step's windows enter the PEs, one a clock
  kDrive,        // a PE's window is driven, as the macro sees it
  kRead,         // a plane is read: begins with the strobe at the macro port
  kBeatStall,    // the PEs wait for fetch or reduce (PERF_STALL_BEAT), as the macros see it
  kReduce,       // pair sums are added, one group of Lanes pairs a clock
  kWrite,        // pooled pixels (or logits) are written, one group of Lanes kernels a clock
};
std::string_view activity_name(Activity activity);  // "fetch"

struct TimelineEvent {
  Activity activity = Activity::kLayer;
  int64_t start = 0;   // clock
  int64_t clocks = 0;  // how many
  int image = 0;       // index into the images given
  int layer_row = -1;
  int pe = -1;
  // The output position and step that it works for: first row of the row group, column, step.
  int row = -1;
  int column = -1;
  int step = -1;
  int plane = -1;

  bool operator==(const TimelineEvent&) const = default;
};

// Events in the order of images, layer rows and beats. `images`: what the chip model read of each
// image (ChipModel::Options::reads). Throws Error when it is not of this program.
std::vector<TimelineEvent> make_timeline(const ChipProgram& program, const ChipConfig& config,
                                         std::span<const ImageReads> images, bool skip);

// What the tracks of a trace are called.
struct TimelineNames {
  std::string title;                // of the process
  std::vector<std::string> layers;  // [layer row]
  std::vector<std::string> images;  // [image]
};

// The Chrome trace event format (JSON), one track an activity and PE; opens in Perfetto and in
// chrome://tracing. Slices are named by layer and kind of work ("C1 read"); image, PE, row, column,
// step and plane are arguments. `clock_ns`: length of a clock.
std::string chrome_trace(std::span<const TimelineEvent> events, const ChipConfig& config,
                         const TimelineNames& names, double clock_ns);

}  // namespace mcnn
