// SPDX-License-Identifier: Apache-2.0
// Images as the chip's stream takes them (rtl/REGISTERS.md, "Streams"): a beat is a column of
// load_rows neighbouring rows of a channel, a byte a row; channel by channel, row group by row
// group, column by column.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/mapping/chip_config.h"
#include "host/network/network.h"

namespace mcnn {

// Beats of an image.
int64_t image_beats(const MapShape& shape, const ChipConfig& config);
// Clocks from one image of a run to the next, at least: the beats, and the clock that takes it.
int64_t image_load_clocks(const MapShape& shape, const ChipConfig& config);

// The bytes of an image's beats, load_rows a beat, from its pixels [channel][row][column]; rows
// beyond the image are 0. With load_rows 1 the pixels as they are. Throws Error for another number
// of pixels than the shape has.
std::vector<uint8_t> image_stream(std::span<const uint8_t> pixels, const MapShape& shape,
                                  const ChipConfig& config);

}  // namespace mcnn
