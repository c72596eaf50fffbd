// SPDX-License-Identifier: Apache-2.0
// What makes the result of a run.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "cli/run/provenance.h"
#include "common/fingerprint.h"

namespace mcnn::cli {
namespace {

using Json = nlohmann::ordered_json;
using Fields = Provenance::Fields;

std::string text_value(std::string_view text) { return Json(text).dump(); }

// "name = value" lines, comments left out.
Fields fields_of(const std::string& text, char equals) {
  Fields fields;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(equals);
    if (at == std::string::npos || line.starts_with('#')) continue;
    const std::string name = line.substr(0, line.find_last_not_of(' ', at - 1) + 1);
    const std::string value = line.substr(line.find_first_not_of(' ', at + 1));
    const Json json = Json::parse(value, nullptr, false);
    fields[name] = json.is_discarded() ? text_value(value) : json.dump();
  }
  return fields;
}

}  // namespace

Provenance provenance(const Workload& workload, const ProgrammingOptions& programming,
                      std::string command) {
  const WorkloadOptions& options = workload.options;
  ProgrammingOptions behind = programming;  // the way
  behind.program = ProgrammingOptions{}.program;
  Provenance made;
  made.command = std::move(command);
  made.config = workload.config.name;
  made.parameters = fields_of(to_params(workload.config), '=');
  made.network = workload.network.name;
  made.network_file = workload.network_file;
  made.network_fingerprint = fmt::format("{:016x}", file_fingerprint(workload.network_file));
  made.device = options.device;
  made.set = options.set;
  if (options.age_s) made.set.push_back(fmt::format("age_s={}", *options.age_s));
  made.device_fields = fields_of(device_card_toml(workload.card), '=');
  for (const char* label : {"name", "description"})
    made.device_fields.erase(label);  // a copy of a card is the same card
  if (const std::string& states = workload.card.measured_states; !states.empty()) {
    made.device_fields["measured_states"] =
        text_value(fmt::format("{:016x}", file_fingerprint(states)));
  }
  made.seed = options.seed;
  made.options = {
      {"mapping", text_value(options.mapping)},
      {"replicas",
       text_value(options.replicas.empty() ? "auto"
                                           : fmt::format("{}", fmt::join(options.replicas, ",")))},
      {"range", text_value(options.range)},
      {"images", text_value(images_title(workload))},
      {"programming", text_value(programming.program + behind.command_line())}};
  return made;
}

Provenance provenance(const Workload& workload, const ProgrammingOptions& programming, bool skip,
                      std::string command) {
  Provenance made = provenance(workload, programming, std::move(command));
  made.options["skip"] = skip ? "true" : "false";
  return made;
}

}  // namespace mcnn::cli
