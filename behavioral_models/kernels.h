// SPDX-License-Identifier: Apache-2.0
// The two inner loops of the macro model, for the vector units that the machine may have. Every
// variant gives the same bits: the same IEEE operations in the same order in each lane, no fused
// operations, no library functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mcnn {

// Which random numbers: the Philox key and the upper three counter words (gaussian_stream.h).
struct StreamKey {
  std::uint32_t key[2];
  std::uint32_t counter[3];
};

inline constexpr int kGaussianBlocks = 64;                  // Philox blocks of one batch
inline constexpr int kGaussianBatch = 4 * kGaussianBlocks;  // Gaussians of one batch
inline constexpr int kLanePadding = 32;  // lanes after the last that a kernel may read and write
// Lanes rounded up to what a kernel reads and writes.
constexpr std::size_t whole_vectors(std::size_t lanes) {
  return (lanes + kLanePadding - 1) / kLanePadding * kLanePadding;
}

// One input vector read plane by plane, most significant plane first.
struct ReadJob {
  // Of the window's first source line and of bit line 0; `pitch` floats from one bit line to the
  // next. Readable for `lanes` rounded up to a multiple of kLanePadding.
  const float* cells = nullptr;      // [level steps]
  const float* variances = nullptr;  // [level steps^2], null: noise is off
  std::size_t pitch = 0;
  const std::uint32_t* pulses = nullptr;  // `words` words a plane, lowest bit lines first
  int words = 1;
  int planes = 0;
  bool skip_empty = true;     // a plane without a pulse is not read and counts as codes 0
  int lanes = 0;              // source lines converted
  float scale = 1.0F;         // 2^range
  float adc_variance = 0.0F;  // [codes^2]
  float max_code = 0.0F;      // 2^adc_bits - 1
  float inverse_max_code = 0.0F;
  // Converter errors of each lane, null: all are off. A code x becomes
  //   y = gain x + offset + bow (u - u^2),   u = x * inverse_max_code limited to 0..1
  // readable as `cells` are.
  const float* gain = nullptr;    // [1]
  const float* offset = nullptr;  // [codes]
  const float* bow = nullptr;     // four times the peak [codes]
  const float* z = nullptr;  // a Gaussian for each conversion, planes that are not read left out;
                             // may be read up to kLanePadding beyond the last
  // Out, for each lane, rounded up as above: the sum over the planes of 2^plane * code, and, kept
  // if it is larger, the largest value before rounding and clipping [codes].
  std::int32_t* sums = nullptr;
  float* peaks = nullptr;
};

// How many codes of a job were below and above what the converter can give.
struct Clips {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

struct Kernels {
  const char* name;
  // The Gaussians of the blocks first_block .. first_block + kGaussianBlocks - 1: out[64 * word +
  // block].
  void (*gaussians)(const StreamKey& key, std::uint32_t first_block, float* out);
  // Reads the planes of a job.
  Clips (*read)(const ReadJob& job);
};

// The variants that this machine can run, the fastest first; the last is plain C++.
std::span<const Kernels> supported_kernels();

// Gaussian n of a stream, and the word of its place in its block (gaussian_stream.h).
float one_gaussian(const StreamKey& key, std::uint32_t n);
std::uint32_t one_word(const StreamKey& key, std::uint32_t n);

}  // namespace mcnn
