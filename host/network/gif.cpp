// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "common/error.h"
#include "host/network/picture.h"

namespace mcnn {
namespace {

struct Source {
  std::span<const uint8_t> bytes;
  size_t at = 0;
};

int give(GifFileType* gif, GifByteType* to, int count) {
  auto* const source = static_cast<Source*>(gif->UserData);
  const size_t given = std::min(static_cast<size_t>(count), source->bytes.size() - source->at);
  std::memcpy(to, source->bytes.data() + source->at, given);
  source->at += given;
  return static_cast<int>(given);
}

struct Close {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};

}  // namespace

// Its first frame, which has to fill the screen.
Picture parse_gif(const std::string& path, std::span<const uint8_t> bytes) {
  Source source{bytes};
  int code = 0;
  const auto fail = [&](std::string_view what) {
    throw Error(fmt::format("{}: not a whole GIF file: {}", path, what));
  };
  const auto text = [](int error) {
    const char* const found = GifErrorString(error);
    return found == nullptr ? "unknown error" : found;
  };
  const std::unique_ptr<GifFileType, Close> gif(DGifOpen(&source, give, &code));
  if (!gif) fail(text(code));
  check_picture_size(path, static_cast<uint64_t>(gif->SWidth), static_cast<uint64_t>(gif->SHeight));
  if (DGifSlurp(gif.get()) != GIF_OK) fail(text(gif->Error));
  if (gif->ImageCount < 1) fail("no frame");
  const SavedImage& frame = gif->SavedImages[0];
  const GifImageDesc& place = frame.ImageDesc;
  if (place.Left != 0 || place.Top != 0 || place.Width != gif->SWidth ||
      place.Height != gif->SHeight) {
    throw Error(fmt::format(
        "{}: found a first frame of {} x {} pixels at column {}, row {}, allowed: one that fills "
        "the {} x {} of the picture",
        path, place.Width, place.Height, place.Left, place.Top, gif->SWidth, gif->SHeight));
  }
  const ColorMapObject* const colours = place.ColorMap != nullptr ? place.ColorMap : gif->SColorMap;
  if (colours == nullptr) fail("no colours");
  const size_t plane = static_cast<size_t>(place.Width) * static_cast<size_t>(place.Height);
  const std::span<const GifByteType> pixels(frame.RasterBits, plane);
  const std::span<const GifColorType> palette(colours->Colors,
                                              static_cast<size_t>(colours->ColorCount));
  bool grey = true;
  for (const GifByteType pixel : pixels) {
    if (pixel >= palette.size()) fail(fmt::format("a pixel of colour {}", pixel));
    const GifColorType& colour = palette[pixel];
    grey = grey && colour.Red == colour.Green && colour.Green == colour.Blue;
  }
  Picture picture;
  picture.image = {1, grey ? 1 : 3, place.Height, place.Width, {}};
  for (int channel = 0; channel < picture.image.channels; ++channel) {
    for (const GifByteType pixel : pixels) {
      const GifColorType& colour = palette[pixel];
      picture.image.pixels.push_back(channel == 0   ? colour.Red
                                     : channel == 1 ? colour.Green
                                                    : colour.Blue);
    }
  }
  return picture;
}

}  // namespace mcnn
