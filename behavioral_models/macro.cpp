// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/macro.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "common/error.h"

namespace mcnn {
namespace {

constexpr int kMaxLayers = 1 << 16;  // bounds the table of counts against a wild layer number

void check_shape(const MacroShape& shape) {
  const auto check = [](const char* field, int found, int lowest, int highest) {
    if (found < lowest || found > highest) {
      throw Error(fmt::format("macro shape: {}: found {}, allowed: {} to {}", field, found, lowest,
                              highest));
    }
  };
  check("bit_lines", shape.bit_lines, 1, 32);
  check("source_lines", shape.source_lines, 1, 1 << 16);
  check("adc_lanes", shape.adc_lanes, 1, shape.source_lines);
  check("adc_bits", shape.adc_bits, 1, 16);
}

}  // namespace

ReadCounts& ReadCounts::operator+=(const ReadCounts& other) {
  reads += other.reads;
  conversions += other.conversions;
  clipped_low += other.clipped_low;
  clipped_high += other.clipped_high;
  return *this;
}

Macro::Macro(const MacroShape& shape, const DeviceCard& card, std::uint64_t seed, int pe,
             const Kernels& kernels)
    : shape_((check_shape(shape), shape)),
      card_(card),
      kernels_(&kernels),
      seed_(seed),
      pe_(static_cast<std::uint32_t>(pe)),
      noise_(seed, pe_, Purpose::kReadNoise, kernels) {
  check_device_card(card, fmt::format("device card {}", card.name));
  if (pe < 0) throw Error(fmt::format("macro: PE number: found {}, allowed: 0 or more", pe));
  const auto bit_lines = static_cast<std::size_t>(shape.bit_lines);
  const auto source_lines = static_cast<std::size_t>(shape.source_lines);
  // A window's lanes are read in whole vectors, beyond its last line and, in the last bit line,
  // beyond the array.
  const std::size_t pitch = source_lines + kLanePadding;
  job_.pitch = pitch;
  job_.max_code = static_cast<float>((1 << shape.adc_bits) - 1);
  job_.adc_variance = static_cast<float>(card.adc_sigma_codes * card.adc_sigma_codes);
  cells_.assign(bit_lines * pitch, 0.0F);
  if (card.has_read_noise()) variances_.assign(bit_lines * pitch, 0.0F);
  conductances_.assign(bit_lines * source_lines, 0.0F);
  sums_.assign(static_cast<std::size_t>(shape.adc_lanes) + kLanePadding, 0);
  const std::vector<std::uint8_t> levels(bit_lines * source_lines, 0);
  set_cells(levels, false);
  set_layer(0);
}

Macro::Macro(const MacroShape& shape, const DeviceCard& card, std::uint64_t seed, int pe)
    : Macro(shape, card, seed, pe, supported_kernels().front()) {}

void Macro::program(std::span<const std::uint8_t> levels) {
  if (levels.size() != conductances_.size()) {
    throw Error(fmt::format("macro: levels to program: found {}, allowed: {} ({} x {} cells)",
                            levels.size(), conductances_.size(), shape_.source_lines,
                            shape_.bit_lines));
  }
  for (std::size_t cell = 0; cell < levels.size(); ++cell) {
    if (levels[cell] >= kLevels) {
      throw Error(fmt::format("macro: level of cell {}: found {}, allowed: 0 to {}", cell,
                              levels[cell], kLevels - 1));
    }
  }
  set_cells(levels, card_.has_programming_error());
}

void Macro::set_cells(std::span<const std::uint8_t> levels, bool with_error) {
  const double step = card_.level_step_uS();
  const double offset = card_.g_min_uS / step;
  const double floor_variance = (card_.read_noise_uS / step) * (card_.read_noise_uS / step);
  GaussianStream errors(seed_, pe_, Purpose::kProgramming, *kernels_);
  const auto bit_lines = static_cast<std::size_t>(shape_.bit_lines);
  for (std::size_t cell = 0; cell < levels.size(); ++cell) {
    const std::size_t at = cell % bit_lines * job_.pitch + cell / bit_lines;
    double v = levels[cell] + offset;
    if (with_error) {
      const double sigma = card_.programming_sigma_at(card_.g_min_uS + (levels[cell] * step));
      v = std::max(0.0, v + sigma / step * static_cast<double>(*errors.next(1)));
    }
    cells_[at] = static_cast<float>(v);
    if (!variances_.empty()) {
      const double relative = card_.read_noise * v;
      variances_[at] = static_cast<float>((relative * relative) + floor_variance);
    }
    conductances_[cell] = static_cast<float>(v * step);
  }
}

void Macro::begin_image(std::uint32_t image) { noise_.restart(image); }

void Macro::set_layer(int layer) {
  if (layer < 0 || layer >= kMaxLayers) {
    throw Error(fmt::format("macro: layer: found {}, allowed: 0 to {}", layer, kMaxLayers - 1));
  }
  layer_ = static_cast<std::size_t>(layer);
  if (counts_.size() <= layer_) counts_.resize(layer_ + 1);
}

void Macro::convert(std::span<const std::uint32_t> planes, int first_line, int count, int range,
                    bool skip_empty) {
  if (first_line < 0 || count < 1 || count > shape_.adc_lanes ||
      first_line > shape_.source_lines - count) {
    throw Error(fmt::format(
        "macro: window: found {} lines from line {}, allowed: 1 to {} lines within 0 to {}", count,
        first_line, shape_.adc_lanes, shape_.source_lines - 1));
  }
  if (range < 0 || range > kMaxRange) {
    throw Error(
        fmt::format("macro: converter range: found {}, allowed: 0 to {}", range, kMaxRange));
  }
  std::uint32_t driven = 0;
  std::size_t reads = 0;
  for (const std::uint32_t pulses : planes) {
    driven |= pulses;
    reads += pulses != 0 || !skip_empty ? 1 : 0;
  }
  if (static_cast<std::uint64_t>(driven) >> shape_.bit_lines != 0) {
    throw Error(fmt::format("macro: pulses: found {:#x}, allowed: bit lines 0 to {}", driven,
                            shape_.bit_lines - 1));
  }
  if (reads == 0) {
    std::fill_n(sums_.begin(), count, 0);
    return;
  }
  const std::size_t conversions = reads * static_cast<std::size_t>(count);
  job_.cells = cells_.data() + first_line;
  job_.pulses = planes.data();
  job_.planes = static_cast<int>(planes.size());
  job_.skip_empty = skip_empty;
  job_.lanes = count;
  job_.scale = static_cast<float>(1 << range);
  job_.sums = sums_.data();
  if (!variances_.empty()) {
    job_.variances = variances_.data() + first_line;
    job_.z = noise_.next(conversions);
  }
  const Clips clips = kernels_->read(job_);
  ReadCounts& counts = counts_[layer_];
  counts.reads += reads;
  counts.conversions += conversions;
  counts.clipped_low += clips.low;
  counts.clipped_high += clips.high;
}

void Macro::read(std::uint32_t pulses, int first_line, int count, int range,
                 std::span<std::uint16_t> codes) {
  if (count > 0 && codes.size() < static_cast<std::size_t>(count)) {
    throw Error(
        fmt::format("macro: room for codes: found {}, allowed: at least {}", codes.size(), count));
  }
  convert({&pulses, 1}, first_line, count, range, false);
  std::copy_n(sums_.begin(), count, codes.begin());
}

void Macro::read_planes(std::span<const std::uint32_t> pulses_msb_first, int first_line, int count,
                        int range, std::span<std::int32_t> pair_sums) {
  if (count % 2 != 0) {
    throw Error(
        fmt::format("macro: lines of a window of pairs: found {}, allowed: an even number", count));
  }
  if (count > 0 && pair_sums.size() < static_cast<std::size_t>(count) / 2) {
    throw Error(fmt::format("macro: room for pair sums: found {}, allowed: at least {}",
                            pair_sums.size(), count / 2));
  }
  if (pulses_msb_first.size() > kMaxPlanes) {
    throw Error(fmt::format("macro: bit planes: found {}, allowed: 0 to {}",
                            pulses_msb_first.size(), kMaxPlanes));
  }
  convert(pulses_msb_first, first_line, count, range, true);
  for (std::size_t pair = 0; pair < static_cast<std::size_t>(count) / 2; ++pair) {
    pair_sums[pair] = sums_[2 * pair] - sums_[2 * pair + 1];
  }
}

const ReadCounts& Macro::counts(int layer) const {
  static constexpr ReadCounts kNone;
  const auto index = static_cast<std::size_t>(layer);
  return layer < 0 || index >= counts_.size() ? kNone : counts_[index];
}

ReadCounts Macro::total() const {
  ReadCounts sum;
  for (const ReadCounts& counts : counts_) sum += counts;
  return sum;
}

void Macro::clear_counts() { std::ranges::fill(counts_, ReadCounts{}); }

}  // namespace mcnn
