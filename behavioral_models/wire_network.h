// SPDX-License-Identifier: Apache-2.0
// Wire resistance, exact: the resistors of the lines and the cells of a crossbar are one linear
// network (README.md draws the topologies and has the equations). It is solved in double precision
// with a sparse direct solver, and what comes out is a transfer matrix: with it a read costs the
// same with and without wires.
//
// Accuracy: every output current of a network driven with voltages of one sign, and every entry of
// a transfer matrix, has a relative error below 1e-10 against the exact solution, down to 1e-290 of
// what drives it; with voltages of both signs, where currents can cancel, the error is relative to
// the largest current. A network that cannot be solved that well (a wire segment with more than 1e8
// times the resistance of a cell) is refused with an Error.
//
// Bits: IEEE double in a fixed order, no function of the C library in a result: the same at every
// optimisation level, SIMD width and machine (-ffp-contract=off).
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace mcnn {

// A dense matrix, row by row.
struct WireMatrix {
  int rows = 0;
  int columns = 0;
  std::vector<double> values;

  WireMatrix() = default;
  WireMatrix(int row_count, int column_count)
      : rows(row_count),
        columns(column_count),
        values(static_cast<std::size_t>(row_count) * static_cast<std::size_t>(column_count), 0.0) {}

  double& operator()(int row, int column) { return values[index(row, column)]; }
  double operator()(int row, int column) const { return values[index(row, column)]; }
  bool operator==(const WireMatrix&) const = default;

 private:
  std::size_t index(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
           static_cast<std::size_t>(column);
  }
};

enum class WireTopology {
  kCrossbar,  // input lines driven with a voltage each, output lines to virtual ground
  kGated,     // inputs are bits on the gates; each output line has its own supply line
  kChip,      // the chip's: a crossbar of which a window of output lines is selected
};

// By its name: crossbar, gated or chip. Throws Error on another one, which `where` names.
WireTopology wire_topology(std::string_view name, std::string_view where);
std::string_view wire_topology_name(WireTopology topology);

// Consecutive output lines that are selected; the cells of the others do not conduct.
struct LineWindow {
  int first = 0;
  int count = 0;
  bool operator==(const LineWindow&) const = default;
};

// Said during long work: what is done now, `done` of `total` parts (0 of 0 when not known). May
// throw to end the work.
using WireProgress = std::function<void(std::string_view what, int done, int total)>;

// Currents [A] of the output lines of `window` into their virtual grounds, a row each, for every
// input vector, a column each.
//   conductance_S  cells [S]: a row for each input line, a column for each output line
//   inputs_V       [V]: a row for each input line, a column for each input vector; with kGated the
//                  entries of a vector are 0 or one and the same read voltage
//   segment_ohm    resistance of each wire segment [ohm]; 0 gives the ideal sums
//   window         all output lines unless the topology is kChip
// Throws Error on a conductance that is negative or not finite, wrong sizes, a window outside the
// array and a bad gated vector (its column is named, counted from 1).
WireMatrix wire_currents(const WireMatrix& conductance_S, const WireMatrix& inputs_V,
                         double segment_ohm, WireTopology topology, LineWindow window,
                         const WireProgress& progress = {});

// Transfer matrix of a window of the chip's topology, for Macro: the current of a source line of
// the window, in uA, when the bit line is at 1 V and all others at 0 V, so an effective conductance
// in uS.
//   conductance_uS  cells of the whole array [uS]: [source_line * bit_lines + bit_line]
//   segment_ohm     resistance of each wire segment [ohm]; 0 gives the conductances themselves
// Returns [bit_line * window.count + line], line counted from the window's first. A window of one
// line costs about as much as copying it. Throws Error as wire_currents does.
std::vector<double> effective_conductances(std::span<const double> conductance_uS, int bit_lines,
                                           double segment_ohm, LineWindow window);
std::vector<double> effective_conductances(std::span<const float> conductance_uS, int bit_lines,
                                           double segment_ohm, LineWindow window);

}  // namespace mcnn
