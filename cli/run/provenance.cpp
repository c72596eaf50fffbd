// SPDX-License-Identifier: Apache-2.0
#include "cli/run/provenance.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "common/error.h"
#include "common/json_depth.h"

namespace mcnn::cli {
namespace {

using Json = nlohmann::ordered_json;
using Fields = Provenance::Fields;

constexpr std::string_view kKey = "provenance";
constexpr std::string_view kComment = "# provenance ";
constexpr std::string_view kElement = "<metadata id=\"mcnn-provenance\">";
constexpr std::string_view kElementEnd = "</metadata>";

std::string shown(const std::string& value) {
  return value.starts_with('"') ? Json::parse(value).get<std::string>() : value;
}

Json json_of(const Fields& fields) {
  Json json = Json::object();
  for (const auto& [name, value] : fields) json[name] = Json::parse(value);
  return json;
}

Fields fields_of(const Json& json) {
  Fields fields;
  for (const auto& [name, value] : json.items()) fields[name] = value.dump();
  return fields;
}

// One line that may stand in an element of XML.
std::string one_line(const Provenance& provenance) {
  std::string text;
  for (const char c : to_json(provenance).dump()) {
    if (c == '<' || c == '>' || c == '&') {
      text += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text;
}

Provenance from_json(const Json& json) {
  Provenance provenance;
  provenance.command = json.at("command");
  provenance.config = json.at("config").at("name");
  provenance.parameters = fields_of(json.at("config").at("parameters"));
  provenance.network = json.at("network").at("name");
  provenance.network_file = json.at("network").at("file");
  provenance.network_fingerprint = json.at("network").at("fingerprint");
  provenance.device = json.at("device").at("card");
  provenance.set = json.at("device").at("set").get<std::vector<std::string>>();
  provenance.device_fields = fields_of(json.at("device").at("fields"));
  provenance.seed = json.at("seed");
  provenance.options = fields_of(json.at("options"));
  if (json.contains("varied")) {
    provenance.varied = json.at("varied").get<std::set<std::string>>();
  }
  return provenance;
}

// "read_noise 0.05, here 0.02" for each field that differs; a field that is not there is `absent`.
std::vector<std::string> field_differences(const Fields& found, const Fields& wanted,
                                           std::string_view absent,
                                           const std::set<std::string>& ignored) {
  Fields all = found;
  all.insert(wanted.begin(), wanted.end());
  std::vector<std::string> texts;
  for (const auto& [name, unused] : all) {
    const auto one = found.find(name);
    const auto other = wanted.find(name);
    const bool in_both = one != found.end() && other != wanted.end();
    if (ignored.contains(name) || (absent.empty() && !in_both)) continue;
    if (in_both && one->second == other->second) continue;
    texts.push_back(fmt::format(
        "{} {}, here {}", name, one == found.end() ? std::string(absent) : shown(one->second),
        other == wanted.end() ? std::string(absent) : shown(other->second)));
  }
  return texts;
}

// The names of the fields that differ, also those that only one has.
void add_differing(const Fields& one, const Fields& other, std::set<std::string>& names) {
  const auto add = [&names](const Fields& from, const Fields& in) {
    for (const auto& [name, value] : from) {
      const auto found = in.find(name);
      if (found == in.end() || found->second != value) names.insert(name);
    }
  };
  add(one, other);
  add(other, one);
}

[[noreturn]] void fail_damaged(const std::string& where) {
  throw Error(fmt::format("{}: {}: found a damaged one, allowed is what the mcnn command wrote",
                          where, kKey));
}

// "what A, here B" where the names tell them apart, otherwise their fields.
std::string subject(std::string_view what, const std::string& found, const std::string& wanted,
                    const std::vector<std::string>& fields) {
  if (found != wanted) return fmt::format("{} {}, here {}", what, found, wanted);
  return fmt::format("{} {} with {}", what, found, fmt::join(fields, ", "));
}

}  // namespace

void Provenance::add_row(const Provenance& row) {
  add_differing(parameters, row.parameters, varied);
  add_differing(device_fields, row.device_fields, varied);
  add_differing(options, row.options, varied);
  if (row.network_fingerprint != network_fingerprint) varied.insert("network");
  if (row.seed != seed) varied.insert("seed");
}

Json to_json(const Provenance& provenance) {
  Json json = {
      {"command", provenance.command},
      {"config", {{"name", provenance.config}, {"parameters", json_of(provenance.parameters)}}},
      {"network",
       {{"name", provenance.network},
        {"file", provenance.network_file},
        {"fingerprint", provenance.network_fingerprint}}},
      {"device",
       {{"card", provenance.device},
        {"set", provenance.set},
        {"fields", json_of(provenance.device_fields)}}},
      {"seed", provenance.seed},
      {"options", json_of(provenance.options)}};
  if (!provenance.varied.empty()) json["varied"] = provenance.varied;
  return json;
}

std::string csv_comment(const Provenance& provenance) {
  return fmt::format("{}{}\n", kComment, one_line(provenance));
}

std::string with_provenance(std::string svg, const Provenance& provenance) {
  const std::size_t start = svg.find("<svg");
  const std::size_t end = start == std::string::npos ? start : svg.find('>', start);
  if (end == std::string::npos) throw Error("a picture without an element <svg>");
  svg.insert(end + 1, fmt::format("\n{}{}{}", kElement, one_line(provenance), kElementEnd));
  return svg;
}

std::optional<Provenance> find_provenance(std::string_view file, const std::string& where) {
  std::string_view text;
  Json json;
  if (file.starts_with('{')) {
    if (!is_flat_json(file)) fail_damaged(where);
    const Json whole = Json::parse(file, nullptr, false);
    if (!whole.is_object() || !whole.contains(kKey)) return std::nullopt;
    json = whole[std::string(kKey)];
  } else {
    if (const std::size_t at = file.find(kElement); at != std::string_view::npos) {
      text = file.substr(at + kElement.size());
      text = text.substr(0, text.find(kElementEnd));
    } else {
      const std::size_t line =
          file.starts_with(kComment) ? 0 : file.find(fmt::format("\n{}", kComment));
      if (line == std::string_view::npos) return std::nullopt;
      text = file.substr(file.find(kComment, line) + kComment.size());
      text = text.substr(0, text.find('\n'));
    }
    if (!is_flat_json(text)) fail_damaged(where);
    json = Json::parse(text, nullptr, false);
  }
  try {
    return from_json(json);
  } catch (const nlohmann::json::exception&) {
    fail_damaged(where);
  }
}

std::vector<std::string> differences(const Provenance& found, const Provenance& wanted) {
  const std::set<std::string>& varied = found.varied;
  std::vector<std::string> texts;
  const std::vector<std::string> parameters =
      field_differences(found.parameters, wanted.parameters, "none", varied);
  if (!parameters.empty()) {
    texts.push_back(subject("configuration", found.config, wanted.config, parameters));
  }
  if (!varied.contains("network") && found.network_fingerprint != wanted.network_fingerprint) {
    texts.push_back(found.network != wanted.network
                        ? fmt::format("network {}, here {}", found.network, wanted.network)
                        : fmt::format("network {} of other content ({} and {})", found.network,
                                      found.network_file, wanted.network_file));
  }
  const std::vector<std::string> fields =
      field_differences(found.device_fields, wanted.device_fields, "off", varied);
  if (!fields.empty()) texts.push_back(subject("device", found.device, wanted.device, fields));
  if (!varied.contains("seed") && found.seed != wanted.seed) {
    texts.push_back(fmt::format("seed {}, here {}", found.seed, wanted.seed));
  }
  for (std::string& text : field_differences(found.options, wanted.options, "", varied)) {
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace mcnn::cli
