// SPDX-License-Identifier: Apache-2.0
#include "host/network/json_node.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "host/network/network_rules.h"

namespace mcnn {
namespace {

std::string shorten(std::string text) {
  constexpr size_t kLimit = 40;
  if (text.size() > kLimit) {
    text = text.substr(0, kLimit) + "...";
  }
  return text;
}

}  // namespace

void JsonNode::bad(std::string_view allowed) const {
  network_rules::fail(source_, path_, found(), allowed);
}

std::string JsonNode::found() const {
  if (json_.is_object()) {
    return "an object";
  }
  if (json_.is_array()) {
    return fmt::format("an array of {}", json_.size());
  }
  return shorten(json_.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void JsonNode::expect_fields(std::initializer_list<std::string_view> names) const {
  if (!json_.is_object()) {
    bad("an object");
  }
  for (const auto& [key, value] : json_.items()) {
    if (std::find(names.begin(), names.end(), key) == names.end()) {
      network_rules::fail(source_, join(key), "an unknown field",
                          fmt::format("{}", fmt::join(names, ", ")));
    }
  }
}

JsonNode JsonNode::field(const std::string& name) const {
  if (!json_.contains(name)) {
    network_rules::fail(source_, join(name), "nothing", "the field must be there");
  }
  return {json_.at(name), join(name), source_};
}

JsonNode JsonNode::item(size_t index) const {
  return {json_.at(index), fmt::format("{}[{}]", path_, index), source_};
}

void JsonNode::expect_array(size_t size, std::string_view of) const {
  if (!json_.is_array() || json_.size() != size) {
    bad(fmt::format("an array of {} {}", size, of));
  }
}

int64_t JsonNode::integer(int64_t low, int64_t high) const {
  const auto expect = [&](bool good) {
    if (!good) {
      bad(fmt::format("an integer {}..{}", low, high));
    }
  };
  expect(json_.is_number_integer());
  expect(!json_.is_number_unsigned() ||
         json_.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  const int64_t value = json_.get<int64_t>();
  expect(value >= low && value <= high);
  return value;
}

bool JsonNode::boolean() const {
  if (!json_.is_boolean()) {
    bad("true or false");
  }
  return json_.get<bool>();
}

std::string JsonNode::text(std::string_view allowed) const {
  if (!json_.is_string()) {
    bad(allowed);
  }
  return json_.get<std::string>();
}

size_t JsonNode::choice(const std::vector<std::string_view>& texts) const {
  std::string allowed;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string_view before = i == 0 ? "" : i + 1 == texts.size() ? " or " : ", ";
    fmt::format_to(std::back_inserter(allowed), "{}\"{}\"", before, texts[i]);
  }
  const auto found = std::find(texts.begin(), texts.end(), text(allowed));
  if (found == texts.end()) {
    bad(allowed);
  }
  return static_cast<size_t>(found - texts.begin());
}

std::pair<int, int> JsonNode::pair(int low, int high) const {
  if (json_.is_array()) {
    expect_array(2, fmt::format("integers {}..{} (rows, columns)", low, high));
    return {item(0).small(low, high), item(1).small(low, high)};
  }
  const int value = small(low, high);
  return {value, value};
}

std::string JsonNode::join(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

}  // namespace mcnn
