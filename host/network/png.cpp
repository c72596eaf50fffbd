// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>

#include "common/error.h"
#include "host/network/picture.h"

namespace mcnn {
namespace {

// libpng reports an error by longjmp. What it jumps over is in the functions of this struct, which
// have no object with a destructor: their state is all in here.
struct Decoder {
  std::span<const uint8_t> bytes;
  size_t at = 0;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::array<char, 160> message{};
  std::vector<uint8_t> rows;  // pixel by pixel, as libpng gives them
  int bits = 0;
  int channels = 0;

  explicit Decoder(std::span<const uint8_t> file) : bytes(file) {}
  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  bool read_header();  // false: message says why
  bool read_rows();
};

[[noreturn]] void stop(png_structp png, png_const_charp text) {
  auto* const decoder = static_cast<Decoder*>(png_get_error_ptr(png));
  std::strncpy(decoder->message.data(), text, decoder->message.size() - 1);
  png_longjmp(png, 1);
}

void ignore(png_structp /*png*/, png_const_charp /*text*/) {}

void give(png_structp png, png_bytep to, size_t count) {
  auto* const decoder = static_cast<Decoder*>(png_get_io_ptr(png));
  if (count > decoder->bytes.size() - decoder->at) png_error(png, "the file is truncated");
  std::memcpy(to, decoder->bytes.data() + decoder->at, count);
  decoder->at += count;
}

bool Decoder::read_header() {
  png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, stop, ignore);
  info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info == nullptr) {
    std::strncpy(message.data(), "out of memory", message.size() - 1);
    return false;
  }
  if (setjmp(png_jmpbuf(png)) != 0) return false;  // NOLINT(cert-err52-cpp)
  png_set_read_fn(png, this, give);
  png_set_user_limits(png, 65535, 65535);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_read_info(png, info);
  bits = png_get_bit_depth(png, info);
  png_set_scale_16(png);
  png_set_expand(png);  // palettes, fewer than 8 bits, transparent colours
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  channels = png_get_channels(png, info);
  return true;
}

bool Decoder::read_rows() {
  if (setjmp(png_jmpbuf(png)) != 0) return false;  // NOLINT(cert-err52-cpp)
  const size_t row = png_get_rowbytes(png, info);
  const int passes = png_get_interlace_type(png, info) == PNG_INTERLACE_NONE ? 1 : 7;
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 y = 0; y < png_get_image_height(png, info); ++y) {
      png_read_row(png, rows.data() + y * row, nullptr);
    }
  }
  png_read_end(png, nullptr);
  return true;
}

}  // namespace

bool is_png(std::span<const uint8_t> bytes) {
  return bytes.size() >= 8 && png_sig_cmp(bytes.data(), 0, 8) == 0;
}

Picture parse_png(const std::string& path, std::span<const uint8_t> bytes) {
  Decoder decoder(bytes);
  const auto fail = [&](std::string_view what) {
    throw Error(fmt::format("{}: not a whole PNG file: {}", path, what));
  };
  if (!decoder.read_header()) fail(decoder.message.data());
  const size_t width = png_get_image_width(decoder.png, decoder.info);
  const size_t height = png_get_image_height(decoder.png, decoder.info);
  check_picture_size(path, width, height);
  const auto samples = static_cast<size_t>(decoder.channels);
  decoder.rows.resize(height * png_get_rowbytes(decoder.png, decoder.info));
  if (!decoder.read_rows()) fail(decoder.message.data());
  if (decoder.at != bytes.size()) {
    fail(fmt::format("found {} bytes behind its end, allowed: none", bytes.size() - decoder.at));
  }
  const bool has_alpha = samples == 2 || samples == 4;
  const size_t channels = has_alpha ? samples - 1 : samples;
  const size_t plane = width * height;
  Picture picture;
  picture.was_16_bits = decoder.bits == 16;
  picture.image = {
      1, static_cast<int>(channels), static_cast<int>(height), static_cast<int>(width), {}};
  picture.image.pixels.resize(channels * plane);
  for (size_t i = 0; i < plane; ++i) {
    const uint8_t* const pixel = decoder.rows.data() + i * samples;
    if (has_alpha && pixel[channels] != 255) {
      throw Error(
          fmt::format("{}: row {}, column {}: found a transparent pixel, allowed: opaque ones",
                      path, i / width, i % width));
    }
    for (size_t c = 0; c < channels; ++c) picture.image.pixels[c * plane + i] = pixel[c];
  }
  return picture;
}

}  // namespace mcnn
