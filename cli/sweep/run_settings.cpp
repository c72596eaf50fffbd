// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/run_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "behavioral_models/device_card.h"
#include "cli/sweep/setting_text.h"
#include "common/error.h"
#include "common/nearest.h"

namespace mcnn::cli {
namespace {

bool flag(std::string_view option, const std::string& text) {
  if (text != "true" && text != kNone) {
    throw Error(fmt::format("{}: found '{}', allowed are true and none", option, text));
  }
  return text == "true";
}

// The options of `mcnn model` and `mcnn tune` that a run may set, in the order of the command that
// repeats it.
struct Option {
  std::string_view key;
  void (*apply)(RunOptions& options, const std::string& value);
  enum Kind : std::uint8_t { kValue, kFlag, kList } kind = kValue;  // a list has slashes here
  bool of_tune = false;
};

constexpr std::array kOptions = {
    Option{"config", [](RunOptions& o, const std::string& v) { o.workload.config = v; }},
    Option{"network", [](RunOptions& o, const std::string& v) { o.workload.network = v; }},
    Option{"images", [](RunOptions& o, const std::string& v) { o.workload.images = v; }},
    Option{"labels", [](RunOptions& o, const std::string& v) { o.workload.labels = v; }},
    Option{"first",
           [](RunOptions& o, const std::string& v) {
             o.workload.first = integer<std::int64_t>("--first", v);
           }},
    Option{"count",
           [](RunOptions& o, const std::string& v) {
             o.workload.count = integer<std::int64_t>("--count", v);
           }},
    Option{"mapping", [](RunOptions& o, const std::string& v) { o.workload.mapping = v; }},
    Option{"replicas",
           [](RunOptions& o, const std::string& v) { o.workload.replicas = split(v, "/,"); },
           Option::kList},
    Option{"range", [](RunOptions& o, const std::string& v) { o.workload.range = v; }},
    Option{"adc_bits",
           [](RunOptions& o, const std::string& v) {
             o.workload.adc_bits = integer<int>("--adc-bits", v);
           }},
    Option{"program", [](RunOptions& o, const std::string& v) { o.programming.program = v; }},
    Option{"second_pass",
           [](RunOptions& o, const std::string& v) {
             if (v != kNone) o.programming.second_pass_wait_s = required_number(v, "--second-pass");
           }},
    Option{"around_faults",
           [](RunOptions& o, const std::string& v) {
             o.programming.around_faults = flag("--around-faults", v);
           },
           Option::kFlag},
    Option{"calibrate",
           [](RunOptions& o, const std::string& v) {
             o.programming.calibrate = flag("--calibrate", v);
           },
           Option::kFlag},
    Option{"calibration_count",
           [](RunOptions& o, const std::string& v) {
             o.programming.calibration_count = integer<std::int64_t>("--calibration-count", v);
           }},
    Option{"load_cells",
           [](RunOptions& o, const std::string& v) {
             if (v != kNone) o.programming.load_cells = v;
           }},
    Option{"refresh_every",
           [](RunOptions& o, const std::string& v) {
             if (v != kNone)
               o.programming.refresh.every_s = required_number(v, "--refresh-every");
           }},
    Option{"refresh_threshold",
           [](RunOptions& o, const std::string& v) {
             if (v != kNone)
               o.programming.refresh.threshold_uS = required_number(v, "--refresh-threshold");
           }},
    Option{"flow",
           [](RunOptions& o, const std::string& v) {
             o.tuned = v != kNone;
             if (o.tuned) o.tune.flow = v;
           },
           Option::kValue, true},
    Option{"without",
           [](RunOptions& o, const std::string& v) {
             if (v != kNone) o.tune.without = split(v, "/,");
           },
           Option::kList, true},
    Option{"wait",
           [](RunOptions& o, const std::string& v) {
             if (v != kNone) o.tune.wait_s = required_number(v, "--wait");
           },
           Option::kValue, true},
    Option{"threshold",
           [](RunOptions& o, const std::string& v) {
             o.tune.settings.hybrid.threshold_uS = required_number(v, "--threshold");
           },
           Option::kValue, true},
    Option{"learning_rate",
           [](RunOptions& o, const std::string& v) {
             o.tune.settings.hybrid.learning_rate = required_number(v, "--learning-rate");
           },
           Option::kValue, true},
    Option{"passes",
           [](RunOptions& o, const std::string& v) {
             o.tune.settings.passes = integer<int>("--passes", v);
           },
           Option::kValue, true},
    Option{"pass_threshold",
           [](RunOptions& o, const std::string& v) {
             o.tune.settings.pass_threshold_uS = required_number(v, "--pass-threshold");
           },
           Option::kValue, true},
    Option{"training_count",
           [](RunOptions& o, const std::string& v) {
             o.tune.training.count = integer<std::int64_t>("--training-count", v);
           },
           Option::kValue, true},
    Option{"device", [](RunOptions& o, const std::string& v) { o.workload.device = v; }},
    Option{"seed",
           [](RunOptions& o, const std::string& v) {
             o.workload.seed = integer<std::uint64_t>("--seed", v);
           }},
};

const Option* find_option(std::string_view key) {
  const auto* found = std::ranges::find(kOptions, key, &Option::key);
  return found == kOptions.end() ? nullptr : found;
}

// Settings of single keys, with the seed put where a file name has {seed}.
Settings single(const Settings& settings) {
  Settings all;
  for (const Setting& setting : settings) {
    for (std::string& key : split(setting.key, "+")) {
      all.push_back({std::move(key), setting.value});
    }
  }
  const std::string* seed = find_setting(all, "seed");
  const auto file = std::ranges::find(all, "load_cells", &Setting::key);
  constexpr std::string_view kPlace = "{seed}";
  if (file != all.end() && seed != nullptr) {
    const std::size_t at = file->value.find(kPlace);
    if (at != std::string::npos) file->value.replace(at, kPlace.size(), *seed);
  }
  return all;
}

}  // namespace

std::vector<std::string> option_keys() {
  std::vector<std::string> keys;
  for (const Option& option : kOptions) keys.emplace_back(option.key);
  return keys;
}

void check_key(std::string_view key, const std::string& where) {
  if (find_option(key) != nullptr) return;
  const std::vector<std::string> fields = device_field_names();
  if (std::ranges::find(fields, key) != fields.end()) return;
  std::vector<std::string> all = option_keys();
  all.insert(all.end(), fields.begin(), fields.end());
  throw Error(fmt::format(
      "{}: unknown key '{}', allowed are {}, and the fields of a device card: {}{}", where, key,
      fmt::join(option_keys(), ", "), fmt::join(fields, ", "), did_you_mean(key, all)));
}

std::pair<std::string, std::string> key_and_text(std::string_view text, const std::string& where) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw Error(fmt::format("{}: found '{}', allowed is key=value", where, text));
  }
  std::string key(text.substr(0, equals));
  for (const std::string& part : split(key, "+")) check_key(part, where);
  return {std::move(key), std::string(text.substr(equals + 1))};
}

Setting parse_setting(std::string_view text, const std::string& where) {
  auto [key, value] = key_and_text(text, where);
  if (value.empty()) throw Error(fmt::format("{}: {}: found no value", where, key));
  return {std::move(key), std::move(value)};
}

void put_setting(Settings& settings, const Setting& setting) {
  const auto found = std::ranges::find(settings, setting.key, &Setting::key);
  if (found == settings.end()) {
    settings.push_back(setting);
  } else {
    found->value = setting.value;
  }
}

const std::string* find_setting(const Settings& settings, std::string_view key) {
  const auto found = std::ranges::find(settings, key, &Setting::key);
  return found == settings.end() ? nullptr : &found->value;
}

RunOptions run_options(const Settings& settings) {
  RunOptions options;
  std::string tune_key;
  bool with_flow = false;
  bool with_refresh = false;
  for (const Setting& setting : single(settings)) {
    if (const Option* option = find_option(setting.key)) {
      option->apply(options, setting.value);
      with_flow = with_flow || setting.key == "flow";
      with_refresh = with_refresh || setting.key == "refresh_every";
      if (option->of_tune && setting.value != kNone) tune_key = setting.key;
    } else {
      options.workload.set.push_back(setting.key + "=" + setting.value);
    }
  }
  // With flow=none, as one of several flows, what says how to tune is not used.
  if (!with_flow && !tune_key.empty()) {
    throw Error(fmt::format("{}: belongs to tuning, needs flow=paper or flow=best", tune_key));
  }
  // The same with refresh_every=none.
  RefreshPolicy& refresh = options.programming.refresh;
  if (with_refresh && !refresh.every_s) refresh.threshold_uS.reset();
  options.tune.workload = options.workload;
  options.tune.programming = options.programming;
  return options;
}

std::string run_command(const Settings& settings) {
  // What a run depends on most is always there.
  const WorkloadOptions defaults;
  Settings all = {{"config", defaults.config},
                  {"device", defaults.device},
                  {"seed", fmt::format("{}", defaults.seed)}};
  for (const Setting& setting : single(settings)) put_setting(all, setting);
  const RunOptions run = run_options(settings);
  const bool tuned = run.tuned;
  std::string command = tuned ? "mcnn tune" : "mcnn model";
  for (const Option& option : kOptions) {
    const std::string* value = find_setting(all, option.key);
    if (value == nullptr || *value == kNone || (option.of_tune && !tuned)) continue;
    if (option.key == "refresh_threshold" && !run.programming.refresh.threshold_uS) continue;
    std::string name(option.key);
    std::ranges::replace(name, '_', '-');
    command += fmt::format(" --{}", name);
    if (option.kind == Option::kFlag) continue;
    std::string word = *value;
    if (option.kind == Option::kList) std::ranges::replace(word, '/', ',');
    command += fmt::format(" {}", cli::quoted(word));
  }
  for (const Setting& setting : all) {
    if (find_option(setting.key) != nullptr) continue;
    command += " --set " + cli::quoted(setting.key + "=" + setting.value);
  }
  return command;
}

}  // namespace mcnn::cli
