// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/sweep.h"

#include <Random123/philox.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

#include "behavioral_models/device_card.h"
#include "behavioral_models/portable_math.h"
#include "common/error.h"
#include "common/fingerprint.h"
#include "common/nearest.h"
#include "common/toml_table.h"

namespace mcnn::cli {
namespace {

constexpr std::uint64_t kMaxRuns = 1'000'000;
constexpr std::string_view kNone = "none";   // an option that is not given
constexpr std::uint32_t kMaxTries = 10'000;  // of a draw with bounds

template <class Integer>
Integer integer(std::string_view option, const std::string& text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(fmt::format("{}: found '{}', allowed is a whole number{}", option, text,
                            std::numeric_limits<Integer>::is_signed ? "" : " of 0 or more"));
  }
  return value;
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  int depth = 0;
  std::string part;
  for (const char c : text) {
    if (c == '[') ++depth;
    if (c == ']') --depth;
    if (depth == 0 && separators.find(c) != std::string_view::npos) {
      parts.push_back(std::exchange(part, {}));
    } else {
      part += c;
    }
  }
  parts.push_back(part);
  return parts;
}

double required_number(const std::string& text, const std::string& where) {
  const auto value = number(text);
  if (!value) throw Error(fmt::format("{}: found '{}', allowed is a number", where, text));
  return *value;
}

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
             o.tune.training_count = integer<std::int64_t>("--training-count", v);
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

std::pair<std::string, std::string> key_and_text(std::string_view text, const std::string& where) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw Error(fmt::format("{}: found '{}', allowed is key=value", where, text));
  }
  std::string key(text.substr(0, equals));
  for (const std::string& part : split(key, "+")) check_key(part, where);
  return {std::move(key), std::string(text.substr(equals + 1))};
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

bool is_whole(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// One spelling for each number, so that 0.10 and 1e-1 are the same value. Others stay as they are.
std::string canonical(const std::string& text) {
  if (is_whole(text)) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() ? fmt::format("{}", value) : text;
  }
  const auto value = number(text);
  return value ? fmt::format("{:.15g}", *value) : text;
}

// Appends the values of "first:last[:step]"; false if the text is no range of numbers.
bool append_range(const std::string& text, std::vector<std::string>& values,
                  const std::string& where) {
  const std::vector<std::string> parts = split(text, ":");
  if (parts.size() < 2 || parts.size() > 3) return false;
  std::vector<double> numbers;
  for (const std::string& part : parts) {
    const auto value = number(part);
    if (!value) return false;
    numbers.push_back(*value);
  }
  const double step = numbers.size() == 3 ? numbers[2] : 1.0;
  const double steps = (numbers[1] - numbers[0]) / step;
  if (!std::isfinite(steps) || steps < 0.0 || steps > static_cast<double>(kMaxRuns)) {
    throw Error(fmt::format(
        "{}: found the range '{}', allowed is first:last or first:last:step, at most {} steps that "
        "lead from first to last",
        where, text, kMaxRuns));
  }
  // A last value that a step misses by rounding only belongs to the range.
  const auto count = static_cast<std::uint64_t>(steps + 1e-9);
  const bool whole = is_whole(parts[0]) && is_whole(parts.size() == 3 ? parts[2] : "1");
  for (std::uint64_t i = 0; i <= count; ++i) {
    if (whole) {
      const auto first = integer<std::uint64_t>(where, parts[0]);
      values.push_back(fmt::format(
          "{}", first + (i * (parts.size() == 3 ? integer<std::uint64_t>(where, parts[2]) : 1))));
    } else {
      // Twelve digits: 0.1 + 2 * 0.1 is 0.3.
      values.push_back(fmt::format("{:.12g}", numbers[0] + (static_cast<double>(i) * step)));
    }
  }
  return true;
}

// 53 bits of two words: a number in [0, 1).
double unit(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t word = std::uint64_t{high} << 32 | low;
  return static_cast<double>(word >> 11) * 0x1p-53;
}

// ------------------------------------------------------------------------------------------------
// plans

Sweep plan_sweep(const TomlTable& table) {
  table.allow_only({"name", "title", "set", "vary", "sample", "runs", "sample_seed"});
  const auto field = [&](std::string_view name) {
    return fmt::format("{}: field {}", table.where(), name);
  };
  const auto texts = [&](std::string_view name) {
    return table.has(name) ? table.texts(name) : std::vector<std::string>();
  };
  const auto count = [&](std::string_view name, std::uint64_t& value) {
    if (table.has(name)) {
      value = static_cast<std::uint64_t>(table.whole(name, {.lowest = 0.0}));
    }
  };
  Sweep sweep;
  sweep.name = table.text("name");
  sweep.title = table.text_or_none("title");
  count("runs", sweep.samples);
  count("sample_seed", sweep.sample_seed);
  for (const std::string& text : texts("set")) {
    const Setting setting = parse_setting(text, field("set"));
    if (find_setting(sweep.fixed, setting.key) != nullptr) {
      throw Error(fmt::format("{}: {} is set twice, allowed is once", field("set"), setting.key));
    }
    sweep.fixed.push_back(setting);
  }
  for (const std::string& text : texts("vary")) {
    sweep.axes.push_back(parse_axis(text, field("vary")));
  }
  for (const std::string& text : texts("sample")) {
    sweep.draws.push_back(parse_draw(text, field("sample")));
  }
  return sweep;
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

std::optional<double> number(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
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

std::optional<double> axis_number(std::string_view value) {
  if (!value.starts_with('[') || !value.ends_with(']')) return number(value);
  const std::vector<std::string> parts = split(value.substr(1, value.size() - 2), ",");
  const bool same = std::ranges::all_of(parts, [&](const auto& part) { return part == parts[0]; });
  return same ? number(parts[0]) : std::nullopt;
}

bool Axis::is_numeric() const {
  return std::ranges::all_of(values,
                             [](const auto& value) { return axis_number(value).has_value(); });
}

Axis parse_axis(std::string_view text, const std::string& where) {
  Axis axis;
  auto [key, list] = key_and_text(text, where);
  axis.key = std::move(key);
  const std::string at = fmt::format("{}: {}", where, axis.key);
  for (const std::string& part : split(list, ",")) {
    if (part.empty()) {
      throw Error(fmt::format("{}: found an empty value in '{}', allowed is v1,v2,...", at, list));
    }
    if (!append_range(part, axis.values, at)) axis.values.push_back(canonical(part));
  }
  std::set<std::string> seen;
  for (const std::string& value : axis.values) {
    if (!seen.insert(value).second) {
      throw Error(fmt::format("{}: found the value {} twice, allowed is once", at, value));
    }
  }
  return axis;
}

Draw parse_draw(std::string_view text, const std::string& where) {
  Draw draw;
  std::string call;
  std::tie(draw.key, call) = key_and_text(text, where);
  const std::string at = fmt::format("{}: {}", where, draw.key);
  const auto fail = [&](std::string_view why) {
    throw Error(
        fmt::format("{}: found '{}'{}, allowed are uniform(low,high), log(low,high) with 0 < "
                    "low, normal(mean,sigma) and normal(mean,sigma,low,high), low < high, "
                    "sigma > 0",
                    at, call, why));
  };
  const std::size_t open = call.find('(');
  if (open == std::string::npos || call.back() != ')') fail("");
  const std::string name = call.substr(0, open);
  std::vector<double> numbers;
  for (std::string part : split(call.substr(open + 1, call.size() - open - 2), ",")) {
    std::erase(part, ' ');
    numbers.push_back(required_number(part, at));
  }
  if (name == "uniform") {
    draw.distribution = Distribution::kUniform;
  } else if (name == "log") {
    draw.distribution = Distribution::kLog;
  } else if (name == "normal") {
    draw.distribution = Distribution::kNormal;
  } else {
    fail("");
  }
  const bool normal = draw.distribution == Distribution::kNormal;
  if (numbers.size() != 2 && !(normal && numbers.size() == 4)) fail("");
  draw.first = numbers[0];
  draw.second = numbers[1];
  if (normal) {
    if (!(draw.second > 0.0)) fail("");
    if (numbers.size() == 4) {
      draw.low = numbers[2];
      draw.high = numbers[3];
      // Bounds that hardly any number meets would never end.
      if (!(*draw.low < *draw.high)) fail("");
      if (*draw.low > draw.first + (3.0 * draw.second) ||
          *draw.high < draw.first - (3.0 * draw.second) ||
          *draw.high - *draw.low < 0.01 * draw.second) {
        fail(" whose bounds leave almost nothing of the distribution");
      }
    }
  } else if (!(draw.first < draw.second) ||
             (draw.distribution == Distribution::kLog && !(draw.first > 0.0))) {
    fail("");
  }
  return draw;
}

std::string draw_value(const Draw& draw, std::uint64_t seed, std::uint64_t sample) {
  // The upper bit of the last word is set: the numbers of the models have small purposes there.
  const r123::Philox4x32::key_type key = {
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const auto purpose = static_cast<std::uint32_t>(fingerprint(draw.key)) | 0x8000'0000U;
  for (std::uint32_t attempt = 0; attempt < kMaxTries; ++attempt) {
    const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(sample),
                                                 static_cast<std::uint32_t>(sample >> 32), attempt,
                                                 purpose}};
    const r123::Philox4x32::ctr_type words = r123::Philox4x32()(counter, key);
    const double u = unit(words[0], words[1]);
    double value = 0.0;
    switch (draw.distribution) {
      case Distribution::kUniform:
        value = draw.first + ((draw.second - draw.first) * u);
        break;
      case Distribution::kLog: {
        const double low = portable_log(draw.first);
        value = portable_exp(low + ((portable_log(draw.second) - low) * u));
        break;
      }
      case Distribution::kNormal: {
        // Marsaglia's polar method: a point in the unit circle.
        const double x = (2.0 * u) - 1.0;
        const double y = (2.0 * unit(words[2], words[3])) - 1.0;
        const double square = (x * x) + (y * y);
        if (square >= 1.0 || square < 1e-300) continue;
        value = draw.first + (draw.second * x * std::sqrt(-2.0 * portable_log(square) / square));
        break;
      }
    }
    std::string text = fmt::format("{:.6g}", value);
    const double rounded = *number(text);
    if ((draw.low && rounded < *draw.low) || (draw.high && rounded > *draw.high)) continue;
    return text;
  }
  throw Error(fmt::format("--sample: {}: no draw of {} met the bounds {} to {}", draw.key,
                          kMaxTries, *draw.low, *draw.high));
}

std::uint64_t Sweep::combinations() const {
  std::uint64_t product = 1;
  for (const Axis& axis : axes) product *= axis.values.size();
  return product;
}

std::vector<std::string> Sweep::varied() const {
  std::vector<std::string> keys;
  for (const Axis& axis : axes) keys.push_back(axis.key);
  for (const Draw& draw : draws) keys.push_back(draw.key);
  return keys;
}

Settings Sweep::settings(std::uint64_t run) const {
  const std::uint64_t sample = run / combinations();
  std::uint64_t rest = run % combinations();
  Settings varied(axes.size());
  for (std::size_t i = axes.size(); i-- > 0;) {
    const std::uint64_t size = axes[i].values.size();
    varied[i] = {axes[i].key, axes[i].values[rest % size]};
    rest /= size;
  }
  for (const Draw& draw : draws) {
    varied.push_back({draw.key, draw_value(draw, sample_seed, sample)});
  }
  Settings settings = fixed;
  settings.insert(settings.end(), varied.begin(), varied.end());
  if (find_setting(varied, "seed") == nullptr) {
    const std::string* text = find_setting(fixed, "seed");
    const std::uint64_t seed =
        text == nullptr ? WorkloadOptions().seed : integer<std::uint64_t>("--seed", *text);
    put_setting(settings, {"seed", fmt::format("{}", seed + (draws.empty() ? 0 : sample))});
  }
  return settings;
}

void check_sweep(const Sweep& sweep, const std::string& where) {
  std::set<std::string> seen;
  std::vector<std::string> keys = sweep.varied();
  for (const Setting& setting : sweep.fixed) keys.push_back(setting.key);
  for (const std::string& joined : keys) {
    for (const std::string& key : split(joined, "+")) {
      if (!seen.insert(key).second) {
        throw Error(fmt::format("{}: {} is given twice, allowed is once: set, varied or drawn",
                                where, key));
      }
    }
  }
  if (sweep.axes.empty() && sweep.draws.empty()) {
    throw Error(fmt::format("{}: found nothing to vary or to sample", where));
  }
  if (sweep.draws.empty() && sweep.samples != 1) {
    throw Error(fmt::format("{}: found {} runs without anything to sample", where, sweep.samples));
  }
  if (sweep.samples < 1 || sweep.samples > kMaxRuns) {
    throw Error(
        fmt::format("{}: runs: found {}, allowed is 1..{}", where, sweep.samples, kMaxRuns));
  }
  std::uint64_t runs = sweep.samples;
  for (const Axis& axis : sweep.axes) {
    runs *= axis.values.size();
    if (runs > kMaxRuns) {
      throw Error(fmt::format("{}: found more than {} runs, allowed are at most that many", where,
                              kMaxRuns));
    }
  }
}

std::string canonical_text(const Sweep& sweep) {
  std::string text;
  for (const Setting& setting : sweep.fixed) {
    text += fmt::format("set {}={}\n", setting.key, setting.value);
  }
  for (const Axis& axis : sweep.axes) {
    text += fmt::format("vary {}={}\n", axis.key, fmt::join(axis.values, ","));
  }
  for (const Draw& draw : sweep.draws) {
    text += fmt::format("sample {} {} {} {}", draw.key, static_cast<int>(draw.distribution),
                        draw.first, draw.second);
    if (draw.low) text += fmt::format(" {} {}", *draw.low, *draw.high);
    text += '\n';
  }
  if (!sweep.draws.empty()) {
    text += fmt::format("runs {} seed {}\n", sweep.samples, sweep.sample_seed);
  }
  return text;
}

std::vector<Sweep> load_plan(const std::filesystem::path& file, const Settings& overrides) {
  const std::string where = fmt::format("plan {}", file.string());
  const TomlTable plan = TomlTable::load(file, where);
  plan.allow_only({"sweep"});
  std::vector<Sweep> sweeps;
  for (const TomlTable& table : plan.tables("sweep")) {
    const std::string label =
        fmt::format("{}: sweep {}", where,
                    table.has("name") ? table.labelled(where).text("name")
                                      : fmt::format("number {}", sweeps.size() + 1));
    Sweep sweep = plan_sweep(table.labelled(label));
    const auto good = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-';
    };
    if (sweep.name.empty() || !std::ranges::all_of(sweep.name, good)) {
      throw Error(fmt::format("{}: field name: found '{}', allowed are letters, digits, _ and -",
                              label, sweep.name));
    }
    if (std::ranges::find(sweeps, sweep.name, &Sweep::name) != sweeps.end()) {
      throw Error(fmt::format("{}: field name: found twice, allowed is once", label));
    }
    for (const Setting& setting : overrides) put_setting(sweep.fixed, setting);
    check_sweep(sweep, label);
    sweeps.push_back(std::move(sweep));
  }
  return sweeps;
}

}  // namespace mcnn::cli
