// SPDX-License-Identifier: Apache-2.0
// Names of the values of an enumeration, in texts and files: a table of them, read either way.
//
//   constexpr auto kOrigins = std::to_array<Named<Origin>>({{Origin::kMeasured, "measured"}, ...});
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace mcnn {

template <typename Value>
struct Named {
  Value value;
  std::string_view name;
};

// The name of a value; empty when the table has none for it.
template <typename Value, std::size_t N>
constexpr std::string_view name_of(const std::array<Named<Value>, N>& table, Value value) {
  for (const Named<Value>& named : table) {
    if (named.value == value) return named.name;
  }
  return "";
}

// The value of a name; nothing when the table does not have it.
template <typename Value, std::size_t N>
constexpr std::optional<Value> value_of(const std::array<Named<Value>, N>& table,
                                        std::string_view name) {
  for (const Named<Value>& named : table) {
    if (named.name == name) return named.value;
  }
  return std::nullopt;
}

}  // namespace mcnn
