// SPDX-License-Identifier: Apache-2.0
#include "host/cost/cost_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <iterator>
#include <vector>

#include "common/named.h"
#include "common/si.h"

namespace mcnn {
namespace {

constexpr auto kOrigins = std::to_array<Named<Origin>>({{Origin::kMeasured, "measured"},
                                                        {Origin::kEstimated, "estimated"},
                                                        {Origin::kMissing, "missing"}});

}  // namespace

std::string_view origin_name(Origin origin) { return name_of(kOrigins, origin); }

std::string SummaryLine::value_text() const {
  if (!value) return "-";
  const std::string number = unit == "%"     ? fmt::format("{:.2f} %", *value)
                             : unit == "mm2" ? fmt::format("{:#.3g} mm2", *value)
                                             : si(*value, unit == "images/s" ? " images/s" : unit);
  return (origin == Origin::kMissing ? "> " : "") + number;
}

namespace {

// What has no figure: a group when nothing of it has one, otherwise its parts.
std::string without_energy(const Cost& cost) {
  std::vector<std::string_view> names;
  for (const FigureGroup group :
       {FigureGroup::kMacro, FigureGroup::kDigital, FigureGroup::kMemory}) {
    std::vector<std::string_view> parts;
    bool none_known = true;
    for (const CostPart& part : cost.components) {
      if (part.group != group) continue;
      if (part.pJ) {
        none_known = false;
      } else {
        parts.push_back(part.component);
      }
    }
    if (!parts.empty() && none_known) parts = {group_name(group)};
    names.insert(names.end(), parts.begin(), parts.end());
  }
  return fmt::format("no figure for: {}", fmt::join(names, ", "));
}

std::string without_area(const Cost& cost) {
  std::vector<std::string_view> names;
  for (const AreaPart& part : cost.area) {
    if (!part.um2) names.push_back(part.component);
  }
  return fmt::format("no figure for: {}", fmt::join(names, ", "));
}

}  // namespace

CostSummary cost_summary(const Cost& cost, std::int64_t right) {
  using enum Origin;
  const double seconds = cost.seconds_per_image();
  const double rate = cost.images_per_second();
  const double joules = cost.pJ() * 1e-12;
  const bool energy_known = cost.energy_known();
  const Origin energy = energy_known ? kEstimated : kMissing;
  const std::string by_cards = fmt::format("by the figures of {}", cost.card);
  return {{
      {"accuracy", 100.0 * static_cast<double>(right) / static_cast<double>(cost.images), "%",
       kMeasured, fmt::format("{} of {} images right", right, cost.images)},
      {"latency", seconds, "s/image", kMeasured,
       fmt::format("{:.1f} clocks of {}", cost.clocks_per_image, cost.clock.text())},
      {"throughput", rate, "images/s", kMeasured,
       cost.waits_for_images()
           ? fmt::format("an image takes {:.0f} clocks to load, longer than the one before is "
                         "computed",
                         cost.load_clocks)
           : "1 / latency: an image loads while the one before is computed"},
      {"energy", joules, "J/image", energy,
       energy_known ? "events counted, " + by_cards : without_energy(cost)},
      {"power", joules * rate, "W", energy,
       energy_known ? "energy by throughput" : without_energy(cost)},
      {"area", cost.um2() * 1e-6, "mm2", cost.area_known() ? kEstimated : kMissing,
       cost.area_known() ? by_cards : without_area(cost)},
  }};
}

std::string summary_text(const CostSummary& summary) {
  std::string text;
  for (const SummaryLine& line : summary) {
    fmt::format_to(std::back_inserter(text), "{:<11} {:>17}  {:<9}  {}\n", line.name,
                   line.value_text(), origin_name(line.origin), line.from);
  }
  return text;
}

}  // namespace mcnn
