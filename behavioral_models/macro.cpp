// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/macro.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "common/error.h"

namespace mcnn {
namespace {

constexpr int kMaxLayers = 1 << 16;       // bounds the table of counts against a wild layer number
constexpr std::size_t kSliceWords = 255;  // that eight bit slices can count

// Two bit planes; which half of the word is which does not matter.
std::uint64_t two_planes(const std::uint32_t* planes) {
  std::uint64_t word = 0;
  std::memcpy(&word, planes, sizeof word);
  return word;
}

void check_shape(const MacroShape& shape) {
  const auto check = [](const char* field, int found, int lowest, int highest) {
    if (found < lowest || found > highest) {
      throw Error(fmt::format("macro shape: {}: found {}, allowed: {} to {}", field, found, lowest,
                              highest));
    }
  };
  check("bit_lines", shape.bit_lines, 1, static_cast<int>(Macro::kMaxBitLines));
  check("source_lines", shape.source_lines, 1, 1 << 16);
  check("adc_lanes", shape.adc_lanes, 1, shape.source_lines);
  check("adc_bits", shape.adc_bits, 1, 16);
}

}  // namespace

std::uint64_t WindowReads::total_pulses() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t n : pulses) sum += n;
  return sum;
}

ReadCounts& ReadCounts::operator+=(const ReadCounts& other) {
  reads += other.reads;
  conversions += other.conversions;
  clipped_low += other.clipped_low;
  clipped_high += other.clipped_high;
  peak = std::max(peak, other.peak);
  return *this;
}

Macro::Macro(const MacroShape& shape, const DeviceCard& card, std::uint64_t seed, int pe,
             const Kernels& kernels)
    : shape_((check_shape(shape), shape)),
      card_(card),
      kernels_(&kernels),
      seed_(seed),
      pe_(static_cast<std::uint32_t>(pe)),
      step_(card.level_step_uS()),
      offset_(card.g_min_uS / step_),
      noise_(seed, pe_, Purpose::kReadNoise, kernels) {
  check_device_card(card, fmt::format("device card {}", card.name));
  if (pe < 0) throw Error(fmt::format("macro: PE number: found {}, allowed: 0 or more", pe));
  const auto bit_lines = static_cast<std::size_t>(shape.bit_lines);
  const auto source_lines = static_cast<std::size_t>(shape.source_lines);
  // A window's lanes are read in whole vectors, beyond its last line and, in the last bit line,
  // beyond the array.
  pitch_ = source_lines + kLanePadding;
  words_ = (bit_lines + 31) / 32;
  job_.words = static_cast<int>(words_);
  job_.max_code = static_cast<float>((1 << shape.adc_bits) - 1);
  job_.inverse_max_code = 1.0F / job_.max_code;
  set_converter_noise(card.converter_sigma_codes(shape.adc_bits));
  cells_.assign(bit_lines * pitch_, 0.0F);
  if (card.has_read_noise()) variances_.assign(bit_lines * pitch_, 0.0F);
  conductances_.assign(bit_lines * source_lines, 0.0F);
  values_.assign(bit_lines * source_lines, 0.0);
  line_changed_.assign(source_lines, 0);
  windows_.resize(source_lines);
  sums_.assign(whole_vectors(static_cast<std::size_t>(shape.adc_lanes)), 0);
  draw_devices();
  states_.assign(bit_lines * source_lines, CellState{.base = offset_});
  for (std::size_t cell = 0; cell < states_.size(); ++cell) update(cell);
  set_layer(0);
}

Macro::Macro(const MacroShape& shape, const DeviceCard& card, std::uint64_t seed, int pe)
    : Macro(shape, card, seed, pe, supported_kernels().front()) {}

void Macro::begin_programming() {
  programming_ = true;
  if (card_.verify_sigma_codes != 0.0) {
    const double sigma = card_.converter_sigma_codes(shape_.adc_bits);
    const double more = card_.verify_sigma_codes;
    set_converter_noise(std::sqrt((sigma * sigma) + (more * more)));
  }
  noise_.restart(Purpose::kVerifyNoise, next_run_++);
}

void Macro::begin_image(std::uint32_t image) {
  programming_ = false;
  if (card_.verify_sigma_codes != 0.0) {
    set_converter_noise(card_.converter_sigma_codes(shape_.adc_bits));
  }
  noise_.restart(Purpose::kReadNoise, image);
}

void Macro::set_layer(int layer) {
  if (layer < 0 || layer >= kMaxLayers) {
    throw Error(fmt::format("macro: layer: found {}, allowed: 0 to {}", layer, kMaxLayers - 1));
  }
  layer_ = static_cast<std::size_t>(layer);
  if (counts_.size() <= layer_) {
    counts_.resize(layer_ + 1);
    counted_.resize(layer_ + 1);
    peaks_.resize(counts_.size() * sums_.size(), 0.0F);
  }
}

Clips Macro::read_together(std::span<const std::uint32_t> planes, std::size_t conversions) {
  job_.pulses = planes.data();
  job_.planes = static_cast<int>(planes.size() / words_);
  if (!variances_.empty()) job_.z = noise_.next(conversions);
  return kernels_->read(job_);
}

// Plane by plane: the current of all driven bit lines lowers the voltage of all of them,
// V = V0 / (1 + R sum G).
Clips Macro::read_apart(std::span<const std::uint32_t> planes) {
  const float scale = job_.scale;
  const double supply = card_.supply_resistance_ohm * step_ * 1e-6;  // [1/level step]
  const auto lanes = static_cast<std::size_t>(job_.lanes);
  std::vector<std::int32_t> sums(lanes, 0);
  Clips clips;
  for (std::size_t first = 0; first < planes.size(); first += words_) {
    const std::span<const std::uint32_t> plane = planes.subspan(first, words_);
    for (std::int32_t& sum : sums) sum *= 2;
    const bool empty = std::ranges::all_of(plane, [](std::uint32_t word) { return word == 0; });
    if (empty && job_.skip_empty) continue;
    double driven = 0.0;
    for (std::size_t word = 0; word < words_; ++word) {
      for (std::uint32_t pulses = plane[word]; pulses != 0; pulses &= pulses - 1) {
        const auto bit_line = (32 * word) + static_cast<std::size_t>(std::countr_zero(pulses));
        const float* cells = job_.cells + (bit_line * job_.pitch);
        for (std::size_t line = 0; line < lanes; ++line) driven += static_cast<double>(cells[line]);
      }
    }
    job_.scale = scale * static_cast<float>(1.0 / (1.0 + (supply * driven)));
    const Clips of_plane = read_together(plane, lanes);
    clips.low += of_plane.low;
    clips.high += of_plane.high;
    for (std::size_t line = 0; line < lanes; ++line) sums[line] += sums_[line];
  }
  job_.scale = scale;
  std::ranges::copy(sums, sums_.begin());
  return clips;
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
  if (planes.size() % words_ != 0) {
    throw Error(fmt::format("macro: pulses: found {} words, allowed: {} for each plane",
                            planes.size(), words_));
  }
  std::size_t reads = 0;
  std::uint32_t last = 0;  // of the word with the highest bit lines
  for (std::size_t first = 0; first < planes.size(); first += words_) {
    std::uint32_t driven = planes[first];
    for (std::size_t word = 1; word < words_; ++word) driven |= planes[first + word];
    last |= planes[first + words_ - 1];
    reads += driven != 0 || !skip_empty ? 1 : 0;
  }
  const std::size_t last_lines = static_cast<std::size_t>(shape_.bit_lines) - (32 * (words_ - 1));
  if (static_cast<std::uint64_t>(last) >> last_lines != 0) {
    throw Error(
        fmt::format("macro: pulses: found {:#x}{}, allowed: bit lines 0 to {}", last,
                    words_ > 1 ? fmt::format(" from bit line {} on", 32 * (words_ - 1)) : "",
                    shape_.bit_lines - 1));
  }
  if (reads == 0) {
    std::fill_n(sums_.begin(), count, 0);
    return;
  }
  const std::size_t conversions = reads * static_cast<std::size_t>(count);
  if (!card_.has_wires()) {
    job_.cells = cells_.data() + first_line;
    job_.variances = variances_.empty() ? nullptr : variances_.data() + first_line;
    job_.pitch = pitch_;
  } else {
    const Window& wired = window(first_line, count);
    job_.cells = wired.cells.data();
    job_.variances = variances_.empty() ? nullptr : wired.variances.data();
    job_.pitch = whole_vectors(static_cast<std::size_t>(count));
  }
  if (!gains_.empty()) {
    const int lane = first_line % shape_.adc_lanes;
    job_.gain = gains_.data() + lane;
    job_.offset = offsets_.data() + lane;
    job_.bow = bows_.data() + lane;
  }
  job_.skip_empty = skip_empty;
  job_.lanes = count;
  job_.scale = static_cast<float>(1 << range);
  job_.sums = sums_.data();
  job_.peaks = peaks_.data() + (layer_ * sums_.size());
  const Clips clips =
      card_.supply_resistance_ohm == 0.0 ? read_together(planes, conversions) : read_apart(planes);
  ReadCounts& counts = counts_[layer_];
  counts.reads += reads;
  counts.conversions += conversions;
  counts.clipped_low += clips.low;
  counts.clipped_high += clips.high;
  if (counting_) count_pulses(planes, first_line, count, range, reads);
}

void Macro::Counted::flush() {
  const auto flush_slices = [this](Slices& from, std::size_t first_line) {
    for (std::size_t k = 0; k < from.size(); ++k) {
      for (std::uint64_t rest = from[k]; rest != 0; rest &= rest - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(rest)) % 32;
        window.pulses[first_line + bit] += std::uint64_t{1} << k;
      }
    }
    from = {};
  };
  flush_slices(slices, 0);
  for (std::size_t word = 0; word < more.size(); ++word) flush_slices(more[word], 32 * (word + 1));
  words = 0;
}

void Macro::Counted::add(std::span<const std::uint32_t> planes) {
  const std::size_t count = planes.size() / (more.size() + 1);
  if (words + ((count + 1) / 2) > kSliceWords) flush();
  words += (count + 1) / 2;
  if (more.empty()) {
    add_planes(planes, slices);
    return;
  }
  std::array<std::uint32_t, kMaxPlanes> word;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  for (std::size_t i = 0; i <= more.size(); ++i) {
    for (std::size_t plane = 0; plane < count; ++plane) {
      word[plane] = planes[(plane * (more.size() + 1)) + i];
    }
    add_planes(std::span(word).first(count), i == 0 ? slices : more[i - 1]);
  }
}

void Macro::Counted::add_planes(std::span<const std::uint32_t> planes, Slices& slices) {
  // Through all slices, whatever is left of the carry: a branch would cost more.
  const auto carry_from = [&slices](std::size_t first, std::uint64_t carry) {
    for (std::size_t k = first; k < slices.size(); ++k) {
      const std::uint64_t next = slices[k] & carry;
      slices[k] ^= carry;
      carry = next;
    }
  };
  std::size_t done = 0;
  // Eight planes at once, by carry-save adders.
  for (; done + 8 <= planes.size(); done += 8) {
    const std::uint32_t* from = planes.data() + done;
    const std::uint64_t a = two_planes(from);
    const std::uint64_t b = two_planes(from + 2);
    const std::uint64_t c = two_planes(from + 4);
    const std::uint64_t d = two_planes(from + 6);
    const std::uint64_t abc = a ^ b ^ c;
    const std::uint64_t abc_carry = (a & b) | ((a ^ b) & c);
    const std::uint64_t ones = slices[0];
    slices[0] = abc ^ d ^ ones;
    const std::uint64_t ones_carry = (abc & d) | ((abc ^ d) & ones);
    const std::uint64_t twos = slices[1];
    slices[1] = abc_carry ^ ones_carry ^ twos;
    carry_from(2, (abc_carry & ones_carry) | ((abc_carry ^ ones_carry) & twos));
  }
  for (; done + 2 <= planes.size(); done += 2) carry_from(0, two_planes(planes.data() + done));
  if (done < planes.size()) carry_from(0, planes[done]);
}

void Macro::count_pulses(std::span<const std::uint32_t> planes, int first_line, int count,
                         int range, std::size_t reads) {
  if (programming_) {
    for (std::size_t word = 0; word < planes.size(); ++word) {
      for (std::uint32_t pulses = planes[word]; pulses != 0; pulses &= pulses - 1) {
        ++programmed_.read_pulses;
        const std::size_t bit_line =
            (32 * (word % words_)) + static_cast<std::size_t>(std::countr_zero(pulses));
        const float* cells = job_.cells + bit_line * job_.pitch;
        for (std::size_t line = 0; line < static_cast<std::size_t>(count); ++line) {
          programmed_.read_conductance_uS += static_cast<double>(cells[line]) * step_;
        }
      }
    }
    programmed_.reads += reads;
    programmed_.conversions += reads * static_cast<std::size_t>(count);
    return;
  }
  CountedLayer& layer = counted_[layer_];
  const auto is = [&](const Counted& counted) {
    return counted.window.first_line == first_line && counted.window.count == count &&
           counted.window.range == range;
  };
  // Mostly the window of the last read, or the one behind it.
  const std::size_t windows = layer.windows.size();
  std::size_t at = layer.last;
  for (std::size_t tried = 0; tried < windows && !is(layer.windows[at]); ++tried) {
    at = at + 1 < windows ? at + 1 : 0;
  }
  if (windows == 0 || !is(layer.windows[at])) {
    at = windows;
    Counted& added = layer.windows.emplace_back();
    const auto bit_lines = static_cast<std::size_t>(shape_.bit_lines);
    added.more.resize(words_ - 1);
    added.window = {.first_line = first_line, .count = count, .range = range};
    added.window.pulses.resize(bit_lines);
    added.folded.resize(bit_lines);
  }
  layer.last = at;
  Counted& counted = layer.windows[at];
  pending_ = true;
  counted.window.reads += reads;
  counted.add(planes);
}

void Macro::read(std::span<const std::uint32_t> pulses, int first_line, int count, int range,
                 std::span<std::uint16_t> codes) {
  if (count > 0 && codes.size() < static_cast<std::size_t>(count)) {
    throw Error(
        fmt::format("macro: room for codes: found {}, allowed: at least {}", codes.size(), count));
  }
  if (pulses.size() != words_) {
    throw Error(fmt::format("macro: pulses: found {} words, allowed: {}", pulses.size(), words_));
  }
  convert(pulses, first_line, count, range, false);
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
  if (pulses_msb_first.size() > kMaxPlanes * words_) {
    throw Error(fmt::format("macro: bit planes: found {}, allowed: 0 to {}",
                            pulses_msb_first.size() / words_, kMaxPlanes));
  }
  convert(pulses_msb_first, first_line, count, range, true);
  for (std::size_t pair = 0; pair < static_cast<std::size_t>(count) / 2; ++pair) {
    pair_sums[pair] = sums_[2 * pair] - sums_[2 * pair + 1];
  }
}

ReadCounts Macro::counts(int layer) const {
  const auto index = static_cast<std::size_t>(layer);
  if (layer < 0 || index >= counts_.size()) return {};
  ReadCounts counts = counts_[index];
  const auto lanes = std::span(peaks_).subspan(index * sums_.size(), sums_.size());
  counts.peak = static_cast<double>(*std::ranges::max_element(lanes));
  return counts;
}

ReadCounts Macro::total() const {
  ReadCounts sum;
  for (std::size_t layer = 0; layer < counts_.size(); ++layer) {
    sum += counts(static_cast<int>(layer));
  }
  return sum;
}

void Macro::clear_counts() {
  std::ranges::fill(counts_, ReadCounts{});
  std::ranges::fill(peaks_, 0.0F);
  std::ranges::fill(counted_, CountedLayer{});
  pending_ = false;
}

}  // namespace mcnn
