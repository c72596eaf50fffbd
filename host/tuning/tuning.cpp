// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "behavioral_models/gaussian_stream.h"
#include "behavioral_models/kernels.h"
#include "behavioral_models/portable_math.h"
#include "common/error.h"
#include "common/index.h"
#include "host/mapping/registers.h"

namespace mcnn {
namespace {

// Softmax of scaled values, in place; returns the logarithm of the sum it divided by, of the values
// as they were.
double softmax(std::span<double> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0.0;
  for (double& value : values) {
    value = portable_exp(value - largest);
    sum += value;
  }
  for (double& value : values) {
    value /= sum;
  }
  return largest + portable_log(sum);
}

// p - [label], of the logits of one image.
void logit_error(std::span<const int32_t> logits, int label, double beta, std::span<double> error) {
  for (size_t k = 0; k < error.size(); ++k) {
    error[k] = beta * logits[k];
  }
  softmax(error);
  error[to_index(label)] -= 1.0;
}

// d cross_entropy / d beta.
double beta_slope(const ForwardBatch& batch, double beta) {
  std::vector<double> p(to_index(batch.outputs));
  double slope = 0.0;
  for (size_t i = 0; i < batch.count(); ++i) {
    const std::span<const int32_t> logits = batch.logit(i);
    logit_error(logits, batch.labels[i], beta, p);
    for (size_t k = 0; k < p.size(); ++k) {
      slope += p[k] * logits[k];
    }
  }
  return slope;
}

// Index of a weight's input, as the last hidden map is read back; -1 for an element that pads a
// vector.
int input_of(const Layer& layer, bool vector, const Placement& place, int row, int column) {
  if (!vector) {
    return ((place.channel * layer.input.height) + place.window_row + row) * layer.input.width +
           place.window_column + column;
  }
  // A vector lies in tiles of 4 x 4 elements in two halves (rtl/README.md).
  constexpr int kTile = 4;
  constexpr int kTilePair = 2 * kTile * kTile;
  const int element =
      kTilePair * (place.channel / 2) + 2 * (kTile * column + row) + place.channel % 2;
  return element < layer.input.size() ? element : -1;
}

// Calls put(kernel, channel-row-column index of the weight, pair) for all pairs of a layer.
template <typename Put>
void for_each_pair(const Network& network, const MappedNetwork& mapped, int layer_index,
                   const Put& put) {
  const Layer& layer = network.layers.at(to_index(layer_index));
  const bool vector = layer_index > 0 &&
                      network.layers[to_index(layer_index - 1)].type == LayerType::kFullyConnected;
  const bool convolution = layer.type == LayerType::kConvolution;
  for (const Placement& place : mapped.placements) {
    if (place.layer != layer_index) {
      continue;
    }
    for (int k = 0; k < place.kernels && place.first_kernel + k < layer.kernels; ++k) {
      for (int column = 0; column < place.window_columns; ++column) {
        for (int row = 0; row < place.window_rows; ++row) {
          int weight = -1;
          if (convolution) {
            weight = ((place.channel * layer.kernel_rows) + place.window_row + row) *
                         layer.kernel_columns +
                     place.window_column + column;
          } else {
            weight = input_of(layer, vector, place, row, column);
          }
          if (weight < 0) {
            continue;
          }
          const int kernel = place.first_kernel + k;
          const int per_kernel =
              convolution ? layer.input.channels * layer.kernel_rows * layer.kernel_columns
                          : layer.input.size();
          put(kernel, weight, place.replica,
              CellPair{place.pe, place.first_line + 2 * k, 4 * column + row,
                       layer.weights[to_index(kernel * per_kernel + weight)]});
        }
      }
    }
  }
}

}  // namespace

std::vector<CellPair> layer_pairs(const Network& network, const MappedNetwork& mapped, int layer) {
  std::vector<CellPair> pairs;
  for_each_pair(network, mapped, layer,
                [&](int /*kernel*/, int /*weight*/, int /*replica*/, const CellPair& pair) {
                  pairs.push_back(pair);
                });
  return pairs;
}

TunedLayer tuned_layer(const Network& network, const MappedNetwork& mapped) {
  const int index = static_cast<int>(network.layers.size()) - 1;
  const Layer& layer = network.layers.back();
  TunedLayer tuned;
  tuned.inputs = layer.input.size();
  tuned.outputs = layer.kernels;
  tuned.shift = layer.shift;
  tuned.pairs.resize(to_index(tuned.inputs * tuned.outputs));
  std::vector<uint8_t> found(tuned.pairs.size(), 0);
  for_each_pair(network, mapped, index,
                [&](int kernel, int weight, int replica, const CellPair& pair) {
                  const size_t at = to_index(kernel * tuned.inputs + weight);
                  if (replica != 0 || found[at] != 0) {
                    throw Error(fmt::format(
                        "tuning: layer {}: found several copies of its weights, allowed: 1 replica",
                        layer.name));
                  }
                  found[at] = 1;
                  tuned.pairs[at] = pair;
                });
  if (std::find(found.begin(), found.end(), 0) != found.end()) {
    throw Error(fmt::format("tuning: layer {}: found a weight that lies in no array, allowed: none",
                            layer.name));
  }
  return tuned;
}

int count_errors(const ForwardBatch& batch) {
  int errors = 0;
  for (size_t i = 0; i < batch.count(); ++i) {
    const std::span<const int32_t> logits = batch.logit(i);
    errors += std::max_element(logits.begin(), logits.end()) - logits.begin() != batch.labels[i];
  }
  return errors;
}

double cross_entropy(const ForwardBatch& batch, double beta) {
  std::vector<double> p(to_index(batch.outputs));
  double sum = 0.0;
  for (size_t i = 0; i < batch.count(); ++i) {
    const std::span<const int32_t> logits = batch.logit(i);
    for (size_t k = 0; k < p.size(); ++k) {
      p[k] = beta * logits[k];
    }
    sum += softmax(p) - beta * logits[batch.labels[i]];
  }
  return sum / static_cast<double>(batch.count());
}

double fit_beta(const ForwardBatch& batch) {
  int32_t largest = 1;
  for (const int32_t logit : batch.logits) {
    largest = std::max(largest, logit < 0 ? -logit : logit);
  }
  // The cross entropy is convex in beta: its slope has one zero. Where every image is right there
  // is none; a logit difference of largest / 16 is then worth e^16.
  double low = 1.0 / (64.0 * largest);
  double high = 256.0 / largest;
  if (beta_slope(batch, low) >= 0.0) {
    return low;
  }
  constexpr int kHalvings = 40;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    (beta_slope(batch, middle) < 0.0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

std::vector<double> weight_gradient(const ForwardBatch& batch, double beta, int shift) {
  const size_t inputs = to_index(batch.inputs);
  const size_t outputs = to_index(batch.outputs);
  std::vector<double> gradient(inputs * outputs, 0.0);
  std::vector<double> error(outputs);
  for (size_t i = 0; i < batch.count(); ++i) {
    logit_error(batch.logit(i), batch.labels[i], beta, error);
    const std::span<const uint8_t> x = batch.feature(i);
    for (size_t k = 0; k < outputs; ++k) {
      for (size_t j = 0; j < inputs; ++j) {
        gradient[k * inputs + j] += error[k] * x[j];
      }
    }
  }
  const double scale =
      beta / (static_cast<double>(1 << shift) * static_cast<double>(batch.count()));
  for (double& value : gradient) {
    value *= scale;
  }
  return gradient;
}

std::vector<double> bias_gradient(const ForwardBatch& batch, double beta, int shift) {
  std::vector<double> gradient(to_index(batch.outputs), 0.0);
  std::vector<double> error(gradient.size());
  for (size_t i = 0; i < batch.count(); ++i) {
    logit_error(batch.logit(i), batch.labels[i], beta, error);
    for (size_t k = 0; k < error.size(); ++k) {
      gradient[k] += error[k];
    }
  }
  const double scale =
      beta / (static_cast<double>(1 << shift) * static_cast<double>(batch.count()));
  for (double& value : gradient) {
    value *= scale;
  }
  return gradient;
}

// ---- cells

RewriteCounters& RewriteCounters::operator+=(const RewriteCounters& other) {
  pairs += other.pairs;
  cells += other.cells;
  failed += other.failed;
  saturated += other.saturated;
  reads += other.reads;
  return *this;
}

PairSplit split_change(double positive, double negative, double change, double low, double high,
                       bool positive_fixed, bool negative_fixed) {
  PairSplit split{.positive = positive, .negative = negative};
  const double up = positive + change;
  const double down = negative - change;
  const bool positive_can = !positive_fixed && up >= low && up <= high;
  const bool negative_can = !negative_fixed && down >= low && down <= high;
  if (positive_can && (!negative_can || change < 0.0)) {
    split.positive = up;
    split.write_positive = true;
  } else if (negative_can) {
    split.negative = down;
    split.write_negative = true;
  } else {
    // Neither can do it alone: the cell that goes down goes first, as far as it can.
    double left = change;
    const auto take = [&](bool is_positive) {
      double& cell = is_positive ? split.positive : split.negative;
      const bool fixed = is_positive ? positive_fixed : negative_fixed;
      const double wish = cell + (is_positive ? left : -left);
      const double next = std::clamp(wish, low, high);
      if (fixed || next == cell) {
        return;
      }
      left -= is_positive ? next - cell : cell - next;
      cell = next;
      (is_positive ? split.write_positive : split.write_negative) = true;
    };
    take(change < 0.0);
    take(change >= 0.0);
    constexpr double kRounding = 1e-9;
    split.saturated = std::abs(left) > kRounding;
  }
  return split;
}

CellWriter::CellWriter(ProgramPort& port, const ChipConfig& config, const DeviceCard& card,
                       ProgramSettings settings, TargetCorrection correction,
                       std::span<const CellAddress> bad)
    : port_(port),
      config_(config),
      card_(card),
      settings_(settings),
      correction_(std::move(correction)),
      bad_(bad.begin(), bad.end()) {}

std::vector<std::pair<double, double>> CellWriter::read(std::span<const CellPair> pairs) {
  std::vector<CellAddress> cells;
  cells.reserve(2 * pairs.size());
  for (const CellPair& pair : pairs) {
    cells.push_back({pair.pe, pair.line, pair.bit_line});
    cells.push_back({pair.pe, pair.line + 1, pair.bit_line});
  }
  const CellReads reads = read_cells(port_, cells, settings_, config_, correction_);
  const std::vector<double>& values = reads.values;
  programming_ += reads.counters;
  counters_.reads += reads.counters.reads;
  std::vector<std::pair<double, double>> present;
  present.reserve(pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    present.emplace_back(values[2 * i], values[2 * i + 1]);
  }
  return present;
}

std::vector<double> CellWriter::write(std::span<const CellPair> pairs,
                                      std::span<const std::pair<double, double>> present,
                                      std::span<const double> changes) {
  const double low = card_.g_min_uS / card_.level_step_uS();
  const double high = low + 7.0;
  const int max_code = (1 << config_.adc_bits) - 1;
  const int tolerance = tolerance_codes(card_, settings_.range);
  std::vector<ProgramEntry> entries;
  std::vector<size_t> owner;
  std::vector<PairSplit> splits;
  const auto add = [&](size_t i, int line, double value) {
    const double code = std::floor(
        value_code(value, settings_.range, pairs[i].pe, line, config_, correction_) + 0.5);
    if (code > max_code) {
      throw Error(fmt::format(
          "tuning: PE {}, source line {}, bit line {}: target is code {} at "
          "converter range {}, allowed: 0..{} (programming_range of device "
          "card {})",
          pairs[i].pe, line, pairs[i].bit_line, code, settings_.range, max_code, card_.name));
    }
    entries.push_back({.pe = pairs[i].pe,
                       .source_line = line,
                       .bit_line = pairs[i].bit_line,
                       .target = static_cast<int>(std::max(0.0, code)),
                       .tolerance = tolerance});
    owner.push_back(i);
  };
  for (size_t i = 0; i < pairs.size(); ++i) {
    const CellPair& pair = pairs[i];
    const bool positive_bad = bad_.contains({pair.pe, pair.line, pair.bit_line});
    const bool negative_bad = bad_.contains({pair.pe, pair.line + 1, pair.bit_line});
    const PairSplit& split = splits.emplace_back(
        split_change(present[i].first, present[i].second, changes[i], low, high,
                     positive_bad && !negative_bad, negative_bad && !positive_bad));
    counters_.saturated += split.saturated ? 1 : 0;
    if (split.write_positive) {
      add(i, pair.line, split.positive);
    }
    if (split.write_negative) {
      add(i, pair.line + 1, split.negative);
    }
  }
  counters_.pairs += static_cast<int64_t>(pairs.size());
  counters_.cells += static_cast<int64_t>(entries.size());
  std::vector<std::pair<double, double>> after(present.begin(), present.end());
  if (!entries.empty()) {
    const ProgramRun run = port_.program(entries, settings_);
    programming_ += run.counters;
    for (size_t n = 0; n < entries.size(); ++n) {
      const ProgramEntry& entry = entries[n];
      const EntryResult& result = run.results[n];
      if (result.status == EntryStatus::kRefused || result.status == EntryStatus::kPending) {
        throw Error(
            fmt::format("tuning: PE {}, source line {}, bit line {}: found an entry that "
                        "is {}, allowed: done or failed",
                        entry.pe, entry.source_line, entry.bit_line, status_name(result.status)));
      }
      if (result.status == EntryStatus::kFailed) {
        ++counters_.failed;
        bad_.insert({entry.pe, entry.source_line, entry.bit_line});
      }
      const CellPair& pair = pairs[owner[n]];
      const double value = code_value(result.code, settings_.range, entry.pe, entry.source_line,
                                      config_, correction_);
      (entry.source_line == pair.line ? after[owner[n]].first : after[owner[n]].second) = value;
    }
  }
  std::vector<double> left(pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    const double done = (after[i].first - after[i].second) - (present[i].first - present[i].second);
    left[i] = splits[i].saturated ? 0.0 : changes[i] - done;
  }
  return left;
}

std::vector<double> CellWriter::change(std::span<const CellPair> pairs,
                                       std::span<const double> changes) {
  if (pairs.empty()) {
    return {};
  }
  return write(pairs, read(pairs), changes);
}

int64_t CellWriter::bring(std::span<const CellPair> pairs, std::span<const double> wanted,
                          double threshold) {
  const std::vector<std::pair<double, double>> all = read(pairs);
  std::vector<CellPair> outside;
  std::vector<std::pair<double, double>> present;
  std::vector<double> changes;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const double change = wanted[i] - (all[i].first - all[i].second);
    if (std::abs(change) > threshold) {
      outside.push_back(pairs[i]);
      present.push_back(all[i]);
      changes.push_back(change);
    }
  }
  write(outside, present, changes);
  return static_cast<int64_t>(outside.size());
}

void CellWriter::restore(const RewriteCounters& counters, const ProgramCounters& programming,
                         std::set<CellAddress> bad) {
  counters_ = counters;
  programming_ = programming;
  bad_ = std::move(bad);
}

// ---- hybrid training

HybridTraining::HybridTraining(const TunedLayer& layer, const DeviceCard& card,
                               const HybridSettings& settings, double beta)
    : layer_(layer),
      step_uS_(card.level_step_uS()),
      settings_(settings),
      beta_(beta),
      accumulators_(layer.pairs.size(), 0.0) {}

int64_t HybridTraining::step(const ForwardBatch& batch, CellWriter& writer) {
  constexpr double kLargestInput = 255.0;
  const std::vector<double> gradient = weight_gradient(batch, beta_, layer_.shift);
  // In units of 1 / (255 beta / 2^shift) a weight times an input of 0..1 is a scaled logit.
  const double unit = kLargestInput * beta_ / static_cast<double>(1 << layer_.shift);
  const double rate = settings_.learning_rate / (unit * unit);
  const double threshold = settings_.threshold_uS / step_uS_;
  std::vector<CellPair> pairs;
  std::vector<double> changes;
  std::vector<size_t> chosen;
  for (size_t i = 0; i < accumulators_.size(); ++i) {
    accumulators_[i] -= rate * gradient[i];
    if (std::abs(accumulators_[i]) > threshold) {
      chosen.push_back(i);
      pairs.push_back(layer_.pairs[i]);
      changes.push_back(accumulators_[i]);
    }
  }
  const std::vector<double> left = writer.change(pairs, changes);
  for (size_t n = 0; n < chosen.size(); ++n) {
    // A cell that failed must not be tried in every batch.
    accumulators_[chosen[n]] = std::abs(left[n]) > threshold ? 0.0 : left[n];
  }
  return static_cast<int64_t>(chosen.size());
}

void HybridTraining::set_accumulators(std::vector<double> accumulators) {
  if (accumulators.size() != accumulators_.size()) {
    throw Error(fmt::format("tuning: accumulators: found {}, allowed: {}", accumulators.size(),
                            accumulators_.size()));
  }
  accumulators_ = std::move(accumulators);
}

// ---- refit

LastLayer refit(const ForwardBatch& data, const LastLayer& start, double beta, int shift,
                const RefitSettings& settings) {
  const size_t inputs = to_index(data.inputs);
  const size_t outputs = to_index(data.outputs);
  const size_t count = data.count();
  const size_t parameters = (inputs + 1) * outputs;
  const double unit = beta / static_cast<double>(1 << shift);
  // [input][output], the biases last, in the same units: an input of kBiasInput.
  constexpr double kBiasInput = 256.0;
  std::vector<double> weights(parameters);
  for (size_t k = 0; k < outputs; ++k) {
    for (size_t j = 0; j < inputs; ++j) {
      weights[j * outputs + k] = start.weights[k * inputs + j];
    }
    weights[inputs * outputs + k] = start.biases[k] / kBiasInput;
  }
  // [input * outputs + output]
  std::vector<Reach> bounds(inputs * outputs, {-settings.largest, settings.largest});
  for (size_t i = 0; i < settings.bounds.size(); ++i) {
    bounds[i % inputs * outputs + i / inputs] = settings.bounds[i];
  }
  const std::vector<double> anchor = weights;
  std::vector<double> first(parameters, 0.0);  // moments of Adam
  std::vector<double> second(parameters, 0.0);
  std::vector<double> gradient(parameters);
  std::vector<double> noisy(parameters);
  std::vector<double> error(outputs);
  std::vector<size_t> order(count);
  GaussianStream errors(settings.seed, 0, Purpose::kTuningError, supported_kernels().front());
  uint32_t word = 0;
  const size_t batch = to_index(settings.batch);
  const auto steps = static_cast<int64_t>(settings.epochs * ((count + batch - 1) / batch));
  int64_t step = 0;
  double decay1 = 1.0;
  double decay2 = 1.0;
  constexpr double kBeta1 = 0.9;
  constexpr double kBeta2 = 0.999;
  constexpr double kEpsilon = 1e-12;
  std::iota(order.begin(), order.end(), size_t{0});
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    for (size_t i = count; i > 1; --i) {
      const uint32_t random = word_number(settings.seed, 0, Purpose::kTuningOrder, 0, word++);
      std::swap(order[i - 1], order[static_cast<uint64_t>(random) * i >> 32]);
    }
    for (size_t begin = 0; begin < count; begin += batch) {
      const size_t end = std::min(count, begin + batch);
      noisy = weights;
      if (settings.weight_sigma > 0.0) {
        const float* z = errors.next(inputs * outputs);
        for (size_t n = 0; n < inputs * outputs; ++n) {
          noisy[n] += settings.weight_sigma * static_cast<double>(z[n]);
        }
      }
      std::fill(gradient.begin(), gradient.end(), 0.0);
      for (size_t n = begin; n < end; ++n) {
        const std::span<const uint8_t> x = data.feature(order[n]);
        for (size_t k = 0; k < outputs; ++k) {
          error[k] = kBiasInput * noisy[inputs * outputs + k];
        }
        for (size_t j = 0; j < inputs; ++j) {
          if (x[j] == 0) continue;
          const double value = x[j];
          const double* row = &noisy[j * outputs];
          for (size_t k = 0; k < outputs; ++k) {
            error[k] += value * row[k];
          }
        }
        for (double& value : error) {
          value *= unit;
        }
        softmax(error);
        error[data.labels[order[n]]] -= 1.0;
        for (size_t j = 0; j < inputs; ++j) {
          if (x[j] == 0) continue;
          const double value = x[j];
          double* row = &gradient[j * outputs];
          for (size_t k = 0; k < outputs; ++k) {
            row[k] += value * error[k];
          }
        }
        for (size_t k = 0; k < outputs; ++k) {
          gradient[inputs * outputs + k] += kBiasInput * error[k];
        }
      }
      decay1 *= kBeta1;
      decay2 *= kBeta2;
      const double scale = unit / static_cast<double>(end - begin);
      const double rate =
          settings.learning_rate * (1.0 - (static_cast<double>(step) / static_cast<double>(steps)));
      for (size_t n = 0; n < parameters; ++n) {
        double g = gradient[n] * scale;
        if (n < inputs * outputs) g += settings.penalty * (weights[n] - anchor[n]);
        first[n] = kBeta1 * first[n] + (1.0 - kBeta1) * g;
        second[n] = kBeta2 * second[n] + (1.0 - kBeta2) * g * g;
        const double mean = first[n] / (1.0 - decay1);
        const double square = second[n] / (1.0 - decay2);
        weights[n] -= rate * mean / (std::sqrt(square) + kEpsilon);
        if (n < inputs * outputs) {
          weights[n] = bounds[n].nearest(weights[n]);
        }
      }
      ++step;
    }
  }
  LastLayer fitted;
  fitted.weights.resize(inputs * outputs);
  for (size_t k = 0; k < outputs; ++k) {
    for (size_t j = 0; j < inputs; ++j) {
      fitted.weights[k * inputs + j] = weights[j * outputs + k];
    }
    fitted.biases.push_back(kBiasInput * weights[inputs * outputs + k]);
  }
  return fitted;
}

std::vector<double> refit_biases(const ForwardBatch& data, double beta, int shift) {
  const size_t outputs = to_index(data.outputs);
  std::vector<double> added(outputs, 0.0);  // [logits]
  std::vector<double> p(outputs);
  std::vector<double> slope(outputs);
  std::vector<double> curvature(outputs);
  constexpr int kSteps = 30;
  for (int step = 0; step < kSteps; ++step) {
    std::fill(slope.begin(), slope.end(), 0.0);
    std::fill(curvature.begin(), curvature.end(), 1e-3);
    for (size_t i = 0; i < data.count(); ++i) {
      const std::span<const int32_t> logits = data.logit(i);
      for (size_t k = 0; k < outputs; ++k) {
        p[k] = beta * (logits[k] + added[k]);
      }
      softmax(p);
      for (size_t k = 0; k < outputs; ++k) {
        slope[k] += p[k] - (k == data.labels[i] ? 1.0 : 0.0);
        curvature[k] += p[k] * (1.0 - p[k]);
      }
    }
    // Half a step of the diagonal: the Hessian p_k [k = l] - p_k p_l is at most twice its diagonal.
    for (size_t k = 0; k < outputs; ++k) {
      added[k] -= 0.5 * slope[k] / (beta * curvature[k]);
    }
  }
  const double mean =
      std::accumulate(added.begin(), added.end(), 0.0) / static_cast<double>(outputs);
  for (double& value : added) {
    value = (value - mean) * static_cast<double>(1 << shift);
  }
  return added;
}

void set_biases(Network& network, MappedNetwork& mapped, int layer,
                std::span<const int32_t> biases) {
  Layer& changed = network.layers.at(to_index(layer));
  if (biases.size() != changed.biases.size()) {
    throw Error(fmt::format("tuning: layer {}: found {} biases, allowed: {}", changed.name,
                            biases.size(), changed.biases.size()));
  }
  const LayerMapping& mapping = mapped.layers.at(to_index(layer));
  std::vector<uint8_t> seen(mapped.program.layers.size(), 0);
  for (const Placement& place : mapped.placements) {
    if (place.layer != layer || seen[to_index(place.layer_row)] != 0) {
      continue;
    }
    seen[to_index(place.layer_row)] = 1;
    const LayerRow& row = mapped.program.layers[to_index(place.layer_row)];
    for (int k = 0; k < place.kernels; ++k) {
      const int kernel = place.first_kernel + k;
      if (kernel >= changed.kernels) {
        continue;
      }
      BiasRow& bias = mapped.program.biases[to_index(row.bias_base + k / 2)];
      (k % 2 == 0 ? bias.even : bias.odd) +=
          (biases[to_index(kernel)] - changed.biases[to_index(kernel)]) * (1 << mapping.range);
    }
  }
  changed.biases.assign(biases.begin(), biases.end());
}

}  // namespace mcnn
