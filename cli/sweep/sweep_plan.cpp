// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/sweep_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/error.h"
#include "common/toml_table.h"

namespace mcnn::cli {
namespace {

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
