// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/learning_settings.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "behavioral_models/macro.h"
#include "common/error.h"
#include "common/named.h"

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
  integer("--batch", batch, 0, images);
  integer("--epochs", max_epochs, 0, 100'000);
  integer("--amplitude", amplitude.value_or(0), 0, Macro::kAmplitudes - 1);
  integer("--test-interval", test_interval, 0, 1000);
  number("--gain", gain, false);
  number("--rate", rate, false);
  number("--threshold", threshold, true);
  if (threshold >= 1.0) {
    throw Error(fmt::format("--threshold: found {}, allowed is a number below 1", threshold));
  }
  number("--wait", wait_s, true);
}

}  // namespace mcnn
