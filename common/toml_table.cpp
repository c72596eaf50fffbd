// SPDX-License-Identifier: Apache-2.0
#include "common/toml_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <sstream>
#include <utility>

#include "common/error.h"
#include "common/nearest.h"
#include "common/text_file.h"

namespace mcnn {
namespace {

// A value as it is written, for messages.
std::string written(const toml::node& node) {
  std::ostringstream text;
  if (const toml::table* table = node.as_table()) {
    text << *table;
  } else if (const toml::array* array = node.as_array()) {
    text << *array;
  } else {
    node.visit([&text](const auto& value) { text << value; });
  }
  return text.str();
}

// Whether a key has more parts than this, a.b.c; the library calls itself for each. It limits
// values in values to as many.
bool has_deep_key(std::string_view text) {
  constexpr int kMaxParts = 256;
  int parts = 1;
  bool is_name = false;
  for (const char c : text) {
    if (c == '.') {
      parts = is_name ? parts + 1 : 1;
      is_name = false;
      if (parts > kMaxParts) return true;
    } else if (c == '_' || c == '-' || c == '"' || c == '\'' ||
               std::isalnum(static_cast<unsigned char>(c)) != 0) {
      is_name = true;
    } else if (c != ' ' && c != '\t') {
      parts = 1;
      is_name = false;
    }
  }
  return false;
}

}  // namespace

bool NumberRange::contains(double value) const {
  return std::isfinite(value) && value <= highest &&
         (above_lowest ? value > lowest : value >= lowest);
}

std::string NumberRange::text(std::string_view kind) const {
  if (highest < kMost && above_lowest) {
    return fmt::format("{} above {}, up to {}", kind, lowest, highest);
  }
  if (highest < kMost) return fmt::format("{} from {} to {}", kind, lowest, highest);
  if (lowest == -kMost) return std::string(kind);
  return above_lowest ? fmt::format("{} above {}", kind, lowest)
                      : fmt::format("{} of {} or more", kind, lowest);
}

void fail_field(std::string_view name, std::string_view found, std::string_view allowed,
                const std::string& where) {
  throw Error(fmt::format("{}: field {}: found {}, allowed: {}", where, name, found, allowed));
}

void fail_unknown_field(std::string_view name, const std::vector<std::string_view>& names,
                        const std::string& where, std::string_view prefix) {
  throw Error(fmt::format("{}: field {}{}: unknown, allowed: {}{}", where, prefix, name,
                          fmt::join(names, ", "), did_you_mean(name, names)));
}

std::string toml_quoted(const std::string& text) {
  std::ostringstream out;
  out << toml::value<std::string>(text);
  return out.str();
}

struct TomlTable::Data {
  std::shared_ptr<const toml::table> document;  // lives as long as any table of it
  const toml::table* table = nullptr;
  std::string where;
  std::string prefix;  // of the names of its fields, in messages

  [[noreturn]] void fail(std::string_view name, const toml::node& found,
                         std::string_view allowed) const {
    fail_field(fmt::format("{}{}", prefix, name), written(found), allowed, where);
  }
  const toml::node& node(std::string_view name, std::string_view allowed) const {
    const toml::node* node = table->get(name);
    if (node == nullptr) {
      throw Error(
          fmt::format("{}: field {}{}: missing, allowed: {}", where, prefix, name, allowed));
    }
    return *node;
  }
};

TomlTable::TomlTable(Data data) : data_(std::make_shared<Data>(std::move(data))) {}

TomlTable TomlTable::load(const std::filesystem::path& file, const std::string& where) {
  if (!std::filesystem::is_regular_file(file)) {
    throw Error(fmt::format("{}: no such file, expected a TOML file", where));
  }
  return parse(read_text(file, where), where);
}

TomlTable TomlTable::parse(std::string_view text, const std::string& where) {
  if (has_deep_key(text)) {
    throw Error(fmt::format("{}: found a key of hundreds of parts, allowed: one or a few", where));
  }
  try {
    const auto document = std::make_shared<toml::table>(toml::parse(text));
    return TomlTable({document, document.get(), where, ""});
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("{}: not TOML: line {}, column {}: {}", where,
                            error.source().begin.line, error.source().begin.column,
                            error.description()));
  }
}

const std::string& TomlTable::where() const { return data_->where; }

bool TomlTable::has(std::string_view name) const { return data_->table->contains(name); }

TomlTable TomlTable::labelled(std::string where) const {
  return TomlTable({data_->document, data_->table, std::move(where), data_->prefix});
}

void TomlTable::allow_only(const std::vector<std::string_view>& names) const {
  for (const auto& [key, value] : *data_->table) {
    if (std::ranges::find(names, key.str()) == names.end()) {
      fail_unknown_field(key.str(), names, data_->where, data_->prefix);
    }
  }
}

std::string TomlTable::text(std::string_view name) const {
  constexpr std::string_view kAllowed = "a text";
  const toml::node& value = data_->node(name, kAllowed);
  auto text = value.value_exact<std::string>();
  if (!text || text->empty()) data_->fail(name, value, kAllowed);
  return *std::move(text);
}

double TomlTable::number(std::string_view name, const NumberRange& range) const {
  const std::string allowed = range.text();
  const toml::node& value = data_->node(name, allowed);
  const auto found = value.is_number() ? value.value<double>() : std::nullopt;
  if (!found || !range.contains(*found)) data_->fail(name, value, allowed);
  return *found;
}

std::int64_t TomlTable::whole(std::string_view name, const NumberRange& range) const {
  const std::string allowed = range.text("a whole number");
  const toml::node& value = data_->node(name, allowed);
  const auto found = value.value_exact<std::int64_t>();
  if (!found || !range.contains(static_cast<double>(*found))) data_->fail(name, value, allowed);
  return *found;
}

std::vector<std::string> TomlTable::texts(std::string_view name) const {
  constexpr std::string_view kAllowed = "a list of texts";
  const toml::node& value = data_->node(name, kAllowed);
  const toml::array* array = value.as_array();
  if (array == nullptr) data_->fail(name, value, kAllowed);
  std::vector<std::string> texts;
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text || text->empty()) data_->fail(name, value, kAllowed);
    texts.push_back(*text);
  }
  return texts;
}

std::vector<double> TomlTable::numbers(std::string_view name, const NumberRange& range) const {
  const std::string allowed = range.text("a list of finite numbers");
  const toml::node& value = data_->node(name, allowed);
  const toml::array* array = value.as_array();
  if (array == nullptr) data_->fail(name, value, allowed);
  std::vector<double> numbers;
  for (const toml::node& element : *array) {
    const auto found = element.is_number() ? element.value<double>() : std::nullopt;
    if (!found || !range.contains(*found)) data_->fail(name, value, allowed);
    numbers.push_back(*found);
  }
  return numbers;
}

std::string TomlTable::choice(std::string_view name,
                              const std::vector<std::string_view>& choices) const {
  const std::string allowed = fmt::format("{}", fmt::join(choices, ", "));
  const toml::node& value = data_->node(name, allowed);
  auto text = value.value_exact<std::string>();
  if (!text || std::ranges::find(choices, *text) == choices.end()) {
    data_->fail(name, value, allowed);
  }
  return *std::move(text);
}

TomlTable TomlTable::table(std::string_view name) const {
  constexpr std::string_view kAllowed = "a table";
  const toml::node& value = data_->node(name, kAllowed);
  const toml::table* table = value.as_table();
  if (table == nullptr) data_->fail(name, value, kAllowed);
  return TomlTable(
      {data_->document, table, data_->where, fmt::format("{}{}.", data_->prefix, name)});
}

std::vector<TomlTable> TomlTable::tables(std::string_view name) const {
  const std::string allowed = fmt::format("[[{}]] tables", name);
  const toml::node& value = data_->node(name, allowed);
  if (!value.is_array_of_tables()) data_->fail(name, value, allowed);
  std::vector<TomlTable> tables;
  for (const toml::node& element : *value.as_array()) {
    tables.push_back(TomlTable({data_->document, element.as_table(), data_->where, data_->prefix}));
  }
  return tables;
}

}  // namespace mcnn
