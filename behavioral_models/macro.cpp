// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/macro.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <tuple>

#include "behavioral_models/portable_math.h"
#include "behavioral_models/wire_network.h"
#include "common/error.h"

namespace mcnn {
namespace {

constexpr int kMaxLayers = 1 << 16;       // bounds the table of counts against a wild layer number
constexpr std::size_t kSliceWords = 255;  // that eight bit slices can count
constexpr double kHardCeiling = 2.0;      // of a linear SET pulse, in g_max

// Two bit planes; which half of the word is which does not matter.
std::uint64_t two_planes(const std::uint32_t* planes) {
  std::uint64_t word = 0;
  std::memcpy(&word, planes, sizeof word);
  return word;
}

std::size_t whole_vectors(std::size_t lanes) {
  return (lanes + kLanePadding - 1) / kLanePadding * kLanePadding;
}

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
  job_.max_code = static_cast<float>((1 << shape.adc_bits) - 1);
  job_.inverse_max_code = 1.0F / job_.max_code;
  job_.adc_variance = static_cast<float>(card.adc_sigma_codes * card.adc_sigma_codes);
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
  for (std::size_t cell = 0; cell < levels.size(); ++cell) {
    CellState& state = states_[cell];
    if (worn(cell)) continue;
    state = {.base = levels[cell] + offset_, .pulses = state.pulses, .settled = true};
    update(cell);
  }
}

void Macro::draw_devices() {
  const std::size_t cells = values_.size();
  if (card_.pulse_d2d != 0.0) {
    // exp(s z - s^2/2) with s^2 = ln(1 + d2d^2) has the mean 1 and the standard deviation d2d.
    const double variance = portable_log(1.0 + (card_.pulse_d2d * card_.pulse_d2d));
    const double sigma = std::sqrt(variance);
    const auto spread = [&](Purpose purpose, std::size_t cell) {
      return portable_exp((sigma * static_cast<double>(gaussian(purpose, 0, cell))) -
                          (variance / 2.0));
    };
    for (std::size_t cell = 0; cell < cells; ++cell) {
      set_spread_.push_back(spread(Purpose::kSetStep, cell));
      reset_spread_.push_back(spread(Purpose::kResetStep, cell));
    }
  }
  if (card_.has_endurance()) {
    for (std::size_t cell = 0; cell < cells; ++cell) {
      double limit = card_.endurance_pulses;
      if (card_.endurance_sigma_decades != 0.0) {
        const auto z = static_cast<double>(gaussian(Purpose::kEndurance, 0, cell));
        limit *= portable_power(10.0, card_.endurance_sigma_decades * z);
      }
      limits_.push_back(limit);
    }
  }
  if (card_.has_stuck_cells()) {
    for (std::size_t cell = 0; cell < cells; ++cell) {
      const std::uint32_t word =
          word_number(seed_, pe_, Purpose::kStuck, 0, static_cast<std::uint32_t>(cell));
      const double u = (static_cast<double>(word) + 0.5) * 0x1p-32;
      stuck_.push_back(u < card_.stuck_high_rate                          ? Stuck::kHigh
                       : u < card_.stuck_high_rate + card_.stuck_low_rate ? Stuck::kLow
                                                                          : Stuck::kNo);
    }
  }
  if (card_.has_converter_errors()) {
    const auto lanes = static_cast<std::size_t>(shape_.adc_lanes);
    const std::size_t size = lanes + whole_vectors(lanes);
    gains_.assign(size, 1.0F);
    offsets_.assign(size, 0.0F);
    bows_.assign(size, 0.0F);
    for (std::size_t i = 0; i < size; ++i) {
      const auto draw = [&](Purpose purpose) {
        return static_cast<double>(gaussian(purpose, 0, i % lanes));
      };
      const double gain = 1.0 + (card_.adc_gain_sigma * draw(Purpose::kConverterGain));
      gains_[i] = static_cast<float>(std::max(0.0, gain));
      offsets_[i] =
          static_cast<float>(card_.adc_offset_sigma_codes * draw(Purpose::kConverterOffset));
      bows_[i] = static_cast<float>(4.0 * card_.adc_inl_codes * draw(Purpose::kConverterBow));
    }
  }
}

bool Macro::worn(std::size_t cell) const {
  return !limits_.empty() &&
         card_.endurance_used_pulses + static_cast<double>(states_[cell].pulses) >= limits_[cell];
}

double Macro::settled_value(std::size_t cell) const {
  const CellState& state = states_[cell];
  const double g = state.base * step_;
  double v = state.base;
  if (card_.has_programming_error()) {
    const double sigma = std::max(0.0, card_.programming_sigma_at(g));
    v += sigma / step_ *
         static_cast<double>(gaussian(Purpose::kProgramming, state.generation, cell));
  }
  if (!card_.measured.empty()) {
    const auto [first, last] = card_.measured_near(g);
    const std::uint32_t word = word_number(seed_, pe_, Purpose::kMeasuredState, state.generation,
                                           static_cast<std::uint32_t>(cell));
    const MeasuredState& row =
        card_.measured[first + (static_cast<std::uint64_t>(word) * (last - first) >> 32)];
    v += (row.measured_uS - row.target_uS) / step_;
  }
  if (const double sigma = card_.relaxation_sigma_at(g, state.age_s); sigma > 0.0) {
    v +=
        sigma / step_ * static_cast<double>(gaussian(Purpose::kRelaxation, state.generation, cell));
  }
  v = std::max(0.0, v);
  if (card_.has_drift() && state.age_s > 0.0) {
    double exponent = card_.drift_exponent;
    if (card_.drift_exponent_sigma != 0.0) {
      exponent +=
          card_.drift_exponent_sigma * static_cast<double>(gaussian(Purpose::kDrift, 0, cell));
    }
    v *= card_.drift_factor(exponent, state.age_s);
  }
  return v;
}

void Macro::update(std::size_t cell) {
  const CellState& state = states_[cell];
  double v = state.base;
  if (!stuck_.empty() && stuck_[cell] != Stuck::kNo) {
    const bool high = stuck_[cell] == Stuck::kHigh;
    const double given = high ? card_.stuck_high_uS : card_.stuck_low_uS;
    v = given >= 0.0 ? given / step_ : offset_ + (high ? kLevels - 1 : 0);
  } else if (!worn(cell)) {
    if (state.settled) v = settled_value(cell);
    if (card_.read_disturb_per_pulse != 0.0 && state.read_pulses > 0.0) {
      v = card_.disturbed(v * step_, state.read_pulses) / step_;
    }
  }
  hold(cell, v);
}

double Macro::variance(double value) const {
  const double relative = card_.read_noise * value;
  const double floor = card_.read_noise_uS / step_;
  return (relative * relative) + (floor * floor);
}

void Macro::hold(std::size_t cell, double value) {
  if (pending_) fold();
  const auto bit_lines = static_cast<std::size_t>(shape_.bit_lines);
  const std::size_t line = cell / bit_lines;
  const std::size_t at = (cell % bit_lines * pitch_) + line;
  values_[cell] = value;
  cells_[at] = static_cast<float>(value);
  if (!variances_.empty()) variances_[at] = static_cast<float>(variance(value));
  conductances_[cell] = static_cast<float>(value * step_);
  line_changed_[line] = ++changes_;
}

void Macro::begin_programming() {
  programming_ = true;
  noise_.restart(Purpose::kVerifyNoise, next_run_++);
}

void Macro::pulse(int source_line, int bit_line, bool set, int amplitude) {
  if (source_line < 0 || source_line >= shape_.source_lines || bit_line < 0 ||
      bit_line >= shape_.bit_lines) {
    throw Error(fmt::format(
        "macro: cell to pulse: found source line {}, bit line {}, allowed: 0 to {}, 0 to {}",
        source_line, bit_line, shape_.source_lines - 1, shape_.bit_lines - 1));
  }
  if (amplitude < 0 || amplitude >= kAmplitudes) {
    throw Error(fmt::format("macro: amplitude of a pulse: found {}, allowed: 0 to {}", amplitude,
                            kAmplitudes - 1));
  }
  const std::size_t cell = cell_of(source_line, bit_line);
  ProgrammingCounts::Pulses& given_pulses =
      (set ? programmed_.set : programmed_.reset)[static_cast<std::size_t>(amplitude)];
  ++given_pulses.count;
  given_pulses.conductance_uS += values_[cell] * step_;
  CellState& state = states_[cell];
  const std::uint32_t number = state.pulses;
  const bool moves = !worn(cell) && (stuck_.empty() || stuck_[cell] == Stuck::kNo);
  ++state.pulses;
  if (!moves) return;
  if (state.settled || state.read_pulses > 0.0) {
    // What time made of the cell is where it starts from.
    state = {.base = values_[cell], .generation = state.generation + 1, .pulses = state.pulses};
  }
  const double given = set ? card_.set_step_uS : card_.reset_step_uS;
  const double slope = set ? card_.set_slope_per_code : card_.reset_slope_per_code;
  double move = (given > 0.0 ? given / step_ : 0.25) * (1.0 + (slope * amplitude));
  if (!set_spread_.empty()) move *= set ? set_spread_[cell] : reset_spread_[cell];
  if (card_.pulse_c2c != 0.0) {
    const float z = gaussian(Purpose::kPulse, static_cast<std::uint32_t>(cell), number);
    move *= std::max(0.0, 1.0 + (card_.pulse_c2c * static_cast<double>(z)));
  }
  double floor = 0.0;
  double ceiling = kHardCeiling * card_.g_max_uS / step_;
  if (card_.has_saturation()) {
    floor = card_.pulse_floor_uS / step_;
    ceiling = card_.pulse_ceiling_uS / step_;
    move *= (set ? ceiling - state.base : state.base - floor) / (ceiling - floor);
  }
  if (set && state.base < ceiling) {
    state.base = std::min(ceiling, state.base + move);
  } else if (!set && state.base > floor) {
    state.base = std::max(floor, state.base - move);
  }
  hold(cell, state.base);
}

void Macro::elapse(double seconds, double read_pulses) {
  if (!std::isfinite(seconds) || seconds < 0.0 || !std::isfinite(read_pulses) ||
      read_pulses < 0.0) {
    throw Error(fmt::format(
        "macro: time and read pulses: found {} s and {}, allowed: finite numbers of 0 or more",
        seconds, read_pulses));
  }
  if (seconds == 0.0 && read_pulses == 0.0) return;
  for (std::size_t cell = 0; cell < states_.size(); ++cell) {
    CellState& state = states_[cell];
    state.age_s += seconds;
    state.read_pulses += read_pulses;
    state.settled = state.settled || seconds > 0.0;
    update(cell);
  }
}

void Macro::restore(const MacroState& state) {
  if (state.cells.size() != states_.size()) {
    throw Error(fmt::format("macro: state: found {} cells, allowed: {} ({} x {})",
                            state.cells.size(), states_.size(), shape_.source_lines,
                            shape_.bit_lines));
  }
  for (std::size_t cell = 0; cell < state.cells.size(); ++cell) {
    const CellState& found = state.cells[cell];
    for (const double value : {found.base, found.age_s, found.read_pulses}) {
      if (!std::isfinite(value) || value < 0.0) {
        throw Error(fmt::format(
            "macro: state of cell {}: found base {}, age {} s, {} read pulses, allowed: finite "
            "numbers of 0 or more",
            cell, found.base, found.age_s, found.read_pulses));
      }
    }
  }
  states_ = state.cells;
  next_run_ = state.next_programming_run;
  for (std::size_t cell = 0; cell < states_.size(); ++cell) update(cell);
}

const Macro::Window& Macro::window(int first_line, int count) {
  auto& windows = windows_[static_cast<std::size_t>(first_line)];
  auto found = std::ranges::find(windows, count, &Window::count);
  if (found == windows.end()) {
    windows.push_back({.first_line = first_line, .count = count});
    found = windows.end() - 1;
    const std::size_t size =
        whole_vectors(static_cast<std::size_t>(count)) * static_cast<std::size_t>(shape_.bit_lines);
    found->cells.assign(size, 0.0F);
    if (!variances_.empty()) found->variances.assign(size, 0.0F);
  } else if (found->solved == changes_) {
    return *found;
  }
  const auto line = line_changed_.begin() + first_line;
  if (*std::max_element(line, line + count) > found->solved) solve(*found);
  found->solved = changes_;
  return *found;
}

void Macro::solve(Window& window) const {
  const std::size_t pitch = whole_vectors(static_cast<std::size_t>(window.count));
  const auto put = [&](std::size_t at, double value) {
    window.cells[at] = static_cast<float>(value);
    if (!window.variances.empty()) window.variances[at] = static_cast<float>(variance(value));
  };
  // Conductances in level steps ask for resistances in their inverse.
  const double segment = card_.wire_resistance_ohm * step_;  // [1e6 / level step]
  if (window.count == 1) {
    solve_line(window.first_line, segment * 1e-6,
               [&](std::size_t b, double v) { put(b * pitch, v); });
    return;
  }
  const std::vector<double> effective =
      effective_conductances(std::span<const double>(values_), shape_.bit_lines, segment,
                             {window.first_line, window.count});
  const auto count = static_cast<std::size_t>(window.count);
  for (std::size_t i = 0; i < effective.size(); ++i)
    put(i / count * pitch + i % count, effective[i]);
}

// One line: bit line b reaches its cell through s + 1 segments r, which carry no other current, and
// the source line runs from cell to cell and on to virtual ground through one segment r each. With
// g_b the cell and its segments in series [1/r], u_b the potential beside it, and the bit line at
// v_b:
//   (u_b - u_{b-1}) + (u_b - u_{b+1}) + g_b (u_b - v_b) = 0,   u_last+1 = 0,   no term b - 1 at b =
//   0
// The current out of the last segment is u_last / r. The matrix A of u is symmetric, so the current
// for v_b = 1 is g_b w_b / r with A w = e_last: one tridiagonal system gives them all.
template <typename Put>
void Macro::solve_line(int line, double r, const Put& put) const {
  const auto bit_lines = static_cast<std::size_t>(shape_.bit_lines);
  const std::size_t first_cell = cell_of(line, 0);
  std::array<double, kMaxBitLines> g{};
  std::array<double, kMaxBitLines> inverse{};  // of the pivots
  const double lead = r * (line + 1);
  double before = 0.0;
  for (std::size_t b = 0; b < bit_lines; ++b) {
    const double v = values_[first_cell + b];
    g[b] = v / (1.0 + (lead * v));
    before = inverse[b] = 1.0 / ((b == 0 ? 1.0 : 2.0) + (r * g[b]) - before);
  }
  double w = 1.0;
  for (std::size_t b = bit_lines; b-- > 0;) {
    w *= inverse[b];
    put(b, g[b] * w);
  }
}

void Macro::begin_image(std::uint32_t image) {
  programming_ = false;
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
  if (card_.wire_resistance_ohm == 0.0) {
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
  job_.pulses = planes.data();
  job_.planes = static_cast<int>(planes.size());
  job_.skip_empty = skip_empty;
  job_.lanes = count;
  job_.scale = static_cast<float>(1 << range);
  job_.sums = sums_.data();
  job_.peaks = peaks_.data() + (layer_ * sums_.size());
  if (!variances_.empty()) job_.z = noise_.next(conversions);
  const Clips clips = kernels_->read(job_);
  ReadCounts& counts = counts_[layer_];
  counts.reads += reads;
  counts.conversions += conversions;
  counts.clipped_low += clips.low;
  counts.clipped_high += clips.high;
  if (counting_) count_pulses(planes, first_line, count, range, reads);
}

void Macro::Counted::flush() {
  for (std::size_t k = 0; k < slices.size(); ++k) {
    for (std::uint64_t rest = slices[k]; rest != 0; rest &= rest - 1) {
      window.pulses[static_cast<std::size_t>(std::countr_zero(rest)) % 32] += std::uint64_t{1} << k;
    }
  }
  slices = {};
  words = 0;
}

void Macro::Counted::add(std::span<const std::uint32_t> planes) {
  if (words + ((planes.size() + 1) / 2) > kSliceWords) flush();
  words += (planes.size() + 1) / 2;
  // Through all slices, whatever is left of the carry: a branch would cost more.
  const auto carry_from = [this](std::size_t first, std::uint64_t carry) {
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
    for (const std::uint32_t plane : planes) {
      for (std::uint32_t pulses = plane; pulses != 0; pulses &= pulses - 1) {
        ++programmed_.read_pulses;
        const float* cells =
            job_.cells + static_cast<std::size_t>(std::countr_zero(pulses)) * job_.pitch;
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
    layer.windows.push_back({.window = {.first_line = first_line, .count = count, .range = range}});
  }
  layer.last = at;
  Counted& counted = layer.windows[at];
  pending_ = true;
  counted.window.reads += reads;
  counted.add(planes);
}

std::vector<double> Macro::window_conductances(int first_line, int count) const {
  if (first_line < 0 || count < 1 || first_line > shape_.source_lines - count) {
    throw Error(fmt::format("macro: window: found {} lines from line {}, allowed: 1 to {} lines",
                            count, first_line, shape_.source_lines));
  }
  const auto bit_lines = static_cast<std::size_t>(shape_.bit_lines);
  const auto lines = static_cast<std::size_t>(count);
  std::vector<double> driven(bit_lines, 0.0);
  const float* cells = cells_.data() + first_line;
  std::size_t pitch = pitch_;
  Window wired{.first_line = first_line, .count = count};
  if (card_.wire_resistance_ohm != 0.0) {
    pitch = whole_vectors(lines);
    const auto& windows = windows_[static_cast<std::size_t>(first_line)];
    const auto read = std::ranges::find(windows, count, &Window::count);
    const auto line = line_changed_.begin() + first_line;
    if (read != windows.end() && *std::max_element(line, line + count) <= read->solved) {
      cells = read->cells.data();  // solved when it was read, and nothing has changed since
    } else {
      wired.cells.assign(pitch * bit_lines, 0.0F);
      solve(wired);
      cells = wired.cells.data();
    }
  }
  for (std::size_t b = 0; b < bit_lines; ++b) {
    for (std::size_t line = 0; line < lines; ++line) {
      driven[b] += static_cast<double>(cells[b * pitch + line]) * step_;
    }
  }
  return driven;
}

double Macro::pending_conductance(const Counted& counted) const {
  const std::vector<double> driven =
      window_conductances(counted.window.first_line, counted.window.count);
  double sum = 0.0;
  for (std::size_t b = 0; b < driven.size(); ++b) {
    sum += driven[b] * static_cast<double>(counted.window.pulses[b] - counted.folded[b]);
  }
  return sum;
}

void Macro::fold() {
  for (CountedLayer& layer : counted_) {
    for (Counted& counted : layer.windows) {
      counted.flush();
      counted.conductance += pending_conductance(counted);
      counted.folded = counted.window.pulses;
    }
  }
  pending_ = false;
}

double Macro::driven_conductance(int layer) const {
  const auto index = static_cast<std::size_t>(layer);
  double sum = 0.0;
  if (layer < 0 || index >= counted_.size()) return sum;
  for (Counted counted : counted_[index].windows) {
    counted.flush();
    sum += counted.conductance + pending_conductance(counted);
  }
  return sum;
}

std::vector<WindowReads> Macro::window_reads(int layer) const {
  const auto index = static_cast<std::size_t>(layer);
  std::vector<WindowReads> reads;
  if (layer < 0 || index >= counted_.size()) return reads;
  for (Counted counted : counted_[index].windows) {
    counted.flush();
    reads.push_back(counted.window);
  }
  std::ranges::sort(reads, {}, [](const WindowReads& window) {
    return std::tuple(window.first_line, window.count, window.range);
  });
  return reads;
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
