// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/checkpoint.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/json_depth.h"

namespace mcnn {
namespace {

using nlohmann::json;

constexpr std::string_view kFormat = "mcnn-tuning-2";

// Calls visit(name, member) for every plain member: one list for writing and reading.
template <typename State, typename Visit>
void visit_state(State& state, const Visit& visit) {
  visit("stage", state.stage);
  visit("round", state.round);
  visit("batch", state.batch);
  visit("step", state.step);
  visit("next_image", state.next_image);
  visit("forward_images", state.forward_images);
  visit("halted_images", state.halted_images);
  visit("forward_conductance_uS", state.forward.conductance_uS);
  visit("forward_reads", state.forward.reads);
  visit("forward_pulses", state.forward.pulses);
  visit("forward_conversions", state.forward.conversions);
  visit("written_sets", state.written.sets);
  visit("written_resets", state.written.resets);
  visit("written_set_conductance_uS", state.written.set_conductance_uS);
  visit("written_reset_conductance_uS", state.written.reset_conductance_uS);
  visit("written_reads", state.written.reads);
  visit("written_read_conductance_uS", state.written.read.conductance_uS);
  visit("written_read_reads", state.written.read.reads);
  visit("written_read_pulses", state.written.read.pulses);
  visit("written_read_conversions", state.written.read.conversions);
  visit("waited_s", state.waited_s);
  visit("beta", state.beta);
  visit("train_errors", state.train_errors);
  visit("train_loss", state.train_loss);
  visit("best_loss", state.best_loss);
  visit("best_round", state.best_round);
  visit("accumulators", state.accumulators);
  visit("wanted", state.wanted);
  visit("biases", state.biases);
  visit("pairs", state.counters.pairs);
  visit("cells", state.counters.cells);
  visit("failed", state.counters.failed);
  visit("saturated", state.counters.saturated);
  visit("reads", state.counters.reads);
  visit("program_clocks", state.programming.clocks);
  visit("program_reads", state.programming.reads);
  visit("program_sets", state.programming.sets);
  visit("program_resets", state.programming.resets);
  visit("program_done", state.programming.done);
  visit("program_failed", state.programming.failed);
  visit("program_refused", state.programming.refused);
}

}  // namespace

std::string to_text(const Checkpoint& checkpoint) {
  json file;
  file["format"] = kFormat;
  file["run"] = checkpoint.run;
  json& state = file["state"] = json::object();
  visit_state(checkpoint.state, [&](const char* name, const auto& value) { state[name] = value; });
  for (const CellAddress& cell : checkpoint.state.bad_cells) {
    state["bad_cells"].push_back({cell.pe, cell.line, cell.bit_line});
  }
  for (const BatchPoint& point : checkpoint.state.batches) {
    state["batches"].push_back({point.step, point.errors, point.images, point.cells, point.pulses});
  }
  for (const EvaluationPoint& point : checkpoint.state.evaluations) {
    state["evaluations"].push_back({point.step, point.what, point.validation_errors,
                                    point.validation_images, point.validation_loss,
                                    point.test_errors, point.test_images});
  }
  for (const MacroState& macro : checkpoint.macros) {
    json& written = file["macros"].emplace_back();
    written["next_programming_run"] = macro.next_programming_run;
    for (const CellState& cell : macro.cells) {
      written["cells"].push_back({cell.base, cell.age_s, cell.read_pulses, cell.generation,
                                  cell.pulses, cell.settled ? 1 : 0});
    }
  }
  return file.dump() + "\n";
}

Checkpoint parse_checkpoint(std::string_view text, const std::string& source) {
  Checkpoint checkpoint;
  if (!is_flat_json(text)) {
    throw Error(
        fmt::format("{}: found lists in lists, allowed: {} in each other", source, kMaxJsonDepth));
  }
  try {
    const json file = json::parse(text);
    if (file.at("format") != kFormat) {
      throw Error(fmt::format("{}: format: found {}, allowed: \"{}\"", source,
                              file.at("format").dump(), kFormat));
    }
    checkpoint.run = file.at("run").get<std::string>();
    const json& state = file.at("state");
    visit_state(checkpoint.state,
                [&](const char* name, auto& value) { state.at(name).get_to(value); });
    if (state.contains("bad_cells")) {
      for (const json& cell : state["bad_cells"]) {
        checkpoint.state.bad_cells.push_back(
            {cell.at(0).get<int>(), cell.at(1).get<int>(), cell.at(2).get<int>()});
      }
    }
    if (state.contains("batches")) {
      for (const json& point : state["batches"]) {
        checkpoint.state.batches.push_back({point.at(0).get<int64_t>(), point.at(1).get<int>(),
                                            point.at(2).get<int>(), point.at(3).get<int64_t>(),
                                            point.at(4).get<int64_t>()});
      }
    }
    if (state.contains("evaluations")) {
      for (const json& point : state["evaluations"]) {
        checkpoint.state.evaluations.push_back(
            {point.at(0).get<int64_t>(), point.at(1).get<std::string>(), point.at(2).get<int>(),
             point.at(3).get<int>(), point.at(4).get<double>(), point.at(5).get<int>(),
             point.at(6).get<int>()});
      }
    }
    for (const json& macro : file.at("macros")) {
      MacroState& read = checkpoint.macros.emplace_back();
      read.next_programming_run = macro.at("next_programming_run").get<uint32_t>();
      for (const json& cell : macro.at("cells")) {
        read.cells.push_back({.base = cell.at(0).get<double>(),
                              .age_s = cell.at(1).get<double>(),
                              .read_pulses = cell.at(2).get<double>(),
                              .generation = cell.at(3).get<uint32_t>(),
                              .pulses = cell.at(4).get<uint32_t>(),
                              .settled = cell.at(5).get<int>() != 0});
      }
    }
  } catch (const json::exception& error) {
    throw Error(
        fmt::format("{}: found what is not a checkpoint of tuning ({})", source, error.what()));
  }
  return checkpoint;
}

}  // namespace mcnn
