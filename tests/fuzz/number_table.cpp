// SPDX-License-Identifier: Apache-2.0
// Tables of numbers (CSV): measured states of a device, conductances and inputs of a crossbar.
#include "common/number_table.h"

#include <algorithm>
#include <cmath>

#include "tests/fuzz/targets.h"

namespace mcnn::fuzz {

void number_table(Bytes bytes) {
  static InputFile file;
  const std::string path = file.with(bytes);
  const auto read = [&](const NumberTableRules& rules) {
    takes(path, [&] {
      const NumberTable table = read_number_table(path, rules);
      require(table.rows > 0 && table.columns > 0 && table.rows <= rules.most_rows &&
                  table.columns <= rules.most_columns,
              "rows and columns");
      require(table.values.size() ==
                  static_cast<size_t>(table.rows) * static_cast<size_t>(table.columns),
              "a number for each row and column");
      require(std::ranges::all_of(
                  table.values,
                  [&](double value) { return std::isfinite(value) && value >= rules.lowest; }),
              "finite numbers, none below the lowest");
    });
  };
  read({.what = "a number"});
  read({.what = "a conductance", .lowest = 0.0, .columns = 2, .skips_blank = true});
  read({.what = "a voltage", .most_rows = 4, .most_columns = 3});
}

}  // namespace mcnn::fuzz
