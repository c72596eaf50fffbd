// SPDX-License-Identifier: Apache-2.0
// What a result file says of itself: JSON, a comment of CSV, an element of SVG.
#include "cli/run/provenance.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "tests/fuzz/targets.h"

namespace mcnn::fuzz {

void provenance(Bytes bytes) {
  std::optional<cli::Provenance> found;
  if (!takes("fuzz.csv", [&] { found = cli::find_provenance(text_of(bytes), "fuzz.csv"); })) return;
  if (!found) return;
  const auto again = cli::find_provenance(cli::csv_comment(*found), "fuzz.csv");
  require(again && cli::differences(*again, *found).empty(), "written and read again");
}

}  // namespace mcnn::fuzz
