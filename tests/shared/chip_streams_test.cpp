// SPDX-License-Identifier: Apache-2.0
// Images of the wrong length, and runs that are aborted while an image comes in: what the source
// does then, and that the next image is whole without a reset.
#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <vector>

#include "tests/shared/chip_bus_fixture.h"

namespace mcnn::testing {
namespace {

TEST_F(ChipBusTest, ShortImageIsDroppedAndTheRunWaitsForAnother) {
  const std::vector<std::uint8_t> pixels = image(0);
  for (const std::size_t length : {std::size_t{1}, pixels.size() / 2, pixels.size() - 1}) {
    chip().set_next_image(3);
    start(1);
    chip().send_packet(std::span(pixels).first(length), true);
    chip().idle(3 * pixels.size());
    EXPECT_EQ(error(), ChipError::kImageShort) << length;
    EXPECT_NE(status() & reg::kStatusBusy, 0U);
    EXPECT_EQ(chip().results_waiting(), 0U);
    clear_error();
    chip().send(pixels);
    expect_result(3, 0);
    EXPECT_TRUE(becomes_idle(2000));
  }
}

TEST_F(ChipBusTest, LongImageIsDroppedAndTheRunWaitsForAnother) {
  const std::vector<std::uint8_t> pixels = image(0);
  for (const std::size_t extra : {std::size_t{1}, std::size_t{100}, 3 * pixels.size()}) {
    chip().set_next_image(3);
    start(1);
    std::vector<std::uint8_t> longer = pixels;
    longer.resize(pixels.size() + extra, 0x55);
    chip().send(longer);
    chip().idle(2 * longer.size());
    EXPECT_EQ(error(), ChipError::kImageLong) << extra;
    EXPECT_EQ(chip().results_waiting(), 0U);
    clear_error();
    chip().send(pixels);
    expect_result(3, 0);
    EXPECT_TRUE(becomes_idle(2000));
  }
}

TEST_F(ChipBusTest, AbortEndsARunAtAnyTime) {
  const std::vector<std::uint8_t> pixels = image(0);
  for (std::uint64_t wait = 0; wait < 40; ++wait) {
    start(2);
    chip().send(pixels);
    chip().idle(wait * 37);
    chip().write(reg::kControl, reg::kControlAbort);
    EXPECT_TRUE(becomes_idle(2000)) << "after " << wait * 37 << " clocks";
    chip().reset();
    driver().load(program(), config_);
  }
  expect_good_image(0);
}

// ABORT at every clock of a load, without a reset afterwards: the source sends the rest of the
// image, and the next one is whole.
TEST_F(ChipBusTest, AbortWithinAnImageWhoseSourceGoesOn) {
  const std::vector<std::uint8_t> pixels = image(0);
  bool dropped = false, whole = false;
  for (std::uint64_t wait = 0; wait < pixels.size() + 40; ++wait) {
    SCOPED_TRACE(::testing::Message() << "after " << wait << " clocks");
    start(1);
    chip().send(pixels);
    chip().idle(wait);
    chip().write(reg::kControl, reg::kControlAbort);
    (((status() & reg::kStatusDropping) != 0) ? dropped : whole) = true;
    EXPECT_EQ(error(), ChipError::kNone);
    if (wait % 2 == 0) chip().idle(pixels.size());  // the rest comes before the run or within it
    EXPECT_EQ(status() & reg::kStatusBusy, 0U);
    expect_good_image(1 + static_cast<int>(wait % 3));
    EXPECT_EQ(status() & reg::kStatusDropping, 0U);
  }
  EXPECT_TRUE(dropped && whole);
}

// The source stops behind every pixel of an image, and begins anew after the abort.
TEST_F(ChipBusTest, AbortWithinAnImageWhoseSourceWasStopped) {
  const std::vector<std::uint8_t> pixels = image(0);
  for (std::size_t sent = 0; sent < pixels.size(); ++sent) {
    SCOPED_TRACE(::testing::Message() << "after " << sent << " pixels");
    start(1);
    chip().send_packet(std::span(pixels).first(sent), false);
    chip().idle(sent);
    driver().abort(Driver::Source::kStopped);
    EXPECT_EQ(status() & (reg::kStatusBusy | reg::kStatusDropping), 0U);
    expect_good_image(1);
    EXPECT_EQ(error(), ChipError::kNone);
  }
}

// In one write, and with a source that is cut off in any clock: its offered pixel is dropped first.
TEST_F(ChipBusTest, SourceThatIsCutOffAtAnyClock) {
  for (std::uint64_t wait = 0; wait < image(0).size(); ++wait) {
    SCOPED_TRACE(::testing::Message() << "after " << wait << " clocks");
    start(1);
    chip().send(image(0));
    chip().idle(wait);
    chip().drop_queue();
    if (wait % 2 == 0) {
      driver().abort(Driver::Source::kStopped);
    } else {
      chip().idle(1);  // the offered pixel is taken
      chip().write(reg::kControl, reg::kControlAbort | reg::kControlStreamReset);
    }
    EXPECT_EQ(status() & (reg::kStatusBusy | reg::kStatusDropping), 0U);
    expect_good_image(2);
  }
}

// The host does not say that the source was stopped: the next image is taken for the rest, which
// is an error, and the one after it is whole.
TEST_F(ChipBusTest, StoppedSourceThatNobodyTellsOfIsAnError) {
  const std::vector<std::uint8_t> pixels = image(0);
  for (std::size_t sent = 1; sent < pixels.size(); ++sent) {
    SCOPED_TRACE(::testing::Message() << "after " << sent << " pixels");
    start(1);
    chip().send_packet(std::span(pixels).first(sent), false);
    chip().idle(sent);
    driver().abort();
    EXPECT_EQ(status() & reg::kStatusDropping, reg::kStatusDropping);
    chip().set_next_image(3);
    start(1);
    chip().send(pixels);
    chip().idle(2 * pixels.size());
    EXPECT_EQ(error(), ChipError::kImageLong);
    EXPECT_EQ(status() & (reg::kStatusBusy | reg::kStatusDropping), reg::kStatusBusy);
    clear_error();
    chip().send(image(1));
    expect_result(3, 1);
    EXPECT_TRUE(becomes_idle(2000));
  }
}

// Without an abort: what has come of an image is forgotten, the run goes on with the next one. A
// loaded image stays.
TEST_F(ChipBusTest, StreamResetInARunThatGoesOn) {
  const std::vector<std::uint8_t> pixels = image(0);
  for (std::size_t sent = 0; sent < pixels.size(); ++sent) {
    SCOPED_TRACE(::testing::Message() << "after " << sent << " pixels");
    chip().set_next_image(6);
    start(2);
    chip().send(pixels);
    chip().send_packet(std::span(pixels).first(sent), false);
    chip().idle(pixels.size() + 2 * sent + 2);
    chip().write(reg::kControl, reg::kControlStreamReset);
    chip().send(image(1));
    expect_result(6, 0);
    expect_result(7, 1);
    EXPECT_TRUE(becomes_idle(2000));
    EXPECT_EQ(error(), ChipError::kNone);
  }
  chip().set_next_image(6);
  start(2);
  for (int i = 0; i < 2; ++i) chip().send(image(i));
  for (int poll = 0; (status() & reg::kStatusImageWaits) == 0; ++poll) ASSERT_LT(poll, 1'000);
  chip().write(reg::kControl, reg::kControlStreamReset);
  expect_result(6, 0);
  expect_result(7, 1);
  EXPECT_TRUE(becomes_idle(2000));
}

// Between two images there is nothing to drop.
TEST_F(ChipBusTest, AbortBetweenImages) {
  for (std::uint64_t wait = 0; wait < 40; ++wait) {
    SCOPED_TRACE(::testing::Message() << "after " << wait << " clocks");
    start(3);
    chip().send(image(0));
    EXPECT_EQ(chip().receive().size(), program().num_logits + 1U);
    chip().idle(wait);
    driver().abort();
    EXPECT_EQ(status() & reg::kStatusDropping, 0U);
    expect_good_image(1);
  }
}

}  // namespace
}  // namespace mcnn::testing
