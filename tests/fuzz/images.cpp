// SPDX-License-Identifier: Apache-2.0
// Files of images and labels. Images that are read have the pixels that their sizes say.
#include <zlib.h>

#include <algorithm>
#include <string>
#include <vector>

#include "host/network/byte_file.h"
#include "host/network/cifar10.h"
#include "host/network/idx.h"
#include "host/network/image_files.h"
#include "host/network/picture.h"
#include "tests/fuzz/targets.h"

namespace mcnn::fuzz {
namespace {

constexpr std::string_view kName = "fuzz.images";
const std::string kPath(kName);

void require_whole(const ImageSet& images) {
  require(images.count >= 0 && images.channels > 0 && images.height > 0 && images.width > 0,
          "sizes of images");
  require(images.pixels.size() == images.image_size() * static_cast<size_t>(images.count),
          "as many pixels as the sizes say");
}

// Chunks of a PNG with the sums that they need, so that what lies behind the check is reached.
std::vector<uint8_t> with_right_sums(Bytes bytes) {
  std::vector<uint8_t> png(bytes.begin(), bytes.end());
  for (size_t at = 8; at + 12 <= png.size();) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | png[at + i];
    if (length > png.size() - at - 12) break;
    const uLong sum = crc32(0, png.data() + at + 4, static_cast<uInt>(length + 4));
    for (size_t i = 0; i < 4; ++i) {
      png[at + 8 + length + i] = static_cast<uint8_t>(sum >> (24 - 8 * i));
    }
    at += 12 + length;
  }
  return png;
}

}  // namespace

void idx(Bytes bytes) {
  takes(kName, [&] { require_whole(parse_idx_images(kPath, bytes)); });
  takes(kName, [&] {
    require(parse_idx_labels(kPath, bytes).size() + 8 == bytes.size(), "a byte a label");
  });
}

void cifar10(Bytes bytes) {
  takes(kName, [&] {
    const Dataset data = parse_cifar10(kPath, bytes);
    require_whole(data.images);
    require(data.labels.size() == static_cast<size_t>(data.images.count), "a label an image");
    require(std::ranges::all_of(data.labels, [](int label) { return label < kCifar10Classes; }),
            "labels 0..9");
  });
}

void netpbm(Bytes bytes) {
  if (!is_netpbm(bytes)) return;
  takes(kName, [&] { require_whole(parse_netpbm(kPath, bytes).image); });
}

void gif(Bytes bytes) {
  if (!is_gif(bytes)) return;
  takes(kName, [&] { require_whole(parse_gif(kPath, bytes).image); });
}

void png(Bytes bytes) {
  const auto read = [](Bytes file) {
    if (!is_png(file)) return;
    takes(kName, [&] { require_whole(parse_png(kPath, file).image); });
  };
  read(bytes);
  read(with_right_sums(bytes));
}

// Of any kind, told by its contents, plain or gzip; also as labels.
void image_file(Bytes bytes) {
  static InputFile file;
  const std::string path = file.with(bytes);
  LoadedImages loaded;
  if (takes(path, [&] { loaded = read_images(path); })) require_whole(loaded.data.images);
  Network network;
  network.name = "fuzz";
  network.input = {1, 2, 2};
  takes(path, [&] { load_images(path, path, network, {FitKind::kScale, false}); });
}

}  // namespace mcnn::fuzz
