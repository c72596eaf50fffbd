// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/tuner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "common/error.h"
#include "common/index.h"
#include "host/mapping/cycle_model.h"
#include "host/tuning/batches.h"
#include "host/tuning/groups.h"

namespace mcnn {
namespace {

// Forward passes of tuning are numbered from here, those of test images from 0.
constexpr uint32_t kFirstImage = 0x8000'0000u;
constexpr std::string_view kDone = "done";

}  // namespace

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
      writer_(chip.port(), config, card, program_settings(card, config), correction,
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
  return gathered(training_, images, pass(pixels_of(training_, images), features),
                  features ? layer_.inputs : 0, layer_.outputs);
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

Tuner::TestRun Tuner::run_test_images() {
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
  return {count_errors(batch), chip_.take_forward_work()};  // not part of tuning
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
  state_.forward = {};
  measured.train_errors = count_errors(forward(training_ids_, false));
  measured.train_work = state_.forward;
  measured.train_images = static_cast<int>(training_ids_.size());
  state_.next_image = next_image;
  state_.forward_images = forward_images;
  state_.halted_images = halted_images;
  state_.forward = work;
  if (test_ != nullptr) {
    const TestRun run = run_test_images();
    measured.test_errors = run.errors;
    measured.test_work = run.work;
    measured.test_images = test_->images.count;
  }
  if (by_group && test_ != nullptr) {
    for (const ChipProgram& program : group_programs(mapped_, config_)) {
      chip_.load(std::span(&program, 1));
      measured.group_errors.push_back(run_test_images().errors);
    }
    load_programs();
  }
  return measured;
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
    point.test_errors = run_test_images().errors;
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
  return events_of(state_.forward_images - state_.halted_images, state_.halted_images);
}

ChipEvents Tuner::pass_events(int64_t images) const {
  const bool halted = programs_.size() > 1;  // as in pass()
  return events_of(halted ? 0 : images, halted ? images : 0);
}

ChipEvents Tuner::events_of(int64_t images, int64_t halted_images) const {
  ChipEvents events = no_events(programs_.front(), config_);
  for (const ChipProgram& program : programs_) {
    events += image_events(program, config_, images);
    events += image_events(program, config_, halted_images, /*halted=*/true);
  }
  return events;
}

}  // namespace mcnn
