// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

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

// Reads on to the description of the first frame; false at the end of the file.
bool next_frame(GifFileType* gif) {
  for (GifRecordType record = UNDEFINED_RECORD_TYPE; DGifGetRecordType(gif, &record) == GIF_OK;) {
    if (record == IMAGE_DESC_RECORD_TYPE) return DGifGetImageDesc(gif) == GIF_OK;
    if (record != EXTENSION_RECORD_TYPE) return false;
    int code = 0;
    GifByteType* block = nullptr;
    int read = DGifGetExtension(gif, &code, &block);
    while (read == GIF_OK && block != nullptr) read = DGifGetExtensionNext(gif, &block);
    if (read != GIF_OK) return false;
  }
  return false;
}

// The order in which a frame has its rows.
std::vector<int> row_order(int height, bool interlaced) {
  constexpr std::array<std::pair<int, int>, 4> kPasses{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
  std::vector<int> rows;
  for (const auto& [first, step] : kPasses) {
    for (int row = first; interlaced && row < height; row += step) rows.push_back(row);
  }
  for (int row = 0; !interlaced && row < height; ++row) rows.push_back(row);
  return rows;
}

}  // namespace

// Its first frame, which has to fill the screen; what is behind it is not looked at.
Picture parse_gif(const std::string& path, std::span<const uint8_t> bytes) {
  Source source{bytes};
  int code = 0;
  const auto fail = [&](std::string_view what) {
    throw Error(fmt::format("{}: not a whole GIF file: {}", path, what));
  };
  const auto text = [](int error) {
    const char* const found = GifErrorString(error);
    return found == nullptr ? "no frame" : found;
  };
  const std::unique_ptr<GifFileType, Close> gif(DGifOpen(&source, give, &code));
  if (!gif) fail(text(code));
  check_picture_size(path, static_cast<uint64_t>(gif->SWidth), static_cast<uint64_t>(gif->SHeight));
  if (!next_frame(gif.get())) fail(text(gif->Error));
  const GifImageDesc& place = gif->Image;
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
  std::vector<GifByteType> pixels(plane);
  for (const int row : row_order(place.Height, place.Interlace)) {
    GifByteType* const line = &pixels[static_cast<size_t>(row) * static_cast<size_t>(place.Width)];
    if (DGifGetLine(gif.get(), line, place.Width) != GIF_OK) fail(text(gif->Error));
  }
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
