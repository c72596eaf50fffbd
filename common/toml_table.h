// SPDX-License-Identifier: Apache-2.0
// TOML files that people write: a table whose fields are asked for by name, type and range. Every
// error names the file and the field, what was found and what is allowed; a field that nobody knows
// is answered with the nearest one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mcnn {

// The numbers that a field takes, both ends included.
struct NumberRange {
  static constexpr double kMost = std::numeric_limits<double>::max();

  double lowest = -kMost;
  double highest = kMost;
  bool above_lowest = false;  // the lowest is not allowed itself

  bool contains(double value) const;  // no infinity, no NaN
  // "a finite number from 0 to 1", for messages; `kind`: what begins it.
  std::string text(std::string_view kind = "a finite number") const;
};

class TomlTable {
 public:
  // `where` begins all messages: "device card cell.toml". Throw Error if there is no such file, or
  // with line and column if it is not TOML.
  static TomlTable load(const std::filesystem::path& file, const std::string& where);
  static TomlTable parse(std::string_view text, const std::string& where);

  const std::string& where() const;
  TomlTable labelled(std::string where) const;  // the same table, messages begin with `where`
  bool has(std::string_view name) const;

  // Throws Error on a field that is not one of `names`.
  void allow_only(const std::vector<std::string_view>& names) const;

  // The value of a field. Throw Error if it is missing, of another type, or out of `range`; a text
  // is never empty, a whole number is not written as 1.0.
  std::string text(std::string_view name) const;
  double number(std::string_view name, const NumberRange& range) const;
  std::int64_t whole(std::string_view name, const NumberRange& range) const;
  std::vector<std::string> texts(std::string_view name) const;
  std::vector<double> numbers(std::string_view name, const NumberRange& range) const;
  std::string choice(std::string_view name, const std::vector<std::string_view>& choices) const;
  TomlTable table(std::string_view name) const;                // fields are then "name.field"
  std::vector<TomlTable> tables(std::string_view name) const;  // of [[name]], at least one

  // A text that may be left out.
  std::string text_or_none(std::string_view name) const { return has(name) ? text(name) : ""; }

 private:
  struct Data;
  explicit TomlTable(Data data);

  std::shared_ptr<const Data> data_;
};

// Throws Error that a field is unknown, with `names` and the nearest of them. `prefix`: of the
// field, which `names` do not have.
[[noreturn]] void fail_unknown_field(std::string_view name,
                                     const std::vector<std::string_view>& names,
                                     const std::string& where, std::string_view prefix = "");
// Throws Error that a field has a value that it does not take.
[[noreturn]] void fail_field(std::string_view name, std::string_view found,
                             std::string_view allowed, const std::string& where);

std::string toml_quoted(const std::string& text);  // as a TOML string

}  // namespace mcnn
