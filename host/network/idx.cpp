// SPDX-License-Identifier: Apache-2.0
#include "host/network/idx.h"

#include <fmt/format.h>

#include <initializer_list>

#include "common/error.h"
#include "host/network/byte_file.h"

namespace mcnn {
namespace {

constexpr uint32_t kImagesMagic = 0x00000803;
constexpr uint32_t kChannelsMagic = 0x00000804;
constexpr uint32_t kLabelsMagic = 0x00000801;

uint32_t big_endian(std::span<const uint8_t> bytes, size_t word) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value = value << 8 | bytes[4 * word + i];
  }
  return value;
}

// The sizes in the header, after checking magic and length.
std::vector<uint32_t> read_header(const std::string& path, std::span<const uint8_t> bytes,
                                  bool images) {
  const char* const wanted = images ? "images" : "labels";
  if (bytes.size() < 4) {
    throw Error(
        fmt::format("{}: found {} bytes, allowed: an IDX file of {}", path, bytes.size(), wanted));
  }
  const uint32_t found = big_endian(bytes, 0);
  const bool has_images = found == kImagesMagic || found == kChannelsMagic;
  if (has_images ? !images : found != kLabelsMagic || images) {
    const char* const what = has_images              ? "an IDX file of images"
                             : found == kLabelsMagic ? "an IDX file of labels"
                                                     : "not an IDX file of bytes";
    throw Error(fmt::format("{}: magic: found 0x{:08x}, {}, allowed: {} (an IDX file of {})", path,
                            found, what,
                            images ? fmt::format("0x{:08x} (count, rows, columns) or 0x{:08x} "
                                                 "(count, channels, rows, columns)",
                                                 kImagesMagic, kChannelsMagic)
                                   : fmt::format("0x{:08x}", kLabelsMagic),
                            wanted));
  }
  const size_t dimensions = found & 0xFF;
  const size_t header = 4 + 4 * dimensions;
  if (bytes.size() < header) {
    throw Error(fmt::format("{}: truncated: found {} bytes, allowed: a header of {}", path,
                            bytes.size(), header));
  }
  std::vector<uint32_t> sizes;
  uint64_t data = 1;
  for (size_t i = 0; i < dimensions; ++i) {
    sizes.push_back(big_endian(bytes, 1 + i));
    if (i > 0 && (sizes.back() == 0 || sizes.back() > 65535)) {
      throw Error(
          fmt::format("{}: dimension {}: found {}, allowed: 1..65535", path, i, sizes.back()));
    }
    data *= sizes.back();
    if (data > kMaxFileBytes) {
      throw Error(
          fmt::format("{}: header: found sizes of more than {} bytes, allowed: at most as many",
                      path, kMaxFileBytes));
    }
  }
  if (bytes.size() < header + data) {
    throw Error(fmt::format("{}: truncated: found {} bytes, allowed: {} (header and {} {})", path,
                            bytes.size(), header + data, sizes[0], wanted));
  }
  if (bytes.size() > header + data) {
    throw Error(fmt::format("{}: trailing bytes: found {}, allowed: none behind the {} {}", path,
                            bytes.size() - header - data, sizes[0], wanted));
  }
  return sizes;
}

}  // namespace

bool is_idx_images(std::span<const uint8_t> bytes) {
  return bytes.size() >= 4 &&
         (big_endian(bytes, 0) == kImagesMagic || big_endian(bytes, 0) == kChannelsMagic);
}

ImageSet parse_idx_images(const std::string& path, std::span<const uint8_t> bytes) {
  const std::vector<uint32_t> sizes = read_header(path, bytes, true);
  ImageSet images;
  images.count = static_cast<int>(sizes[0]);
  images.channels = sizes.size() == 4 ? static_cast<int>(sizes[1]) : 1;
  images.height = static_cast<int>(sizes[sizes.size() - 2]);
  images.width = static_cast<int>(sizes.back());
  images.pixels.assign(bytes.begin() + static_cast<ptrdiff_t>(4 + 4 * sizes.size()), bytes.end());
  return images;
}

ImageSet read_idx_images(const std::string& path) {
  return parse_idx_images(path, read_bytes(path));
}

std::vector<uint8_t> parse_idx_labels(const std::string& path, std::span<const uint8_t> bytes) {
  read_header(path, bytes, false);
  return {bytes.begin() + 8, bytes.end()};
}

std::vector<uint8_t> read_idx_labels(const std::string& path) {
  return parse_idx_labels(path, read_bytes(path));
}

void check_labels(const Dataset& dataset, const std::string& images_path,
                  const std::string& labels_path) {
  if (dataset.labels.size() != static_cast<size_t>(dataset.images.count)) {
    throw Error(fmt::format("{}: found {} labels, allowed: {}, as many as images in {}",
                            labels_path, dataset.labels.size(), dataset.images.count, images_path));
  }
}

Dataset read_dataset(const std::string& images_path, const std::string& labels_path) {
  Dataset dataset{read_idx_images(images_path), read_idx_labels(labels_path)};
  check_labels(dataset, images_path, labels_path);
  return dataset;
}

namespace {

std::string header(std::initializer_list<uint32_t> words) {
  std::string text;
  for (const uint32_t word : words) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      text += static_cast<char>(word >> shift & 0xFF);
    }
  }
  return text;
}

}  // namespace

std::string idx_text(const ImageSet& images) {
  const auto count = static_cast<uint32_t>(images.count);
  const auto height = static_cast<uint32_t>(images.height);
  const auto width = static_cast<uint32_t>(images.width);
  const std::string begin =
      images.channels == 1
          ? header({kImagesMagic, count, height, width})
          : header({kChannelsMagic, count, static_cast<uint32_t>(images.channels), height, width});
  return begin + std::string(images.pixels.begin(), images.pixels.end());
}

std::string idx_text(std::span<const uint8_t> labels) {
  return header({kLabelsMagic, static_cast<uint32_t>(labels.size())}) +
         std::string(labels.begin(), labels.end());
}

}  // namespace mcnn
