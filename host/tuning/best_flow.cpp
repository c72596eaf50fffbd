// SPDX-License-Identifier: Apache-2.0
// The stages of the flow `best`: members of Tuner.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/index.h"
#include "host/network/integer_network.h"
#include "host/tuning/refit.h"
#include "host/tuning/tuner.h"

namespace mcnn {
namespace {

// Images that the statistics of the hidden layers are taken on, and how often their biases move.
constexpr size_t kStatisticsImages = 1000;
constexpr int kBiasRounds = 3;
// Passes end when fewer than this fraction of the pairs were outside.
constexpr double kFewPairs = 0.002;

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

}  // namespace mcnn
