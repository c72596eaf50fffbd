// SPDX-License-Identifier: Apache-2.0
// The sparse solver of the wires against an independent one: every node of the drawn network,
// unselected lines and all, in a dense nodal matrix in siemens, solved in long double with partial
// pivoting; and against results found by hand.
#include "behavioral_models/wire_network.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tests/support/errors.h"

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

// One matrix, a right side for each input vector.
class DenseNetwork {
 public:
  DenseNetwork(int nodes, int sides)
      : matrix_(Matrix::Zero(nodes, nodes)), sides_(Matrix::Zero(nodes, sides)) {}
  void resistor(int a, int b, long double siemens) {
    matrix_(a, a) += siemens;
    matrix_(b, b) += siemens;
    matrix_(a, b) -= siemens;
    matrix_(b, a) -= siemens;
  }
  void to_driver(int node, long double siemens) { matrix_(node, node) += siemens; }
  void drive(int node, int side, long double volts, long double siemens) {
    sides_(node, side) += volts * siemens;
  }
  void solve() { voltages_ = matrix_.partialPivLu().solve(sides_); }
  long double voltage(int node, int side) const { return voltages_(node, side); }

 private:
  using Matrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  Matrix matrix_;
  Matrix sides_;
  Matrix voltages_;
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
  DenseNetwork network(2 * rows * columns, inputs.columns);
  for (int row = 0; row < rows; ++row) {
    network.to_driver(input_node(row, 0), wire);
    for (int vector = 0; vector < inputs.columns; ++vector) {
      network.drive(input_node(row, 0), vector, inputs(row, vector), wire);
    }
    for (int column = 0; column < columns; ++column) {
      const bool selected = column >= window.first && column < window.first + window.count;
      if (selected) {
        network.resistor(input_node(row, column), output_node(row, column), cells(row, column));
      }
      if (column > 0) network.resistor(input_node(row, column - 1), input_node(row, column), wire);
      if (row > 0) network.resistor(output_node(row - 1, column), output_node(row, column), wire);
    }
  }
  for (int column = 0; column < columns; ++column) {
    network.to_driver(output_node(rows - 1, column), wire);
  }
  network.solve();
  WireMatrix currents(window.count, inputs.columns);
  for (int line = 0; line < window.count; ++line) {
    for (int vector = 0; vector < inputs.columns; ++vector) {
      currents(line, vector) = static_cast<double>(
          network.voltage(output_node(rows - 1, window.first + line), vector) * wire);
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
      DenseNetwork network(2 * rows, 1);  // supply line, then source line
      network.to_driver(0, wire);
      network.drive(0, 0, volts, wire);
      network.to_driver(2 * rows - 1, wire);
      for (int row = 0; row < rows; ++row) {
        if (inputs(row, vector) != 0.0) network.resistor(row, rows + row, cells(row, column));
        if (row > 0) network.resistor(row - 1, row, wire);
        if (row > 0) network.resistor(rows + row - 1, rows + row, wire);
      }
      network.solve();
      currents(column, vector) = static_cast<double>(network.voltage(2 * rows - 1, 0) * wire);
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

// The figure that README.md has.
void record(const std::string& topology, double worst) {
  ::testing::Test::RecordProperty("largest_relative_error", fmt::format("{:.2g}", worst));
  fmt::print("largest relative error, {}: {:.2g}\n", topology, worst);
}

struct Shape {
  int rows, columns;
};
constexpr Shape kShapes[] = {{1, 1},  {1, 2}, {2, 1}, {2, 2},  {1, 13},
                             {13, 1}, {3, 7}, {7, 3}, {12, 9}, {14, 9}};
constexpr double kResistances[] = {1e-9, 1e-3, 0.1, 1.0, 4.5, 100.0, 1e4, 1e6, 1e8, 1e10};

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
  record("crossbar", worst);
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
  record("gated", worst);
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
  record("chip", worst);
}

// Longer lines, with the resistances and cells of real arrays.
TEST(WireNetwork, LargeArraysEqualDenseNodalSolution) {
  const WireMatrix cells = random_cells(40, 10, 2e-6, 4e-5, 4000);
  for (const double ohm : {0.1, 1.0}) {
    const WireMatrix inputs = random_inputs(40, 2, 4001);
    EXPECT_LE(error_of(wire_currents(cells, inputs, ohm, WireTopology::kCrossbar, all(cells)),
                       dense_crossbar(cells, inputs, ohm, all(cells))),
              kTolerance)
        << ohm;
    const WireMatrix tall = random_cells(128, 2, 2e-6, 4e-5, 4002);
    const WireMatrix bits = random_bits(128, 2, 0.2, 4003);
    EXPECT_LE(error_of(wire_currents(tall, bits, ohm, WireTopology::kGated, all(tall)),
                       dense_gated(tall, bits, ohm)),
              kTolerance)
        << ohm;
  }
}

// Inputs of both signs: the currents may cancel, so the error is one of the largest current.
TEST(WireNetwork, InputsOfBothSigns) {
  const WireMatrix cells = random_cells(9, 7, 2e-6, 4e-5, 4100);
  for (const int vectors : {3, 20}) {
    WireMatrix inputs = random_inputs(9, vectors, 4101);
    for (std::size_t i = 0; i < inputs.values.size(); i += 2) inputs.values[i] *= -1.0;
    const WireMatrix found =
        wire_currents(cells, inputs, 100.0, WireTopology::kCrossbar, all(cells));
    const WireMatrix exact = dense_crossbar(cells, inputs, 100.0, all(cells));
    double largest = 0.0;
    for (const double current : exact.values) largest = std::max(largest, std::abs(current));
    for (std::size_t i = 0; i < exact.values.size(); ++i) {
      EXPECT_NEAR(found.values[i], exact.values[i], kTolerance * largest);
    }
  }
}

// --------------------------------------------------------------------------------------------------
// By hand

// One cell of 10 kohm between wires of 100 ohm: 1 V over 100 + 10000 + 100 ohm, in each topology.
// A window at line 3 has three segments of its bit line more.
TEST(WireNetwork, OneCellByHand) {
  WireMatrix cell(1, 1);
  cell(0, 0) = 1e-4;
  WireMatrix volt(1, 1);
  volt(0, 0) = 1.0;
  for (const WireTopology topology :
       {WireTopology::kCrossbar, WireTopology::kGated, WireTopology::kChip}) {
    EXPECT_NEAR(wire_currents(cell, volt, 100.0, topology, {0, 1})(0, 0), 1.0 / 10200.0, 1e-19)
        << wire_topology_name(topology);
  }
  WireMatrix five(1, 5);
  five.values.assign(5, 1e-4);
  EXPECT_NEAR(wire_currents(five, volt, 100.0, WireTopology::kChip, {3, 1})(0, 0), 1.0 / 10500.0,
              1e-19);
}

// 2 x 2, all cells 1 S, all segments 1 ohm, both inputs 1 V. With a on the input and b on the
// output lines, Kirchhoff says
//   3 a00 - a01 - b00 = 1      2 b00 - b10 - a00 = 0
//   2 a01 - a00 - b01 = 0      2 b01 - b11 - a01 = 0
//   3 a10 - a11 - b10 = 1      3 b10 - b00 - a10 = 0
//   2 a11 - a10 - b11 = 0      3 b11 - b01 - a11 = 0
// and in 44ths of a volt a = 31 25 27 20, b = 24 19 17 13; the currents are b10 and b11.
TEST(WireNetwork, TwoByTwoByHand) {
  WireMatrix cells(2, 2);
  cells.values.assign(4, 1.0);
  WireMatrix volts(2, 1);
  volts.values.assign(2, 1.0);
  const WireMatrix found = wire_currents(cells, volts, 1.0, WireTopology::kCrossbar, {0, 2});
  EXPECT_NEAR(found(0, 0), 17.0 / 44.0, 1e-15);
  EXPECT_NEAR(found(1, 0), 13.0 / 44.0, 1e-15);

  // Gated: supply s0 s1 and source line b0 b1 of one output line: by symmetry b1 = 1 - s0 and
  // b0 = 1 - s1; 3 s0 - s1 - b0 = 1 and 2 s1 - s0 - b1 = 0 give 3 s0 = 2 and 2 s1 = 1.
  const WireMatrix gated = wire_currents(cells, volts, 1.0, WireTopology::kGated, {0, 2});
  EXPECT_NEAR(gated(0, 0), 1.0 / 3.0, 1e-15);
  EXPECT_NEAR(gated(1, 0), 1.0 / 3.0, 1e-15);
  // Only the second bit: 1 V over two segments, the cell, one segment; of the first, the cell
  // between one segment and two: the same.
  WireMatrix bits(2, 2);
  bits(1, 0) = 1.0;
  bits(0, 1) = 1.0;
  const WireMatrix single = wire_currents(cells, bits, 1.0, WireTopology::kGated, {0, 2});
  EXPECT_NEAR(single(0, 0), 1.0 / 4.0, 1e-15);
  EXPECT_NEAR(single(1, 1), 1.0 / 4.0, 1e-15);
}

// --------------------------------------------------------------------------------------------------
// Laws

TEST(WireNetwork, NoResistanceGivesTheIdealSumsAndSmallResistanceTendsToThem) {
  const WireMatrix cells = random_cells(11, 6, 2e-6, 4e-5, 5000);
  const WireMatrix inputs = random_bits(11, 4, 0.2, 5001);
  for (const WireTopology topology :
       {WireTopology::kCrossbar, WireTopology::kGated, WireTopology::kChip}) {
    const WireMatrix ideal = wire_currents(cells, inputs, 0.0, topology, all(cells));
    for (int line = 0; line < 6; ++line) {
      for (int vector = 0; vector < 4; ++vector) {
        double sum = 0.0;
        for (int row = 0; row < 11; ++row) sum += cells(row, line) * inputs(row, vector);
        EXPECT_EQ(ideal(line, vector), sum);
      }
    }
    // The loss is proportional to a small resistance, down to where it is a rounding error.
    const double loss = error_of(wire_currents(cells, inputs, 1e-3, topology, all(cells)), ideal);
    EXPECT_GT(loss, 0.0);
    for (const double ohm : {1e-4, 1e-6, 1e-9, 1e-12, 1e-20, 1e-300}) {
      const double error = error_of(wire_currents(cells, inputs, ohm, topology, all(cells)), ideal);
      EXPECT_NEAR(error, loss * ohm / 1e-3, 2e-15 + 1e-4 * loss * ohm / 1e-3)
          << wire_topology_name(topology) << " " << ohm;
    }
  }
}

TEST(WireNetwork, ChipWithAllLinesSelectedIsCrossbarBitForBit) {
  const WireMatrix cells = random_cells(7, 9, 2e-6, 4e-5, 5100);
  for (const int vectors : {2, 12}) {
    const WireMatrix inputs = random_inputs(7, vectors, 5101);
    EXPECT_EQ(wire_currents(cells, inputs, 10.0, WireTopology::kChip, all(cells)),
              wire_currents(cells, inputs, 10.0, WireTopology::kCrossbar, all(cells)));
  }
}

// Turned by 90 degrees, with the driven ends where the grounds were, a crossbar has the transposed
// transfer matrix: input line i is then output line rows - 1 - i.
TEST(WireNetwork, Reciprocity) {
  const int rows = 5;
  const int columns = 8;
  const WireMatrix cells = random_cells(rows, columns, 2e-6, 4e-5, 5200);
  WireMatrix turned(columns, rows);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      turned(column, rows - 1 - row) = cells(row, column);
    }
  }
  // As an output line ends after its last row, and an input line begins before column 0, the
  // turned array is mirrored once more.
  WireMatrix mirrored(columns, rows);
  for (int row = 0; row < columns; ++row) {
    for (int column = 0; column < rows; ++column) {
      mirrored(columns - 1 - row, column) = turned(row, column);
    }
  }
  const auto unit = [](int lines) {
    WireMatrix inputs(lines, lines);
    for (int line = 0; line < lines; ++line) inputs(line, line) = 1.0;
    return inputs;
  };
  const WireMatrix forward =
      wire_currents(cells, unit(rows), 50.0, WireTopology::kCrossbar, {0, columns});
  const WireMatrix backward =
      wire_currents(mirrored, unit(columns), 50.0, WireTopology::kCrossbar, {0, rows});
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const double there = forward(column, row);
      const double back = backward(rows - 1 - row, columns - 1 - column);
      EXPECT_NEAR(there, back, 1e-13 * there) << row << ", " << column;
    }
  }
}

// Solved directly or by the transfer matrix, one vector or many: the same within rounding.
TEST(WireNetwork, DirectSolutionAndTransferMatrixAgree) {
  const WireMatrix cells = random_cells(6, 6, 2e-6, 4e-5, 5300);
  const WireMatrix inputs = random_inputs(6, 20, 5301);
  const WireMatrix many = wire_currents(cells, inputs, 20.0, WireTopology::kCrossbar, all(cells));
  for (int vector = 0; vector < 20; ++vector) {
    WireMatrix one(6, 1);
    for (int row = 0; row < 6; ++row) one(row, 0) = inputs(row, vector);
    const WireMatrix found = wire_currents(cells, one, 20.0, WireTopology::kCrossbar, all(cells));
    for (int line = 0; line < 6; ++line) {
      EXPECT_NEAR(found(line, 0), many(line, vector), 1e-14 * many(line, vector));
    }
  }
}

// --------------------------------------------------------------------------------------------------
// Effective conductances, as Macro uses them

TEST(EffectiveConductances, EqualDenseNodalSolutionInEveryWindow) {
  double worst = 0.0;
  std::uint32_t seed = 6000;
  for (const Shape shape : {Shape{1, 1}, Shape{5, 7}, Shape{16, 5}}) {
    for (const double ohm : {0.1, 4.5, 1e4}) {
      const WireMatrix siemens = random_cells(shape.rows, shape.columns, 2e-6, 4e-5, ++seed);
      std::vector<double> array;  // [source line][bit line], uS
      WireMatrix cells(shape.rows, shape.columns);
      for (int line = 0; line < shape.columns; ++line) {
        for (int row = 0; row < shape.rows; ++row) array.push_back(1e6 * siemens(row, line));
      }
      for (int line = 0; line < shape.columns; ++line) {
        for (int row = 0; row < shape.rows; ++row) {
          cells(row, line) = array[static_cast<std::size_t>(line * shape.rows + row)];
        }
      }
      WireMatrix unit(shape.rows, shape.rows);
      for (int row = 0; row < shape.rows; ++row) unit(row, row) = 1.0;
      for (int first = 0; first < shape.columns; ++first) {
        for (int count = 1; count <= shape.columns - first; count += 2) {
          const LineWindow window = {first, count};
          const std::vector<double> found =
              effective_conductances(std::span<const double>(array), shape.rows, ohm, window);
          // In uS and Mohm.
          const WireMatrix exact = dense_crossbar(cells, unit, 1e-6 * ohm, window);
          ASSERT_EQ(found.size(), exact.values.size());
          WireMatrix as_currents(count, shape.rows);
          for (int row = 0; row < shape.rows; ++row) {
            for (int line = 0; line < count; ++line) {
              as_currents(line, row) = found[static_cast<std::size_t>(row * count + line)];
            }
          }
          worst = std::max(worst, error_of(as_currents, exact));
        }
      }
    }
  }
  EXPECT_LE(worst, kTolerance);
  record("effective conductances", worst);
}

// A window of one line takes the short way; the same line through the whole network is the window
// of that line and one more whose cells do not conduct.
TEST(EffectiveConductances, OneLineEqualsTheWholeNetwork) {
  Words words(6100);
  std::vector<double> array(16 * 8);
  for (double& cell : array) cell = words.between(2.0, 40.0);
  for (int line = 0; line + 1 < 8; ++line) {
    std::vector<double> with_dark = array;
    for (int row = 0; row < 16; ++row)
      with_dark[static_cast<std::size_t>((line + 1) * 16 + row)] = 0.0;
    const auto one = effective_conductances(std::span<const double>(array), 16, 10.0, {line, 1});
    const auto two =
        effective_conductances(std::span<const double>(with_dark), 16, 10.0, {line, 2});
    for (std::size_t row = 0; row < 16; ++row) {
      EXPECT_NEAR(one[row], two[2 * row], 1e-13 * one[row]);
      EXPECT_EQ(two[2 * row + 1], 0.0);
    }
  }
}

TEST(EffectiveConductances, WithoutWiresAreTheConductances) {
  std::vector<float> array(4 * 3);
  for (std::size_t i = 0; i < array.size(); ++i) array[i] = 2.0F + 0.1F * static_cast<float>(i);
  const auto found = effective_conductances(std::span<const float>(array), 4, 0.0, {1, 2});
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t line = 0; line < 2; ++line) {
      EXPECT_EQ(found[row * 2 + line], static_cast<double>(array[(line + 1) * 4 + row]));
    }
  }
}

// The bits on record: they must not depend on compiler flags, SIMD width or machine.
TEST(EffectiveConductances, SameBitsEverywhere) {
  Words words(6200);
  std::vector<double> array(16 * 128);
  for (double& cell : array) cell = words.one_in(6) ? 0.0 : words.between(2.0, 40.0);
  std::uint64_t hash = 14695981039346656037U;
  for (const LineWindow window : {LineWindow{0, 1}, LineWindow{5, 16}, LineWindow{96, 32}}) {
    const std::vector<double> found =
        effective_conductances(std::span<const double>(array), 16, 3.0, window);
    for (const double value : found) {
      hash = (hash ^ std::bit_cast<std::uint64_t>(value)) * 1099511628211U;
    }
  }
  EXPECT_EQ(hash, 4848894836568863087U);
}

// --------------------------------------------------------------------------------------------------
// Errors

TEST(WireNetwork, Errors) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const auto solve =
      [](const std::function<void(WireMatrix&, WireMatrix&, double&, LineWindow&)>& change,
         WireTopology topology) {
        WireMatrix cells(3, 2);
        cells.values.assign(6, 1e-5);
        WireMatrix inputs(3, 2);
        inputs.values.assign(6, 0.2);
        double ohm = 1.0;
        LineWindow window = {0, 2};
        change(cells, inputs, ohm, window);
        return error_of([&] { wire_currents(cells, inputs, ohm, topology, window); });
      };
  using M = WireMatrix;
  using W = LineWindow;
  const WireTopology crossbar = WireTopology::kCrossbar;
  EXPECT_EQ(solve([](M&, M&, double&, W&) {}, crossbar), "no error");
  for (const double bad : {-1e-6, nan, infinity}) {
    expect_parts(solve([&](M& g, M&, double&, W&) { g(2, 1) = bad; }, crossbar),
                 {"input line 2", "output line 1", "found"});
  }
  for (const double bad : {-1.0, nan, infinity}) {
    expect_parts(solve([&](M&, M&, double& ohm, W&) { ohm = bad; }, crossbar),
                 {"wire resistance", "found"});
  }
  expect_parts(solve([&](M&, M& v, double&, W&) { v(1, 1) = nan; }, crossbar),
               {"input line 1", "vector 1"});
  expect_parts(solve([&](M&, M& v, double&, W&) { v = M(4, 1); }, crossbar), {"4", "3"});
  expect_parts(solve([&](M& g, M&, double&, W&) { g = M(3, 0); }, crossbar), {"3 x 0"});
  expect_parts(solve(
                   [&](M&, M&, double&, W& window) {
                     window = {1, 1};
                   },
                   crossbar),
               {"window", "chip"});
  expect_parts(solve(
                   [&](M&, M&, double&, W& window) {
                     window = {1, 2};
                   },
                   WireTopology::kChip),
               {"window", "2 lines from line 1"});
  expect_parts(solve([&](M&, M& v, double&, W&) { v(1, 1) = 0.3; }, WireTopology::kGated),
               {"column 2", "0.2", "0.3"});
  // Wires of 1e9 times the resistance of the cells: refused, not wrong.
  expect_parts(solve([&](M&, M&, double& ohm, W&) { ohm = 1e14; }, crossbar),
               {"1e+09 times", "1e+08"});
  expect_parts(solve([&](M&, M&, double& ohm, W&) { ohm = 1e300; }, WireTopology::kGated),
               {"1e+295 times", "1e+100"});
  expect_parts(error_of([] { wire_topology("mesh", "--topology"); }),
               {"--topology", "'mesh'", "crossbar", "gated", "chip"});

  const std::vector<double> array(6, 1.0);
  const auto effective = [&](const std::vector<double>& g, int bit_lines, double ohm, W window) {
    return error_of(
        [&] { effective_conductances(std::span<const double>(g), bit_lines, ohm, window); });
  };
  EXPECT_EQ(effective(array, 3, 1.0, {0, 2}), "no error");
  expect_parts(effective(array, 4, 1.0, {0, 1}), {"6", "4"});
  expect_parts(effective(array, 0, 1.0, {0, 1}), {"0 bit lines"});
  expect_parts(effective(array, 3, -1.0, {0, 1}), {"-1"});
  expect_parts(effective(array, 3, 1.0, {1, 2}), {"2 lines from line 1"});
  expect_parts(effective({1, 1, 1, 1, -2, 1}, 3, 1.0, {0, 2}),
               {"bit line 1", "source line 1", "-2"});
}

}  // namespace mcnn
