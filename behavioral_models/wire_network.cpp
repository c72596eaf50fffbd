// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/wire_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "behavioral_models/wire_mesh.h"
#include "common/error.h"

namespace mcnn {
namespace {

constexpr std::array<std::string_view, 3> kTopologyNames = {"crossbar", "gated", "chip"};

// Largest resistance of a segment, relative to that of a cell: beyond the first, a cell's voltage
// is lost in those of its ends; the second, of ladders that are eliminated without differences,
// keeps products finite.
constexpr double kMostSegmentPerCell = 1e8;
constexpr double kMostSegmentPerCellOfLadder = 1e100;

// One output line of the chip's topology, a ladder: each cell in series with its bit line up to
// here ends on the output line. Driven with 1 V at its ground, by reciprocity, and eliminated from
// the far end, with nothing but sums of positive numbers: exact to rounding. `leaks` has the
// conductance of each of those branches times the resistance of a segment and becomes the current
// of the output line per volt at each bit line, in the same unit.
void solve_line(std::span<double> leaks, std::span<double> pass) {
  double below = 0.0;  // conductance to ground of everything before this node
  for (std::size_t row = 0; row < leaks.size(); ++row) {
    below = leaks[row] + below / (1.0 + below);
    pass[row] = 1.0 / (1.0 + below);  // of the voltage of the next node, this node has
  }
  double voltage = 1.0;
  for (std::size_t row = leaks.size(); row-- > 0;) {
    voltage *= pass[row];
    leaks[row] *= voltage;
  }
}

// The current of one output line of the gated topology per volt of its supply, divided by the
// conductance of a segment. With d the voltage of a cell, supply line minus source line, and I the
// current, the two lines give one ladder (README.md):
//   d[i-1] - 2 d[i] + d[i+1] = 2 c[i] d[i],   at both ends d - (its neighbour) + 2 c d = I,
// c the cell's conductance times the resistance of a segment. Eliminated with sums of positive
// numbers only, as above. `cells` are those of the line, 0 where the bit is 0.
double gated_current(std::span<const double> cells, std::vector<double>& scratch) {
  const std::size_t rows = cells.size();
  scratch.resize(2 * rows);
  const std::span<double> pass(scratch.data(), rows);
  const std::span<double> d(scratch.data() + rows, rows);
  // For I = 1: d[i] = (in[i] + d[i + 1]) / (1 + leak[i]).
  double leak = 0.0;
  double in = 0.0;
  for (std::size_t row = 0; row < rows; ++row) {
    leak = 2.0 * cells[row] + (row == 0 ? 0.0 : leak * pass[row - 1]);
    in = (row == 0 ? 1.0 : in * pass[row - 1]);
    pass[row] = 1.0 / (1.0 + leak);
    d[row] = in;
  }
  if (leak == 0.0) return 0.0;  // no cell conducts
  double next = (in + 1.0) / leak;
  d[rows - 1] = next;
  for (std::size_t row = rows - 1; row-- > 0;) {
    next = (d[row] + next) * pass[row];
    d[row] = next;
  }
  // The supply: its first segment, the first cell, and the source line down to ground, through
  // which each cell's current flows past all later rows.
  double volts = 1.0 + d[0];
  for (std::size_t row = 0; row < rows; ++row) {
    volts += static_cast<double>(rows - row) * (cells[row] * d[row]);
  }
  return 1.0 / volts;
}

void check_conductance(double found, const char* what, std::size_t row, std::size_t column) {
  if (!(found >= 0.0) || std::isinf(found)) {
    throw Error(
        fmt::format("wire network: conductance of {} {}, {} {}: found {}, allowed: 0 or "
                    "more, and finite",
                    what, row, what[0] == 'i' ? "output line" : "source line", column, found));
  }
}

void check_resistance(double segment_ohm) {
  if (!(segment_ohm >= 0.0) || std::isinf(segment_ohm)) {
    throw Error(
        fmt::format("wire network: wire resistance: found {}, allowed: 0 ohm or more, and finite",
                    segment_ohm));
  }
}

void check_window(LineWindow window, int lines) {
  if (window.first < 0 || window.count < 1 || window.first > lines - window.count) {
    throw Error(
        fmt::format("wire network: window: found {} lines from line {}, allowed: 1 to {} lines "
                    "within 0 to {}",
                    window.count, window.first, lines, lines - 1));
  }
}

void check_segment_per_cell(double segment_per_cell, double most) {
  if (!(segment_per_cell <= most)) {
    throw Error(
        fmt::format("wire network: wire resistance: found {:.3g} times the resistance of a cell, "
                    "allowed: up to {:.0e} times",
                    segment_per_cell, most));
  }
}

// The wires take less than a rounding error from any current: then the ideal sums are exact, and
// products of tiny numbers need not be thought of.
bool wires_are_ideal(double segment_ohm, double largest_conductance, int rows, int columns,
                     int lead) {
  const double lines = static_cast<double>(rows) + columns + lead;
  return segment_ohm * largest_conductance * lines * lines < 1e-18;
}

template <typename Number>
std::vector<double> effective(std::span<const Number> conductance_uS, int bit_lines,
                              double segment_ohm, LineWindow window) {
  check_resistance(segment_ohm);
  if (bit_lines < 1 || conductance_uS.empty() ||
      conductance_uS.size() % static_cast<std::size_t>(bit_lines) != 0) {
    throw Error(
        fmt::format("wire network: found {} conductances of {} bit lines, allowed: a "
                    "multiple of at least 1 bit line",
                    conductance_uS.size(), bit_lines));
  }
  const auto rows = static_cast<std::size_t>(bit_lines);
  check_window(window, static_cast<int>(conductance_uS.size() / rows));
  const auto count = static_cast<std::size_t>(window.count);
  const std::span<const Number> cells =
      conductance_uS.subspan(static_cast<std::size_t>(window.first) * rows, count * rows);
  double largest = 0.0;
  for (std::size_t cell = 0; cell < cells.size(); ++cell) {
    const double found = cells[cell];
    check_conductance(found, "bit line", cell % rows,
                      static_cast<std::size_t>(window.first) + cell / rows);
    largest = std::max(largest, found);
  }
  std::vector<double> result(cells.size());
  const int lead = window.first + 1;
  const double megohm = 1e-6 * segment_ohm;  // times a conductance in uS: relative to a segment
  if (wires_are_ideal(megohm, largest, bit_lines, window.count, lead)) {
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      result[cell % rows * count + cell / rows] = cells[cell];
    }
  } else if (window.count == 1) {
    check_segment_per_cell(megohm * largest, kMostSegmentPerCellOfLadder);
    std::vector<double> pass(rows);
    for (std::size_t row = 0; row < rows; ++row) {
      const double cell = megohm * static_cast<double>(cells[row]);
      result[row] = cell / (1.0 + cell * lead);
    }
    solve_line(result, pass);
    for (double& value : result) value /= megohm;
  } else {
    check_segment_per_cell(megohm * largest, kMostSegmentPerCell);
    Mesh mesh = {WireMatrix(bit_lines, window.count), lead};
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      mesh.cells.values[cell % rows * count + cell / rows] =
          megohm * static_cast<double>(cells[cell]);
    }
    result = mesh_transfer(std::move(mesh), {}).values;
    for (double& value : result) value /= megohm;
  }
  return result;
}

// The one voltage that a gated input vector reads with; 0 if all its bits are 0.
double read_voltage(const WireMatrix& inputs, int vector) {
  double voltage = 0.0;
  for (int row = 0; row < inputs.rows; ++row) {
    const double found = inputs(row, vector);
    if (found == 0.0) continue;
    if (voltage != 0.0 && found != voltage) {
      throw Error(
          fmt::format("wire network: gated: input vector in column {}: found {} V and {} V, "
                      "allowed: 0 V and one read voltage",
                      vector + 1, voltage, found));
    }
    voltage = found;
  }
  return voltage;
}

WireMatrix gated_currents(const WireMatrix& cells, const WireMatrix& inputs,
                          const WireProgress& progress) {
  WireMatrix currents(cells.columns, inputs.columns);
  std::vector<double> line(static_cast<std::size_t>(cells.rows));
  std::vector<double> scratch;
  for (int vector = 0; vector < inputs.columns; ++vector) {
    if (progress) progress("solving", vector, inputs.columns);
    const double voltage = read_voltage(inputs, vector);
    for (int column = 0; column < cells.columns; ++column) {
      for (int row = 0; row < cells.rows; ++row) {
        line[static_cast<std::size_t>(row)] = inputs(row, vector) != 0.0 ? cells(row, column) : 0.0;
      }
      currents(column, vector) = voltage * gated_current(line, scratch);
    }
  }
  return currents;
}

// G^T V, bit lines ascending.
WireMatrix products(const WireMatrix& conductance, const WireMatrix& inputs) {
  WireMatrix sums(conductance.columns, inputs.columns);
  for (int column = 0; column < conductance.columns; ++column) {
    for (int vector = 0; vector < inputs.columns; ++vector) {
      double sum = 0.0;
      for (int row = 0; row < conductance.rows; ++row) {
        sum += conductance(row, column) * inputs(row, vector);
      }
      sums(column, vector) = sum;
    }
  }
  return sums;
}

}  // namespace

WireTopology wire_topology(std::string_view name, std::string_view where) {
  for (std::size_t i = 0; i < kTopologyNames.size(); ++i) {
    if (name == kTopologyNames[i]) return static_cast<WireTopology>(i);
  }
  throw Error(fmt::format("{}: found '{}', allowed: crossbar, gated or chip", where, name));
}

std::string_view wire_topology_name(WireTopology topology) {
  return kTopologyNames[static_cast<std::size_t>(topology)];
}

WireMatrix wire_currents(const WireMatrix& conductance_S, const WireMatrix& inputs_V,
                         double segment_ohm, WireTopology topology, LineWindow window,
                         const WireProgress& progress) {
  check_resistance(segment_ohm);
  const int rows = conductance_S.rows;
  if (rows < 1 || conductance_S.columns < 1) {
    throw Error(fmt::format("wire network: found {} x {} cells, allowed: 1 x 1 or more", rows,
                            conductance_S.columns));
  }
  if (inputs_V.rows != rows) {
    throw Error(fmt::format("wire network: found input vectors of {} voltages, allowed: {}",
                            inputs_V.rows, rows));
  }
  check_window(window, conductance_S.columns);
  if (topology != WireTopology::kChip && window != LineWindow{0, conductance_S.columns}) {
    throw Error(
        fmt::format("wire network: found a window of {} output lines from line {}, "
                    "allowed: all, unless the topology is chip",
                    window.count, window.first));
  }
  for (int row = 0; row < rows; ++row) {
    for (int vector = 0; vector < inputs_V.columns; ++vector) {
      if (!std::isfinite(inputs_V(row, vector))) {
        throw Error(
            fmt::format("wire network: voltage of input line {}, vector {}: found {}, allowed: "
                        "finite",
                        row, vector, inputs_V(row, vector)));
      }
    }
  }
  double largest = 0.0;
  Mesh mesh = {WireMatrix(rows, window.count), window.first + 1};
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < conductance_S.columns; ++column) {
      check_conductance(conductance_S(row, column), "input line", static_cast<std::size_t>(row),
                        static_cast<std::size_t>(column));
    }
    for (int column = 0; column < window.count; ++column) {
      mesh.cells(row, column) = conductance_S(row, window.first + column);
      largest = std::max(largest, mesh.cells(row, column));
    }
  }
  if (topology == WireTopology::kGated) {
    for (int vector = 0; vector < inputs_V.columns; ++vector) read_voltage(inputs_V, vector);
  }
  if (wires_are_ideal(segment_ohm, largest, rows, window.count, mesh.lead)) {
    return products(mesh.cells, inputs_V);
  }
  check_segment_per_cell(segment_ohm * largest, topology == WireTopology::kGated
                                                    ? kMostSegmentPerCellOfLadder
                                                    : kMostSegmentPerCell);
  for (double& cell : mesh.cells.values) cell *= segment_ohm;
  WireMatrix currents;
  if (topology == WireTopology::kGated) {
    currents = gated_currents(mesh.cells, inputs_V, progress);
  } else if (inputs_V.columns <= std::min(rows, window.count)) {
    currents = mesh_currents(std::move(mesh), inputs_V, progress);
  } else {
    currents = products(mesh_transfer(std::move(mesh), progress), inputs_V);
  }
  for (double& current : currents.values) current /= segment_ohm;
  return currents;
}

std::vector<double> effective_conductances(std::span<const double> conductance_uS, int bit_lines,
                                           double segment_ohm, LineWindow window) {
  return effective(conductance_uS, bit_lines, segment_ohm, window);
}

std::vector<double> effective_conductances(std::span<const float> conductance_uS, int bit_lines,
                                           double segment_ohm, LineWindow window) {
  return effective(conductance_uS, bit_lines, segment_ohm, window);
}

}  // namespace mcnn
