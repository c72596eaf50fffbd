// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/wire_network.h"

#include <fmt/format.h>

#include <Eigen/SparseCholesky>
#include <Eigen/SparseCore>
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "common/error.h"

namespace mcnn {
namespace {

constexpr std::array<std::string_view, 3> kTopologyNames = {"crossbar", "gated", "chip"};

// Accuracy asked of a solution, and of the last correction that was made to it.
constexpr double kGoodCorrection = 1e-13;
constexpr double kWorstCorrection = 1e-11;
constexpr int kMostCorrections = 8;
// A voltage this small, of 1 V somewhere, is not resolved: it is close to the smallest double.
constexpr double kSmallestVoltage = 1e-290;
// Largest resistance of a segment, relative to that of a cell: beyond the first, a cell's voltage
// is lost in those of its ends; the second, of ladders that are eliminated without differences,
// keeps products finite.
constexpr double kMostSegmentPerCell = 1e8;
constexpr double kMostSegmentPerCellOfLadder = 1e100;

// Conductances times the resistance of a segment, so dimensionless: a row for each input line, a
// column for each selected output line; `lead` is the number of segments between the driver of an
// input line and the first selected output line. In these units a segment has conductance 1.
struct Mesh {
  WireMatrix cells;
  int lead = 1;
};

// The two layers of a crossbar as a network of nodes in an order that keeps the factors sparse:
// nested dissection. Column j is cut out of a rectangle by the nodes of the input lines in it (the
// output line of that column then hangs on nothing but the cut), a row by those of the output
// lines.
class Dissection {
 public:
  Dissection(int rows, int columns)
      : columns_(columns), input_(cells(rows, columns)), output_(cells(rows, columns)) {
    cut({0, rows, 0, columns});
  }
  int nodes() const { return next_; }
  int input_node(int row, int column) const { return input_[at(row, column)]; }
  int output_node(int row, int column) const { return output_[at(row, column)]; }

 private:
  struct Rectangle {
    int row, row_end, column, column_end;
  };
  static std::size_t cells(int rows, int columns) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  }
  std::size_t at(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
           static_cast<std::size_t>(column);
  }

  void cut(const Rectangle& r) {  // NOLINT(misc-no-recursion): as deep as the logarithm of a side
    if (r.row == r.row_end || r.column == r.column_end) return;
    if (r.column_end - r.column >= r.row_end - r.row) {
      const int middle = (r.column + r.column_end) / 2;
      cut({r.row, r.row_end, r.column, middle});
      cut({r.row, r.row_end, middle + 1, r.column_end});
      cut_output_line(middle, r.row, r.row_end);
      for (int row = r.row; row < r.row_end; ++row) input_[at(row, middle)] = next_++;
    } else {
      const int middle = (r.row + r.row_end) / 2;
      cut({r.row, middle, r.column, r.column_end});
      cut({middle + 1, r.row_end, r.column, r.column_end});
      cut_input_line(middle, r.column, r.column_end);
      for (int column = r.column; column < r.column_end; ++column) {
        output_[at(middle, column)] = next_++;
      }
    }
  }
  void cut_output_line(int column, int row, int row_end) {  // NOLINT(misc-no-recursion)
    if (row == row_end) return;
    const int middle = (row + row_end) / 2;
    cut_output_line(column, row, middle);
    cut_output_line(column, middle + 1, row_end);
    output_[at(middle, column)] = next_++;
  }
  void cut_input_line(int row, int column, int column_end) {  // NOLINT(misc-no-recursion)
    if (column == column_end) return;
    const int middle = (column + column_end) / 2;
    cut_input_line(row, column, middle);
    cut_input_line(row, middle + 1, column_end);
    input_[at(row, middle)] = next_++;
  }

  int columns_;
  int next_ = 0;
  std::vector<int> input_;   // node of the input line at each cell
  std::vector<int> output_;  // node of the output line at each cell
};

// Node voltages for up to kWidth right sides at once, [node][side].
constexpr int kWidth = 8;
using Sides = std::array<double, kWidth>;

// A mesh with its factors L D L^T.
class Network {
 public:
  Network(Mesh mesh, const WireProgress& progress)
      : mesh_(std::move(mesh)), order_(mesh_.cells.rows, mesh_.cells.columns) {
    if (progress) progress("ordering", 0, 0);
    assemble();
    if (progress) progress("factorising", 0, 0);
    factors_.compute(matrix_);
    if (factors_.info() != Eigen::Success) {
      throw Error("wire network: a pivot is 0 in double precision");
    }
    const Eigen::VectorXd d = factors_.vectorD();
    inverse_d_.reserve(static_cast<std::size_t>(order_.nodes()));
    for (const double pivot : d) inverse_d_.push_back(1.0 / pivot);
  }

  int rows() const { return mesh_.cells.rows; }
  int columns() const { return mesh_.cells.columns; }
  std::size_t size() const { return inverse_d_.size(); }  // nodes
  // Where an input line is driven, through the lead; where an output line leaves to its ground.
  int driven_node(int row) const { return order_.input_node(row, 0); }
  int ground_node(int column) const { return order_.output_node(rows() - 1, column); }

  // Voltages for currents `sides` (divided by the conductance of a segment) into the nodes. `seen`
  // are the nodes whose voltages are wanted: they decide when the corrections are small enough,
  // each on its own when all currents of a side have the same sign, otherwise (where voltages can
  // cancel) compared with the largest.
  std::vector<Sides> solve(const std::vector<Sides>& sides, std::span<const int> seen,
                           bool one_sign) const {
    std::vector<Sides> x = sides;
    substitute(x);
    double correction = 0.0;
    for (int step = 0; step < kMostCorrections; ++step) {
      std::vector<Sides> dx = residual(x, sides);
      substitute(dx);
      correction = largest_ratio(dx, x, seen, one_sign);
      for (std::size_t node = 0; node < x.size(); ++node) {
        for (std::size_t s = 0; s < kWidth; ++s) x[node][s] += dx[node][s];
      }
      if (correction <= kGoodCorrection) return x;
    }
    if (!(correction <= kWorstCorrection)) {
      throw Error(fmt::format(
          "wire network: cannot be solved well: the last correction is {:.2g} of a current, "
          "allowed: {:.2g}",
          correction, kWorstCorrection));
    }
    return x;
  }

 private:
  using Matrix = Eigen::SparseMatrix<double, Eigen::ColMajor, int>;

  // Calls `act` for each resistor between two nodes.
  template <typename Act>
  void each_resistor(const Act& act) const {
    for (int row = 0; row < rows(); ++row) {
      for (int column = 0; column < columns(); ++column) {
        const int input = order_.input_node(row, column);
        const int output = order_.output_node(row, column);
        act(input, output, mesh_.cells(row, column));
        if (column + 1 < columns()) act(input, order_.input_node(row, column + 1), 1.0);
        if (row + 1 < rows()) act(output, order_.output_node(row + 1, column), 1.0);
      }
    }
  }

  // The upper triangle; cells of 0 S stay in the pattern.
  void assemble() {
    const auto nodes = static_cast<std::size_t>(order_.nodes());
    to_ground_.assign(nodes, 0.0);
    for (int row = 0; row < rows(); ++row) to_ground_[index(driven_node(row))] = 1.0 / mesh_.lead;
    for (int column = 0; column < columns(); ++column) {
      to_ground_[index(ground_node(column))] = 1.0;
    }
    std::vector<double> diagonal = to_ground_;
    std::vector<Eigen::Triplet<double>> entries;
    entries.reserve(nodes + 3 * mesh_.cells.values.size());
    each_resistor([&](int a, int b, double conductance) {
      diagonal[index(a)] += conductance;
      diagonal[index(b)] += conductance;
      entries.emplace_back(std::min(a, b), std::max(a, b), -conductance);
    });
    for (int node = 0; node < order_.nodes(); ++node) {
      entries.emplace_back(node, node, diagonal[index(node)]);
    }
    matrix_.resize(order_.nodes(), order_.nodes());
    matrix_.setFromTriplets(entries.begin(), entries.end());
  }

  // What of the currents is left, from voltage differences, so that small differences along a line
  // are not lost in the sums of a diagonal.
  std::vector<Sides> residual(const std::vector<Sides>& x, const std::vector<Sides>& sides) const {
    std::vector<Sides> left = sides;
    for (std::size_t node = 0; node < x.size(); ++node) {
      const double conductance = to_ground_[node];
      if (conductance == 0.0) continue;
      for (std::size_t s = 0; s < kWidth; ++s) left[node][s] -= conductance * x[node][s];
    }
    const int* starts = matrix_.outerIndexPtr();
    const int* nodes = matrix_.innerIndexPtr();
    const double* values = matrix_.valuePtr();
    for (std::size_t node = 0; node < x.size(); ++node) {
      Sides& mine = left[node];
      for (int k = starts[node]; k < starts[node + 1] - 1; ++k) {  // the diagonal is last
        const std::size_t other = index(nodes[k]);
        Sides& others = left[other];
        const double conductance = -values[k];
        for (std::size_t s = 0; s < kWidth; ++s) {
          const double current = conductance * (x[other][s] - x[node][s]);
          mine[s] += current;
          others[s] -= current;
        }
      }
    }
    return left;
  }

  // x becomes the solution of L D L^T y = x.
  void substitute(std::vector<Sides>& x) const {
    const auto& lower = factors_.matrixL().nestedExpression();
    const int* starts = lower.outerIndexPtr();
    const int* nodes = lower.innerIndexPtr();
    const double* values = lower.valuePtr();
    for (std::size_t node = 0; node < x.size(); ++node) {
      const Sides mine = x[node];
      for (int k = starts[node]; k < starts[node + 1]; ++k) {
        Sides& other = x[index(nodes[k])];
        for (std::size_t s = 0; s < kWidth; ++s) other[s] -= values[k] * mine[s];
      }
    }
    for (std::size_t node = x.size(); node-- > 0;) {
      Sides mine = x[node];
      for (double& value : mine) value *= inverse_d_[node];
      for (int k = starts[node]; k < starts[node + 1]; ++k) {
        const Sides& other = x[index(nodes[k])];
        for (std::size_t s = 0; s < kWidth; ++s) mine[s] -= values[k] * other[s];
      }
      x[node] = mine;
    }
  }

  static double largest_ratio(const std::vector<Sides>& dx, const std::vector<Sides>& x,
                              std::span<const int> seen, bool one_sign) {
    double largest = 0.0;
    for (std::size_t s = 0; s < kWidth; ++s) {
      double scale = 0.0;
      for (const int node : seen) scale = std::max(scale, std::abs(x[index(node)][s]));
      for (const int node : seen) {
        const double change = std::abs(dx[index(node)][s]);
        if (change == 0.0) continue;
        const double size = one_sign ? std::abs(x[index(node)][s]) : scale;
        const double ratio = change / std::max(size, kSmallestVoltage);
        if (!(ratio <= largest)) largest = ratio;  // takes a NaN as well
        if (std::isnan(largest)) return largest;
      }
    }
    return largest;
  }

  static std::size_t index(int node) { return static_cast<std::size_t>(node); }

  Mesh mesh_;
  Dissection order_;
  std::vector<double> to_ground_;  // conductance to a driver or to virtual ground
  Matrix matrix_;                  // upper triangle
  Eigen::SimplicialLDLT<Matrix, Eigen::Upper, Eigen::NaturalOrdering<int>> factors_;
  std::vector<double> inverse_d_;
};

// Transfer matrix of a mesh: current of an output line per volt at an input line, divided by the
// conductance of a segment. By reciprocity it is also the current of the input line per volt at the
// end of the output line, so the side with fewer lines is driven.
WireMatrix mesh_transfer(Mesh mesh, const WireProgress& progress) {
  const int rows = mesh.cells.rows;
  const int columns = mesh.cells.columns;
  const double lead = mesh.lead;
  const Network network(std::move(mesh), progress);
  const bool drive_inputs = rows <= columns;
  const int driven = drive_inputs ? rows : columns;
  std::vector<int> inputs;
  std::vector<int> grounds;
  for (int row = 0; row < rows; ++row) inputs.push_back(network.driven_node(row));
  for (int column = 0; column < columns; ++column) grounds.push_back(network.ground_node(column));
  const std::vector<int>& from = drive_inputs ? inputs : grounds;
  const std::vector<int>& to = drive_inputs ? grounds : inputs;
  WireMatrix transfer(rows, columns);
  for (int first = 0; first < driven; first += kWidth) {
    if (progress) progress("solving", first, driven);
    const int count = std::min(kWidth, driven - first);
    std::vector<Sides> sides(network.size(), Sides{});
    for (int s = 0; s < count; ++s) {
      sides[static_cast<std::size_t>(from[static_cast<std::size_t>(first + s)])]
           [static_cast<std::size_t>(s)] = drive_inputs ? 1.0 / lead : 1.0;
    }
    const std::vector<Sides> x = network.solve(sides, to, true);
    for (std::size_t line = 0; line < to.size(); ++line) {
      for (int s = 0; s < count; ++s) {
        const double voltage = x[static_cast<std::size_t>(to[line])][static_cast<std::size_t>(s)];
        if (drive_inputs) {
          transfer(first + s, static_cast<int>(line)) = voltage;
        } else {
          transfer(static_cast<int>(line), first + s) = voltage / lead;
        }
      }
    }
  }
  return transfer;
}

// Currents of the output lines, divided by the conductance of a segment, for input voltages.
WireMatrix mesh_currents(Mesh mesh, const WireMatrix& inputs, const WireProgress& progress) {
  const int rows = mesh.cells.rows;
  const int columns = mesh.cells.columns;
  const double lead = mesh.lead;
  const Network network(std::move(mesh), progress);
  std::vector<int> grounds;
  for (int column = 0; column < columns; ++column) grounds.push_back(network.ground_node(column));
  const bool one_sign = std::ranges::all_of(inputs.values, [](double v) { return v >= 0.0; }) ||
                        std::ranges::all_of(inputs.values, [](double v) { return v <= 0.0; });
  WireMatrix currents(columns, inputs.columns);
  for (int first = 0; first < inputs.columns; first += kWidth) {
    if (progress) progress("solving", first, inputs.columns);
    const int count = std::min(kWidth, inputs.columns - first);
    std::vector<Sides> sides(network.size(), Sides{});
    for (int row = 0; row < rows; ++row) {
      Sides& side = sides[static_cast<std::size_t>(network.driven_node(row))];
      for (int s = 0; s < count; ++s) {
        side[static_cast<std::size_t>(s)] = inputs(row, first + s) / lead;
      }
    }
    const std::vector<Sides> x = network.solve(sides, grounds, one_sign);
    for (int column = 0; column < columns; ++column) {
      const Sides& voltages = x[static_cast<std::size_t>(network.ground_node(column))];
      for (int s = 0; s < count; ++s) {
        currents(column, first + s) = voltages[static_cast<std::size_t>(s)];
      }
    }
  }
  return currents;
}

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
