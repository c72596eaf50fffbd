// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <optional>

#include "host/cost/cost_output.h"

namespace mcnn {
namespace {

using Json = nlohmann::ordered_json;

// A number, or null for what is not known.
Json known(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json part_json(const CostPart& part) {
  return {{"component", part.component},
          {"group", group_name(part.group)},
          {"event", part.event},
          {"count", part.count},
          {"pJ", known(part.pJ)}};
}

Json parts_json(std::span<const CostPart> parts) {
  auto list = Json::array();
  for (const CostPart& part : parts) list.push_back(part_json(part));
  return list;
}

Json programming_json(const ProgrammingCost& cost) {
  return {{"sets", cost.sets},
          {"resets", cost.resets},
          {"reads", cost.reads},
          {"clocks", cost.clocks},
          {"set_pJ", cost.set_pJ},
          {"reset_pJ", cost.reset_pJ},
          {"pulse_pJ", cost.pulse_pJ()},
          {"read_parts", parts_json(cost.read_parts)},
          {"digital_parts", parts_json(cost.digital_parts)},
          {"macro_pJ", cost.macro_pJ()},
          {"pJ", cost.pJ()}};
}

Json lines_json(const CostSummary& summary) {
  auto list = Json::array();
  for (const SummaryLine& line : summary) {
    list.push_back({{"name", line.name},
                    {"value", known(line.value)},
                    {"unit", line.unit},
                    {"is", origin_name(line.origin)},
                    {"from", line.from}});
  }
  return list;
}

Json layers_json(const Cost& cost) {
  auto list = Json::array();
  for (const LayerCost& layer : cost.layers) {
    list.push_back({{"name", layer.name},
                    {"clocks", layer.clocks},
                    {"macs", layer.macs},
                    {"pJ", layer.pJ()},
                    {"macro_pJ", layer.macro_pJ()},
                    {"parts", parts_json(layer.parts)}});
  }
  return list;
}

Json area_json(const Cost& cost) {
  auto list = Json::array();
  for (const AreaPart& part : cost.area) {
    list.push_back(
        {{"component", part.component}, {"count", part.count}, {"um2", known(part.um2)}});
  }
  return list;
}

// Of every figure that is missing: why.
Json reasons_json(const CostReport& report) {
  Json json = Json::object();
  for (const std::string& key : report.cost.missing) json[key] = report.card.figure(key).note;
  for (const AreaPart& part : report.cost.area) {
    if (!part.um2) json[part.component] = report.card.figure(part.component).note;
  }
  return json;
}

Json peak_json(const MacroPeak& peak) {
  Json json = {{"drivers_pJ", peak.drivers_pJ},
               {"sample_hold_pJ", peak.sample_hold_pJ},
               {"adc_pJ", peak.adc_pJ},
               {"array_listed_pJ", peak.array_listed_pJ},
               {"array_pJ", peak.array_pJ},
               {"unnamed_pJ", peak.unnamed_pJ()},
               {"gops", peak.gops()},
               {"listed_gops_per_watt", peak.listed_gops_per_watt()},
               {"gops_per_watt", peak.gops_per_watt()},
               {"published_gops_per_watt", peak.published_gops_per_watt},
               {"published_gops_per_mm2", peak.published_gops_per_mm2}};
  json["area_mm2"] = peak.area_mm2 > 0.0 ? Json(peak.area_mm2) : Json(nullptr);
  return json;
}

Json wide_json(std::span<const WideLayer> layers) {
  auto list = Json::array();
  for (const WideLayer& layer : layers) {
    list.push_back({{"layer", layer.name},
                    {"inputs", layer.inputs},
                    {"reads", layer.reads},
                    {"windows", layer.windows},
                    {"conversions_here", layer.conversions_here},
                    {"conversions", layer.conversions},
                    {"bits_same_step", layer.bits},
                    {"pJ_here", layer.pJ_here},
                    {"pJ", layer.pJ},
                    {"pJ_same_step", layer.same_step_pJ}});
  }
  return list;
}

Json gaps_json(std::span<const LayerGap> gaps) {
  auto list = Json::array();
  for (const LayerGap& gap : gaps) {
    list.push_back({{"layer", gap.layer},
                    {"gops_per_watt", gap.gops_per_watt},
                    {"operations_per_conversion", gap.operations_per_conversion},
                    {"pJ_per_conversion", gap.pJ_per_conversion},
                    {"rows", gap.rows},
                    {"pair", gap.pair},
                    {"planes", gap.planes},
                    {"waste", gap.waste},
                    {"energy", gap.energy},
                    {"product", gap.product()}});
  }
  return list;
}

}  // namespace

std::string tuning_cost_json(const TuningCost& cost) {
  const Json json = {{"card", cost.card},
                     {"forward", parts_json(cost.forward)},
                     {"forward_pJ", cost.forward_pJ()},
                     {"forward_macro_pJ", cost.forward_macro_pJ()},
                     {"programming", programming_json(cost.programming)},
                     {"pJ", cost.pJ()},
                     {"macro_pJ", cost.macro_pJ()},
                     {"missing", cost.missing}};
  return json.dump(2) + "\n";
}

std::string summary_json(const CostSummary& summary) { return lines_json(summary).dump(); }

std::string cost_json(const CostReport& report) {
  const Cost& cost = report.cost;
  Json json;
  json["summary"] = lines_json(report.summary);
  json["card"] = report.card.name;
  json["config"] = report.config.name;
  json["adc_bits"] = report.config.adc_bits;
  json["images"] = cost.images;
  json["energy_known"] = cost.energy_known();
  json["pJ_per_image"] = cost.pJ();
  json["macro_pJ_per_image"] = cost.macro_pJ();
  json["missing"] = cost.missing;
  json["why_missing"] = reasons_json(report);
  json["operations_per_image"] = cost.operations();
  json["clocks_per_image"] = cost.clocks_per_image;
  json["clock_ns"] = cost.clock.ns();
  json["seconds_per_image"] = cost.seconds_per_image();
  json["images_per_second"] = cost.images_per_second();
  json["gops"] = cost.gops();
  json["gops_per_watt"] = cost.energy_known() ? Json(cost.gops_per_watt()) : Json(nullptr);
  json["macro_gops_per_watt"] = cost.macro_gops_per_watt();
  json["layers"] = layers_json(cost);
  json["components"] = parts_json(cost.components);
  json["area_um2"] = cost.um2();
  json["area_known"] = cost.area_known();
  json["area"] = area_json(cost);
  json["programming"] = programming_json(cost.programming);
  json["macro_peak"] = peak_json(report.peak);
  if (!report.wide.empty()) json["wide_macro_estimate"] = wide_json(report.wide);
  json["gaps"] = gaps_json(report.gaps);
  return json.dump(2) + "\n";
}

}  // namespace mcnn
