// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/tuning_settings.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "common/error.h"
#include "common/named.h"

namespace mcnn {

namespace {

constexpr auto kFlows =
    std::to_array<Named<TuningFlow>>({{TuningFlow::kPaper, "paper"}, {TuningFlow::kBest, "best"}});
constexpr auto kSharings =
    std::to_array<Named<Sharing>>({{Sharing::kRows, "rows"}, {Sharing::kImages, "images"}});

}  // namespace

TuningFlow tuning_flow(std::string_view name) {
  if (const auto flow = value_of(kFlows, name)) return *flow;
  throw Error(fmt::format("--flow: found '{}', allowed are paper and best", name));
}

Sharing sharing(std::string_view name) {
  if (const auto found = value_of(kSharings, name)) return *found;
  throw Error(fmt::format("--sharing: found '{}', allowed are rows and images", name));
}

std::string_view flow_name(TuningFlow flow) { return name_of(kFlows, flow); }

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

}  // namespace mcnn
