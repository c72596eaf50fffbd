// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/sweep.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <set>

#include "cli/sweep/setting_text.h"
#include "common/error.h"

namespace mcnn::cli {

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

}  // namespace mcnn::cli
