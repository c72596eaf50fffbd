// SPDX-License-Identifier: Apache-2.0
// PGM and PPM: a magic number, width, height and the largest value as text, then the pixels, as
// text (P2, P3) or as one or two bytes each (P5, P6).
#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "common/error.h"
#include "host/network/picture.h"

namespace mcnn {
namespace {

constexpr uint32_t kMaxValue = 65535;

bool is_space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

class NetpbmReader {
 public:
  NetpbmReader(const std::string& path, std::span<const uint8_t> bytes)
      : path_(path), bytes_(bytes) {}

  Picture read() {
    const uint8_t kind = bytes_[1];
    is_text_ = kind == '2' || kind == '3';
    const int channels = kind == '3' || kind == '6' ? 3 : 1;
    at_ = 2;
    const uint32_t width = header_number("width");
    const uint32_t height = header_number("height");
    check_picture_size(path_, width, height);
    most_ = header_number("largest value");
    if (most_ < 1 || most_ > kMaxValue) {
      fail(fmt::format("largest value: found {}, allowed: 1..{}", most_, kMaxValue));
    }
    check_length(uint64_t{width} * height * static_cast<uint64_t>(channels));
    Picture picture;
    picture.was_16_bits = most_ > 255;
    picture.image = {1, channels, static_cast<int>(height), static_cast<int>(width), {}};
    picture.image.pixels.resize(picture.image.image_size());
    const size_t plane = size_t{width} * height;
    for (size_t i = 0; i < plane; ++i) {
      for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
        picture.image.pixels[c * plane + i] = pixel();
      }
    }
    if (is_text_ && next_number()) fail("found pixels behind the last one, allowed: none");
    return picture;
  }

 private:
  [[noreturn]] void fail(const std::string& text) const {
    throw Error(fmt::format("{}: {}", path_, text));
  }

  // The next number of text, behind spaces and comments; none at the end of the file.
  std::optional<uint32_t> next_number() {
    bool is_comment = false;
    while (at_ < bytes_.size() && (is_comment || is_space(bytes_[at_]) || bytes_[at_] == '#')) {
      if (bytes_[at_] == '#') is_comment = true;
      if (bytes_[at_] == '\n' || bytes_[at_] == '\r') is_comment = false;
      ++at_;
    }
    if (at_ == bytes_.size()) return std::nullopt;
    uint32_t value = 0;
    const size_t begin = at_;
    while (at_ < bytes_.size() && bytes_[at_] >= '0' && bytes_[at_] <= '9') {
      value = value * 10 + (bytes_[at_] - uint32_t{'0'});
      if (value > 10 * kMaxValue) fail(fmt::format("found a number above {}", kMaxValue));
      ++at_;
    }
    if (at_ == begin || (at_ < bytes_.size() && !is_space(bytes_[at_]) && bytes_[at_] != '#')) {
      fail(fmt::format("byte {}: found 0x{:02x}, allowed: a number", at_, bytes_[at_]));
    }
    return value;
  }

  uint32_t header_number(std::string_view what) {
    const std::optional<uint32_t> value = next_number();
    if (!value) fail(fmt::format("truncated: found no {}", what));
    return *value;
  }

  // Bytes of pixels have exactly this length, behind one space; a number of text takes two at
  // least.
  void check_length(uint64_t samples) {
    if (!is_text_ && (at_ == bytes_.size() || !is_space(bytes_[at_]))) {
      fail("truncated: found no pixels");
    }
    if (!is_text_) ++at_;
    const uint64_t left = bytes_.size() - at_;
    const uint64_t needed = is_text_ ? 2 * samples : samples * (most_ > 255 ? 2 : 1);
    if (left < needed) {
      fail(fmt::format("truncated: found {} bytes of pixels, allowed: {}{}", left,
                       is_text_ ? "at least " : "", needed));
    }
    if (!is_text_ && left > needed) {
      fail(fmt::format("trailing bytes: found {}, allowed: none behind the pixels", left - needed));
    }
  }

  uint8_t pixel() {
    uint32_t value = 0;
    if (is_text_) {
      const std::optional<uint32_t> number = next_number();
      if (!number) fail("truncated: found fewer pixels than width x height");
      value = *number;
    } else {
      value = bytes_[at_++];
      if (most_ > 255) value = value << 8 | bytes_[at_++];
    }
    if (value > most_) {
      fail(fmt::format("found a pixel of {}, allowed: 0..{}, its largest value", value, most_));
    }
    return static_cast<uint8_t>((value * 255 + most_ / 2) / most_);
  }

  const std::string& path_;
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  bool is_text_ = false;
  uint32_t most_ = 0;  // the value of white
};

}  // namespace

bool is_netpbm(std::span<const uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 'P' &&
         (bytes[1] == '2' || bytes[1] == '3' || bytes[1] == '5' || bytes[1] == '6') &&
         (is_space(bytes[2]) || bytes[2] == '#');
}

Picture parse_netpbm(const std::string& path, std::span<const uint8_t> bytes) {
  return NetpbmReader(path, bytes).read();
}

}  // namespace mcnn
