// SPDX-License-Identifier: Apache-2.0
#include "host/network/picture.h"

#include <png.h>

#include <string>
#include <vector>

#include "host_test_util.h"
#include "tests/support/pictures.h"
#include "tests/support/random.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes random_bytes(size_t count) {
  Random random(5);
  Bytes bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.between(0, 255));
  return bytes;
}

Picture read(const std::string& bytes) {
  const Bytes copy(bytes.begin(), bytes.end());
  return parse_picture("file", copy);
}

// Pixels one after the other, as channels one after the other.
Bytes by_channels(const Bytes& pixels, size_t samples, size_t channels) {
  Bytes result;
  for (size_t c = 0; c < channels; ++c) {
    for (size_t i = c; i < pixels.size(); i += samples) result.push_back(pixels[i]);
  }
  return result;
}

TEST(Picture, PngOfEveryKind) {
  for (const bool interlaced : {false, true}) {
    SCOPED_TRACE(interlaced);
    const auto png = [&](int type, int bits, const Bytes& rows) {
      return read(png_bytes(13, 9, rows, {type, bits, interlaced, {}, {}}));
    };
    const Bytes grey = random_bytes(13 * 9);
    const Picture picture = png(PNG_COLOR_TYPE_GRAY, 8, grey);
    EXPECT_EQ(picture.image.channels, 1);
    EXPECT_EQ(picture.image.height, 9);
    EXPECT_EQ(picture.image.width, 13);
    EXPECT_EQ(picture.image.pixels, grey);
    EXPECT_FALSE(picture.was_16_bits);

    const Bytes colour = random_bytes(13 * 9 * 3);
    EXPECT_EQ(png(PNG_COLOR_TYPE_RGB, 8, colour).image.pixels, by_channels(colour, 3, 3));

    const Bytes wide = random_bytes(13 * 9 * 2);
    const Picture rounded = png(PNG_COLOR_TYPE_GRAY, 16, wide);
    EXPECT_TRUE(rounded.was_16_bits);
    for (size_t i = 0; i < grey.size(); ++i) {
      const uint32_t value = wide[2 * i] * 256U + wide[2 * i + 1];
      EXPECT_EQ(rounded.image.pixels[i], (value * 255 + 32767) / 65535) << value;
    }

    Bytes bits(2 * 9, 0);
    bits[0] = 0b10100000;
    const Bytes pixels = png(PNG_COLOR_TYPE_GRAY, 1, bits).image.pixels;
    EXPECT_EQ(Bytes(pixels.begin(), pixels.begin() + 4), (Bytes{255, 0, 255, 0}));

    Bytes alpha = random_bytes(13 * 9 * 4);
    for (size_t i = 3; i < alpha.size(); i += 4) alpha[i] = 255;
    EXPECT_EQ(png(PNG_COLOR_TYPE_RGB_ALPHA, 8, alpha).image.pixels, by_channels(alpha, 4, 3));
    alpha[4 * (13 * 2 + 5) + 3] = 254;
    expect_error({"file: row 2, column 5", "transparent"},
                 [&] { png(PNG_COLOR_TYPE_RGB_ALPHA, 8, alpha); });
  }
}

TEST(Picture, PngWithAPalette) {
  PngOptions options{PNG_COLOR_TYPE_PALETTE, 8, false, {1, 2, 3, 40, 50, 60}, {}};
  const Picture picture = read(png_bytes(2, 1, {1, 0}, options));
  EXPECT_EQ(picture.image.channels, 3);
  EXPECT_EQ(picture.image.pixels, (Bytes{40, 1, 50, 2, 60, 3}));
  options.transparency = {0};
  expect_error({"column 1", "transparent"}, [&] { read(png_bytes(2, 1, {1, 0}, options)); });
  EXPECT_EQ(read(png_bytes(2, 1, {1, 1}, options)).image.pixels[0], 40);
}

TEST(Picture, PngThatIsNotWhole) {
  const std::string whole = png_bytes(8, 8, random_bytes(64), {});
  expect_error({"file", "not a whole PNG", "truncated"},
               [&] { read(whole.substr(0, whole.size() - 1)); });
  expect_error({"1 bytes behind its end"}, [&] { read(whole + "x"); });
  std::string damaged = whole;
  damaged[whole.size() / 2] ^= 1;
  expect_error({"file", "not a whole PNG"}, [&] { read(damaged); });
}

TEST(Picture, NetpbmOfEveryKind) {
  EXPECT_EQ(read("P5 3 2 255\nabcdef").image.pixels, (Bytes{'a', 'b', 'c', 'd', 'e', 'f'}));
  EXPECT_EQ(read("P5\n# a comment\n3 # another\n2\n100\nabcdcb").image.pixels[0], 97 * 255 / 100);
  EXPECT_EQ(read("P6 2 1 255 RGBrgb").image.pixels, (Bytes{'R', 'r', 'G', 'g', 'B', 'b'}));
  EXPECT_EQ(read("P2\n2 2\n15\n0 15\n 7 1").image.pixels, (Bytes{0, 255, 119, 17}));
  EXPECT_EQ(read("P3 1 1 255 1 2 3\n").image.pixels, (Bytes{1, 2, 3}));
  const Picture wide = read(std::string("P5 2 1 65535\n\x01\x00\xff\xff", 17));
  EXPECT_TRUE(wide.was_16_bits);
  EXPECT_EQ(wide.image.pixels, (Bytes{1, 255}));
}

TEST(Picture, NetpbmThatIsNotWhole) {
  const auto fails = [](const std::string& bytes, const std::string& part) {
    expect_error({"file: ", part}, [&] { read(bytes); });
  };
  fails("P5 3 2 255\nabcde", "truncated: found 5 bytes of pixels, allowed: 6");
  fails("P5 3 2 255\nabcdefg", "trailing bytes: found 1");
  fails("P5 3 2 255", "truncated: found no pixels");
  fails("P5 3 2", "truncated: found no largest value");
  fails("P5 3 x 255\nabc", "allowed: a number");
  fails("P5 0 2 255\n", "found a picture of 0 x 2");
  fails("P5 3 2 0\nabcdef", "largest value: found 0");
  fails("P5 3 2 99999999\nabcdef", "found a number above");
  fails("P5 65535 65535 255\nabcdef", "found a picture of 65535 x 65535");
  fails("P5 1 1 60\na", "found a pixel of 97, allowed: 0..60");
  fails("P2 2 1 9 1 10", "found a pixel of 10");
  fails("P2 2 1 9 0001", "found fewer pixels");
  fails("P2 2 1 9 1 2 3", "behind the last one");
}

#ifdef MCNN_GIF
// Grey where the colours of all its pixels are; its first frame, whatever stands before it.
TEST(Picture, GifOfEveryKind) {
  const Bytes pixels = random_bytes(13 * 19);
  Bytes palette = random_bytes(3 * 256);
  Bytes coloured;
  for (size_t channel = 0; channel < 3; ++channel) {
    for (const uint8_t pixel : pixels) coloured.push_back(palette[3 * pixel + channel]);
  }
  for (const bool interlaced : {false, true}) {
    for (const bool comment : {false, true}) {
      SCOPED_TRACE(::testing::Message() << interlaced << ", " << comment);
      const Picture grey = read(gif_bytes(13, 19, pixels, {{}, interlaced, 0, comment}));
      EXPECT_EQ(grey.image.channels, 1);
      EXPECT_EQ(grey.image.height, 19);
      EXPECT_EQ(grey.image.width, 13);
      EXPECT_EQ(grey.image.pixels, pixels);
      const Picture colour = read(gif_bytes(13, 19, pixels, {palette, interlaced, 0, comment}));
      EXPECT_EQ(colour.image.channels, 3);
      EXPECT_EQ(colour.image.pixels, coloured);
    }
  }
}

TEST(Picture, GifThatIsNotWhole) {
  const std::string whole = gif_bytes(13, 9, random_bytes(13 * 9));
  for (const size_t left : {whole.size() / 2, size_t{800}, size_t{20}, size_t{7}}) {
    expect_error({"file: ", "not a whole GIF file"}, [&] { read(whole.substr(0, left)); });
  }
  expect_error({"not a whole GIF file: no frame"}, [&] { read(whole.substr(0, 781) + ";"); });
  expect_error({"file: ", "first frame of 10 x 9 pixels at column 3", "fills the 13 x 9"}, [&] {
    read(gif_bytes(13, 9, random_bytes(13 * 9), {{}, false, 3, false}));
  });
  std::string huge = whole;
  for (size_t at = 6; at < 10; ++at) huge[at] = '\xff';
  expect_error({"found a picture of 65535 x 65535"}, [&] { read(huge); });
}
#endif

TEST(Picture, FilesAreKnownByTheirFirstBytes) {
  const TemporaryFolder folder("mcnn_picture");
  write_file(folder / "a.pgm", png_bytes(2, 1, {3, 4}, {}));
  write_file(folder / "b.png", "P5 2 1 255\nab");
  write_file(folder / "c.png", "BM89a");
  EXPECT_EQ(read_picture((folder / "a.pgm").string()).image.pixels, (Bytes{3, 4}));
  EXPECT_EQ(read_picture((folder / "b.png").string()).image.pixels, (Bytes{'a', 'b'}));
  expect_error({"c.png", "neither PNG nor PGM"},
               [&] { read_picture((folder / "c.png").string()); });
}

}  // namespace
}  // namespace mcnn::testing
