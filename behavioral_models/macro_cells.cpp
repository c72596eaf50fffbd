// SPDX-License-Identifier: Apache-2.0
// Cells of the macro: what programming, time and reads make of them, and what is fixed for each.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "behavioral_models/macro.h"
#include "behavioral_models/portable_math.h"
#include "common/error.h"

namespace mcnn {
namespace {

constexpr double kHardCeiling = 2.0;  // of a linear SET pulse, in g_max

}  // namespace

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
  if (card_.has_relaxation() && card_.relaxation_frozen_fraction < 1.0) {
    relaxation_ = std::make_shared<const RelaxationProcess>(card_);
  }
  if (card_.pulse_d2d != 0.0) {
    // exp(s z - s^2/2) with s^2 = ln(1 + d2d^2) has the mean 1 and the standard deviation d2d.
    const double variance = portable_log(1.0 + (card_.pulse_d2d * card_.pulse_d2d));
    const double sigma = std::sqrt(variance);
    const auto spread = [&](Purpose purpose) {
      std::vector<double> factors = field(purpose);
      for (double& z : factors) z = portable_exp((sigma * z) - (variance / 2.0));
      return factors;
    };
    set_spread_ = spread(Purpose::kSetStep);
    reset_spread_ = spread(Purpose::kResetStep);
  }
  if (card_.flicker_noise != 0.0) {
    // The process whose variance is s^2 log10(1 + t / t0): a relaxation of its own.
    DeviceCard law;
    law.relaxation_conductance_uS = {0.0};
    law.relaxation_onset_s = card_.flicker_onset_s;
    law.relaxation_reference_s = RelaxationProcess::kLongest_s;
    law.relaxation_sigma_uS = {
        card_.flicker_noise *
        std::sqrt(portable_log10(1.0 + (law.relaxation_reference_s / law.relaxation_onset_s)))};
    flicker_ = std::make_shared<const RelaxationProcess>(law);
  }
  if (card_.has_telegraph_noise()) {
    const double octaves = portable_log(card_.rtn_slowest_s / card_.rtn_fastest_s);
    for (std::size_t cell = 0; cell < cells; ++cell) {
      const auto uniform = [&](std::size_t n) {
        return (static_cast<double>(word_number(seed_, pe_, Purpose::kTelegraphCell, 0,
                                                static_cast<std::uint32_t>(n))) +
                0.5) *
               0x1p-32;
      };
      const bool has_trap = uniform(2 * cell) < card_.rtn_fraction;
      trap_s_.push_back(
          has_trap ? card_.rtn_fastest_s * portable_exp(octaves * uniform((2 * cell) + 1)) : 0.0);
    }
  }
  has_factors_ = card_.has_factors();
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

// White noise through a Gaussian window in both directions: a window exp(-d^2 / L^2) gives the
// correlation exp(-d^2 / (2 L^2)). Beyond the array's edges there is noise as well.
std::vector<double> Macro::field(Purpose purpose) const {
  const std::size_t cells = values_.size();
  std::vector<double> z(cells);
  const double length = card_.pulse_d2d_length_cells;
  if (length == 0.0) {
    for (std::size_t cell = 0; cell < cells; ++cell) {
      z[cell] = static_cast<double>(gaussian(purpose, 0, cell));
    }
    return z;
  }
  const auto reach = static_cast<std::size_t>(std::ceil(3.0 * length));
  std::vector<double> weights;
  double squares = 0.0;
  for (std::size_t i = 0; i <= 2 * reach; ++i) {
    const double d = static_cast<double>(i) - static_cast<double>(reach);
    weights.push_back(portable_exp(-d * d / (length * length)));
    squares += weights.back() * weights.back();
  }
  for (double& weight : weights) weight /= std::sqrt(squares);
  const auto lines = static_cast<std::size_t>(shape_.source_lines);
  const auto bits = static_cast<std::size_t>(shape_.bit_lines);
  const std::size_t wide = bits + (2 * reach);
  std::vector<double> rows((lines + (2 * reach)) * bits, 0.0);  // along the bit lines
  for (std::size_t line = 0; line < lines + (2 * reach); ++line) {
    for (std::size_t at = 0; at < wide; ++at) {
      const auto white = static_cast<double>(gaussian(purpose, 0, (line * wide) + at));
      const std::size_t first = at > 2 * reach ? at - (2 * reach) : 0;
      for (std::size_t bit = first; bit < std::min(bits, at + 1); ++bit) {
        rows[(line * bits) + bit] += weights[at - bit] * white;
      }
    }
  }
  for (std::size_t line = 0; line < lines; ++line) {
    for (std::size_t i = 0; i <= 2 * reach; ++i) {
      for (std::size_t bit = 0; bit < bits; ++bit) {
        z[(line * bits) + bit] += weights[i] * rows[((line + i) * bits) + bit];
      }
    }
  }
  return z;
}

bool Macro::worn(std::size_t cell) const {
  return !limits_.empty() &&
         card_.endurance_used_pulses + static_cast<double>(states_[cell].pulses) >= limits_[cell];
}

double Macro::process(const RelaxationProcess& process, Purpose step, Purpose end, std::size_t cell,
                      double g_uS) const {
  const CellState& state = states_[cell];
  const auto node = [&](std::uint32_t n) {
    return static_cast<double>(
        gaussian(step, state.generation, (cell * RelaxationProcess::kNodes) + n));
  };
  return process.at(g_uS, state.age_s, node,
                    static_cast<double>(gaussian(end, state.generation, cell)));
}

double Macro::relaxed_by(std::size_t cell, double g_uS) const {
  const CellState& state = states_[cell];
  const double sigma = card_.relaxation_sigma_at(g_uS, state.age_s);
  double moved = 0.0;
  if (sigma > 0.0 && card_.relaxation_frozen_fraction > 0.0) {
    const double frozen = std::sqrt(card_.relaxation_frozen_fraction) * sigma;
    moved = frozen / step_ *
            static_cast<double>(gaussian(Purpose::kRelaxation, state.generation, cell));
  }
  if (sigma > 0.0 && relaxation_) {
    moved += std::sqrt(1.0 - card_.relaxation_frozen_fraction) / step_ *
             process(*relaxation_, Purpose::kRelaxationStep, Purpose::kRelaxationEnd, cell, g_uS);
  }
  if (!card_.relaxation_mean_uS.empty()) {
    moved += card_.relaxation_mean_at(g_uS, state.age_s) / step_;
  }
  return moved;
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
  v += relaxed_by(cell, g);
  v = std::max(std::min(state.base, card_.relaxation_floor_uS / step_), v);
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

double Macro::intrinsic(std::size_t cell) const {
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
  return v;
}

bool Macro::trapped(std::size_t cell) const {
  if (trap_s_.empty() || trap_s_[cell] == 0.0) return false;
  const CellState& state = states_[cell];
  const std::uint32_t phase =
      word_number(seed_, pe_, Purpose::kTelegraph, 0xFFFFFFFFU, static_cast<std::uint32_t>(cell));
  const double draws =
      std::floor((state.age_s / trap_s_[cell]) + (static_cast<double>(phase) * 0x1p-32));
  const auto draw = static_cast<std::uint32_t>(std::fmod(draws, 0x1p32));
  return (word_number(seed_, pe_, Purpose::kTelegraph, draw + (0x9E3779B9U * state.generation),
                      static_cast<std::uint32_t>(cell)) >>
          31) != 0;
}

double Macro::factor(std::size_t cell, double value) const {
  const CellState& state = states_[cell];
  double factor = 1.0;
  if (trapped(cell)) factor *= 1.0 - card_.rtn_amplitude;
  if (flicker_ && state.age_s > 0.0) {
    factor *=
        std::max(0.0, 1.0 + process(*flicker_, Purpose::kFlicker, Purpose::kFlickerEnd, cell, 0.0));
  }
  if (card_.is_nonlinear()) factor *= card_.iv_factor(value * step_);
  if (state.settled) factor *= card_.temperature_factor(value * step_);
  return factor;
}

void Macro::update(std::size_t cell) { hold(cell, intrinsic(cell)); }

double Macro::variance(double value) const {
  const double relative = card_.read_noise * value;
  const double floor = card_.read_noise_uS / step_;
  const double squares = (relative * relative) + (floor * floor);
  return card_.is_hot() ? squares * card_.temperature_K / 300.0 : squares;
}

void Macro::hold(std::size_t cell, double value) {
  if (pending_) fold();
  if (has_factors_) value *= factor(cell, value);
  const auto bit_lines = static_cast<std::size_t>(shape_.bit_lines);
  const std::size_t line = cell / bit_lines;
  const std::size_t at = (cell % bit_lines * pitch_) + line;
  values_[cell] = value;
  cells_[at] = static_cast<float>(value);
  if (!variances_.empty()) variances_[at] = static_cast<float>(variance(value));
  conductances_[cell] = static_cast<float>(value * step_);
  line_changed_[line] = ++changes_;
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
    state = {.base = has_factors_ ? intrinsic(cell) : values_[cell],
             .generation = state.generation + 1,
             .pulses = state.pulses};
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
    if (card_.has_wear()) {
      const DeviceCard::Window window =
          card_.worn_window(card_.endurance_used_pulses + static_cast<double>(number));
      floor = window.floor_uS / step_;
      ceiling = window.ceiling_uS / step_;
    }
    const double way = set ? ceiling - state.base : state.base - floor;
    move *= ceiling > floor ? way / (ceiling - floor) : 0.0;
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
  seconds = card_.equivalent_age_s(seconds);
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

}  // namespace mcnn
