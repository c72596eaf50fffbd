// SPDX-License-Identifier: Apache-2.0
// The stage of the flow `paper`, a mini-batch at a time: a member of Tuner.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "common/index.h"
#include "host/tuning/batches.h"
#include "host/tuning/tuner.h"

namespace mcnn {
namespace {

// A loss has to be this much smaller (relative) to count as a gain.
constexpr double kGain = 1e-3;
}  // namespace

void Tuner::train() {
  if (!hybrid_) {
    hybrid_.emplace(layer_, card_, settings_.hybrid, state_.beta);
    hybrid_->set_accumulators(state_.accumulators);
  }
  const std::vector<int> order =
      epoch_order(training_ids_, settings_.seed, Purpose::kTuningOrder, state_.round);
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

}  // namespace mcnn
