// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "behavioral_models/portable_math.h"
#include "common/error.h"
#include "common/index.h"
#include "host/tuning/batches.h"

namespace mcnn {
namespace {

// Forward passes of learning are numbered from here, those of test images from 0.
constexpr uint32_t kFirstImage = 0x8000'0000u;

double portable_tanh(double x) { return 1.0 - 2.0 / (portable_exp(2.0 * x) + 1.0); }

double root_mean_square(std::span<const double> values) {
  double sum = 0.0;
  for (const double value : values) {
    sum += value * value;
  }
  return values.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(values.size()));
}

// Logits of an image less their mean.
std::vector<double> centred(std::span<const int32_t> logits) {
  std::vector<double> values(logits.begin(), logits.end());
  double mean = 0.0;
  for (const double value : values) {
    mean += value / static_cast<double>(values.size());
  }
  for (double& value : values) {
    value -= mean;
  }
  return values;
}

// Of the centred logits of all images.
double spread(const ForwardBatch& batch) {
  std::vector<double> all;
  for (size_t i = 0; i < batch.count(); ++i) {
    const std::vector<double> values = centred(batch.logit(i));
    all.insert(all.end(), values.begin(), values.end());
  }
  return root_mean_square(all);
}

}  // namespace

LearningWork& LearningWork::operator+=(const LearningWork& other) {
  images += other.images;
  halted_images += other.halted_images;
  forward += other.forward;
  written += other.written;
  program_clocks += other.program_clocks;
  cells += other.cells;
  failed += other.failed;
  return *this;
}

Learner::Learner(TuningChip& chip, const Network& network, const MappedNetwork& mapped,
                 const ChipConfig& config, const DeviceCard& card, const Dataset& training,
                 const Dataset* test, const LearningSettings& settings,
                 const TargetCorrection& correction)
    : chip_(chip),
      config_(config),
      card_(card),
      training_(training),
      test_(test),
      settings_(settings),
      correction_(correction),
      layer_(learnt_layer(network, mapped)),
      program_(program_settings(card, config)),
      one_layer_(network.layers.size() == 1),
      all_(to_index(training.images.count)) {
  settings_.check(training.images.count);
  if (settings_.amplitude) {
    program_.set.start = *settings_.amplitude;
    program_.reset.start = *settings_.amplitude;
    program_.set.limit = std::max(program_.set.limit, *settings_.amplitude);
    program_.reset.limit = std::max(program_.reset.limit, *settings_.amplitude);
  }
  chip_.load({&mapped.program, 1});
  chip_.take_forward_work();  // what was before
  chip_.take_programming_work();
  std::iota(all_.begin(), all_.end(), 0);
  state_.next_image = kFirstImage;
}

bool Learner::whole_batches() const {
  return settings_.batch == 0 || settings_.batch == training_.images.count;
}

LearningWork Learner::work() const {
  LearningWork sum;
  for (const LearningPoint& point : state_.points) {
    sum += point.work;
  }
  return sum;
}

ForwardBatch Learner::forward(std::span<const int> images, bool features) {
  const bool maps = features && !one_layer_;
  const std::vector<TuningChip::ImageOutput> outputs =
      chip_.forward(state_.next_image, pixels_of(training_, images), maps);
  const auto count = static_cast<int64_t>(images.size());
  state_.next_image += static_cast<uint32_t>(count);
  work_.images += count;
  work_.halted_images += maps ? count : 0;
  work_.forward += chip_.take_forward_work();
  return gathered(training_, images, outputs, features ? layer_.inputs : 0, layer_.outputs);
}

// Where the chip stands: the next point of the curve.
void Learner::look() {
  const bool whole = whole_batches();
  ForwardBatch batch = forward(all_, whole);
  LearningPoint point;
  point.epoch = static_cast<int>(state_.points.size());
  point.iterations = state_.iterations;
  point.errors = count_errors(batch);
  if (state_.scale == 0.0) {
    const double unit = spread(batch);
    state_.scale = settings_.gain / (unit > 0.0 ? unit : 1.0);
  }
  if (whole) {
    looked_ = std::move(batch);
  }
  if (test_ != nullptr && settings_.test_interval > 0 &&
      point.epoch % settings_.test_interval == 0) {
    std::vector<int> images(to_index(test_->images.count));
    std::iota(images.begin(), images.end(), 0);
    const std::vector<TuningChip::ImageOutput> outputs =
        chip_.forward(settings_.first_test, pixels_of(*test_, images), false);
    point.test_errors = count_errors(gathered(*test_, images, outputs, 0, layer_.outputs));
    chip_.take_forward_work();  // not part of learning
  }
  point.work = std::exchange(work_, {});
  state_.points.push_back(point);
}

bool Learner::step() {
  if (state_.done) {
    return false;
  }
  if (state_.points.empty()) {
    look();
  } else if (whole_batches()) {
    learn(looked_);
    look();
  } else {
    const auto epoch = static_cast<int>(state_.points.size());
    const std::vector<int> order =
        epoch_order(all_, settings_.seed, Purpose::kLearningOrder, epoch);
    const size_t size = to_index(settings_.batch);
    for (size_t begin = 0; begin < order.size(); begin += size) {
      learn(forward(std::span(order).subspan(begin, std::min(size, order.size() - begin)), true));
    }
    look();
  }
  const LearningPoint& point = state_.points.back();
  state_.done = point.errors == 0 || point.epoch >= settings_.max_epochs;
  return !state_.done;
}

void Learner::restore(LearningState state) {
  const size_t cells = layer_.cells.size();
  for (const std::vector<double>* const values : {&state.wanted, &state.held}) {
    if (!values->empty() && values->size() != cells) {
      throw Error(fmt::format("state of learning: found {} cells, allowed: none or {}",
                              values->size(), cells));
    }
  }
  if (state.done && state.points.empty()) {
    throw Error("state of learning: found one that is done and has no point of the curve");
  }
  state_ = std::move(state);
  if (!whole_batches() || state_.points.empty()) {
    return;
  }
  // What the last look gave, once more: the same numbers, so the same bits.
  state_.next_image -= static_cast<uint32_t>(all_.size());
  looked_ = forward(all_, true);
  work_ = {};
}

// e of an image, [output].
std::vector<double> Learner::errors_of(const ForwardBatch& batch, size_t image) const {
  std::vector<double> errors = centred(batch.logit(image));
  for (double& value : errors) {
    value *= state_.scale;
  }
  const size_t label = batch.labels[image];
  if (settings_.function == OutputFunction::kSoftmax) {
    softmax(errors);
    for (size_t k = 0; k < errors.size(); ++k) {
      errors[k] = (k == label ? 1.0 : 0.0) - errors[k];
    }
    return errors;
  }
  for (size_t k = 0; k < errors.size(); ++k) {
    errors[k] = (k == label ? 1.0 : -1.0) - portable_tanh(errors[k]);
  }
  return errors;
}

void Learner::learn(const ForwardBatch& batch) {
  std::vector<double> sums(to_index(layer_.outputs * layer_.inputs), 0.0);
  for (size_t n = 0; n < batch.count(); ++n) {
    const std::vector<double> errors = errors_of(batch, n);
    const std::span<const uint8_t> x = batch.feature(n);
    for (size_t k = 0; k < errors.size(); ++k) {
      for (size_t i = 0; i < x.size(); ++i) {
        sums[k * x.size() + i] += errors[k] * x[i];
      }
    }
  }
  double largest = 0.0;
  for (const double sum : sums) {
    largest = std::max(largest, std::abs(sum));
  }
  if (state_.update_unit == 0.0) {
    state_.update_unit = root_mean_square(sums);
  }
  ++state_.iterations;
  if (largest == 0.0) {
    return;
  }
  std::vector<double> updates;
  updates.reserve(layer_.cells.size());
  for (const LearntCell& cell : layer_.cells) {
    updates.push_back(cell.sign * sums[to_index(cell.output * layer_.inputs + cell.input)]);
  }
  if (settings_.rule == LearningRule::kPulse) {
    pulse(updates, settings_.threshold * largest);
  } else {
    verify(updates, settings_.threshold * largest);
  }
  chip_.elapse(settings_.wait_s, 0.0);
  work_.written += chip_.take_programming_work();
}

void Learner::pulse(std::span<const double> updates, double least) {
  std::vector<CellPulse> pulses;
  for (size_t c = 0; c < updates.size(); ++c) {
    if (std::abs(updates[c]) > least) {
      pulses.push_back({layer_.cells[c].cell, updates[c] > 0.0});
    }
  }
  work_.cells += static_cast<int64_t>(pulses.size());
  work_.program_clocks += pulse_cells(chip_.port(), pulses, program_, config_).clocks;
}

void Learner::verify(std::span<const double> updates, double least) {
  if (state_.wanted.empty()) {
    std::vector<CellAddress> cells;
    for (const LearntCell& cell : layer_.cells) {
      cells.push_back(cell.cell);
    }
    const CellReads reads = read_cells(chip_.port(), cells, program_, config_, correction_);
    work_.program_clocks += reads.counters.clocks;
    state_.wanted = reads.values;
    state_.held = reads.values;
  }
  const double step = card_.level_step_uS();
  const double low = card_.g_min_uS / step;
  const double high = low + Layer::kMaxWeight;
  const double tolerance = card_.loop_tolerance_uS() / step;
  std::vector<CellValue> cells;
  std::vector<size_t> chosen;
  for (size_t c = 0; c < updates.size(); ++c) {
    if (std::abs(updates[c]) <= least) {
      continue;
    }
    double& wanted = state_.wanted[c];
    wanted = std::clamp(wanted + settings_.rate * updates[c] / state_.update_unit, low, high);
    // The loop would find a cell that stands nearer in place.
    if (std::abs(wanted - state_.held[c]) > tolerance) {
      cells.push_back({layer_.cells[c].cell, wanted});
      chosen.push_back(c);
    }
  }
  const WrittenCells written =
      write_cells(chip_.port(), cells, card_, program_, config_, correction_);
  work_.cells += static_cast<int64_t>(cells.size());
  work_.program_clocks += written.counters.clocks;
  for (size_t n = 0; n < chosen.size(); ++n) {
    state_.held[chosen[n]] = written.values[n];
    work_.failed += written.done[n] == 0 ? 1 : 0;
  }
}

}  // namespace mcnn
