// SPDX-License-Identifier: Apache-2.0
// A value of a JSON document that knows the path that leads to it: what every reader of a network
// file asks, with its errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcnn {

class JsonNode {
 public:
  using Json = nlohmann::ordered_json;

  // The document and the name of its source must outlive the node.
  JsonNode(const Json& json, std::string path, std::string_view source)
      : json_(json), path_(std::move(path)), source_(source) {}

  // Throws Error "SOURCE: PATH: found ..., allowed: ALLOWED".
  [[noreturn]] void bad(std::string_view allowed) const;
  std::string found() const;
  const std::string& path() const { return path_; }

  // The value is an object with no fields but these.
  void expect_fields(std::initializer_list<std::string_view> names) const;
  bool has(const std::string& name) const { return json_.contains(name); }
  JsonNode field(const std::string& name) const;
  JsonNode item(size_t index) const;
  // An array of exactly `size` items.
  void expect_array(size_t size, std::string_view of) const;
  size_t size() const { return json_.size(); }
  bool is_array() const { return json_.is_array(); }
  bool is_object() const { return json_.is_object(); }
  bool is_string() const { return json_.is_string(); }

  int64_t integer(int64_t low, int64_t high) const;
  int small(int low, int high) const { return static_cast<int>(integer(low, high)); }
  bool boolean() const;
  std::string text(std::string_view allowed = "a string") const;
  // The value is one of these texts: its index.
  size_t choice(const std::vector<std::string_view>& texts) const;
  // One integer for both, or two of them.
  std::pair<int, int> pair(int low, int high) const;

 private:
  std::string join(std::string_view name) const;

  const Json& json_;
  std::string path_;
  std::string_view source_;
};

}  // namespace mcnn
