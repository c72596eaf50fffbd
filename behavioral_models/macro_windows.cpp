// SPDX-License-Identifier: Apache-2.0
// Windows of the macro: what their cells add to a read through wires, and what their reads drove.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "behavioral_models/macro.h"
#include "behavioral_models/wire_network.h"
#include "common/error.h"

namespace mcnn {

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
  const double segment = card_.wire_resistance_ohm * step_;          // [1e6 / level step]
  const double driver = card_.driver_resistance_ohm * step_ * 1e-6;  // [1/level step]
  if (window.count == 1) {
    solve_line(window.first_line, segment * 1e-6,
               [&](std::size_t b, double v) { put(b * pitch, v / (1.0 + (driver * v))); });
    return;
  }
  std::vector<double> effective =
      effective_conductances(std::span<const double>(values_), shape_.bit_lines, segment,
                             {window.first_line, window.count});
  const auto count = static_cast<std::size_t>(window.count);
  if (driver != 0.0) {
    // What a bit line takes lowers its own voltage: V = V0 / (1 + R sum G).
    for (std::size_t b = 0; b * count < effective.size(); ++b) {
      const auto cells = std::span(effective).subspan(b * count, count);
      double taken = 0.0;
      for (const double v : cells) taken += v;
      for (double& v : cells) v /= 1.0 + (driver * taken);
    }
  }
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
  if (card_.has_wires()) {
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

}  // namespace mcnn
