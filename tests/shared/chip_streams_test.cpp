// SPDX-License-Identifier: Apache-2.0
// Images of the wrong length, and runs that are aborted while an image comes in: what the source
// does then, and that the next image is whole without a reset.
#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/shared/chip_bus_fixture.h"

namespace mcnn::testing {
namespace {

// One pixel a beat, and columns of two rows.
class ChipStreams : public ChipBusTest, public ::testing::WithParamInterface<std::string> {
 protected:
  ChipStreams() : ChipBusTest(GetParam()) {}

  std::size_t rows() const { return static_cast<std::size_t>(config_.load_rows); }
  std::size_t beats() const {
    return static_cast<std::size_t>(image_beats(program().image, config_));
  }
  // The first beats of an image.
  std::span<const std::uint8_t> first(std::span<const std::uint8_t> bytes,
                                      std::size_t count) const {
    return bytes.first(count * rows());
  }
};

TEST_P(ChipStreams, ShortImageIsDroppedAndTheRunWaitsForAnother) {
  const std::vector<std::uint8_t> bytes = stream(0);
  for (const std::size_t length : {std::size_t{1}, beats() / 2, beats() - 1}) {
    chip().set_next_image(3);
    start(1);
    chip().send_packet(first(bytes, length), true);
    chip().idle(3 * beats());
    EXPECT_EQ(error(), ChipError::kImageShort) << length;
    EXPECT_NE(status() & reg::kStatusBusy, 0U);
    EXPECT_EQ(chip().results_waiting(), 0U);
    clear_error();
    chip().send(bytes);
    expect_result(3, 0);
    EXPECT_TRUE(becomes_idle(2000));
  }
}

TEST_P(ChipStreams, LongImageIsDroppedAndTheRunWaitsForAnother) {
  const std::vector<std::uint8_t> bytes = stream(0);
  for (const std::size_t extra : {std::size_t{1}, std::size_t{100}, 3 * beats()}) {
    chip().set_next_image(3);
    start(1);
    std::vector<std::uint8_t> longer = bytes;
    longer.resize(bytes.size() + extra * rows(), 0x55);
    chip().send(longer);
    chip().idle(2 * (beats() + extra));
    EXPECT_EQ(error(), ChipError::kImageLong) << extra;
    EXPECT_EQ(chip().results_waiting(), 0U);
    clear_error();
    chip().send(bytes);
    expect_result(3, 0);
    EXPECT_TRUE(becomes_idle(2000));
  }
}

TEST_P(ChipStreams, AbortEndsARunAtAnyTime) {
  const std::vector<std::uint8_t> bytes = stream(0);
  for (std::uint64_t wait = 0; wait < 40; ++wait) {
    start(2);
    chip().send(bytes);
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
TEST_P(ChipStreams, AbortWithinAnImageWhoseSourceGoesOn) {
  const std::vector<std::uint8_t> bytes = stream(0);
  bool dropped = false, whole = false;
  for (std::uint64_t wait = 0; wait < beats() + 40; ++wait) {
    SCOPED_TRACE(::testing::Message() << "after " << wait << " clocks");
    start(1);
    chip().send(bytes);
    chip().idle(wait);
    chip().write(reg::kControl, reg::kControlAbort);
    (((status() & reg::kStatusDropping) != 0) ? dropped : whole) = true;
    EXPECT_EQ(error(), ChipError::kNone);
    if (wait % 2 == 0) chip().idle(beats());  // the rest comes before the run or within it
    EXPECT_EQ(status() & reg::kStatusBusy, 0U);
    expect_good_image(1 + static_cast<int>(wait % 3));
    EXPECT_EQ(status() & reg::kStatusDropping, 0U);
  }
  EXPECT_TRUE(dropped && whole);
}

// The source stops behind every beat of an image, and begins anew after the abort.
TEST_P(ChipStreams, AbortWithinAnImageWhoseSourceWasStopped) {
  const std::vector<std::uint8_t> bytes = stream(0);
  for (std::size_t sent = 0; sent < beats(); ++sent) {
    SCOPED_TRACE(::testing::Message() << "after " << sent << " beats");
    start(1);
    chip().send_packet(first(bytes, sent), false);
    chip().idle(sent);
    driver().abort(Driver::Source::kStopped);
    EXPECT_EQ(status() & (reg::kStatusBusy | reg::kStatusDropping), 0U);
    expect_good_image(1);
    EXPECT_EQ(error(), ChipError::kNone);
  }
}

// In one write, and with a source that is cut off in any clock: its offered beat is dropped first.
TEST_P(ChipStreams, SourceThatIsCutOffAtAnyClock) {
  for (std::uint64_t wait = 0; wait < beats(); ++wait) {
    SCOPED_TRACE(::testing::Message() << "after " << wait << " clocks");
    start(1);
    chip().send(stream(0));
    chip().idle(wait);
    chip().drop_queue();
    if (wait % 2 == 0) {
      driver().abort(Driver::Source::kStopped);
    } else {
      chip().idle(1);  // the offered beat is taken
      chip().write(reg::kControl, reg::kControlAbort | reg::kControlStreamReset);
    }
    EXPECT_EQ(status() & (reg::kStatusBusy | reg::kStatusDropping), 0U);
    expect_good_image(2);
  }
}

// The host does not say that the source was stopped: the next image is taken for the rest, which
// is an error, and the one after it is whole.
TEST_P(ChipStreams, StoppedSourceThatNobodyTellsOfIsAnError) {
  const std::vector<std::uint8_t> bytes = stream(0);
  for (std::size_t sent = 1; sent < beats(); ++sent) {
    SCOPED_TRACE(::testing::Message() << "after " << sent << " beats");
    start(1);
    chip().send_packet(first(bytes, sent), false);
    chip().idle(sent);
    driver().abort();
    EXPECT_EQ(status() & reg::kStatusDropping, reg::kStatusDropping);
    chip().set_next_image(3);
    start(1);
    chip().send(bytes);
    chip().idle(2 * beats());
    EXPECT_EQ(error(), ChipError::kImageLong);
    EXPECT_EQ(status() & (reg::kStatusBusy | reg::kStatusDropping), reg::kStatusBusy);
    clear_error();
    chip().send(stream(1));
    expect_result(3, 1);
    EXPECT_TRUE(becomes_idle(2000));
  }
}

// Without an abort: what has come of an image is forgotten, the run goes on with the next one. A
// loaded image stays.
TEST_P(ChipStreams, StreamResetInARunThatGoesOn) {
  const std::vector<std::uint8_t> bytes = stream(0);
  for (std::size_t sent = 0; sent < beats(); ++sent) {
    SCOPED_TRACE(::testing::Message() << "after " << sent << " beats");
    chip().set_next_image(6);
    start(2);
    chip().send(bytes);
    chip().send_packet(first(bytes, sent), false);
    chip().idle(beats() + 2 * sent + 2);
    chip().write(reg::kControl, reg::kControlStreamReset);
    chip().send(stream(1));
    expect_result(6, 0);
    expect_result(7, 1);
    EXPECT_TRUE(becomes_idle(2000));
    EXPECT_EQ(error(), ChipError::kNone);
  }
  chip().set_next_image(6);
  start(2);
  for (int i = 0; i < 2; ++i) chip().send(stream(i));
  for (int poll = 0; (status() & reg::kStatusImageWaits) == 0; ++poll) ASSERT_LT(poll, 1'000);
  chip().write(reg::kControl, reg::kControlStreamReset);
  expect_result(6, 0);
  expect_result(7, 1);
  EXPECT_TRUE(becomes_idle(2000));
}

// Between two images there is nothing to drop.
TEST_P(ChipStreams, AbortBetweenImages) {
  for (std::uint64_t wait = 0; wait < 40; ++wait) {
    SCOPED_TRACE(::testing::Message() << "after " << wait << " clocks");
    start(3);
    chip().send(stream(0));
    EXPECT_EQ(chip().receive().size(), program().num_logits + 1U);
    chip().idle(wait);
    driver().abort();
    EXPECT_EQ(status() & reg::kStatusDropping, 0U);
    expect_good_image(1);
  }
}

INSTANTIATE_TEST_SUITE_P(Configurations, ChipStreams, ::testing::Values("tiny", "tiny4"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace mcnn::testing
