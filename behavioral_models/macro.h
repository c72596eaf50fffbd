// SPDX-License-Identifier: Apache-2.0
// The analogue macro: one crossbar of 1T1R cells with its converters, as the chip sees it
// (rtl/README.md, "The analogue boundary"). A read drives bit lines with unit pulses and returns
// one code for each source line of a window.
//
// Units: conductances are in uS outside; inside, a cell is held in level steps Gs = (g_max - g_min)
// / 7,
//
//   v = level + g_min/Gs + error/Gs    (never below 0)
//
// so that the ideal card (g_min 0, no error) gives integers. A read of source line s at converter
// range r gives
//
//   x     = 2^r * sum over the driven bit lines b of v[s][b]                             [codes]
//   sigma = sqrt(4^r * sum over the driven b of sigma_cell[s][b]^2 + adc_sigma^2)        [codes]
//   code  = clamp(floor(x + sigma * z + 1/2), 0, 2^adc_bits - 1)
//   sigma_cell^2 = (read_noise * v)^2 + (read_noise_uS / Gs)^2                           [level
//   steps^2]
//
// with z the Gaussian of this conversion: conversions are numbered from 0 within an image, in the
// order of the reads and, within a read, of the source lines (gaussian_stream.h). The sum of
// independent Gaussian cell noises is one Gaussian, so one draw a conversion is exact. All
// arithmetic is IEEE single precision in a fixed order (bit lines ascending) without fused
// operations: the same bits at every optimisation level, SIMD width and machine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "behavioral_models/device_card.h"
#include "behavioral_models/gaussian_stream.h"

namespace mcnn {

struct MacroShape {
  int bit_lines = 16;      // inputs, 1..32
  int source_lines = 128;  // outputs
  int adc_lanes = 32;      // most lines converted by one read
  int adc_bits = 8;        // 1..16
};

// What a macro did, for energy and for the choice of converter ranges.
struct ReadCounts {
  std::uint64_t reads = 0;         // read strobes
  std::uint64_t conversions = 0;   // codes made
  std::uint64_t clipped_low = 0;   // codes that would have been below 0
  std::uint64_t clipped_high = 0;  // codes that would have been above 2^adc_bits - 1

  ReadCounts& operator+=(const ReadCounts& other);
  friend ReadCounts operator+(ReadCounts a, const ReadCounts& b) { return a += b; }
  bool operator==(const ReadCounts&) const = default;
};

class Macro {
 public:
  static constexpr int kLevels = 8;  // conductance levels of a cell
  static constexpr int kMaxRange = 7;
  static constexpr std::size_t kMaxPlanes = 16;

  // The array starts with every cell at level 0, programmed without error. Throws Error on a shape
  // or card out of range. `pe` numbers the macro in the chip: macros of one seed have independent
  // random numbers.
  Macro(const MacroShape& shape, const DeviceCard& card, std::uint64_t seed, int pe);
  // The same, on given kernels (kernels.h): for tests, every one gives the same bits.
  Macro(const MacroShape& shape, const DeviceCard& card, std::uint64_t seed, int pe,
        const Kernels& kernels);

  // Programs every cell directly: target level 0..7 of cell [source_line * bit_lines + bit_line],
  // with the card's programming error. The error of a cell depends on seed, PE, cell and level
  // only. Throws Error on a wrong size or level.
  void program(std::span<const std::uint8_t> levels);

  // Conversions are numbered from 0 again and take the random numbers of this image.
  void begin_image(std::uint32_t image);

  // Reads from here on are counted for this row of the layer table (>= 0).
  void set_layer(int layer);

  // Bit b of `pulses` drives bit line b; codes[k] is the code of source line first_line + k, k <
  // count <= adc_lanes. One weight level is worth 2^range codes, range 0..7. Throws Error on a
  // window outside the array.
  void read(std::uint32_t pulses, int first_line, int count, int range,
            std::span<std::uint16_t> codes);

  // All bit planes of an input vector at once, most significant plane first: exactly the read() of
  // each plane that has a pulse, in this order, and then, with codes 0 for a plane without a pulse,
  //   pair_sums[k] = sum over planes b of 2^b * (code_b[2k] - code_b[2k + 1]),   k < count / 2.
  // At most 16 planes, count even. Several times faster than single reads.
  void read_planes(std::span<const std::uint32_t> pulses_msb_first, int first_line, int count,
                   int range, std::span<std::int32_t> pair_sums);

  const ReadCounts& counts(int layer) const;  // zero for a layer that was never read
  ReadCounts total() const;
  void clear_counts();

  // Conductances after programming [uS], [source_line * bit_lines + bit_line].
  std::span<const float> conductances() const { return conductances_; }

  const MacroShape& shape() const { return shape_; }
  const DeviceCard& card() const { return card_; }

 private:
  // Sums over the planes, of each lane, into sums_; planes without a pulse are not read if
  // `skip_empty`.
  void convert(std::span<const std::uint32_t> planes, int first_line, int count, int range,
               bool skip_empty);
  void set_cells(std::span<const std::uint8_t> levels, bool with_error);

  MacroShape shape_;
  DeviceCard card_;
  const Kernels* kernels_;
  std::uint64_t seed_;
  std::uint32_t pe_;
  std::vector<float> cells_;      // v [level steps], [bit_line * pitch + source_line]
  std::vector<float> variances_;  // sigma_cell^2 [level steps^2], same order; empty without noise
  std::vector<float> conductances_;
  GaussianStream noise_;
  ReadJob job_;
  std::vector<std::int32_t> sums_;  // of each lane
  std::vector<ReadCounts> counts_;  // of each layer row
  std::size_t layer_ = 0;
};

}  // namespace mcnn
