// SPDX-License-Identifier: Apache-2.0
#include "cli/crossbar_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "behavioral_models/wire_network.h"
#include "cli/output/output_file.h"
#include "common/error.h"
#include "common/interrupt.h"

namespace mcnn::cli {
namespace {

constexpr int kMostLines = 1024;     // input and output lines
constexpr int kMostVectors = 65536;  // input vectors
constexpr int kExitInterrupted = 130;

struct CrossbarOptions {
  std::string conductance;       // file, S
  std::string inputs;            // file, V
  double wire_resistance = 0.0;  // ohm a segment
  std::string topology;
  std::string window;  // FIRST:COUNT, empty for all output lines
  std::string out;     // file, A
};

std::string read_text(const std::string& path) {
  errno = 0;
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || !text) {
    throw Error(fmt::format("{}: cannot be read: {}", path,
                            errno != 0 ? std::strerror(errno) : "empty or not a file"));
  }
  return std::move(text).str();
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Numbers with commas between them, a line a row, no header.
class CsvReader {
 public:
  CsvReader(std::string path, std::string what, int most_columns, bool negative)
      : path_(std::move(path)),
        what_(std::move(what)),
        most_columns_(most_columns),
        negative_(negative) {}

  WireMatrix read() {
    const std::string text = read_text(path_);
    std::string_view left = text;
    int lines = 0;
    int columns = 0;
    std::vector<double> values;
    while (!left.empty()) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      std::string_view line = left.substr(0, end);
      left.remove_prefix(std::min(end + 1, left.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (++lines > kMostLines) {
        throw Error(fmt::format("{}, line {}: found more than {} lines, allowed: 1 to {}", path_,
                                lines, kMostLines, kMostLines));
      }
      const int found = read_line(line, lines, values);
      if (lines == 1) columns = found;
      if (found != columns) {
        throw Error(fmt::format("{}, line {}: found {} columns, allowed: {}, as in line 1", path_,
                                lines, found, columns));
      }
    }
    if (lines == 0) throw Error(fmt::format("{}: found no line, allowed: 1 or more", path_));
    WireMatrix matrix(lines, columns);
    matrix.values = std::move(values);
    return matrix;
  }

 private:
  int read_line(std::string_view line, int number, std::vector<double>& values) const {
    int columns = 0;
    while (true) {
      if (++columns > most_columns_) {
        throw Error(
            fmt::format("{}, line {}, column {}: found more than {} columns, allowed: 1 "
                        "to {}",
                        path_, number, columns, most_columns_, most_columns_));
      }
      const std::size_t comma = line.find(',');
      values.push_back(parse(trimmed(line.substr(0, comma)), number, columns));
      if (comma == std::string_view::npos) return columns;
      line.remove_prefix(comma + 1);
    }
  }

  double parse(std::string_view text, int line, int column) const {
    double value = 0.0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || !std::isfinite(value) ||
        (!negative_ && value < 0.0)) {
      throw Error(fmt::format("{}, line {}, column {}: found '{}', allowed: {}", path_, line,
                              column, text, what_));
    }
    return value;
  }

  std::string path_;
  std::string what_;
  int most_columns_;
  bool negative_;
};

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

void check_gated(const WireMatrix& inputs, const std::string& path) {
  for (int vector = 0; vector < inputs.columns; ++vector) {
    int first = -1;
    for (int row = 0; row < inputs.rows; ++row) {
      if (inputs(row, vector) == 0.0) continue;
      if (first < 0) first = row;
      if (inputs(row, vector) != inputs(first, vector)) {
        throw Error(fmt::format(
            "{}, line {}, column {}: found {}, allowed with --topology gated: "
            "0 or the read voltage of the column, {} (line {})",
            path, row + 1, vector + 1, inputs(row, vector), inputs(first, vector), first + 1));
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

std::string currents_csv(const WireMatrix& currents) {
  fmt::memory_buffer text;
  for (int line = 0; line < currents.rows; ++line) {
    for (int vector = 0; vector < currents.columns; ++vector) {
      fmt::format_to(std::back_inserter(text), "{}{:.17g}", vector == 0 ? "" : ",",
                     currents(line, vector));
    }
    text.push_back('\n');
  }
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

int run_crossbar(const CrossbarOptions& options) {
  const WireTopology topology = wire_topology(options.topology, "--topology");
  const double ohm = options.wire_resistance;
  if (!(ohm >= 0.0) || std::isinf(ohm)) {
    throw Error(
        fmt::format("--wire-resistance: found {}, allowed: 0 ohm or more, and finite", ohm));
  }
  const WireMatrix cells =
      CsvReader(options.conductance, "a conductance in S, 0 or more and finite", kMostLines, false)
          .read();
  const WireMatrix inputs =
      CsvReader(options.inputs, "a voltage in V, finite", kMostVectors, true).read();
  if (inputs.rows != cells.rows) {
    throw Error(fmt::format("{}: found {} lines, allowed: {}, one for each line of {}",
                            options.inputs, inputs.rows, cells.rows, options.conductance));
  }
  const LineWindow window = chosen_window(options, topology, cells.columns);
  if (topology == WireTopology::kGated) check_gated(inputs, options.inputs);
  std::optional<OutputFile> file(std::in_place, options.out, "--out");

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
  file->commit(currents_csv(currents));
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
  auto options = std::make_shared<CrossbarOptions>();
  command
      .add_option("--conductance", options->conductance,
                  "Cells [S], CSV: a line for each input line, a column for each output line")
      ->required();
  command
      .add_option("--inputs", options->inputs,
                  "Voltages [V], CSV: a line for each input line, a column for each input vector")
      ->required();
  command
      .add_option("--wire-resistance", options->wire_resistance,
                  "Resistance of each wire segment [ohm]; 0 gives the ideal sums")
      ->required();
  command
      .add_option("--topology", options->topology,
                  "crossbar, gated or chip (drawn in behavioral_models/README.md)")
      ->required();
  command.add_option("--window", options->window,
                     "FIRST:COUNT: output lines that are selected, with --topology chip "
                     "(default: all)");
  command
      .add_option("--out", options->out,
                  "Currents [A], CSV: a line for each output line, a column for each input vector")
      ->required();
  return {&command, [options] { return run_crossbar(*options); }};
}

}  // namespace mcnn::cli
