// SPDX-License-Identifier: Apache-2.0
#include "host/programming/cells_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/error.h"
#include "common/fingerprint.h"
#include "common/index.h"
#include "common/json_depth.h"

namespace mcnn {
namespace {

using nlohmann::json;

constexpr std::string_view kFormat = "mcnn-cells-1";

[[noreturn]] void fail(const std::string& source, const std::string& field,
                       const std::string& found, const std::string& allowed) {
  throw Error(fmt::format("{}: {}: found {}, allowed: {}", source, field, found, allowed));
}

// What was found, short enough for a message.
std::string shown(const json& value) {
  std::string text = value.dump();
  if (text.size() > 40) {
    text = text.substr(0, 37) + "...";
  }
  return text;
}

const json& member(const json& object, const char* name, const std::string& source,
                   const std::string& where) {
  if (!object.is_object()) {
    fail(source, where, shown(object), "an object");
  }
  const auto found = object.find(name);
  if (found == object.end()) {
    fail(source, where.empty() ? name : where + "." + name, "nothing", "the field");
  }
  return *found;
}

std::string text_of(const json& object, const char* name, const std::string& source) {
  const json& value = member(object, name, source, "");
  if (!value.is_string()) {
    fail(source, name, shown(value), "a text");
  }
  return value.get<std::string>();
}

uint64_t count_of(const json& value, uint64_t largest, const std::string& source,
                  const std::string& where) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > largest) {
    fail(source, where, shown(value), fmt::format("an integer 0..{}", largest));
  }
  return value.get<uint64_t>();
}

int32_t integer_of(const json& value, const std::string& source, const std::string& where) {
  constexpr int64_t kLow = std::numeric_limits<int32_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int32_t>::max();
  const bool small = value.is_number_unsigned()
                         ? value.get<uint64_t>() <= uint64_t{kHigh}
                         : value.is_number_integer() && value.get<int64_t>() >= kLow;
  if (!small) {
    fail(source, where, shown(value), fmt::format("an integer {}..{}", kLow, kHigh));
  }
  return value.get<int32_t>();
}

double number_of(const json& value, const std::string& source, const std::string& where) {
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    fail(source, where, shown(value), "a number");
  }
  return value.get<double>();
}

const json& list_of(const json& value, size_t size, const std::string& source,
                    const std::string& where) {
  if (!value.is_array() || value.size() != size) {
    fail(source, where, value.is_array() ? fmt::format("a list of {}", value.size()) : shown(value),
         fmt::format("a list of {}", size));
  }
  return value;
}

CellState cell_of(const json& value, const std::string& source, const std::string& where) {
  constexpr uint64_t kLargest = std::numeric_limits<uint32_t>::max();
  const json& list = list_of(value, 6, source, where);
  CellState cell;
  cell.base = number_of(list[0], source, where + "[0]");
  cell.age_s = number_of(list[1], source, where + "[1]");
  cell.read_pulses = number_of(list[2], source, where + "[2]");
  cell.generation = static_cast<uint32_t>(count_of(list[3], kLargest, source, where + "[3]"));
  cell.pulses = static_cast<uint32_t>(count_of(list[4], kLargest, source, where + "[4]"));
  cell.settled = count_of(list[5], 1, source, where + "[5]") != 0;
  return cell;
}

FaultMap faults_of(const json& list, const MacroShape& shape, size_t pes,
                   const std::string& source) {
  if (!list.is_array()) {
    fail(source, "faults", shown(list), "a list");
  }
  FaultMap map;
  for (const json& value : list) {
    const std::string where = fmt::format("faults[{}]", map.faults.size());
    list_of(value, 5, source, where);
    const auto position = [&](size_t i, size_t count) {
      return static_cast<int>(
          count_of(value[i], count - 1, source, fmt::format("{}[{}]", where, i)));
    };
    const CellFault fault = {
        {position(0, pes), position(1, to_index(shape.source_lines)),
         position(2, to_index(shape.bit_lines))},
        {number_of(value[3], source, where + "[3]"), number_of(value[4], source, where + "[4]")}};
    if (fault.reach.high < fault.reach.low) {
      fail(source, where + "[4]", shown(value[4]), fmt::format("{} or more", fault.reach.low));
    }
    if (!map.faults.empty() && !(map.faults.back().cell < fault.cell)) {
      fail(source, where, shown(value), "a cell behind the one before");
    }
    map.faults.push_back(fault);
  }
  return map;
}

// The first line in which two texts differ.
std::pair<std::string, std::string> first_difference(const std::string& a, const std::string& b) {
  std::istringstream lines_a(a);
  std::istringstream lines_b(b);
  for (;;) {
    std::string line_a;
    std::string line_b;
    const bool more_a = static_cast<bool>(std::getline(lines_a, line_a));
    const bool more_b = static_cast<bool>(std::getline(lines_b, line_b));
    if (line_a != line_b || more_a != more_b || !more_a) {
      return {more_a ? line_a : "nothing", more_b ? line_b : "nothing"};
    }
  }
}

}  // namespace

std::string cells_digest(const ChipProgram& program) {
  Fingerprint fingerprint;
  for (const std::vector<uint8_t>& levels : program.cells) {
    for (const uint8_t level : levels) fingerprint.add(level);
    fingerprint.add(std::uint8_t{0xFF});
  }
  return fmt::format("{:016x}", fingerprint.value());
}

std::string cells_card_text(const DeviceCard& card) {
  DeviceCard written = card;
  written.description.clear();  // says nothing about the cells
  written.age_s = DeviceCard{}.age_s;
  written.read_disturb_pulses = DeviceCard{}.read_disturb_pulses;
  return device_card_toml(written);
}

std::string to_text(const CellsFile& file) {
  nlohmann::ordered_json top;
  top["format"] = kFormat;
  top["config"] = file.config;
  top["seed"] = file.seed;
  top["shape"] = {{"bit_lines", file.shape.bit_lines},
                  {"source_lines", file.shape.source_lines},
                  {"adc_lanes", file.shape.adc_lanes},
                  {"adc_bits", file.shape.adc_bits}};
  top["card"] = file.card;
  top["cells_digest"] = file.cells_digest;
  top["bias_changes"] = nlohmann::ordered_json::array();
  for (const BiasRow& row : file.bias_changes) {
    top["bias_changes"].push_back(row);
  }
  if (file.faults) {
    top["faults"] = nlohmann::ordered_json::array();
    for (const CellFault& fault : file.faults->faults) {
      top["faults"].push_back(
          {fault.cell.pe, fault.cell.line, fault.cell.bit_line, fault.reach.low, fault.reach.high});
    }
  }
  // One line a cell would be long; one line a macro is hard on editors: a line a PE and cell row.
  std::string text = top.dump(1);
  text.resize(text.rfind('}'));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
    text.pop_back();
  }
  text += ",\n \"macros\": [";
  for (size_t pe = 0; pe < file.states.size(); ++pe) {
    const MacroState& state = file.states[pe];
    text += fmt::format("{}\n  {{\"next_programming_run\": {}, \"cells\": [", pe > 0 ? "," : "",
                        state.next_programming_run);
    for (size_t i = 0; i < state.cells.size(); ++i) {
      const CellState& cell = state.cells[i];
      const json values = {cell.base,       cell.age_s,  cell.read_pulses,
                           cell.generation, cell.pulses, cell.settled ? 1 : 0};
      text += i > 0 ? "," : "";
      text += i % to_index(file.shape.bit_lines) == 0 ? "\n   " : "";
      text += values.dump();
    }
    text += "]}";
  }
  return text + "\n ]\n}\n";
}

CellsFile parse_cells_file(std::string_view text, const std::string& source) {
  if (!is_flat_json(text)) {
    fail(source, "file", "lists in lists", fmt::format("{} in each other", kMaxJsonDepth));
  }
  json top;
  try {
    top = json::parse(text);
  } catch (const json::exception& error) {
    throw Error(fmt::format("{}: not a cells file: {}", source, error.what()));
  }
  if (!top.is_object()) {
    fail(source, "file", shown(top), "an object");
  }
  const std::string format = text_of(top, "format", source);
  if (format != kFormat) {
    fail(source, "format", '"' + format + '"', fmt::format("\"{}\"", kFormat));
  }
  for (const auto& [name, value] : top.items()) {
    constexpr std::array<std::string_view, 9> kFields = {"format",       "config", "seed",
                                                         "shape",        "card",   "cells_digest",
                                                         "bias_changes", "faults", "macros"};
    if (std::find(kFields.begin(), kFields.end(), name) == kFields.end()) {
      fail(source, name, "an unknown field", fmt::format("{}", fmt::join(kFields, ", ")));
    }
  }
  CellsFile file;
  file.config = text_of(top, "config", source);
  file.seed = count_of(member(top, "seed", source, ""), std::numeric_limits<uint64_t>::max(),
                       source, "seed");
  const json& shape = member(top, "shape", source, "");
  const auto size = [&](const char* name) {
    constexpr uint64_t kLargest = 1 << 16;
    return static_cast<int>(count_of(member(shape, name, source, "shape"), kLargest, source,
                                     std::string("shape.") + name));
  };
  file.shape = {.bit_lines = size("bit_lines"),
                .source_lines = size("source_lines"),
                .adc_lanes = size("adc_lanes"),
                .adc_bits = size("adc_bits")};
  file.card = text_of(top, "card", source);
  file.cells_digest = text_of(top, "cells_digest", source);

  const json& macros = member(top, "macros", source, "");
  if (!macros.is_array() || macros.empty()) {
    fail(source, "macros", shown(macros), "a list, one a PE");
  }
  const json& changes = member(top, "bias_changes", source, "");
  if (!changes.is_array()) {
    fail(source, "bias_changes", shown(changes), "a list");
  }
  for (const json& row : changes) {
    const std::string where = fmt::format("bias_changes[{}]", file.bias_changes.size());
    if (!row.is_array()) {
      fail(source, where, shown(row), "a list");
    }
    BiasRow& change = file.bias_changes.emplace_back();
    for (const json& kernel : row) {
      change.push_back(integer_of(kernel, source, where));
    }
  }
  if (top.contains("faults")) {
    file.faults = faults_of(top["faults"], file.shape, macros.size(), source);
  }
  const size_t cells = to_index(file.shape.bit_lines) * to_index(file.shape.source_lines);
  for (size_t pe = 0; pe < macros.size(); ++pe) {
    const std::string where = fmt::format("macros[{}]", pe);
    MacroState& state = file.states.emplace_back();
    state.next_programming_run = static_cast<uint32_t>(
        count_of(member(macros[pe], "next_programming_run", source, where),
                 std::numeric_limits<uint32_t>::max(), source, where + ".next_programming_run"));
    const json& list =
        list_of(member(macros[pe], "cells", source, where), cells, source, where + ".cells");
    state.cells.reserve(cells);
    for (size_t i = 0; i < cells; ++i) {
      state.cells.push_back(cell_of(list[i], source, fmt::format("{}.cells[{}]", where, i)));
    }
  }
  return file;
}

CellsFile load_cells_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    throw Error(
        fmt::format("{}: cannot be opened; a file that --save-cells wrote is needed", path));
  }
  std::ostringstream text;
  text << stream.rdbuf();
  return parse_cells_file(text.str(), path);
}

void check_cells_file(const CellsFile& file, const std::string& source, const ChipConfig& config,
                      const DeviceCard& card, uint64_t seed, const ChipProgram& program) {
  if (file.config != config.name) {
    fail(source, "config", file.config, fmt::format("{}, as chosen now", config.name));
  }
  const auto check_size = [&](const char* name, int found, int wanted) {
    if (found != wanted) {
      fail(source, std::string("shape.") + name, fmt::format("{}", found),
           fmt::format("{} of configuration {}", wanted, config.name));
    }
  };
  check_size("bit_lines", file.shape.bit_lines, config.num_bl());
  check_size("source_lines", file.shape.source_lines, config.num_sl);
  check_size("adc_lanes", file.shape.adc_lanes, config.num_adc);
  check_size("adc_bits", file.shape.adc_bits, config.adc_bits);
  if (file.states.size() != to_index(config.num_pe)) {
    fail(source, "macros", fmt::format("{}", file.states.size()),
         fmt::format("{} PEs of configuration {}", config.num_pe, config.name));
  }
  if (file.seed != seed) {
    fail(source, "seed", fmt::format("{}", file.seed), fmt::format("{}, as chosen now", seed));
  }
  const std::string text = cells_card_text(card);
  if (file.card != text) {
    const auto [found, wanted] = first_difference(file.card, text);
    fail(source, "card", fmt::format("a device with '{}'", found),
         fmt::format("the device chosen now, with '{}' there", wanted));
  }
  const std::string digest = cells_digest(program);
  if (file.cells_digest != digest) {
    fail(source, "cells_digest", file.cells_digest,
         fmt::format("{}, the cells of network and mapping chosen now{}", digest,
                     file.faults ? ", with the blocks moved around the faults" : ""));
  }
  if (!file.bias_changes.empty() && file.bias_changes.size() != program.biases.size()) {
    fail(source, "bias_changes", fmt::format("{} rows", file.bias_changes.size()),
         fmt::format("{} of the chip program, or none", program.biases.size()));
  }
  for (size_t row = 0; row < file.bias_changes.size(); ++row) {
    if (file.bias_changes[row].size() != to_index(config.lanes)) {
      fail(source, fmt::format("bias_changes[{}]", row),
           fmt::format("{} kernels", file.bias_changes[row].size()),
           fmt::format("{} (Lanes)", config.lanes));
    }
  }
}

}  // namespace mcnn
