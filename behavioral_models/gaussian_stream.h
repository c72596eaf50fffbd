// SPDX-License-Identifier: Apache-2.0
// Random numbers of the models: standard Gaussians that depend on seed, PE, purpose, image and
// their number only, not on the order of calls, on threads, on the vector unit or on a library.
//
// Generator: Philox4x32-10 (J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC11), a function of
//
//   key      (seed bits 31..0, seed bits 63..32)
//   counter  (block, image, PE, purpose)
//
// Each block gives four 32-bit words w0..w3, and they give four Gaussians g0..g3 by Box-Muller:
// (g0, g1) from (w0, w1) and (g2, g3) from (w2, w3). Blocks are taken in batches of 64, word by
// word, so that vector units need no shuffling:
//
//   Gaussian n of a stream is g_j of block b,  b = 64 * (n / 256) + n % 64,  j = n / 64 % 4.
//
// Box-Muller from the words (p, q), in single precision, with the polynomials and the order of
// kernels.inc:
//
//   r = sqrt(-2 ln u),  u = ((p >> 1) + 1/2) / 2^31                          radius, at most 6.66
//   s = sin(pi/4 a),  c = cos(pi/4 a) * (q bit 31 ? -1 : 1),  a = int32(q << 2) / 2^31
//   (first, second) = q bit 30 ? (r s, r c) : (r c, r s)
//
// a uniform angle: 30 bits choose it in [-pi/4, pi/4), bit 31 mirrors left and right, bit 30
// mirrors at the diagonal. The polynomials are exact to 1.5e-6 of the value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "behavioral_models/kernels.h"

namespace mcnn {

// What a random number is for: streams of different purposes are independent. Values are never
// reused.
enum class Purpose : std::uint32_t {
  // A cell is source_line * bit_lines + bit_line. "Image" is the second counter word.
  kProgramming = 1,       // write error: number = cell, image = write generation
  kReadNoise = 2,         // number = conversion within the image
  kVerifyNoise = 3,       // number = conversion within the programming run, image = run
  kPulse = 4,             // cycle-to-cycle spread: number = pulse of the cell, image = cell
  kSetStep = 5,           // device-to-device spread of SET: number = cell
  kResetStep = 6,         // device-to-device spread of RESET: number = cell
  kMeasuredState = 7,     // row of the measured states: word, number = cell, image = generation
  kRelaxation = 8,        // number = cell, image = write generation
  kDrift = 9,             // exponent of the cell: number = cell
  kStuck = 10,            // word, number = cell
  kEndurance = 11,        // number = cell
  kConverterGain = 12,    // number = lane
  kConverterOffset = 13,  // number = lane
  kConverterBow = 14,     // number = lane
  // The process of the relaxation: number = cell * RelaxationProcess::kNodes + node; its right end:
  // number = cell; image = write generation.
  kRelaxationStep = 15,
  kRelaxationEnd = 16,
  kTelegraphCell = 17,  // words: number = 2 cell: whether it has a trap, 2 cell + 1: its time
  kTelegraph = 18,      // word: number = cell, image = draw + 0x9E3779B9 * write generation
  kFlicker = 19,        // as kRelaxationStep
  kFlickerEnd = 20,     // as kRelaxationEnd
  kTuningError = 32,    // host, refit: errors of the weights, in the order they are drawn
  kTuningOrder = 33,    // host, refit: word, order of the images
  kLearningOrder = 34,  // host, learning: word, order of the images of an epoch
  kLearningStart = 35,  // host, learning: word, level that a cell begins at
};

// Gaussian n of a stream, the same bits that GaussianStream gives, and word n of a stream: the word
// w_j of the block that Gaussian n = g_j comes from. For few numbers in no order.
float gaussian_number(std::uint64_t seed, std::uint32_t pe, Purpose purpose, std::uint32_t image,
                      std::uint32_t n);
std::uint32_t word_number(std::uint64_t seed, std::uint32_t pe, Purpose purpose,
                          std::uint32_t image, std::uint32_t n);

class GaussianStream {
 public:
  // The stream stands at number 0 of image 0.
  GaussianStream(std::uint64_t seed, std::uint32_t pe, Purpose purpose, const Kernels& kernels);

  // Goes to number 0 of the stream of this image, of the same purpose or another.
  void restart(std::uint32_t image);
  void restart(Purpose purpose, std::uint32_t image);

  // The next n Gaussians: valid until the next call, and readable (not meaningful) for kLanePadding
  // beyond the last.
  const float* next(std::size_t n) {
    if (end_ - position_ < n) refill(n);
    const float* first = buffer_.data() + position_;
    position_ += n;
    return first;
  }

 private:
  void refill(std::size_t n);

  StreamKey key_;
  void (*gaussians_)(const StreamKey&, std::uint32_t, float*);
  std::uint32_t next_block_ = 0;
  std::size_t position_ = 0;   // of the next Gaussian in the buffer
  std::size_t end_ = 0;        // of the last one made
  std::vector<float> buffer_;  // made in batches when they are needed
};

}  // namespace mcnn
