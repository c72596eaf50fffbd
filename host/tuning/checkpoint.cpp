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

constexpr std::string_view kTuning = "mcnn-tuning-3";
constexpr std::string_view kLearning = "mcnn-learning-1";

// Calls visit(name, member) for every plain member: one list for writing and reading.
template <typename Work, typename Written, typename Visit>
void visit_work(Work& forward, Written& written, const Visit& visit) {
  visit("forward_conductance_uS", forward.conductance_uS);
  visit("forward_reads", forward.reads);
  visit("forward_pulses", forward.pulses);
  visit("forward_conversions", forward.conversions);
  visit("written_sets", written.sets);
  visit("written_resets", written.resets);
  visit("written_set_conductance_uS", written.set_conductance_uS);
  visit("written_reset_conductance_uS", written.reset_conductance_uS);
  visit("written_reads", written.reads);
  visit("written_read_conductance_uS", written.read.conductance_uS);
  visit("written_read_reads", written.read.reads);
  visit("written_read_pulses", written.read.pulses);
  visit("written_read_conversions", written.read.conversions);
}
template <typename State, typename Visit>
void visit_state(State& state, const Visit& visit) {
  visit("stage", state.stage);
  visit("round", state.round);
  visit("batch", state.batch);
  visit("step", state.step);
  visit("next_image", state.next_image);
  visit("forward_images", state.forward_images);
  visit("halted_images", state.halted_images);
  visit_work(state.forward, state.written, visit);
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

template <typename State, typename Visit>
void visit_learning(State& state, const Visit& visit) {
  visit("next_image", state.next_image);
  visit("iterations", state.iterations);
  visit("scale", state.scale);
  visit("update_unit", state.update_unit);
  visit("wanted", state.wanted);
  visit("held", state.held);
  visit("done", state.done);
}
template <typename Point, typename Visit>
void visit_point(Point& point, const Visit& visit) {
  visit("epoch", point.epoch);
  visit("iterations", point.iterations);
  visit("errors", point.errors);
  visit("test_errors", point.test_errors);
  visit("images", point.work.images);
  visit("halted_images", point.work.halted_images);
  visit_work(point.work.forward, point.work.written, visit);
  visit("program_clocks", point.work.program_clocks);
  visit("cells", point.work.cells);
  visit("failed", point.work.failed);
}

// Puts every member into the object; takes every member from it.
auto put(json& object) {
  return [&object](const char* name, const auto& value) { object[name] = value; };
}
auto take(const json& object) {
  return [&object](const char* name, auto& value) { object.at(name).get_to(value); };
}

json macros_json(const std::vector<MacroState>& macros) {
  json list = json::array();
  for (const MacroState& macro : macros) {
    json& written = list.emplace_back();
    written["next_programming_run"] = macro.next_programming_run;
    for (const CellState& cell : macro.cells) {
      written["cells"].push_back({cell.base, cell.age_s, cell.read_pulses, cell.generation,
                                  cell.pulses, cell.settled ? 1 : 0});
    }
  }
  return list;
}

std::vector<MacroState> macros_of(const json& list) {
  std::vector<MacroState> macros;
  for (const json& macro : list) {
    MacroState& read = macros.emplace_back();
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
  return macros;
}

// Calls read(file) for a file of this format; what it says of a bad one.
template <typename Read>
void parse(std::string_view text, const std::string& source, std::string_view format,
           std::string_view what, const Read& read) {
  if (!is_flat_json(text)) {
    throw Error(
        fmt::format("{}: found lists in lists, allowed: {} in each other", source, kMaxJsonDepth));
  }
  try {
    const json file = json::parse(text);
    if (file.at("format") != format) {
      throw Error(fmt::format("{}: format: found {}, allowed: \"{}\"", source,
                              file.at("format").dump(), format));
    }
    read(file);
  } catch (const json::exception& error) {
    throw Error(
        fmt::format("{}: found what is not a checkpoint of {} ({})", source, what, error.what()));
  }
}

}  // namespace

std::string to_text(const Checkpoint& checkpoint) {
  json file;
  file["format"] = kTuning;
  file["run"] = checkpoint.run;
  json& state = file["state"] = json::object();
  visit_state(checkpoint.state, put(state));
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
  file["macros"] = macros_json(checkpoint.macros);
  return file.dump() + "\n";
}

Checkpoint parse_checkpoint(std::string_view text, const std::string& source) {
  Checkpoint checkpoint;
  parse(text, source, kTuning, "tuning", [&](const json& file) {
    checkpoint.run = file.at("run").get<std::string>();
    const json& state = file.at("state");
    visit_state(checkpoint.state, take(state));
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
    checkpoint.macros = macros_of(file.at("macros"));
  });
  return checkpoint;
}

std::string to_text(const LearningCheckpoint& checkpoint) {
  json file;
  file["format"] = kLearning;
  file["run"] = checkpoint.run;
  json& state = file["state"] = json::object();
  visit_learning(checkpoint.state, put(state));
  json& points = state["points"] = json::array();
  for (const LearningPoint& point : checkpoint.state.points) {
    visit_point(point, put(points.emplace_back()));
  }
  json& pictures = file["pictures"] = json::array();
  for (const CellPicture& picture : checkpoint.pictures) {
    pictures.push_back({picture.epoch, picture.conductances_uS});
  }
  file["macros"] = macros_json(checkpoint.macros);
  return file.dump() + "\n";
}

LearningCheckpoint parse_learning_checkpoint(std::string_view text, const std::string& source) {
  LearningCheckpoint checkpoint;
  parse(text, source, kLearning, "learning", [&](const json& file) {
    checkpoint.run = file.at("run").get<std::string>();
    const json& state = file.at("state");
    visit_learning(checkpoint.state, take(state));
    for (const json& point : state.at("points")) {
      visit_point(checkpoint.state.points.emplace_back(), take(point));
    }
    for (const json& picture : file.at("pictures")) {
      checkpoint.pictures.push_back(
          {picture.at(0).get<int>(), picture.at(1).get<std::vector<double>>()});
    }
    checkpoint.macros = macros_of(file.at("macros"));
  });
  return checkpoint;
}

}  // namespace mcnn
