// SPDX-License-Identifier: Apache-2.0
// Section of the report page about what an image costs: what mcnn cost left of this run.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/html.h"
#include "cli/report/found_files.h"
#include "cli/report/report_sections.h"

namespace mcnn::cli {
namespace {

using html::escaped;
using html::grouped;
using html::Table;
using Json = nlohmann::ordered_json;

// ---- JSON as tables

std::string heading_of(std::string_view key) {
  std::string text = title_of(key);
  if (!text.empty()) {
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  }
  return text;
}

bool is_flat(const Json& value) { return !value.is_structured(); }

// Objects that have the same kind of fields, as rows.
std::string object_rows(const std::vector<std::pair<std::string, const Json*>>& rows,
                        std::string_view id, std::string_view caption, bool named) {
  std::vector<std::string> keys;
  for (const auto& [name, row] : rows) {
    for (const auto& [key, value] : row->items()) {
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    }
  }
  std::vector<Table::Column> columns;
  if (named) columns.push_back({"", Table::Align::kText});
  for (const std::string& key : keys) {
    const bool numeric = std::ranges::all_of(rows, [&](const auto& row) {
      return !row.second->contains(key) || (*row.second)[key].is_number() ||
             (*row.second)[key].is_null();
    });
    columns.push_back({title_of(key), numeric ? Table::Align::kNumber : Table::Align::kText});
  }
  Table table(std::move(columns));
  for (const auto& [name, row] : rows) {
    Row cells;
    if (named) cells.push_back(title_of(name));
    for (const std::string& key : keys) {
      cells.push_back(row->contains(key) ? value_text((*row)[key]) : std::string());
    }
    table.row(cells);
  }
  return table.str(id, caption);
}

std::string json_tables(const Json& json, const std::string& id, const std::string& title,
                        int depth) {
  std::string text;
  std::vector<std::pair<std::string, std::string>> values;
  std::string below;
  for (const auto& [key, value] : json.items()) {
    const std::string part_id = id_of(id + "-", key);
    const auto flat_objects = [&value = value] {
      return !value.empty() && std::ranges::all_of(value, [](const Json& row) {
        return row.is_object() && std::ranges::all_of(row, is_flat);
      });
    };
    if (is_flat(value)) {
      values.emplace_back(title_of(key), value_text(value));
    } else if (value.is_array() && flat_objects()) {
      std::vector<std::pair<std::string, const Json*>> rows;
      for (const Json& row : value) rows.emplace_back("", &row);
      below += object_rows(rows, part_id, heading_of(key), false);
    } else if (value.is_object() && flat_objects()) {
      std::vector<std::pair<std::string, const Json*>> rows;
      for (const auto& [name, row] : value.items()) rows.emplace_back(name, &row);
      below += object_rows(rows, part_id, heading_of(key), true);
    } else if (value.is_object() && depth < 4) {
      below += json_tables(value, part_id, heading_of(key), depth + 1);
    } else if (value.is_array() && std::ranges::all_of(value, is_flat)) {
      std::string list;
      for (const Json& item : value) list += (list.empty() ? "" : ", ") + value_text(item);
      values.emplace_back(title_of(key), list);
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (!value[i].is_object()) continue;
        const std::string name = value[i].contains("name") && value[i]["name"].is_string()
                                     ? escaped(value[i]["name"].get<std::string>())
                                     : fmt::format("{}", i);
        below += json_tables(value[i], fmt::format("{}-{}", part_id, i),
                             fmt::format("{} {}", title_of(key), name), depth + 1);
      }
    }
  }
  if (!values.empty()) text += html::pairs(id + "-values", title, values);
  return text + below;
}

// ---- energy: layers with parts, each a component with its energy in pJ or null

std::string pj(const Json& value) {
  if (!value.is_number()) return "<small>missing</small>";
  const double energy = value.get<double>();
  const auto tenths = static_cast<std::int64_t>(std::llround(energy * 10.0));
  return fmt::format("{}.{}", grouped(tenths / 10), std::abs(tenths % 10));
}

bool has_parts(const Json& json) {
  return json.contains("layers") && json["layers"].is_array() && !json["layers"].empty() &&
         std::ranges::all_of(json["layers"], [](const Json& layer) {
           return layer.is_object() && layer.contains("name") && layer["name"].is_string() &&
                  layer.contains("pJ") && layer.contains("parts") && layer["parts"].is_array() &&
                  std::ranges::all_of(layer["parts"], [](const Json& part) {
                    return part.is_object() && part.contains("component") &&
                           part["component"].is_string() && part.contains("pJ");
                  });
         });
}

std::string energy_by_layer(const Json& json) {
  const Json& layers = json["layers"];
  std::vector<std::string> components;
  double largest = 0.0;
  for (const Json& layer : layers) {
    for (const Json& part : layer["parts"]) {
      const auto name = part["component"].get<std::string>();
      if (std::ranges::find(components, name) == components.end()) components.push_back(name);
    }
    if (layer["pJ"].is_number()) largest = std::max(largest, layer["pJ"].get<double>());
  }
  std::vector<Table::Column> columns = {{"component", Table::Align::kText},
                                        {"part of", Table::Align::kText}};
  for (const Json& layer : layers) columns.push_back({value_text(layer["name"])});
  columns.push_back({"sum"});
  Table table(std::move(columns));
  const auto part_of = [](const Json& layer, const std::string& component) -> const Json* {
    for (const Json& part : layer["parts"]) {
      if (part["component"] == component) return &part;
    }
    return nullptr;
  };
  for (const std::string& component : components) {
    std::string group;
    double sum = 0.0;
    bool known = true;
    Row cells;
    for (const Json& layer : layers) {
      const Json* part = part_of(layer, component);
      if (part == nullptr) {
        cells.emplace_back("–");
        continue;
      }
      if (part->contains("group")) group = value_text((*part)["group"]);
      cells.push_back(pj((*part)["pJ"]));
      if ((*part)["pJ"].is_number()) {
        sum += (*part)["pJ"].get<double>();
      } else {
        known = false;
      }
    }
    cells.insert(cells.begin(), {title_of(component), group});
    cells.push_back(known ? pj(Json(sum)) : pj(Json()));
    table.row(cells);
  }
  Row sums = {"known parts", ""};
  double total = 0.0;
  for (const Json& layer : layers) {
    sums.push_back(pj(layer["pJ"]));
    if (layer["pJ"].is_number()) total += layer["pJ"].get<double>();
  }
  sums.push_back(pj(Json(total)));
  table.last_row(sums);
  std::string text =
      table.str("energy-table",
                "Energy of an image by component and layer [pJ] <small>missing: the energy "
                "card has no figure for it; it is in no sum</small>");

  // The components that have a figure anywhere, as bars.
  constexpr std::size_t kColours = 6;
  std::vector<std::string> shown;
  for (const std::string& component : components) {
    const bool has_figure = std::ranges::any_of(layers, [&](const Json& layer) {
      const Json* part = part_of(layer, component);
      return part != nullptr && (*part)["pJ"].is_number() && (*part)["pJ"].get<double>() > 0.0;
    });
    if (has_figure) shown.push_back(component);
  }
  if (shown.empty() || largest <= 0.0) return text;
  std::string bars = "<div class=\"legend\">";
  const auto out = std::back_inserter(bars);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    fmt::format_to(out, "<span><i class=\"dot l{}{}\"></i>{}</span>", i % kColours,
                   i < kColours ? "" : " alt", title_of(shown[i]));
  }
  bars += "</div><div class=\"bars\">";
  for (const Json& layer : layers) {
    fmt::format_to(out, "<span>{}</span><div class=\"share\">", value_text(layer["name"]));
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const Json* part = part_of(layer, shown[i]);
      if (part == nullptr || !(*part)["pJ"].is_number()) continue;
      fmt::format_to(
          out,
          "<span class=\"l{}{}\" style=\"width:{:.3f}%;min-width:0;padding:0\" title=\"{}, {}: {} "
          "pJ\"></span>",
          i % kColours, i < kColours ? "" : " alt", 100.0 * (*part)["pJ"].get<double>() / largest,
          value_text(layer["name"]), title_of(shown[i]), pj((*part)["pJ"]));
    }
    fmt::format_to(out, "</div><span class=\"value\">{} pJ</span>", pj(layer["pJ"]));
  }
  return text + html::figure("energy-bars", bars + "</div>",
                             "Energy of an image by layer, and what it goes to; parts without a "
                             "figure are not in it.");
}

}  // namespace

Section cost_section(const ReportPage& page) {
  Section section{"cost", "Energy, area and time", ""};
  const FoundFiles found(page, "cost", {".json", ".svg"});
  const FoundFile* const file = found.named("cost.json");
  if (file == nullptr) {
    section.html = absent(fmt::format(
                       "Not counted for this run: <code>make cost</code> with its options makes "
                       "<code>{}</code>, then this section shows energy and area by layer and "
                       "component.",
                       escaped((found.folder() / "cost.json").string()))) +
                   found.left_out();
    return section;
  }
  section.html = html::paragraph(
      fmt::format("Counted by <code>{}</code>.", escaped(file->provenance.command)));
  Json json = json_in(*file);
  json.erase("provenance");
  if (has_parts(json)) {
    section.html += energy_by_layer(json);
    json.erase("layers");
    json.erase("components");  // the sums of the same parts
  }
  section.html += json_tables(json, "cost", "Whole image", 0);
  section.html += pictures(found.with(".svg"), "cost-plot-", "Cost");
  section.html += found.left_out();
  return section;
}

}  // namespace mcnn::cli
