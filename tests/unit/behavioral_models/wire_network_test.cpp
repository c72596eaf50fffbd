// SPDX-License-Identifier: Apache-2.0
// The sparse solver of the wires against an independent one: every node of the drawn network,
// unselected lines and all, in a dense nodal matrix in siemens, solved in long double with partial
// pivoting; and against results found by hand.
#include "behavioral_models/wire_network.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/error.h"

namespace mcnn {
namespace {

constexpr double kTolerance = 1e-10;

// mt19937's output is fixed by the standard, its distributions are not.
class Words {
 public:
  explicit Words(std::uint32_t seed) : engine_(seed) {}
  double between(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_()) / 4294967296.0);
  }
  bool one_in(std::uint32_t n) { return engine_() % n == 0; }

 private:
  std::mt19937 engine_;
};

WireMatrix random_cells(int rows, int columns, double low, double high, std::uint32_t seed) {
  Words words(seed);
  WireMatrix cells(rows, columns);
  for (double& cell : cells.values) cell = words.one_in(5) ? 0.0 : words.between(low, high);
  return cells;
}

WireMatrix random_inputs(int rows, int vectors, std::uint32_t seed) {
  Words words(seed);
  WireMatrix inputs(rows, vectors);
  for (double& input : inputs.values) input = words.one_in(3) ? 0.0 : words.between(0.0, 0.3);
  return inputs;
}

WireMatrix random_bits(int rows, int vectors, double voltage, std::uint32_t seed) {
  Words words(seed);
  WireMatrix inputs(rows, vectors);
  for (double& input : inputs.values) input = words.one_in(2) ? 0.0 : voltage;
  return inputs;
}

LineWindow all(const WireMatrix& cells) { return {0, cells.columns}; }

// --------------------------------------------------------------------------------------------------
// The dense nodal solution

class DenseNetwork {
 public:
  explicit DenseNetwork(int nodes)
      : matrix_(Matrix::Zero(nodes, nodes)), rhs_(Vector::Zero(nodes)) {}
  void resistor(int a, int b, long double siemens) {
    matrix_(a, a) += siemens;
    matrix_(b, b) += siemens;
    matrix_(a, b) -= siemens;
    matrix_(b, a) -= siemens;
  }
  void source(int node, long double volts, long double siemens) {
    matrix_(node, node) += siemens;
    rhs_(node) += volts * siemens;
  }
  void solve() { voltages_ = matrix_.partialPivLu().solve(rhs_); }
  long double voltage(int node) const { return voltages_(node); }

 private:
  using Matrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<long double, Eigen::Dynamic, 1>;
  Matrix matrix_;
  Vector rhs_;
  Vector voltages_;
};

// All lines, whole; cells outside the window do not conduct.
WireMatrix dense_crossbar(const WireMatrix& cells, const WireMatrix& inputs, double ohm,
                          LineWindow window) {
  const int rows = cells.rows;
  const int columns = cells.columns;
  const long double wire = 1.0L / ohm;
  const auto input_node = [&](int row, int column) { return row * columns + column; };
  const auto output_node = [&](int row, int column) {
    return rows * columns + row * columns + column;
  };
  WireMatrix currents(window.count, inputs.columns);
  for (int vector = 0; vector < inputs.columns; ++vector) {
    DenseNetwork network(2 * rows * columns);
    for (int row = 0; row < rows; ++row) {
      network.source(input_node(row, 0), inputs(row, vector), wire);
      for (int column = 0; column < columns; ++column) {
        const bool selected = column >= window.first && column < window.first + window.count;
        if (selected) {
          network.resistor(input_node(row, column), output_node(row, column), cells(row, column));
        }
        if (column > 0)
          network.resistor(input_node(row, column - 1), input_node(row, column), wire);
        if (row > 0) network.resistor(output_node(row - 1, column), output_node(row, column), wire);
      }
    }
    for (int column = 0; column < columns; ++column) {
      network.source(output_node(rows - 1, column), 0.0L, wire);
    }
    network.solve();
    for (int line = 0; line < window.count; ++line) {
      currents(line, vector) =
          static_cast<double>(network.voltage(output_node(rows - 1, window.first + line)) * wire);
    }
  }
  return currents;
}

WireMatrix dense_gated(const WireMatrix& cells, const WireMatrix& inputs, double ohm) {
  const int rows = cells.rows;
  const long double wire = 1.0L / ohm;
  WireMatrix currents(cells.columns, inputs.columns);
  for (int vector = 0; vector < inputs.columns; ++vector) {
    double volts = 0.0;
    for (int row = 0; row < rows; ++row) {
      if (inputs(row, vector) != 0.0) volts = inputs(row, vector);
    }
    for (int column = 0; column < cells.columns; ++column) {
      DenseNetwork network(2 * rows);  // supply line, then source line
      network.source(0, volts, wire);
      network.source(2 * rows - 1, 0.0L, wire);
      for (int row = 0; row < rows; ++row) {
        if (inputs(row, vector) != 0.0) network.resistor(row, rows + row, cells(row, column));
        if (row > 0) network.resistor(row - 1, row, wire);
        if (row > 0) network.resistor(rows + row - 1, rows + row, wire);
      }
      network.solve();
      currents(column, vector) = static_cast<double>(network.voltage(2 * rows - 1) * wire);
    }
  }
  return currents;
}

// Largest relative error of any one current.
double error_of(const WireMatrix& found, const WireMatrix& exact) {
  EXPECT_EQ(found.rows, exact.rows);
  EXPECT_EQ(found.columns, exact.columns);
  double worst = 0.0;
  for (std::size_t i = 0; i < exact.values.size(); ++i) {
    if (found.values[i] == exact.values[i]) continue;
    const double error = std::abs(found.values[i] - exact.values[i]) / std::abs(exact.values[i]);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

struct Shape {
  int rows, columns;
};
constexpr Shape kShapes[] = {{1, 1},  {1, 2}, {2, 1}, {2, 2},  {1, 13},
                             {13, 1}, {3, 7}, {7, 3}, {12, 9}, {16, 11}};
constexpr double kResistances[] = {1e-3, 0.1, 1.0, 4.5, 100.0, 1e4, 1e6};

}  // namespace

TEST(WireNetwork, CrossbarEqualsDenseNodalSolution) {
  double worst = 0.0;
  std::uint32_t seed = 1;
  for (const Shape shape : kShapes) {
    for (const double ohm : kResistances) {
      const WireMatrix cells = random_cells(shape.rows, shape.columns, 2e-6, 4e-5, ++seed);
      // One vector is solved directly, many by the transfer matrix.
      for (const int vectors : {1, 17}) {
        const WireMatrix inputs = random_inputs(shape.rows, vectors, ++seed);
        const double error =
            error_of(wire_currents(cells, inputs, ohm, WireTopology::kCrossbar, all(cells)),
                     dense_crossbar(cells, inputs, ohm, all(cells)));
        EXPECT_LE(error, kTolerance) << shape.rows << " x " << shape.columns << ", " << ohm
                                     << " ohm, " << vectors << " vectors";
        worst = std::max(worst, error);
      }
    }
  }
  RecordProperty("largest_relative_error", std::to_string(worst));
  printf("crossbar worst %g\n", worst);
}

TEST(WireNetwork, GatedEqualsDenseNodalSolution) {
  double worst = 0.0;
  std::uint32_t seed = 1000;
  for (const Shape shape : kShapes) {
    for (const double ohm : kResistances) {
      const WireMatrix cells = random_cells(shape.rows, shape.columns, 2e-6, 4e-5, ++seed);
      const WireMatrix inputs = random_bits(shape.rows, 5, 0.2, ++seed);
      const double error =
          error_of(wire_currents(cells, inputs, ohm, WireTopology::kGated, all(cells)),
                   dense_gated(cells, inputs, ohm));
      EXPECT_LE(error, kTolerance) << shape.rows << " x " << shape.columns << ", " << ohm << " ohm";
      worst = std::max(worst, error);
    }
  }
  printf("gated worst %g\n", worst);
}

TEST(WireNetwork, ChipEqualsDenseNodalSolutionInEveryWindow) {
  double worst = 0.0;
  std::uint32_t seed = 2000;
  for (const Shape shape : {Shape{1, 1}, Shape{4, 9}, Shape{9, 6}}) {
    for (const double ohm : kResistances) {
      const WireMatrix cells = random_cells(shape.rows, shape.columns, 2e-6, 4e-5, ++seed);
      const WireMatrix inputs = random_inputs(shape.rows, 2, ++seed);
      for (int first = 0; first < shape.columns; ++first) {
        for (int count = 1; count <= shape.columns - first; ++count) {
          const LineWindow window = {first, count};
          const double error =
              error_of(wire_currents(cells, inputs, ohm, WireTopology::kChip, window),
                       dense_crossbar(cells, inputs, ohm, window));
          EXPECT_LE(error, kTolerance) << shape.rows << " x " << shape.columns << ", " << ohm
                                       << " ohm, lines from " << first << ", " << count;
          worst = std::max(worst, error);
        }
      }
    }
  }
  printf("chip worst %g\n", worst);
}

}  // namespace mcnn
