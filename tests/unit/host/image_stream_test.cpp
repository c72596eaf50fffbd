// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/image_stream.h"

#include <numeric>

#include "host_test_util.h"

namespace mcnn::testing {
namespace {

using Bytes = std::vector<uint8_t>;

ChipConfig with_rows(int load_rows) {
  ChipConfig config;
  config.load_rows = load_rows;
  return config;
}

Bytes counted(int count) {
  Bytes bytes(static_cast<size_t>(count));
  std::iota(bytes.begin(), bytes.end(), static_cast<uint8_t>(1));
  return bytes;
}

TEST(ImageStream, APixelABeatIsTheImageAsItIs) {
  const MapShape shape = {2, 3, 4};
  EXPECT_EQ(image_beats(shape, with_rows(1)), 24);
  EXPECT_EQ(image_stream(counted(24), shape, with_rows(1)), counted(24));
}

// rtl/REGISTERS.md, "Streams", by hand: columns of two rows; the third row of a channel has none
// below it.
TEST(ImageStream, ABeatIsAColumnOfNeighbouringRows) {
  const MapShape shape = {2, 3, 2};
  EXPECT_EQ(image_beats(shape, with_rows(2)), 8);
  EXPECT_EQ(image_stream(counted(12), shape, with_rows(2)),
            (Bytes{1, 3, 2, 4, 5, 0, 6, 0, 7, 9, 8, 10, 11, 0, 12, 0}));
  EXPECT_EQ(image_beats(shape, with_rows(4)), 4);
  EXPECT_EQ(image_stream(counted(12), shape, with_rows(4)),
            (Bytes{1, 3, 5, 0, 2, 4, 6, 0, 7, 9, 11, 0, 8, 10, 12, 0}));
}

TEST(ImageStream, ClocksOfAnMnistImage) {
  const MapShape shape = {1, 28, 28};
  EXPECT_EQ(image_load_clocks(shape, with_rows(1)), 785);
  EXPECT_EQ(image_load_clocks(shape, with_rows(4)), 197);
  EXPECT_EQ(image_load_clocks(shape, with_rows(8)), 113);
}

TEST(ImageStream, AnotherNumberOfPixelsIsRefused) {
  expect_parts(error_of([] {
                 image_stream(counted(11), {2, 3, 2}, with_rows(2));
               }),
               "found 11 pixels", "allowed: 12 (2x3x2)");
}

}  // namespace
}  // namespace mcnn::testing
