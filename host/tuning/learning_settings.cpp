// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/learning_settings.h"

#include <fmt/format.h>

#include <array>

#include "behavioral_models/macro.h"
#include "common/error.h"
#include "common/named.h"
#include "host/tuning/setting_limits.h"

namespace mcnn {
namespace {

constexpr std::array<Named<LearningRule>, 2> kRules{
    {{LearningRule::kPulse, "pulse"}, {LearningRule::kVerify, "verify"}}};
constexpr std::array<Named<OutputFunction>, 2> kFunctions{
    {{OutputFunction::kTanh, "tanh"}, {OutputFunction::kSoftmax, "softmax"}}};

}  // namespace

LearningRule learning_rule(std::string_view name) {
  if (const auto rule = value_of(kRules, name)) return *rule;
  throw Error(fmt::format("--rule: found '{}', allowed are pulse and verify", name));
}
std::string_view rule_name(LearningRule rule) { return name_of(kRules, rule); }

OutputFunction output_function(std::string_view name) {
  if (const auto function = value_of(kFunctions, name)) return *function;
  throw Error(fmt::format("--function: found '{}', allowed are tanh and softmax", name));
}
std::string_view function_name(OutputFunction function) { return name_of(kFunctions, function); }

void LearningSettings::check(int images) const {
  check_integer("--batch", batch, 0, images);
  check_integer("--epochs", max_epochs, 0, 100'000);
  check_integer("--amplitude", amplitude.value_or(0), 0, Macro::kAmplitudes - 1);
  check_integer("--test-interval", test_interval, 0, 1000);
  check_number("--gain", gain, Zero::kRefused);
  check_number("--rate", rate, Zero::kRefused);
  check_number("--threshold", threshold, Zero::kAllowed);
  if (threshold >= 1.0) {
    throw Error(fmt::format("--threshold: found {}, allowed is a number below 1", threshold));
  }
  check_number("--wait", wait_s, Zero::kAllowed);
}

}  // namespace mcnn
