// SPDX-License-Identifier: Apache-2.0
#include "cli/crossbar_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "behavioral_models/wire_network.h"
#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/run/workload.h"
#include "common/error.h"
#include "common/interrupt.h"
#include "common/number_table.h"

namespace mcnn::cli {
namespace {

constexpr int kMostLines = 1024;     // input and output lines
constexpr int kMostVectors = 65536;  // input vectors
constexpr int kExitInterrupted = 130;
// What is plausible: from a tenth of a nanosiemens to beyond a contact of a few atoms.
constexpr double kLeastConductance = 1e-10;  // S
constexpr double kLargestConductance = 0.1;  // S
constexpr double kLargestVoltage = 10.0;     // V

struct CrossbarOptions {
  std::string conductance;                // file
  std::string unit = "S";                 // of its numbers
  std::string inputs;                     // file, V
  std::optional<double> wire_resistance;  // ohm a segment
  std::string topology;
  std::string window;  // FIRST:COUNT, empty for all output lines
  std::string out;     // file, A
};

// A table of a file, as the solver takes it; `scale`: numbers of the file in one unit of it.
struct Table {
  WireMatrix values;
  std::vector<std::string> names;  // of the columns; empty if the file has none
  int first_line = 1;
};

Table read_table(const std::string& path, const NumberTableRules& rules, double scale) {
  NumberTable read = read_number_table(path, rules);
  Table table = {WireMatrix(read.rows, read.columns), std::move(read.names), read.first_line};
  std::ranges::transform(read.values, table.values.values.begin(),
                         [scale](double value) { return value / scale; });
  return table;
}

struct Unit {
  std::string_view name;
  double in_siemens;  // so many of it are 1 S
};
constexpr std::array kUnits = {Unit{"S", 1.0}, Unit{"mS", 1e3}, Unit{"uS", 1e6}, Unit{"nS", 1e9}};

const Unit& chosen_unit(const std::string& name) {
  const auto* unit = std::ranges::find(kUnits, name, &Unit::name);
  if (unit == kUnits.end()) {
    throw Error(fmt::format("--unit: found '{}', allowed are S, mS, uS and nS", name));
  }
  return *unit;
}

double largest_of(const WireMatrix& matrix) {
  double largest = 0.0;
  for (const double value : matrix.values) largest = std::max(largest, std::abs(value));
  return largest;
}

// Numbers that no memristor has are most likely numbers in another unit.
void warn_of_magnitudes(const CrossbarOptions& options, const WireMatrix& cells,
                        const WireMatrix& inputs) {
  const double conductance = largest_of(cells);
  if (conductance > kLargestConductance || (conductance > 0.0 && conductance < kLeastConductance)) {
    fmt::print(stderr,
               "mcnn: warning: {}: the largest conductance is {:g} S, those of memristors are {:g} "
               "to {:g} S; --unit says what the numbers are in (S, mS, uS, nS; now {})\n",
               options.conductance, conductance, kLeastConductance, kLargestConductance,
               options.unit);
  }
  const double voltage = largest_of(inputs);
  if (voltage > kLargestVoltage) {
    fmt::print(stderr,
               "mcnn: warning: {}: the largest voltage is {:g} V, memristors are read with less "
               "than {:g} V; the numbers are taken as V, not mV\n",
               options.inputs, voltage, kLargestVoltage);
  }
}

LineWindow chosen_window(const CrossbarOptions& options, WireTopology topology, int lines) {
  const std::string_view text = options.window;
  if (text.empty()) return {0, lines};
  if (topology != WireTopology::kChip) {
    throw Error(
        fmt::format("--window: found '{}' with --topology {}, allowed: with --topology "
                    "chip only",
                    text, wire_topology_name(topology)));
  }
  const auto fail = [&] {
    throw Error(
        fmt::format("--window: found '{}', allowed: FIRST:COUNT with COUNT 1 or more and FIRST + "
                    "COUNT at most {}, the columns of {}",
                    text, lines, options.conductance));
  };
  const auto number = [&](std::string_view part) {
    int value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size()) fail();
    return value;
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) fail();
  const LineWindow window = {number(text.substr(0, colon)), number(text.substr(colon + 1))};
  if (window.first < 0 || window.count < 1 || window.first > lines - window.count) fail();
  return window;
}

void check_gated(const WireMatrix& inputs, const std::string& path, int first_line) {
  for (int vector = 0; vector < inputs.columns; ++vector) {
    int first = -1;
    for (int row = 0; row < inputs.rows; ++row) {
      if (inputs(row, vector) == 0.0) continue;
      if (first < 0) first = row;
      if (inputs(row, vector) != inputs(first, vector)) {
        throw Error(
            fmt::format("{}, line {}, column {}: found {}, allowed with --topology gated: "
                        "0 or the read voltage of the column, {} (line {})",
                        path, first_line + row, vector + 1, inputs(row, vector),
                        inputs(first, vector), first_line + first));
      }
    }
  }
}

// What the solver is doing, from its thread to the one that shows it.
class Stage {
 public:
  void set(std::string_view what, int done, int total) {
    const std::scoped_lock lock(mutex_);
    text_ = total > 0 ? fmt::format("{} {}/{}", what, done, total) : std::string(what);
  }
  std::string text() const {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

// The name of a column of a table of the user, or its number behind `what`.
std::string column_name(const std::vector<std::string>& names, std::string_view what, int column) {
  const auto index = static_cast<std::size_t>(column);
  return index < names.size() ? names[index] : fmt::format("{}{}", what, column);
}

// A line for each output line, its name first; a column for each input vector.
std::string currents_csv(const WireMatrix& currents, int first_line,
                         const std::vector<std::string>& lines,
                         const std::vector<std::string>& vectors) {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "output_line");
  for (int vector = 0; vector < currents.columns; ++vector) {
    fmt::format_to(out, ",{}", column_name(vectors, "vector", vector));
  }
  for (int line = 0; line < currents.rows; ++line) {
    fmt::format_to(out, "\n{}", column_name(lines, "", first_line + line));
    for (int vector = 0; vector < currents.columns; ++vector) {
      fmt::format_to(out, ",{:.17g}", currents(line, vector));
    }
  }
  text.push_back('\n');
  return fmt::to_string(text);
}

std::string difference_from_ideal(const WireMatrix& currents, const WireMatrix& ideal) {
  double difference = 0.0;
  double largest = 0.0;
  for (std::size_t i = 0; i < ideal.values.size(); ++i) {
    difference = std::max(difference, std::abs(currents.values[i] - ideal.values[i]));
    largest = std::max(largest, std::abs(ideal.values[i]));
  }
  return fmt::format("{:.4g} A{}", difference,
                     largest > 0.0 ? fmt::format(", {:.3g} % of the largest ideal current",
                                                 100.0 * difference / largest)
                                   : "");
}

// Says what the command wants if something of it is missing.
void check_given(const CrossbarOptions& options) {
  std::vector<std::string_view> missing;
  const auto need = [&](std::string_view name, bool given) {
    if (!given) missing.push_back(name);
  };
  need("--conductance", !options.conductance.empty());
  need("--inputs", !options.inputs.empty());
  need("--wire-resistance", options.wire_resistance.has_value());
  need("--topology", !options.topology.empty());
  need("--out", !options.out.empty());
  if (missing.empty()) return;
  throw Error(fmt::format(
      "mcnn crossbar needs {}; --conductance is a table (CSV) with a line for each input line and "
      "a column for each output line, --inputs one with a line for each input line and a column "
      "for each input vector; {}/crossbar has one of each (mcnn crossbar --help has the command)",
      fmt::join(missing, ", "), data_folder()));
}

int run_crossbar(const CrossbarOptions& options) {
  check_given(options);
  const WireTopology topology = wire_topology(options.topology, "--topology");
  const double ohm = options.wire_resistance.value();
  if (!(ohm >= 0.0) || std::isinf(ohm)) {
    throw Error(
        fmt::format("--wire-resistance: found {}, allowed: 0 ohm or more, and finite", ohm));
  }
  const Unit& unit = chosen_unit(options.unit);
  const Table cells_table =
      read_table(options.conductance,
                 {.what = fmt::format("a conductance in {}, 0 or more and finite", unit.name),
                  .lowest = 0.0,
                  .most_rows = kMostLines,
                  .most_columns = kMostLines},
                 unit.in_siemens);
  const Table inputs_table = read_table(
      options.inputs,
      {.what = "a voltage in V, finite", .most_rows = kMostLines, .most_columns = kMostVectors},
      1.0);
  const WireMatrix& cells = cells_table.values;
  const WireMatrix& inputs = inputs_table.values;
  if (inputs.rows != cells.rows) {
    throw Error(fmt::format("{}: found {} lines, allowed: {}, one for each line of {}",
                            options.inputs, inputs.rows, cells.rows, options.conductance));
  }
  const LineWindow window = chosen_window(options, topology, cells.columns);
  if (topology == WireTopology::kGated) {
    check_gated(inputs, options.inputs, inputs_table.first_line);
  }
  std::optional<OutputFile> file(std::in_place, options.out, "--out");

  warn_of_magnitudes(options, cells, inputs);
  // In a thread of its own, because a factorisation cannot be interrupted: Ctrl-C removes what was
  // begun and ends the process at once.
  install_interrupt_handler();
  Stage stage;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::atomic<double> solved_in = 0.0;
  std::future<WireMatrix> solution = std::async(std::launch::async, [&] {
    WireMatrix currents = wire_currents(
        cells, inputs, ohm, topology, window,
        [&](std::string_view what, int done, int total) { stage.set(what, done, total); });
    solved_in = seconds();
    return currents;
  });
  const bool terminal = isatty(STDERR_FILENO) != 0;
  while (solution.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready) {
    if (terminal) {
      fmt::print(stderr, "\r\033[Kcrossbar: {}, {:.1f} s", stage.text(), seconds());
      std::fflush(stderr);
    }
    if (interrupt_requested()) {
      file.reset();
      std::fputs(terminal ? "\r\033[Kmcnn: interrupted\n" : "mcnn: interrupted\n", stderr);
      std::_Exit(kExitInterrupted);
    }
  }
  if (terminal) std::fputs("\r\033[K", stderr);
  const WireMatrix currents = solution.get();
  const WireMatrix ideal = wire_currents(cells, inputs, 0.0, topology, window);
  file->commit(currents_csv(currents, window.first, cells_table.names, inputs_table.names));
  fmt::print("{}, {} input lines x {} output lines, {} input vectors, {} ohm a segment\n",
             wire_topology_name(topology), cells.rows, window.count, inputs.columns, ohm);
  fmt::print("solved in {:.3g} ms, {:.3g} vectors/s\n", 1e3 * solved_in,
             inputs.columns / std::max(solved_in.load(), 1e-9));
  fmt::print("largest difference from the ideal currents: {}\n",
             difference_from_ideal(currents, ideal));
  fmt::print("wrote {}\n", options.out);
  return 0;
}

}  // namespace

Command crossbar_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "crossbar", "Solve a crossbar with resistive wires: conductances and voltages to currents");
  add_examples(command, {{"mcnn crossbar --conductance data/crossbar/conductance.csv --unit uS \\\n"
                          "      --inputs data/crossbar/inputs.csv --wire-resistance 2 \\\n"
                          "      --topology crossbar --out currents.csv",
                          "the small example that comes along, from the project's folder"},
                         {"mcnn crossbar --conductance data/crossbar/conductance.csv --unit uS \\\n"
                          "      --inputs data/crossbar/inputs.csv --wire-resistance 0 \\\n"
                          "      --topology chip --window 1:2 --out ideal.csv",
                          "two of its output lines, without wires"}});
  auto options = std::make_shared<CrossbarOptions>();
  begin_group(command, "Array");
  command
      .add_option("--conductance", options->conductance,
                  "Cells, CSV: a line for each input line, a column for each output line; one line "
                  "of names above it, or none (required)")
      ->type_name("FILE");
  command.add_option("--unit", options->unit, "What its numbers are in: S, mS, uS or nS")
      ->type_name("UNIT")
      ->capture_default_str();
  command
      .add_option("--wire-resistance", options->wire_resistance,
                  "Resistance of each wire segment; 0 gives the ideal sums (required)")
      ->type_name("OHM");
  command
      .add_option("--topology", options->topology,
                  "crossbar, gated or chip, drawn in behavioral_models/README.md (required)")
      ->type_name("NAME");
  command
      .add_option("--window", options->window,
                  "Output lines that are selected, with --topology chip (default: all)")
      ->type_name("FIRST:COUNT");
  begin_group(command, "Inputs");
  command
      .add_option("--inputs", options->inputs,
                  "Voltages [V], CSV: a line for each input line, a column for each input vector; "
                  "one line of names above it, or none (required)")
      ->type_name("FILE");
  add_file_option(command, "--out", options->out,
                  "Currents [A], CSV: a line for each output line, a column for each input "
                  "vector, with their names (required)");
  return {&command, [options] { return run_crossbar(*options); }};
}

}  // namespace mcnn::cli
