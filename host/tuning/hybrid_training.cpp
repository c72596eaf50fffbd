// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/hybrid_training.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "common/error.h"

namespace mcnn {

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

}  // namespace mcnn
