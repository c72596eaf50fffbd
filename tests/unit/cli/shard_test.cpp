// SPDX-License-Identifier: Apache-2.0
// Shards of a sweep: every run is in one of them, their files together are the file of one machine,
// byte for byte, and files that do not belong together or are not whole are refused.
#include "cli/sweep/shard.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "cli/sweep/sweep_file.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

Sweep eleven_runs() {
  Sweep sweep;
  sweep.name = "eleven";
  sweep.axes = {parse_axis("seed=1:11", "")};
  return sweep;
}

RunResult result_of(std::uint64_t run) {
  return {.images = 100, .correct = 100 - run, .clipped = 0.0, .pulses = 7 * run};
}

class ShardTest : public ::testing::Test {
 protected:
  SweepOrigin origin(Shard shard) const {
    return {.inputs = 3, .program = 4, .provenance = "# provenance {}\n", .shard = shard};
  }
  // A shard's file, its last runs first, without the last `left_out` of them.
  fs::path write(Shard shard, std::uint64_t left_out = 0) const {
    SweepFile file(shard_path(folder_ / "rows.csv", shard), sweep_, origin(shard), true);
    for (std::uint64_t run = sweep_.runs(); run-- > 0;) {
      if (file.wants(run) && file.rows().size() + left_out < file.runs())
        file.add(run, result_of(run));
    }
    file.finish();
    return file.path();
  }
  std::vector<fs::path> write_all(std::uint64_t count) const {
    std::vector<fs::path> files;
    for (std::uint64_t i = 0; i < count; ++i) files.push_back(write({i, count}));
    return files;
  }

  const testing::TemporaryFolder folder_{"mcnn_shard"};
  const Sweep sweep_ = eleven_runs();
};

TEST_F(ShardTest, EveryRunIsInOneShard) {
  for (const std::uint64_t count : {1U, 2U, 5U, 11U, 13U}) {
    std::multiset<std::uint64_t> runs;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Shard shard{i, count};
      std::uint64_t own = 0;
      for (std::uint64_t run = 0; run < sweep_.runs(); ++run) {
        if (!shard.has(run)) continue;
        runs.insert(run);
        ++own;
      }
      EXPECT_EQ(shard.runs(sweep_.runs()), own) << i << "/" << count;
    }
    EXPECT_EQ(runs.size(), sweep_.runs());
    EXPECT_EQ(std::set<std::uint64_t>(runs.begin(), runs.end()).size(), sweep_.runs());
  }
}

// More shards than runs leaves some empty; they are still needed, so that none is forgotten.
TEST_F(ShardTest, MergedIsTheFileOfOneMachine) {
  const std::string whole = testing::read_file(write({}));
  for (const std::uint64_t count : {2U, 3U, 11U, 13U}) {
    std::vector<fs::path> files = write_all(count);
    std::ranges::reverse(files);
    EXPECT_EQ(merge_shards(files), whole) << count << " shards";
  }
}

TEST_F(ShardTest, NamesOfFiles) {
  EXPECT_EQ(shard_path("out/rows.csv", {3, 64}), "out/rows.3-of-64.csv");
  EXPECT_EQ(shard_path("rows", {0, 2}), "rows.0-of-2");
  EXPECT_EQ(shard_path("rows.csv", {0, 1}), "rows.csv");
  EXPECT_EQ(parse_shard("3/64", ""), (Shard{3, 64}));
  EXPECT_EQ(parse_shard("0/1", ""), Shard{});
  for (const char* text : {"", "3", "/4", "4/4", "-1/4", "1/0", "1/4x", " 1/4", "1/100001"}) {
    expect_parts(error_of([&] { parse_shard(text, "--shard"); }),
                 {"--shard", fmt::format("'{}'", text), "I/N"});
  }
}

TEST_F(ShardTest, AShardGoesOnAndTakesNoOther) {
  const fs::path path = write({1, 3}, 2);
  expect_parts(error_of([&] {
                 SweepFile(path, sweep_, origin({2, 3}), false);
               }),
               {"another sweep", "shard"});
  expect_parts(error_of([&] { SweepFile(path, sweep_, origin({}), false); }),
               {"another sweep", "shard"});
  SweepFile file(path, sweep_, origin({1, 3}), false);
  EXPECT_EQ(file.rows().size(), 2U);
  EXPECT_EQ(file.runs(), 4U);
}

TEST_F(ShardTest, RefusesWhatDoesNotMakeTheWhole) {
  const std::vector<fs::path> files = write_all(3);
  const auto error = [&](std::vector<fs::path> some) {
    return error_of([&] { merge_shards(some); });
  };
  expect_parts(error({}), {"no file of a shard"});
  expect_parts(error({files[0], files[2]}), {"2 of 3 shards", "missing: 1"});
  expect_parts(error({files[0], files[1], files[0]}), {"shard 0 a second time"});
  expect_parts(error({files[0], files[1], folder_ / "nothing.csv"}), {"nothing.csv"});
  expect_parts(error({files[0], files[1], write({})}), {"rows.csv", "no file of a shard"});
  expect_parts(error({files[0], files[1], write({2, 4})}), {"2-of-4", "numbers of shards differ"});
  write({2, 3}, 1);
  expect_parts(error(files), {"2-of-3", "2 of the shard's 3 runs"});

  write({2, 3});
  const std::string good = testing::read_file(files[2]);
  const auto broken = [&](const std::string& text) {
    testing::write_file(files[2], text);
    return error(files);
  };
  expect_parts(broken(good.substr(0, good.size() - 3)), {"line 6", "cut off"});
  const std::string last = good.substr(good.find("\n8,") + 1);
  expect_parts(broken(good + last), {"line 7", "run 8 a second time"});
  expect_parts(broken(good + "1" + last), {"line 7", "no run of shard 2/3"});
  expect_parts(broken(good + "7,\n"), {"line 7", "no run of shard 2/3"});
  std::string other = good;
  other.replace(other.find("plan ") + 5, 1, other[other.find("plan ") + 5] == '0' ? "1" : "0");
  expect_parts(broken(other), {"2-of-3", "fingerprints", "differ"});
}

}  // namespace
}  // namespace mcnn::cli
