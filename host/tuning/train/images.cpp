// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/images.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "common/index.h"
#include "host/tuning/train/model.h"

namespace mcnn::train {
namespace {

namespace F = torch::nn::functional;

// Each image turned and moved a little; the pixels stay whole numbers.
torch::Tensor turned(const torch::Tensor& pixels, const Augmentation& augmentation) {
  const std::int64_t count = pixels.size(0);
  const auto uniform = [count](double limit) { return (torch::rand({count}) * 2 - 1) * limit; };
  const auto angle = uniform(augmentation.max_rotation * std::numbers::pi / 180);
  const double unit = 2.0 / kDigitSize;  // a pixel of 28x28, as the grid counts
  const auto dx = uniform(augmentation.max_shift * unit);
  const auto dy = uniform(augmentation.max_shift * unit);
  const auto theta =
      torch::stack(
          {torch::cos(angle), -torch::sin(angle), dx, torch::sin(angle), torch::cos(angle), dy}, 1)
          .view({count, 2, 3});
  const auto grid = F::affine_grid(theta, pixels.sizes(), false);
  return torch::round(
      F::grid_sample(pixels, grid, F::GridSampleFuncOptions().align_corners(false)));
}

// A position outside 0..size-1 as its mirror image.
std::int64_t inside(std::int64_t position, std::int64_t size) {
  if (position < 0) position = -position;
  return position < size ? position : 2 * (size - 1) - position;
}

// Moved by whole pixels, half of them mirrored; in the order of channels that libtorch is fast in.
torch::Tensor moved(const Images& images, const torch::Tensor& chosen,
                    const Augmentation& augmentation) {
  const std::int64_t count = chosen.size(0);
  const std::int64_t channels = images.pixels.size(1);
  const std::int64_t height = images.pixels.size(2);
  const std::int64_t width = images.pixels.size(3);
  const auto limit =
      std::min({static_cast<std::int64_t>(augmentation.max_shift), height - 1, width - 1});
  const torch::Tensor moves = torch::randint(-limit, limit + 1, {count, 2}, torch::kInt64);
  const torch::Tensor mirrored =
      torch::randint(0, augmentation.mirror ? 2 : 1, {count}, torch::kInt64);
  torch::Tensor batch =
      torch::empty({count, channels, height, width}, torch::MemoryFormat::ChannelsLast);
  const auto* const source = images.pixels.data_ptr<std::uint8_t>();
  const auto* const which = chosen.data_ptr<std::int64_t>();
  const auto* const move = moves.data_ptr<std::int64_t>();
  const auto* const mirror = mirrored.data_ptr<std::int64_t>();
  float* target = batch.data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint8_t* const image = source + which[i] * channels * height * width;
    for (std::int64_t y = 0; y < height; ++y) {
      const std::uint8_t* const row = image + inside(y + move[2 * i], height) * width;
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t column =
            inside((mirror[i] != 0 ? width - 1 - x : x) + move[2 * i + 1], width);
        for (std::int64_t c = 0; c < channels; ++c) *target++ = row[c * height * width + column];
      }
    }
  }
  return batch;
}

}  // namespace

Images to_tensors(const Dataset& data, int first, int count) {
  const ImageSet& set = data.images;
  Images images{torch::empty({count, set.channels, set.height, set.width}, torch::kUInt8),
                torch::empty({count}, torch::kInt64)};
  std::copy_n(set.image(first).data(), images.pixels.numel(),
              images.pixels.data_ptr<std::uint8_t>());
  std::copy_n(data.labels.begin() + first, count, images.labels.data_ptr<std::int64_t>());
  return images;
}

Dataset part_of(const Dataset& data, int first, int count) {
  Dataset part;
  part.images = data.images;
  part.images.count = count;
  const auto begin = data.images.pixels.begin() +
                     static_cast<std::ptrdiff_t>(to_index(first) * data.images.image_size());
  part.images.pixels.assign(
      begin, begin + static_cast<std::ptrdiff_t>(to_index(count) * data.images.image_size()));
  part.labels.assign(data.labels.begin() + first, data.labels.begin() + first + count);
  return part;
}

torch::Tensor batch_of(const Images& images, const torch::Tensor& chosen,
                       const Augmentation& augmentation) {
  const bool digits = images.pixels.size(1) == 1;
  if (!digits) return moved(images, chosen, augmentation);
  const torch::Tensor pixels = images.pixels.index_select(0, chosen).to(torch::kFloat32);
  return augmentation.none() ? pixels : turned(pixels, augmentation);
}

}  // namespace mcnn::train
