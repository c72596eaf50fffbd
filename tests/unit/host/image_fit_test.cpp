// SPDX-License-Identifier: Apache-2.0
#include "host/network/image_fit.h"

#include <vector>

#include "host_test_util.h"
#include "tests/support/random.h"

namespace mcnn::testing {
namespace {

using Bytes = std::vector<uint8_t>;

Network network_of(const MapShape& input) {
  Network network;
  network.name = "net";
  network.input = input;
  return network;
}

ImageSet random_images(int count, int channels, int height, int width) {
  Random random(11);
  ImageSet images{count, channels, height, width, {}};
  images.pixels.resize(static_cast<size_t>(count) * images.image_size());
  for (uint8_t& pixel : images.pixels) pixel = static_cast<uint8_t>(random.between(0, 255));
  return images;
}

TEST(ImageFit, HalvedImagesAreRoundedMeansOfSquares) {
  const ImageSet images{2,
                        1,
                        2,
                        4,
                        {0, 1, 255, 255, 1, 0, 255, 255,  //
                         0, 1, 10, 20, 0, 0, 30, 41}};
  const ImageSet half = scaled(images, 1, 2);
  EXPECT_EQ(half.count, 2);
  EXPECT_EQ(half.height, 1);
  EXPECT_EQ(half.width, 2);
  EXPECT_EQ(half.pixels, (Bytes{1, 255, 0, 25}));  // 2/4 up, 1/4 down, 101/4 down
}

TEST(ImageFit, ScaledPixelsAreMeansByArea) {
  // Three columns to two: each is one and a half of the old.
  EXPECT_EQ(scaled({1, 1, 1, 3, {10, 40, 100}}, 1, 2).pixels, (Bytes{20, 80}));
  // Two to three: the middle one is half of each.
  EXPECT_EQ(scaled({1, 1, 1, 2, {10, 41}}, 1, 3).pixels, (Bytes{10, 26, 41}));
  EXPECT_EQ(scaled({1, 1, 1, 1, {77}}, 2, 3).pixels, Bytes(6, 77));
  const ImageSet images = random_images(3, 3, 5, 7);
  EXPECT_EQ(scaled(images, 5, 7).pixels, images.pixels);
}

TEST(ImageFit, WhatIsAskedForIsDoneAndReported) {
  const ImageSet grey{1, 1, 2, 4, {1, 2, 3, 4, 5, 6, 7, 8}};
  {
    ImageChanges changes;
    EXPECT_EQ(fitted("file", grey, network_of({1, 2, 4}), {}, changes).pixels, grey.pixels);
    EXPECT_EQ(changes.text({1, 2, 4}), "");
  }
  {
    ImageChanges changes;
    const ImageSet centre =
        fitted("file", grey, network_of({1, 1, 2}), {FitKind::kCrop, true}, changes);
    EXPECT_EQ(centre.pixels, (Bytes{253, 252}));
    EXPECT_EQ(changes.text({1, 1, 2}), "the centre of 2 x 4, 1 x 2, inverted (255 - pixel)");
  }
  {
    ImageChanges changes;
    const ImageSet colour =
        fitted("file", grey, network_of({3, 1, 2}), {FitKind::kScale, false}, changes);
    EXPECT_EQ(colour.pixels, (Bytes{4, 6, 4, 6, 4, 6}));  // 3.5 and 5.5 up
    EXPECT_EQ(changes.text({3, 1, 2}), "grey to three equal channels, 2 x 4 scaled to 1 x 2");
  }
  {
    ImageChanges changes;
    const ImageSet colour{1, 3, 1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255}};
    EXPECT_EQ(fitted("file", colour, network_of({1, 1, 3}), {}, changes).pixels,
              (Bytes{76, 150, 29}));
    EXPECT_EQ(changes.text({1, 1, 3}), "colour to grey (0.299 R + 0.587 G + 0.114 B)");
  }
}

TEST(ImageFit, AnErrorSaysWhatWouldDo) {
  const auto fit = [](const ImageSet& images, const MapShape& input, FitKind kind) {
    return [=] {
      ImageChanges changes;
      fitted("a.png", images, network_of(input), {kind, false}, changes);
    };
  };
  const ImageSet images = random_images(1, 3, 30, 40);
  expect_error({"a.png", "3 x 30 x 40", "'net' takes 3 x 32 x 32", "--fit scale"},
               fit(images, {3, 32, 32}, FitKind::kExact));
  EXPECT_EQ(error_of(fit(images, {3, 32, 32}, FitKind::kExact)).find("--fit crop"),
            std::string::npos);
  expect_error({"--fit scale", "--fit crop"}, fit(images, {1, 28, 28}, FitKind::kExact));
  expect_error({"3 x 30 x 40", "--fit scale"}, fit(images, {3, 31, 40}, FitKind::kCrop));
  const std::string channels = error_of(fit(images, {4, 30, 40}, FitKind::kScale));
  expect_parts(channels, "3 x 30 x 40", "4 x 30 x 40");
  EXPECT_EQ(channels.find("--fit"), std::string::npos) << "no fit would do";
  expect_error({"--fit", "'stretch'", "exact, scale, crop"}, [] { fit_kind("stretch"); });
}

}  // namespace
}  // namespace mcnn::testing
