// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/gaussian_stream.h"

#include <algorithm>

namespace mcnn {
namespace {

StreamKey stream_key(std::uint64_t seed, std::uint32_t pe, Purpose purpose, std::uint32_t image) {
  return {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
          {image, pe, static_cast<std::uint32_t>(purpose)}};
}

}  // namespace

float gaussian_number(std::uint64_t seed, std::uint32_t pe, Purpose purpose, std::uint32_t image,
                      std::uint32_t n) {
  return one_gaussian(stream_key(seed, pe, purpose, image), n);
}

std::uint32_t word_number(std::uint64_t seed, std::uint32_t pe, Purpose purpose,
                          std::uint32_t image, std::uint32_t n) {
  return one_word(stream_key(seed, pe, purpose, image), n);
}

GaussianStream::GaussianStream(std::uint64_t seed, std::uint32_t pe, Purpose purpose,
                               const Kernels& kernels)
    : key_(stream_key(seed, pe, purpose, 0)), gaussians_(kernels.gaussians) {}

void GaussianStream::restart(std::uint32_t image) {
  key_.counter[0] = image;
  next_block_ = 0;
  position_ = 0;
  end_ = 0;
}

void GaussianStream::restart(Purpose purpose, std::uint32_t image) {
  key_.counter[2] = static_cast<std::uint32_t>(purpose);
  restart(image);
}

void GaussianStream::refill(std::size_t n) {
  const std::size_t left = end_ - position_;
  const std::size_t batches = (n - left + kGaussianBatch - 1) / kGaussianBatch;
  const std::size_t size = left + batches * kGaussianBatch;
  if (buffer_.size() < size + kLanePadding) {
    // The Gaussians left over move to the front below, so they must survive the growth.
    buffer_.resize(std::max(size + kLanePadding, 2 * buffer_.size()));
  }
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(position_), left, buffer_.begin());
  for (std::size_t batch = 0; batch < batches; ++batch) {
    gaussians_(key_, next_block_, buffer_.data() + left + batch * kGaussianBatch);
    next_block_ += kGaussianBlocks;
  }
  position_ = 0;
  end_ = size;
}

}  // namespace mcnn
