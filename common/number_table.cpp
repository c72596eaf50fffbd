// SPDX-License-Identifier: Apache-2.0
#include "common/number_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "common/error.h"
#include "common/text_file.h"

namespace mcnn {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> number(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::vector<std::string_view> fields_of(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t end = std::min(line.find(separator), line.size());
    fields.push_back(trimmed(line.substr(0, end)));
    if (end == line.size()) return fields;
    line.remove_prefix(end + 1);
  }
}

// "1,5": what a spreadsheet writes where a comma is the decimal point.
bool is_decimal_comma(std::string_view text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return false;
  return number(text.substr(0, comma)) && number(text.substr(comma + 1));
}

class Reader {
 public:
  Reader(const std::string& path, const NumberTableRules& rules)
      : file_(path), path_(rules.where + path), rules_(rules) {}

  NumberTable read() {
    const std::string text = read_text(file_, path_);
    std::string_view left = text;
    if (left.starts_with("\xFF\xFE") || left.starts_with("\xFE\xFF")) {
      throw Error(fmt::format("{}: found UTF-16, allowed: UTF-8 (plain text)", path_));
    }
    if (left.starts_with(kByteOrderMark)) left.remove_prefix(kByteOrderMark.size());
    for (int line = 1; !left.empty(); ++line) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      std::string_view here = left.substr(0, end);
      left.remove_prefix(std::min(end + 1, left.size()));
      if (here.ends_with('\r')) here.remove_suffix(1);
      if (rules_.skips_blank && trimmed(here).empty()) continue;
      if (table_.rows == 0 && here.starts_with('#')) continue;  // a comment, as mcnn writes it
      read_line(here, line);
    }
    if (table_.rows == 0) {
      throw Error(
          fmt::format("{}: found no line of numbers, allowed: 1 or more, {}", path_, rules_.what));
    }
    return std::move(table_);
  }

 private:
  void read_line(std::string_view line, int number_of_line) {
    check_separators(line, number_of_line);
    const std::vector<std::string_view> fields = fields_of(line, ',');
    const auto columns = static_cast<int>(std::min<std::size_t>(fields.size(), 1U << 30));
    if (columns > rules_.most_columns) {
      throw Error(fmt::format(
          "{}, line {}, column {}: found more than {} columns, allowed: 1 to {}", path_,
          number_of_line, rules_.most_columns + 1, rules_.most_columns, rules_.most_columns));
    }
    if (table_.rows == 0 && table_.names.empty() && is_header(fields)) {
      table_.names.assign(fields.begin(), fields.end());
      names_line_ = number_of_line;
      return;
    }
    check_columns(columns, number_of_line);
    if (table_.rows == 0) table_.first_line = number_of_line;
    if (++table_.rows > rules_.most_rows) {
      throw Error(fmt::format("{}, line {}: found more than {} lines, allowed: 1 to {}", path_,
                              number_of_line, rules_.most_rows, rules_.most_rows));
    }
    for (std::size_t column = 0; column < fields.size(); ++column) {
      const std::optional<double> value = number(fields[column]);
      if (!value || !std::isfinite(*value) || *value < rules_.lowest) {
        throw Error(fmt::format("{}, line {}, column {}: found '{}', allowed: {}", path_,
                                number_of_line, column + 1, fields[column], rules_.what));
      }
      table_.values.push_back(*value);
    }
  }

  // A line of names has no number, and a letter.
  static bool is_header(const std::vector<std::string_view>& fields) {
    return std::ranges::none_of(fields, [](auto field) { return number(field).has_value(); }) &&
           std::ranges::any_of(fields, [](std::string_view field) {
             return std::ranges::any_of(field,
                                        [](unsigned char c) { return std::isalpha(c) != 0; });
           });
  }

  void check_separators(std::string_view line, int number_of_line) const {
    for (const auto& [separator, name] : {std::pair{';', "semicolons"}, {'\t', "tabs"}}) {
      if (trimmed(line).find(separator) == std::string_view::npos) continue;
      const std::vector<std::string_view> fields = fields_of(line, separator);
      if (separator == '\t' && !std::ranges::all_of(fields, [](std::string_view field) {
            return number(field) || is_decimal_comma(field);
          })) {
        continue;  // tabs beside commas are blanks
      }
      throw Error(fmt::format(
          "{}, line {}: found '{}', {} between the numbers{}, allowed: commas between them{}",
          path_, number_of_line, line.substr(0, 40), name,
          std::ranges::any_of(fields, is_decimal_comma) ? " and decimal commas" : "",
          std::ranges::any_of(fields, is_decimal_comma) ? ", points in them" : ""));
    }
    if (line.find('"') != std::string_view::npos) {
      const std::vector<std::string_view> fields = fields_of(line, '"');
      if (std::ranges::any_of(fields, is_decimal_comma)) {
        throw Error(fmt::format(
            "{}, line {}: found '{}', numbers with decimal commas, allowed: points in them", path_,
            number_of_line, line.substr(0, 40)));
      }
    }
  }

  void check_columns(int found, int line) {
    if (table_.columns == 0) {
      table_.columns = !table_.names.empty() ? static_cast<int>(table_.names.size())
                       : rules_.columns > 0  ? rules_.columns
                                             : found;
      as_in_ = table_.names.empty() ? (rules_.columns > 0 ? 0 : line) : names_line_;
    }
    const int allowed = rules_.columns > 0 ? rules_.columns : table_.columns;
    if (found == allowed && table_.columns == allowed) return;
    // A decimal comma makes two columns of one.
    throw Error(
        fmt::format("{}, line {}: found {} column{}, allowed: {}{}{}", path_, line, found,
                    found == 1 ? "" : "s", allowed,
                    as_in_ > 0 && as_in_ != line ? fmt::format(", as in line {}", as_in_) : "",
                    found == 2 * allowed ? " (decimal commas? allowed are points)" : ""));
  }

  const std::string& file_;
  const std::string path_;  // as messages name it
  const NumberTableRules& rules_;
  NumberTable table_;
  int names_line_ = 0;
  int as_in_ = 0;  // the line that says how many columns there are; 0: the rules
};

}  // namespace

NumberTable read_number_table(const std::string& path, const NumberTableRules& rules) {
  return Reader(path, rules).read();
}

}  // namespace mcnn
