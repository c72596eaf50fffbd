// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/wire_mesh.h"

#include <fmt/format.h>

#include <Eigen/SparseCholesky>
#include <Eigen/SparseCore>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "common/error.h"

namespace mcnn {
namespace {

// Accuracy asked of a solution, and of the last correction that was made to it.
constexpr double kGoodCorrection = 1e-13;
constexpr double kWorstCorrection = 1e-11;
constexpr int kMostCorrections = 8;
// A voltage this small, of 1 V somewhere, is not resolved: it is close to the smallest double.
constexpr double kSmallestVoltage = 1e-290;

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

}  // namespace

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

}  // namespace mcnn
