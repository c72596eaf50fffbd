// SPDX-License-Identifier: Apache-2.0
#include <gif_lib.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "tests/support/pictures.h"

namespace mcnn::testing {
namespace {

int append(GifFileType* gif, const GifByteType* bytes, int count) {
  static_cast<std::string*>(gif->UserData)
      ->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
  return count;
}

void require(int status) {
  if (status != GIF_OK) throw std::runtime_error("giflib");
}

}  // namespace

std::string gif_bytes(int width, int height, const std::vector<uint8_t>& pixels,
                      const GifOptions& options) {
  if (pixels.size() != static_cast<size_t>(width) * static_cast<size_t>(height)) {
    throw std::invalid_argument("pixels of another size");
  }
  std::array<GifColorType, 256> colours{};
  for (size_t i = 0; i < colours.size(); ++i) {
    const auto grey = static_cast<GifByteType>(i);
    colours[i] = options.palette.empty()
                     ? GifColorType{grey, grey, grey}
                     : GifColorType{options.palette[3 * i], options.palette[3 * i + 1],
                                    options.palette[3 * i + 2]};
  }
  ColorMapObject* const map = GifMakeMapObject(256, colours.data());
  std::string bytes;
  int error = 0;
  GifFileType* const gif = EGifOpen(&bytes, append, &error);
  require(EGifPutScreenDesc(gif, width, height, 8, 0, map));
  if (options.comment) require(EGifPutComment(gif, "a picture"));
  require(EGifPutImageDesc(gif, options.left, 0, width - options.left, height, options.interlaced,
                           nullptr));
  std::vector<GifByteType> lines = pixels;
  const auto put = [&](int first, int step) {
    for (int row = first; row < height; row += step) {
      require(EGifPutLine(gif, &lines[static_cast<size_t>(row) * static_cast<size_t>(width)],
                          width - options.left));
    }
  };
  if (options.interlaced) {
    for (const auto& [first, step] :
         {std::pair{0, 8}, std::pair{4, 8}, std::pair{2, 4}, std::pair{1, 2}}) {
      put(first, step);
    }
  } else {
    put(0, 1);
  }
  require(EGifCloseFile(gif, &error));
  GifFreeMapObject(map);
  return bytes;
}

}  // namespace mcnn::testing
