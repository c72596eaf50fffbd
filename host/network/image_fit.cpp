// SPDX-License-Identifier: Apache-2.0
#include "host/network/image_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/error.h"

namespace mcnn {
namespace {

// The part of a row or column of the file in one of the result, in units that both are whole in.
struct Part {
  int index = 0;
  int64_t weight = 0;
};

// For each of `to` pixels of a side that had `from`: what it covers. The weights of one add up to
// `from`.
std::vector<std::vector<Part>> coverage(int from, int to) {
  std::vector<std::vector<Part>> all(static_cast<size_t>(to));
  for (int i = 0; i < to; ++i) {
    const int64_t begin = int64_t{i} * from;
    const int64_t end = begin + from;
    for (int64_t j = begin / to; j * to < end; ++j) {
      const int64_t weight = std::min(end, (j + 1) * to) - std::max(begin, j * to);
      all[static_cast<size_t>(i)].push_back({static_cast<int>(j), weight});
    }
  }
  return all;
}

// The planes of a set, one of each channel of each image.
size_t planes(const ImageSet& images) {
  return static_cast<size_t>(images.count) * static_cast<size_t>(images.channels);
}

// The centre of every image; where a margin is odd, the smaller half is at the top or left.
ImageSet cropped(const ImageSet& images, int height, int width) {
  ImageSet result{images.count, images.channels, height, width, {}};
  result.pixels.reserve(planes(images) * static_cast<size_t>(height) * static_cast<size_t>(width));
  const int top = (images.height - height) / 2;
  const int left = (images.width - width) / 2;
  const auto line = static_cast<size_t>(images.width);
  for (size_t plane = 0; plane < planes(images); ++plane) {
    const size_t first =
        plane * static_cast<size_t>(images.height) * line + static_cast<size_t>(left);
    for (int y = 0; y < height; ++y) {
      const auto row = images.pixels.begin() +
                       static_cast<ptrdiff_t>(first + static_cast<size_t>(top + y) * line);
      result.pixels.insert(result.pixels.end(), row, row + width);
    }
  }
  return result;
}

ImageSet to_colour(const ImageSet& grey) {
  ImageSet result{grey.count, 3, grey.height, grey.width, {}};
  result.pixels.reserve(3 * grey.pixels.size());
  for (int i = 0; i < grey.count; ++i) {
    const std::span<const uint8_t> plane = grey.image(i);
    for (int c = 0; c < 3; ++c) {
      result.pixels.insert(result.pixels.end(), plane.begin(), plane.end());
    }
  }
  return result;
}

ImageSet to_grey(const ImageSet& colour) {
  ImageSet result{colour.count, 1, colour.height, colour.width, {}};
  result.pixels.reserve(colour.pixels.size() / 3);
  const size_t plane = colour.image_size() / 3;
  for (int i = 0; i < colour.count; ++i) {
    const std::span<const uint8_t> image = colour.image(i);
    for (size_t p = 0; p < plane; ++p) {
      const int sum = 299 * image[p] + 587 * image[plane + p] + 114 * image[2 * plane + p];
      result.pixels.push_back(static_cast<uint8_t>((sum + 500) / 1000));
    }
  }
  return result;
}

std::string shape_text(int channels, int height, int width) {
  return fmt::format("{} x {} x {}", channels, height, width);
}

// "48 x 64", or "30 x 32 to 48 x 64" for several.
std::string sizes_text(const std::set<std::pair<int, int>>& sizes) {
  const auto [rows, columns] = *sizes.begin();
  if (sizes.size() == 1) return fmt::format("{} x {}", rows, columns);
  return fmt::format("{} sizes from {} x {} to {} x {}", sizes.size(), rows, columns,
                     sizes.rbegin()->first, sizes.rbegin()->second);
}

void check_fits(const std::string& file, const ImageSet& images, const Network& network,
                FitKind kind) {
  const MapShape& input = network.input;
  const bool channels = images.channels == input.channels ||
                        (images.channels == 1 && input.channels == 3) ||
                        (images.channels == 3 && input.channels == 1);
  const bool is_same = images.height == input.height && images.width == input.width;
  const bool can_crop = images.height >= input.height && images.width >= input.width;
  const bool size = kind == FitKind::kScale || is_same || (kind == FitKind::kCrop && can_crop);
  if (channels && size) return;
  std::string help;
  if (channels) {
    help = "; --fit scale resamples them";
    if (can_crop) help += ", --fit crop cuts out their centre";
  }
  throw Error(
      fmt::format("{}: images of {}, but network '{}' takes {} (channels x rows x columns){}", file,
                  shape_text(images.channels, images.height, images.width), network.name,
                  shape_text(input.channels, input.height, input.width), help));
}

}  // namespace

FitKind fit_kind(std::string_view name) {
  if (const auto kind = value_of(kFitKinds, name)) return *kind;
  throw Error(fmt::format("--fit: found '{}', allowed: exact, scale, crop", name));
}

std::string ImageChanges::text(const MapShape& input) const {
  std::vector<std::string> all;
  const auto size = fmt::format("{} x {}", input.height, input.width);
  if (from_16_bits) all.emplace_back("16 bits rounded to 8");
  if (to_grey) all.emplace_back("colour to grey (0.299 R + 0.587 G + 0.114 B)");
  if (to_colour) all.emplace_back("grey to three equal channels");
  if (!scaled.empty()) all.push_back(fmt::format("{} scaled to {}", sizes_text(scaled), size));
  if (!cropped.empty()) {
    all.push_back(fmt::format("the centre of {}, {}", sizes_text(cropped), size));
  }
  if (inverted) all.emplace_back("inverted (255 - pixel)");
  return fmt::format("{}", fmt::join(all, ", "));
}

ImageSet scaled(const ImageSet& images, int height, int width) {
  ImageSet result{images.count, images.channels, height, width, {}};
  result.pixels.reserve(planes(images) * static_cast<size_t>(height) * static_cast<size_t>(width));
  const std::vector<std::vector<Part>> rows = coverage(images.height, height);
  const std::vector<std::vector<Part>> columns = coverage(images.width, width);
  const auto line = static_cast<size_t>(images.width);
  const int64_t area = int64_t{images.height} * images.width;
  for (size_t plane = 0; plane < planes(images); ++plane) {
    const uint8_t* const pixels =
        images.pixels.data() + plane * static_cast<size_t>(images.height) * line;
    for (const std::vector<Part>& in_rows : rows) {
      for (const std::vector<Part>& in_columns : columns) {
        int64_t sum = 0;
        for (const Part& row : in_rows) {
          const uint8_t* const begin = pixels + static_cast<size_t>(row.index) * line;
          int64_t in_row = 0;
          for (const Part& column : in_columns) in_row += column.weight * begin[column.index];
          sum += row.weight * in_row;
        }
        result.pixels.push_back(static_cast<uint8_t>((2 * sum + area) / (2 * area)));
      }
    }
  }
  return result;
}

ImageSet fitted(const std::string& file, ImageSet images, const Network& network,
                const ImageFit& fit, ImageChanges& changes) {
  check_fits(file, images, network, fit.kind);
  const MapShape& input = network.input;
  if (images.channels == 3 && input.channels == 1) {
    images = to_grey(images);
    changes.to_grey = true;
  }
  if (images.height != input.height || images.width != input.width) {
    const bool scale = fit.kind == FitKind::kScale;
    (scale ? changes.scaled : changes.cropped).emplace(images.height, images.width);
    images = (scale ? scaled : cropped)(images, input.height, input.width);
  }
  if (images.channels == 1 && input.channels == 3) {
    images = to_colour(images);
    changes.to_colour = true;
  }
  if (fit.invert) {
    for (uint8_t& pixel : images.pixels) pixel = static_cast<uint8_t>(255 - pixel);
    changes.inverted = true;
  }
  return images;
}

}  // namespace mcnn
