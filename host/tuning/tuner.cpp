// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/tuner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "behavioral_models/gaussian_stream.h"
#include "common/error.h"
#include "common/index.h"
#include "host/mapping/cycle_model.h"
#include "host/network/integer_network.h"
#include "host/tuning/groups.h"

namespace mcnn {
namespace {

// Forward passes of tuning are numbered from here, those of test images from 0.
constexpr uint32_t kFirstImage = 0x8000'0000u;
// Images that the statistics of the hidden layers are taken on, and how often their biases move.
constexpr size_t kStatisticsImages = 1000;
constexpr int kBiasRounds = 3;
// A loss has to be this much smaller (relative) to count as a gain.
constexpr double kGain = 1e-3;
// Passes end when fewer than this fraction of the pairs were outside.
constexpr double kFewPairs = 0.002;

constexpr std::string_view kDone = "done";

// Mean and fraction above 0 of each channel of a map, summed over images.
struct ChannelStatistics {
  std::vector<int64_t> sums;
  std::vector<int64_t> active;
  int64_t pixels = 0;  // of a channel

  void add(const MapShape& shape, std::span<const uint8_t> map) {
    const size_t plane = to_index(shape.height * shape.width);
    sums.resize(to_index(shape.channels), 0);
    active.resize(to_index(shape.channels), 0);
    for (size_t c = 0; c < sums.size(); ++c) {
      for (const uint8_t pixel : map.subspan(c * plane, plane)) {
        sums[c] += pixel;
        active[c] += pixel > 0 ? 1 : 0;
      }
    }
    pixels += static_cast<int64_t>(plane);
  }
};

}  // namespace

TuningFlow tuning_flow(std::string_view name) {
  if (name == "paper") {
    return TuningFlow::kPaper;
  }
  if (name == "best") {
    return TuningFlow::kBest;
  }
  throw Error(fmt::format("--flow: found '{}', allowed are paper and best", name));
}

Sharing sharing(std::string_view name) {
  if (name == "rows") {
    return Sharing::kRows;
  }
  if (name == "images") {
    return Sharing::kImages;
  }
  throw Error(fmt::format("--sharing: found '{}', allowed are rows and images", name));
}

std::string_view flow_name(TuningFlow flow) {
  return flow == TuningFlow::kPaper ? "paper" : "best";
}

void TuningSettings::check(int images) const {
  const auto integer = [](std::string_view name, int64_t value, int64_t low, int64_t high) {
    if (value < low || value > high) {
      throw Error(fmt::format("{}: found {}, allowed is {}..{}", name, value, low, high));
    }
  };
  const auto number = [](std::string_view name, double value, bool zero) {
    if (!std::isfinite(value) || value < 0.0 || (!zero && value == 0.0)) {
      throw Error(fmt::format("{}: found {}, allowed is a number {} 0", name, value,
                              zero ? "not below" : "above"));
    }
  };
  integer("--validation", validation, 1, images - 1);
  integer("--batch", batch, 1, images - validation);
  integer("--epochs", max_epochs, 1, 1000);
  integer("--patience", patience, 1, 1000);
  integer("--test-interval", test_interval, 0, 1000);
  integer("--passes", passes, 1, 100);
  integer("--refit-epochs", refit_epochs, 1, 10000);
  number("--wait", wait_s, true);
  number("--learning-rate", hybrid.learning_rate, false);
  number("--threshold", hybrid.threshold_uS, true);
  number("--pass-threshold", pass_threshold_uS, true);
  number("--refit-rate", refit_rate, false);
  number("--refit-penalty", refit_penalty, true);
}

Tuner::Tuner(TuningChip& chip, const Network& network, const MappedNetwork& mapped,
             const ChipConfig& config, const DeviceCard& card, const Dataset& training,
             const Dataset* test, const TuningSettings& settings,
             const TargetCorrection& correction, FaultMap faults)
    : chip_(chip),
      network_(network),
      mapped_(mapped),
      config_(config),
      card_(card),
      training_(training),
      test_(test),
      settings_(settings),
      layer_(tuned_layer(network, mapped)),
      faults_(std::move(faults)),
      writer_(chip.port(), config, card, program_settings(card), correction,
              faults_.stuck_cells()) {
  settings_.check(training.images.count);
  load_programs();
  chip_.take_forward_work();  // what was before
  chip_.take_programming_work();
  if (network.layers.size() < 2) {
    throw Error(
        fmt::format("tuning: network {}: found 1 layer, allowed: 2 or more, the inputs of "
                    "the last one are read back from the feature maps",
                    network.name));
  }
  const int first_validation = training.images.count - settings_.validation;
  training_ids_.resize(to_index(first_validation));
  std::iota(training_ids_.begin(), training_ids_.end(), 0);
  validation_ids_.resize(to_index(settings_.validation));
  std::iota(validation_ids_.begin(), validation_ids_.end(), first_validation);
  state_.next_image = kFirstImage;
  for (const Layer& layer : network_.layers) {
    state_.biases.push_back(layer.biases);
  }
}

Reach Tuner::reach(const CellPair& pair) const {
  return faults_.pair_reach({pair.pe, pair.line, pair.bit_line});
}

double Tuner::reachable_weight(const CellPair& pair) const {
  return reach(pair).nearest(pair.weight);
}

ForwardBatch Tuner::forward(std::span<const int> images, bool features) {
  ForwardBatch batch;
  batch.inputs = layer_.inputs;
  batch.outputs = layer_.outputs;
  std::vector<std::span<const uint8_t>> pixels;
  for (const int image : images) {
    pixels.push_back(training_.images.image(image));
    batch.labels.push_back(training_.labels[to_index(image)]);
  }
  for (const TuningChip::ImageOutput& output : pass(pixels, features)) {
    batch.logits.insert(batch.logits.end(), output.logits.begin(), output.logits.end());
    if (features) {
      const std::vector<uint8_t>& map = output.maps.back();
      batch.features.insert(batch.features.end(), map.begin(), map.end());
    }
  }
  return batch;
}

std::vector<TuningChip::ImageOutput> Tuner::pass(std::span<const std::span<const uint8_t>> images,
                                                 bool maps) {
  std::vector<TuningChip::ImageOutput> outputs = chip_.forward(state_.next_image, images, maps);
  const auto count = static_cast<int64_t>(images.size());
  state_.next_image += static_cast<uint32_t>(count);
  state_.forward_images += count;
  // Programs that take turns are changed between two images.
  state_.halted_images += maps || programs_.size() > 1 ? count : 0;
  state_.forward += chip_.take_forward_work();
  return outputs;
}

int Tuner::test_errors() {
  ForwardBatch batch;
  batch.outputs = layer_.outputs;
  batch.labels = test_->labels;
  std::vector<std::span<const uint8_t>> pixels;
  for (int i = 0; i < test_->images.count; ++i) {
    pixels.push_back(test_->images.image(i));
  }
  for (const TuningChip::ImageOutput& output : chip_.forward(settings_.first_test, pixels, false)) {
    batch.logits.insert(batch.logits.end(), output.logits.begin(), output.logits.end());
  }
  chip_.take_forward_work();  // not part of tuning
  return count_errors(batch);
}

void Tuner::load_programs() {
  programs_ = settings_.sharing == Sharing::kImages ? group_programs(mapped_, config_)
                                                    : std::vector<ChipProgram>{mapped_.program};
  int64_t clocks = 0;
  for (const ChipProgram& program : programs_) {
    clocks += image_cycles(program, config_).clocks;
  }
  image_clocks_ = static_cast<double>(clocks) / static_cast<double>(programs_.size());
  chip_.load(programs_);
}

Tuner::Measured Tuner::measure(bool by_group) {
  Measured measured;
  const uint32_t next_image = state_.next_image;
  const int64_t forward_images = state_.forward_images;
  const int64_t halted_images = state_.halted_images;
  const MacroWork work = state_.forward;
  measured.train_errors = count_errors(forward(training_ids_, false));
  measured.train_images = static_cast<int>(training_ids_.size());
  state_.next_image = next_image;
  state_.forward_images = forward_images;
  state_.halted_images = halted_images;
  state_.forward = work;
  if (test_ != nullptr) {
    measured.test_errors = test_errors();
    measured.test_images = test_->images.count;
  }
  if (by_group && test_ != nullptr) {
    for (const ChipProgram& program : group_programs(mapped_, config_)) {
      chip_.load(std::span(&program, 1));
      measured.group_errors.push_back(test_errors());
    }
    load_programs();
  }
  return measured;
}

// Fisher-Yates with random words of its own stream for each epoch.
std::vector<int> Tuner::epoch_order(int epoch) const {
  std::vector<int> order = training_ids_;
  for (size_t i = order.size(); i > 1; --i) {
    const uint64_t word = word_number(settings_.seed, 0, Purpose::kTuningOrder,
                                      static_cast<uint32_t>(epoch), static_cast<uint32_t>(i));
    std::swap(order[i - 1], order[word * i >> 32]);
  }
  return order;
}

void Tuner::evaluate(const std::string& what) {
  const ForwardBatch batch = forward(validation_ids_, false);
  EvaluationPoint point;
  point.step = state_.step;
  point.what = what;
  point.validation_errors = count_errors(batch);
  point.validation_images = static_cast<int>(batch.count());
  point.validation_loss = cross_entropy(batch, state_.beta);
  const auto number = static_cast<int>(state_.evaluations.size());
  if (test_ != nullptr && settings_.test_interval > 0 && number % settings_.test_interval == 0) {
    point.test_errors = test_errors();
    point.test_images = test_->images.count;
  }
  state_.evaluations.push_back(std::move(point));
}

// Takes in what the writer did and lets its cells settle.
void Tuner::end_step(int errors, int images, bool wrote) {
  if (wrote) {
    chip_.elapse(settings_.wait_s, 0.0);
    state_.waited_s += settings_.wait_s;
  }
  state_.counters = writer_.counters();
  state_.programming = writer_.programming();
  state_.written += chip_.take_programming_work();
  state_.bad_cells.assign(writer_.bad_cells().begin(), writer_.bad_cells().end());
  ++state_.step;
  state_.batches.push_back({.step = state_.step,
                            .errors = errors,
                            .images = images,
                            .cells = state_.counters.cells,
                            .pulses = state_.programming.sets + state_.programming.resets});
}

// To the next stage that was asked for.
void Tuner::go_on(std::string_view behind) {
  struct Stage {
    std::string_view name;
    bool wanted;
  };
  const bool paper = settings_.flow == TuningFlow::kPaper;
  const std::array<Stage, 8> stages{{{"start", true},
                                     {"train", paper},
                                     {"hidden", !paper && settings_.rewrite_hidden},
                                     {"hidden biases", !paper && settings_.tune_hidden_biases},
                                     {"refit", !paper && settings_.refit_last},
                                     {"last", !paper && settings_.rewrite_last},
                                     {"last biases", !paper && settings_.tune_last_biases},
                                     {kDone, true}}};
  const auto same = [&](const Stage& stage) { return stage.name == behind; };
  auto next = std::find_if(stages.begin(), stages.end(), same) + 1;
  next = std::find_if(next, stages.end(), [](const Stage& stage) { return stage.wanted; });
  state_.stage = next->name;
  state_.round = 0;
  state_.batch = 0;
}

bool Tuner::step() {
  if (state_.stage == "start") {
    start();
  } else if (state_.stage == "train") {
    train();
  } else if (state_.stage == "hidden") {
    rewrite_hidden();
  } else if (state_.stage == "hidden biases") {
    tune_hidden_biases();
  } else if (state_.stage == "refit") {
    refit_last();
  } else if (state_.stage == "last") {
    rewrite_last();
  } else if (state_.stage == "last biases") {
    tune_last_biases();
  }
  return !done();
}

void Tuner::start() {
  const ForwardBatch batch = forward(training_ids_, false);
  state_.beta = fit_beta(batch);
  state_.train_errors = count_errors(batch);
  state_.train_loss = cross_entropy(batch, state_.beta);
  state_.accumulators.assign(layer_.pairs.size(), 0.0);
  for (const CellPair& pair : layer_.pairs) {
    state_.wanted.push_back(reachable_weight(pair));
  }
  evaluate("start");
  state_.best_loss = state_.evaluations.back().validation_loss;
  go_on("start");
}

void Tuner::train() {
  if (!hybrid_) {
    hybrid_.emplace(layer_, card_, settings_.hybrid, state_.beta);
    hybrid_->set_accumulators(state_.accumulators);
  }
  const std::vector<int> order = epoch_order(state_.round);
  const size_t batch_size = to_index(settings_.batch);
  const size_t begin = to_index(state_.batch) * batch_size;
  const size_t size = std::min(batch_size, order.size() - begin);
  const ForwardBatch batch = forward(std::span(order).subspan(begin, size), true);
  const int64_t rewritten = hybrid_->step(batch, writer_);
  const std::span<const double> accumulators = hybrid_->accumulators();
  state_.accumulators.assign(accumulators.begin(), accumulators.end());
  end_step(count_errors(batch), static_cast<int>(size), rewritten > 0);
  ++state_.batch;
  if (begin + size < order.size()) {
    return;
  }
  state_.batch = 0;
  ++state_.round;
  evaluate(fmt::format("epoch {}", state_.round));
  const double loss = state_.evaluations.back().validation_loss;
  if (loss < (1.0 - kGain) * state_.best_loss) {
    state_.best_loss = loss;
    state_.best_round = state_.round;
  }
  if (state_.round - state_.best_round >= settings_.patience ||
      state_.round == settings_.max_epochs) {
    go_on("train");
  }
}

void Tuner::rewrite_hidden() {
  std::vector<CellPair> pairs;
  std::vector<double> wanted;
  for (size_t layer = 0; layer + 1 < network_.layers.size(); ++layer) {
    for (const CellPair& pair : layer_pairs(network_, mapped_, static_cast<int>(layer))) {
      pairs.push_back(pair);
      wanted.push_back(reachable_weight(pair));
    }
  }
  const int64_t outside =
      writer_.bring(pairs, wanted, settings_.pass_threshold_uS / card_.level_step_uS());
  ++state_.round;
  end_step(-1, 0, outside > 0);
  evaluate(fmt::format("hidden layers, pass {}", state_.round));
  if (state_.round == settings_.passes ||
      static_cast<double>(outside) < kFewPairs * static_cast<double>(pairs.size())) {
    go_on("hidden");
  }
}

// Layer by layer: the mean of every channel on the chip becomes that of the integer network. A bias
// moves the mean of the pooled map by the fraction of its pixels above 0 over 2^shift.
void Tuner::tune_hidden_biases() {
  const size_t count = std::min(kStatisticsImages, training_ids_.size());
  Network reference = network_;
  std::vector<ChannelStatistics> wanted(mapped_.program.maps.size());
  IntegerNetwork integer(reference);
  for (size_t i = 0; i < count; ++i) {
    const IntegerResult result = integer.run(training_.images.image(training_ids_[i]));
    for (size_t map = 0; map < wanted.size(); ++map) {
      wanted[map].add(mapped_.program.maps[map].shape, result.maps[map]);
    }
  }
  std::vector<std::span<const uint8_t>> pixels;
  for (size_t i = 0; i < count; ++i) {
    pixels.push_back(training_.images.image(training_ids_[i]));
  }
  for (size_t layer = 0; layer < wanted.size(); ++layer) {
    for (int round = 0; round < kBiasRounds; ++round) {
      ChannelStatistics found;
      for (const TuningChip::ImageOutput& output : pass(pixels, true)) {
        found.add(mapped_.program.maps[layer].shape, output.maps[layer]);
      }
      std::vector<int32_t> biases = network_.layers[layer].biases;
      for (size_t c = 0; c < biases.size(); ++c) {
        if (found.active[c] == 0) {
          continue;  // a channel that is always 0 says nothing
        }
        const double missing = static_cast<double>(wanted[layer].sums[c] - found.sums[c]) /
                               static_cast<double>(found.active[c]);
        biases[c] += static_cast<int32_t>(
            std::floor(missing * static_cast<double>(1 << network_.layers[layer].shift) + 0.5));
      }
      put_biases(static_cast<int>(layer), biases);
    }
  }
  end_step(-1, 0, false);
  evaluate("hidden biases");
  go_on("hidden biases");
}

void Tuner::refit_last() {
  const ForwardBatch batch = forward(training_ids_, true);
  LastLayer before;
  before.weights = state_.wanted;
  const std::vector<int32_t>& biases = network_.layers.back().biases;
  before.biases.assign(biases.begin(), biases.end());
  RefitSettings settings;
  settings.epochs = settings_.refit_epochs;
  settings.batch = settings_.batch;
  settings.learning_rate = settings_.refit_rate;
  settings.penalty = settings_.refit_penalty;
  settings.seed = settings_.seed;
  // What the passes leave lies anywhere within the threshold.
  settings.weight_sigma = settings_.pass_threshold_uS / card_.level_step_uS() / std::sqrt(3.0);
  for (const CellPair& pair : layer_.pairs) {
    settings.bounds.push_back(reach(pair));
  }
  const LastLayer fitted = refit(batch, before, state_.beta, layer_.shift, settings);
  state_.wanted = fitted.weights;
  std::vector<int32_t> rounded;
  for (const double bias : fitted.biases) {
    rounded.push_back(static_cast<int32_t>(std::floor(bias + 0.5)));
  }
  put_biases(static_cast<int>(network_.layers.size()) - 1, rounded);
  end_step(count_errors(batch), static_cast<int>(batch.count()), false);
  go_on("refit");
}

void Tuner::rewrite_last() {
  const int64_t outside = writer_.bring(layer_.pairs, state_.wanted,
                                        settings_.pass_threshold_uS / card_.level_step_uS());
  ++state_.round;
  end_step(-1, 0, outside > 0);
  evaluate(fmt::format("last layer, pass {}", state_.round));
  if (state_.round == settings_.passes ||
      static_cast<double>(outside) < kFewPairs * static_cast<double>(layer_.pairs.size())) {
    go_on("last");
  }
}

void Tuner::tune_last_biases() {
  const ForwardBatch batch = forward(training_ids_, false);
  const std::vector<double> added = refit_biases(batch, fit_beta(batch), layer_.shift);
  std::vector<int32_t> biases = network_.layers.back().biases;
  for (size_t k = 0; k < biases.size(); ++k) {
    biases[k] += static_cast<int32_t>(std::floor(added[k] + 0.5));
  }
  put_biases(static_cast<int>(network_.layers.size()) - 1, biases);
  end_step(count_errors(batch), static_cast<int>(batch.count()), false);
  evaluate("last biases");
  go_on("last biases");
}

void Tuner::put_biases(int layer, std::span<const int32_t> biases) {
  set_biases(network_, mapped_, layer, biases);
  state_.biases[to_index(layer)] = network_.layers[to_index(layer)].biases;
  load_programs();
}

void Tuner::restore(TunerState state) {
  if (state.biases.size() != network_.layers.size() ||
      (!state.accumulators.empty() && state.accumulators.size() != layer_.pairs.size())) {
    throw Error("tuning: the checkpoint is of another network");
  }
  state_ = std::move(state);
  for (size_t layer = 0; layer < state_.biases.size(); ++layer) {
    set_biases(network_, mapped_, static_cast<int>(layer), state_.biases[layer]);
  }
  writer_.restore(state_.counters, state_.programming,
                  {state_.bad_cells.begin(), state_.bad_cells.end()});
  hybrid_.reset();
  load_programs();
}

int64_t Tuner::most_steps() const {
  if (settings_.flow == TuningFlow::kPaper) {
    const int64_t batches =
        (static_cast<int64_t>(training_ids_.size()) + settings_.batch - 1) / settings_.batch;
    return batches * settings_.max_epochs;
  }
  return (settings_.rewrite_hidden ? settings_.passes : 0) +
         (settings_.rewrite_last ? settings_.passes : 0) + 3;
}

int64_t Tuner::forward_clocks() const {
  return std::llround(static_cast<double>(state_.forward_images) * image_clocks_);
}

ChipEvents Tuner::forward_events() const {
  ChipEvents events = no_events(programs_.front(), config_);
  for (const ChipProgram& program : programs_) {
    events += image_events(program, config_, state_.forward_images - state_.halted_images);
    events += image_events(program, config_, state_.halted_images, /*halted=*/true);
  }
  return events;
}

// ---- checkpoint

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
  visit("forward_pulses", state.forward.pulses);
  visit("forward_conversions", state.forward.conversions);
  visit("written_sets", state.written.sets);
  visit("written_resets", state.written.resets);
  visit("written_set_conductance_uS", state.written.set_conductance_uS);
  visit("written_reset_conductance_uS", state.written.reset_conductance_uS);
  visit("written_reads", state.written.reads);
  visit("written_read_conductance_uS", state.written.read.conductance_uS);
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
