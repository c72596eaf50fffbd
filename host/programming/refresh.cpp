// SPDX-License-Identifier: Apache-2.0
#include "host/programming/refresh.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "common/error.h"

namespace mcnn {
namespace {

constexpr double kMostRounds = 1e6;

}  // namespace

void RefreshPolicy::check() const {
  if (every_s && (!std::isfinite(*every_s) || *every_s <= 0.0)) {
    throw Error(
        fmt::format("--refresh-every: found {}, allowed is a number of seconds above 0", *every_s));
  }
  if (!threshold_uS) return;
  if (!std::isfinite(*threshold_uS) || *threshold_uS < 0.0) {
    throw Error(fmt::format("--refresh-threshold: found {}, allowed is a number not below 0 [uS]",
                            *threshold_uS));
  }
  if (!every_s) throw Error("--refresh-threshold: needs --refresh-every");
}

int64_t RefreshPolicy::rounds(double seconds) const {
  if (!every_s || seconds <= *every_s) {
    return 0;
  }
  const double most = std::ceil(seconds / *every_s) - 1.0;
  if (most > kMostRounds) {
    throw Error(
        fmt::format("--refresh-every: found {} s, {:.0f} refreshes in {} s, allowed: {:.0f}",
                    *every_s, most, seconds, kMostRounds));
  }
  return static_cast<int64_t>(most);
}

RefreshReport pass_time(CellWriter& writer, const Network& network, const MappedNetwork& mapped,
                        double level_step_uS, const RefreshPolicy& policy, double seconds,
                        double read_pulses,
                        const std::function<void(double seconds, double read_pulses)>& elapse,
                        const std::function<void(int64_t round)>& round) {
  const int64_t rounds = policy.rounds(seconds);
  if (rounds == 0) {
    elapse(seconds, read_pulses);
    return {};
  }
  std::vector<CellPair> pairs;
  for (size_t layer = 0; layer < network.layers.size(); ++layer) {
    const std::vector<CellPair> more = layer_pairs(network, mapped, static_cast<int>(layer));
    pairs.insert(pairs.end(), more.begin(), more.end());
  }
  std::vector<double> kept;
  kept.reserve(pairs.size());
  for (const auto& [positive, negative] : writer.read(pairs)) {
    kept.push_back(positive - negative);
  }
  const double pulses_a_second = read_pulses / seconds;
  for (int64_t n = 1; n <= rounds; ++n) {
    elapse(*policy.every_s, pulses_a_second * *policy.every_s);
    writer.bring(pairs, kept, policy.threshold() / level_step_uS);
    round(n);
  }
  const double rest = seconds - (static_cast<double>(rounds) * *policy.every_s);
  elapse(rest, pulses_a_second * rest);
  return {.rounds = rounds, .cells = writer.counters(), .programming = writer.programming()};
}

}  // namespace mcnn
