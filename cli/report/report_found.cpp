// SPDX-License-Identifier: Apache-2.0
// Sections of the report page that show what other commands left: cost, sweeps, learning curves,
// the run on the RTL. Each says which command makes its files where there are none.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/output/html.h"
#include "cli/report/report_sections.h"
#include "common/error.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;
using html::escaped;
using html::grouped;
using html::Table;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostPictureBytes = 1'200'000;  // of one section

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || !text) throw Error(fmt::format("{}: cannot be read", path.string()));
  return text.str();
}

Json read_json(const fs::path& path) {
  Json json = Json::parse(read_text(path), nullptr, false);
  if (!json.is_object()) {
    throw Error(fmt::format("{}: found no JSON object, allowed is what the mcnn command wrote",
                            path.string()));
  }
  return json;
}

// Files of a folder with a suffix, sorted.
std::vector<fs::path> files_in(const fs::path& folder, std::string_view suffix) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && entry.path().extension() == suffix)
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// ---- tables in CSV: lines with # are comments, the first other line names the columns.

using Row = std::vector<std::string>;

Row csv_row(std::string_view line) {
  Row row(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        row.back() += c;
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (c == ',' && !quoted) {
      row.emplace_back();
    } else if (c != '\r') {
      row.back() += c;
    }
  }
  return row;
}

std::vector<Row> read_csv(const fs::path& path) {
  std::vector<Row> rows;
  std::istringstream lines(read_text(path));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    rows.push_back(csv_row(line));
    if (rows.back().size() != rows.front().size()) {
      throw Error(fmt::format("{}: found {} cells in row {}, allowed: {} as in the first one",
                              path.string(), rows.back().size(), rows.size(), rows.front().size()));
    }
  }
  return rows;
}

std::optional<double> number(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

std::optional<std::size_t> column_of(const Row& head, std::string_view name) {
  const auto found = std::ranges::find(head, name);
  if (found == head.end()) return {};
  return static_cast<std::size_t>(found - head.begin());
}

std::string file_id(std::string_view prefix, const fs::path& path) {
  std::string id(prefix);
  for (const char c : path.stem().string()) {
    id += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  }
  return id;
}

// SVG files as pictures, as long as they are not too many bytes.
std::string pictures(const std::vector<fs::path>& files, std::string_view prefix,
                     std::string_view caption) {
  std::string text;
  std::string left;
  std::size_t bytes = 0;
  for (const fs::path& file : files) {
    const std::string svg = read_text(file);
    if (bytes + svg.size() > kMostPictureBytes) {
      left += fmt::format("{}<code>{}</code>", left.empty() ? "" : ", ", escaped(file.string()));
      continue;
    }
    bytes += svg.size();
    const std::string name = escaped(file.stem().string());
    text += html::figure(file_id(prefix, file),
                         fmt::format("<div class=\"plot\"><img src=\"{}\" alt=\"{}: {}\"></div>",
                                     html::data_uri("image/svg+xml", svg), caption, name),
                         fmt::format("{}: {}.", caption, name));
  }
  if (!left.empty()) text += absent("Too large for this page: " + left + ".");
  return text;
}

// ---- JSON as tables

// "energy_per_image_pJ" as "energy per image [pJ]".
std::string title_of(std::string_view key) {
  static constexpr std::string_view kUnits[] = {"pJ", "nJ", "uJ",  "mJ",  "J",      "fJ", "mW",
                                                "uW", "W",  "um2", "mm2", "ns",     "us", "ms",
                                                "s",  "V",  "GHz", "MHz", "percent"};
  std::string text(key);
  std::string unit;
  const std::size_t last = text.rfind('_');
  // "gops_per_mm2" keeps its words.
  if (last != std::string::npos && !text.substr(0, last).ends_with("_per")) {
    const std::string end = text.substr(last + 1);
    if (std::ranges::find(kUnits, end) != std::end(kUnits)) {
      unit = fmt::format(" [{}]", end == "um2"       ? "µm²"
                                  : end == "mm2"     ? "mm²"
                                  : end == "uJ"      ? "µJ"
                                  : end == "uW"      ? "µW"
                                  : end == "us"      ? "µs"
                                  : end == "percent" ? "%"
                                                     : end);
      text.resize(last);
    }
  }
  std::replace(text.begin(), text.end(), '_', ' ');
  return escaped(text) + unit;
}

std::string heading_of(std::string_view key) {
  std::string text = title_of(key);
  if (!text.empty()) {
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  }
  return text;
}

std::string scalar(const Json& value) {
  if (value.is_null()) return "<small>missing</small>";
  if (value.is_string()) return escaped(value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_integer()) return grouped(value.get<std::int64_t>());
  if (value.is_number()) {
    // Large ones as whole numbers, without an exponent.
    const double real = value.get<double>();
    const bool is_large = std::abs(real) >= 1e4 && std::abs(real) < 1e15;
    return is_large ? grouped(std::llround(real)) : fmt::format("{:.5g}", real);
  }
  return escaped(value.dump());
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
      cells.push_back(row->contains(key) ? scalar((*row)[key]) : std::string());
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
    std::string part_id = id + "-";
    for (const char c : key) part_id += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
    const auto flat_objects = [&value = value] {
      return !value.empty() && std::ranges::all_of(value, [](const Json& row) {
        return row.is_object() && std::ranges::all_of(row, is_flat);
      });
    };
    if (is_flat(value)) {
      values.emplace_back(title_of(key), scalar(value));
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
      for (const Json& item : value) list += (list.empty() ? "" : ", ") + scalar(item);
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
  for (const Json& layer : layers) columns.push_back({scalar(layer["name"])});
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
      if (part->contains("group")) group = scalar((*part)["group"]);
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
    fmt::format_to(out, "<span>{}</span><div class=\"share\">", scalar(layer["name"]));
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const Json* part = part_of(layer, shown[i]);
      if (part == nullptr || !(*part)["pJ"].is_number()) continue;
      fmt::format_to(
          out,
          "<span class=\"l{}{}\" style=\"width:{:.3f}%;min-width:0;padding:0\" title=\"{}, {}: {} "
          "pJ\"></span>",
          i % kColours, i < kColours ? "" : " alt", 100.0 * (*part)["pJ"].get<double>() / largest,
          scalar(layer["name"]), title_of(shown[i]), pj((*part)["pJ"]));
    }
    fmt::format_to(out, "</div><span class=\"value\">{} pJ</span>", pj(layer["pJ"]));
  }
  return text + html::figure("energy-bars", bars + "</div>",
                             "Energy of an image by layer, and what it goes to; parts without a "
                             "figure are not in it.");
}

}  // namespace

Section cost_section(const ReportPage& page) {
  const fs::path file = page.runs / "cost" / "cost.json";
  Section section{"cost", "Energy, area and time", ""};
  if (!fs::exists(file)) {
    section.html = absent(fmt::format(
        "Not counted yet: <code>make cost</code> makes <code>{}</code>, then this section shows "
        "energy and area by layer and component.",
        escaped(file.string())));
    return section;
  }
  Json json = read_json(file);
  if (has_parts(json)) {
    section.html += energy_by_layer(json);
    json.erase("layers");
    json.erase("components");  // the sums of the same parts
  }
  section.html += json_tables(json, "cost", "Whole image", 0);
  section.html += pictures(files_in(page.runs / "cost", ".svg"), "cost-plot-", "Cost");
  return section;
}

Section sweeps_section(const ReportPage& page) {
  const fs::path folder = page.runs / "sweep";
  Section section{"sweeps", "Sweeps", ""};
  const std::vector<fs::path> tables = files_in(folder, ".csv");
  const std::vector<fs::path> plots = files_in(folder, ".svg");
  if (tables.empty() && plots.empty()) {
    section.html =
        absent(fmt::format("None has been run: <code>make sweep</code> leaves its tables and plots "
                           "in <code>{}</code>.",
                           escaped(folder.string())));
    return section;
  }
  Table table({{"sweep", Table::Align::kText},
               {"varied", Table::Align::kText},
               {"runs"},
               {"images a run"},
               {"lowest accuracy [%]"},
               {"mean [%]"},
               {"highest [%]"}});
  for (const fs::path& file : tables) {
    const std::vector<Row> rows = read_csv(file);
    if (rows.size() < 2) continue;
    const std::optional<std::size_t> accuracy = column_of(rows.front(), "accuracy");
    const std::optional<std::size_t> images = column_of(rows.front(), "images");
    if (!accuracy) continue;
    double low = 1.0;
    double high = 0.0;
    double sum = 0.0;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      const std::optional<double> value = number(rows[i][*accuracy]);
      if (!value) {
        throw Error(fmt::format("{}: row {}: accuracy: found '{}', allowed is a number",
                                file.string(), i, rows[i][*accuracy]));
      }
      low = std::min(low, *value);
      high = std::max(high, *value);
      sum += *value;
    }
    // What is varied: the columns that hold more than one value.
    std::string varied;
    for (std::size_t column = 0; column < rows.front().size(); ++column) {
      const std::string& name = rows.front()[column];
      if (name == "run" || name == "images" || name == "seed") continue;
      if (name == "correct" || column >= *accuracy) break;
      const bool is_varied = std::any_of(rows.begin() + 2, rows.end(), [&](const Row& row) {
        return row[column] != rows[1][column];
      });
      if (is_varied) varied += fmt::format("{}{}", varied.empty() ? "" : ", ", escaped(name));
    }
    const auto runs = static_cast<std::int64_t>(rows.size() - 1);
    table.row({escaped(file.stem().string()), "<code>" + varied + "</code>", grouped(runs),
               images ? escaped(rows[1][*images]) : std::string(),
               fmt::format("{:.2f}", 100.0 * low),
               fmt::format("{:.2f}", 100.0 * sum / static_cast<double>(runs)),
               fmt::format("{:.2f}", 100.0 * high)});
  }
  if (!table.empty()) section.html += table.str("sweep-table", "Sweeps");
  section.html += pictures(plots, "sweep-", "Sweep");
  return section;
}

Section tuning_section(const ReportPage& page) {
  const fs::path folder = page.runs / "tune";
  Section section{"tuning", "Learning curves", ""};
  const std::vector<fs::path> tables = files_in(folder, ".csv");
  const std::vector<fs::path> plots = files_in(folder, ".svg");
  const std::vector<fs::path> results = files_in(folder, ".json");
  if (tables.empty() && plots.empty()) {
    section.html = absent(
        fmt::format("The chip has not been tuned: <code>mcnn tune --curve {0}/curve.svg --csv "
                    "{0}/curve.csv</code> leaves its learning curve there.",
                    escaped(folder.string())));
    return section;
  }
  section.html = pictures(plots, "tune-", "Learning curve");
  for (const fs::path& file : tables) {
    const std::vector<Row> rows = read_csv(file);
    if (rows.size() < 2) continue;
    std::vector<std::pair<std::string, std::string>> last;
    for (std::size_t column = 0; column < rows.front().size(); ++column) {
      last.emplace_back(title_of(rows.front()[column]), escaped(rows.back()[column]));
    }
    section.html += html::pairs(file_id("tune-table-", file),
                                fmt::format("{} <small>last of {} rows</small>",
                                            escaped(file.stem().string()), rows.size() - 1),
                                last);
  }
  return section;
}

Section rtl_section(const ReportPage& page) {
  const fs::path file = page.runs / "sim" / "result.json";
  Section section{"rtl", "The run on the RTL", ""};
  if (page.report.engine == Engine::kRtl) {
    section.html = html::paragraph(fmt::format(
        "This report itself is of a run on the RTL: {} images were compared with the chip model, "
        "every feature map, counter and logit, with {} differences.",
        page.report.comparison.images, page.report.mismatches()));
    return section;
  }
  if (!fs::exists(file)) {
    section.html = absent(fmt::format(
        "None was found: <code>make sim</code> makes <code>{}</code>, then this section compares "
        "its logits with those of this page.",
        escaped(file.string())));
    return section;
  }
  const Json json = read_json(file);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const std::string_view key : {"command", "network", "device", "seed", "images", "accuracy",
                                     "clocks_per_image", "checked_images", "mismatches"}) {
    const auto found = json.find(key);
    if (found == json.end()) continue;
    std::string value = key == "accuracy" && found->is_number()
                            ? fmt::format("{:.2f} %", 100.0 * found->get<double>())
                            : scalar(*found);
    if (key == "command") value = fmt::format("<code>{}</code>", value);
    rows.emplace_back(title_of(key), std::move(value));
  }
  section.html = html::pairs("rtl-table", "What it says of itself", rows);
  // The same run, but for the engine and how much it checked?
  const auto choice = [](std::string command) {
    for (const std::string_view engine : {"mcnn sim ", "mcnn model "}) {
      if (command.starts_with(engine)) command.erase(0, engine.size());
    }
    const std::size_t check = command.find(" --check ");
    if (check != std::string::npos) {
      const std::size_t end = command.find(' ', check + 9);
      command.erase(check, end == std::string::npos ? end : end - check);
    }
    return command;
  };
  const fs::path logits = page.runs / "sim" / "logits.csv";
  const bool same = json.contains("command") && json["command"].is_string() &&
                    choice(json["command"].get<std::string>()) == choice(page.report.command);
  if (!same) {
    section.html +=
        absent("It is another run than the one of this page, so their logits are not compared.");
  } else if (!fs::exists(logits)) {
    section.html += absent(fmt::format("It left no logits (<code>{}</code>) to compare with.",
                                       escaped(logits.string())));
  } else {
    const bool equal = read_text(logits) == logits_csv(page.report.workload, page.report.run);
    section.html += fmt::format(
        "<p id=\"rtl-verdict\">{}</p>\n",
        equal ? fmt::format("Its logits, all of {} images, are byte for byte those of this page.",
                            grouped(page.report.workload.count))
              : std::string("<b>Its logits are not those of this page.</b> One of the two runs is "
                            "of another version of the chip or of its inputs."));
  }
  return section;
}

}  // namespace mcnn::cli
