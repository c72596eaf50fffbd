// SPDX-License-Identifier: Apache-2.0
#include "host/network/image_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <limits>
#include <utility>

#include "common/error.h"
#include "host/network/byte_file.h"
#include "host/network/cifar10.h"
#include "host/network/idx.h"
#include "host/network/picture.h"

namespace mcnn {
namespace {

namespace fs = std::filesystem;

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool has_picture_name(const fs::path& file) {
  std::string ending = file.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending == ".png" || ending == ".pgm" || ending == ".ppm" || ending == ".gif";
}

// The pictures of a folder and how many other files it has.
std::pair<std::vector<std::string>, int> pictures_of(const std::string& folder) {
  std::vector<std::string> pictures;
  int others = 0;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (has_picture_name(at->path())) {
      pictures.push_back(at->path().string());
    } else {
      ++others;
    }
  }
  if (error) throw Error(fmt::format("{}: cannot be read: {}", folder, error.message()));
  if (pictures.empty()) {
    throw Error(
        fmt::format("{}: found a folder of {} files without a picture, allowed: one with "
                    "files .png, .pgm, .ppm or .gif, or the name of a file",
                    folder, others));
  }
  std::sort(pictures.begin(), pictures.end());
  return {std::move(pictures), others};
}

bool has_cifar10_name(const std::string& path) {
  return path.ends_with(".bin") || path.ends_with(".bin.gz");
}

// One file, as it is.
Dataset read_file_of_images(const std::string& path, ImageChanges& changes) {
  const std::vector<uint8_t> bytes = read_bytes(path);
  if (is_picture(bytes)) {
    Picture picture = parse_picture(path, bytes);
    changes.from_16_bits |= picture.was_16_bits;
    return {std::move(picture.image), {}};
  }
  // A CIFAR-10 file that begins like IDX has not the length that its first bytes say.
  if (has_cifar10_name(path) && !is_idx_images(bytes)) return parse_cifar10(path, bytes);
  if (bytes.size() >= 4 && bytes[0] != 0) {
    throw Error(
        fmt::format("{}: found a file that begins with 0x{:02x}{:02x}{:02x}{:02x}, allowed: "
                    "images in IDX, PNG, PGM, PPM or GIF, or CIFAR-10's (named .bin or .bin.gz)",
                    path, bytes[0], bytes[1], bytes[2], bytes[3]));
  }
  return {parse_idx_images(path, bytes), {}};
}

ImageSet read_pictures(const std::vector<std::string>& files, const Network& network,
                       const ImageFit& fit, ImageChanges& changes) {
  const MapShape& input = network.input;
  ImageSet all{0, input.channels, input.height, input.width, {}};
  for (const std::string& file : files) {
    Picture picture = read_picture(file);
    changes.from_16_bits |= picture.was_16_bits;
    const ImageSet image = fitted(file, std::move(picture.image), network, fit, changes);
    all.pixels.insert(all.pixels.end(), image.pixels.begin(), image.pixels.end());
    ++all.count;
  }
  return all;
}

// IDX begins with a byte of 0; what holds digits and spaces alone is text.
bool is_text_of_numbers(const std::vector<uint8_t>& bytes) {
  return !bytes.empty() && std::ranges::all_of(bytes, [](uint8_t byte) {
    return std::isdigit(byte) != 0 || std::isspace(byte) != 0;
  });
}

std::vector<uint8_t> read_labels(const std::string& path) {
  const std::vector<uint8_t> bytes = read_bytes(path);
  if (!is_text_of_numbers(bytes)) return parse_idx_labels(path, bytes);
  std::vector<uint8_t> labels;
  for (size_t at = 0; at < bytes.size();) {
    if (std::isspace(bytes[at]) != 0) {
      ++at;
      continue;
    }
    int label = 0;
    for (; at < bytes.size() && std::isdigit(bytes[at]) != 0; ++at) {
      label = std::min(label * 10 + (bytes[at] - '0'), 1 << 20);
    }
    if (label > std::numeric_limits<uint8_t>::max()) {
      throw Error(fmt::format("{}: label {}: found a number above 255, allowed: 0..255", path,
                              labels.size()));
    }
    labels.push_back(static_cast<uint8_t>(label));
  }
  return labels;
}

}  // namespace

std::string LoadedImages::text(const MapShape& input) const {
  std::string text = changes.text(input);
  if (other_files > 0) {
    text += fmt::format("{}{} other file{} of the folder left out", text.empty() ? "" : ", ",
                        other_files, other_files == 1 ? "" : "s");
  }
  return text;
}

std::vector<std::string> image_files(const std::string& path) {
  return is_folder(path) ? pictures_of(path).first : std::vector<std::string>{path};
}

LoadedImages read_images(const std::string& images) {
  LoadedImages loaded;
  if (!is_folder(images)) {
    loaded.data = read_file_of_images(images, loaded.changes);
    return loaded;
  }
  const auto [pictures, others] = pictures_of(images);
  loaded.other_files = others;
  for (const std::string& file : pictures) {
    Picture picture = read_picture(file);
    loaded.changes.from_16_bits |= picture.was_16_bits;
    ImageSet& all = loaded.data.images;
    const ImageSet& image = picture.image;
    if (all.count == 0) {
      all = std::move(picture.image);
      continue;
    }
    if (image.channels != all.channels || image.height != all.height || image.width != all.width) {
      throw Error(fmt::format("{}: found a picture of {} x {} x {}, allowed: {} x {} x {} like {}",
                              file, image.channels, image.height, image.width, all.channels,
                              all.height, all.width, pictures.front()));
    }
    all.pixels.insert(all.pixels.end(), image.pixels.begin(), image.pixels.end());
    ++all.count;
  }
  return loaded;
}

LoadedImages load_images(const std::string& images, const std::string& labels,
                         const Network& network, const ImageFit& fit) {
  LoadedImages loaded;
  if (is_folder(images)) {
    const auto [pictures, others] = pictures_of(images);
    loaded.data.images = read_pictures(pictures, network, fit, loaded.changes);
    loaded.other_files = others;
  } else {
    loaded.data = read_file_of_images(images, loaded.changes);
    loaded.data.images =
        fitted(images, std::move(loaded.data.images), network, fit, loaded.changes);
    if (!loaded.data.labels.empty()) loaded.label_file = images;
  }
  if (labels.empty()) return loaded;
  if (!loaded.data.labels.empty()) {
    throw Error(fmt::format("--labels: found '{}', allowed: none with {}, which has its own",
                            labels, images));
  }
  loaded.data.labels = read_labels(labels);
  loaded.label_file = labels;
  check_labels(loaded.data, images, labels);
  return loaded;
}

}  // namespace mcnn
