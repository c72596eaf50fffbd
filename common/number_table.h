// SPDX-License-Identifier: Apache-2.0
// Tables of numbers in files (CSV), also as spreadsheets write them: commas between the numbers,
// points in them, lines that end with LF or CRLF, a byte-order mark or none, above them comments
// that begin with # and one line of names, or neither.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace mcnn {

// What a table may hold.
struct NumberTableRules {
  std::string what;        // a number of it, for messages: "a voltage in V, finite"
  std::string where = {};  // begins every message, before the name of the file
  double lowest = std::numeric_limits<double>::lowest();
  int most_rows = std::numeric_limits<int>::max();
  int most_columns = std::numeric_limits<int>::max();
  int columns = 0;           // exactly so many; 0: as many as the first line has
  bool skips_blank = false;  // blank lines are left out instead of refused
};

struct NumberTable {
  int rows = 0;
  int columns = 0;
  std::vector<double> values;      // [row][column], finite
  std::vector<std::string> names;  // of the columns; empty without a line of names
  int first_line = 1;              // of the file, that the first row is in

  double at(int row, int column) const {
    return values[(static_cast<std::size_t>(row) * static_cast<std::size_t>(columns)) +
                  static_cast<std::size_t>(column)];
  }
};

// Throws Error, which names file, line, column, what was found and what is allowed: not readable,
// no rows, too many, rows of different lengths, no number, semicolons, decimal commas.
NumberTable read_number_table(const std::string& path, const NumberTableRules& rules);

}  // namespace mcnn
