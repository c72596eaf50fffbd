// SPDX-License-Identifier: Apache-2.0
// Plans of sweeps, their rows in CSV, the rows of a shard. A plan that is read has runs with
// settings.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/sweep/shard.h"
#include "cli/sweep/sweep_file.h"
#include "cli/sweep/sweep_plan.h"
#include "tests/fuzz/targets.h"

namespace mcnn::fuzz {

void sweep_plan(Bytes bytes) {
  static InputFile file;
  const std::string path = file.with(bytes);
  std::vector<cli::Sweep> sweeps;
  if (!takes(path, [&] { sweeps = cli::load_plan(path, {}); })) return;
  for (const cli::Sweep& sweep : sweeps) {
    require(sweep.runs() >= 1 && sweep.runs() <= cli::kMaxRuns, "number of runs");
    for (const std::uint64_t run : {std::uint64_t{0}, sweep.runs() - 1}) {
      const cli::Settings settings = sweep.settings(run);
      require(std::ranges::is_permutation(sweep.settings(run), settings), "the same settings");
      try {
        cli::run_command(settings);
      } catch (const Error&) {
        continue;  // a value that its option cannot take
      }
    }
    cli::canonical_text(sweep);
  }
}

void sweep_rows(Bytes bytes) {
  static InputFile file;
  static const cli::Sweep sweep = {
      .name = "fuzz",
      .title = {},
      .fixed = {},
      .axes = {cli::parse_axis("read_noise=0,0.1", "axis"), cli::parse_axis("seed=1:3", "")},
      .draws = {}};
  const std::string path = file.with(bytes);
  takes(path, [&] {
    const cli::SweepFile rows(path, sweep, {.inputs = 1, .program = 2}, false);
    for (const auto& [run, result] : rows.rows()) {
      require(run < sweep.runs() && rows.has(run), "rows of runs that there are");
    }
  });
}

// One file, or two with a form feed between them.
void shards(Bytes bytes) {
  static InputFile first;
  static InputFile second;
  const auto middle = std::ranges::find(bytes, '\f');
  std::vector<std::filesystem::path> files = {first.with({bytes.begin(), middle})};
  if (middle != bytes.end()) files.emplace_back(second.with({middle + 1, bytes.end()}));
  takes("", [&] { cli::merge_shards(files); });
}

}  // namespace mcnn::fuzz
