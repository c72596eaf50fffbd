// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/tuning_settings.h"

#include <fmt/format.h>

#include <array>

#include "common/error.h"
#include "common/named.h"
#include "host/tuning/setting_limits.h"

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
  check_integer("--validation", validation, 1, images - 1);
  check_integer("--batch", batch, 1, images - validation);
  check_integer("--epochs", max_epochs, 1, 1000);
  check_integer("--patience", patience, 1, 1000);
  check_integer("--test-interval", test_interval, 0, 1000);
  check_integer("--passes", passes, 1, 100);
  check_integer("--refit-epochs", refit_epochs, 1, 10000);
  check_number("--wait", wait_s, Zero::kAllowed);
  check_number("--learning-rate", hybrid.learning_rate, Zero::kRefused);
  check_number("--threshold", hybrid.threshold_uS, Zero::kAllowed);
  check_number("--pass-threshold", pass_threshold_uS, Zero::kAllowed);
  check_number("--refit-rate", refit_rate, Zero::kRefused);
  check_number("--refit-penalty", refit_penalty, Zero::kAllowed);
}

}  // namespace mcnn
