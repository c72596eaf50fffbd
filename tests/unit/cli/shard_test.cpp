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
#include "cli/sweep/sweep_runs.h"
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
  // A shard's file, its last runs first; without the last `left_out` of them an attempt.
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
  EXPECT_FALSE(fs::exists(path)) << "it appears whole";
  ASSERT_EQ(files_beside(path, kAttempt).size(), 1U);
  expect_parts(error_of([&] {
                 SweepFile(path, sweep_, origin({2, 3}), false);
               }),
               {"another sweep", "shard"});
  const fs::path whole = write({0, 3});
  expect_parts(error_of([&] { SweepFile(whole, sweep_, origin({}), false); }),
               {"another sweep", "shard"});
  SweepFile file(path, sweep_, origin({1, 3}), false);
  EXPECT_EQ(file.rows().size(), 2U);
  EXPECT_EQ(file.runs(), 4U);
  EXPECT_EQ(file.missing(), (std::vector<std::uint64_t>{1, 4}));
}

// Two processes on one shard, and one that was thought dead, write to files of their own: whoever
// comes to the end puts the same bytes in place.
TEST_F(ShardTest, AttemptsDoNotMeet) {
  const std::string whole = testing::read_file(write({1, 3}));
  const fs::path path = shard_path(folder_ / "rows.csv", {1, 3});
  fs::remove(path);
  SweepFile dead(path, sweep_, origin({1, 3}), false);
  dead.add(1, result_of(1));
  SweepFile first(path, sweep_, origin({1, 3}), false);
  EXPECT_EQ(first.missing(), (std::vector<std::uint64_t>{4, 7, 10}));
  SweepFile second(path, sweep_, origin({1, 3}), false);
  for (const std::uint64_t run : {10U, 7U, 4U}) {
    first.add(run, result_of(run));
    second.add(run, result_of(run));
    dead.add(run, result_of(run));
  }
  EXPECT_EQ(files_beside(path, kAttempt).size(), 3U);
  first.finish();
  EXPECT_EQ(testing::read_file(path), whole);
  second.finish();
  dead.finish();
  EXPECT_EQ(testing::read_file(path), whole);
  EXPECT_EQ(files_beside(path, kAttempt), std::vector<fs::path>{});
}

// Cut off at any byte, an attempt gives its whole rows; two that hold the same row are no error.
TEST_F(ShardTest, AttemptsAreTakenUpToWhereTheyWereCutOff) {
  const std::string whole = testing::read_file(write({0, 2}));
  const fs::path path = shard_path(folder_ / "rows.csv", {0, 2});
  const fs::path attempt = path.string() + ".attempt-node-7";
  for (std::size_t length = 0; length <= whole.size(); length += 7) {
    fs::remove(path);
    testing::write_file(attempt, whole.substr(0, length));
    testing::write_file(path.string() + ".attempt-node-8", whole.substr(0, length / 2));
    SweepFile file(path, sweep_, origin({0, 2}), false);
    const auto lines =
        static_cast<std::uint64_t>(std::ranges::count(whole.substr(0, length), '\n'));
    EXPECT_EQ(file.rows().size(), lines > 3 ? lines - 3 : 0U) << length;
    for (const std::uint64_t run : file.missing()) file.add(run, result_of(run));
    file.finish();
    ASSERT_EQ(testing::read_file(path), whole) << length;
    EXPECT_FALSE(fs::exists(attempt));
  }
}

TEST_F(ShardTest, Progress) {
  const Shard shard{1, 3};
  const fs::path path = shard_path(folder_ / "rows.csv", shard);
  const auto progress = [&] { return shard_progress(path, shard, 11, sweep_head(sweep_)); };
  EXPECT_EQ(progress().done, 0U);
  EXPECT_EQ(progress().runs, 4U);
  EXPECT_FALSE(progress().idle_s.has_value());
  write(shard, 3);
  EXPECT_EQ(progress().done, 1U);
  EXPECT_EQ(progress().attempts, 1U);
  EXPECT_FALSE(progress().whole);
  EXPECT_TRUE(progress().idle_s.has_value());
  write(shard);
  EXPECT_EQ(progress().done, 4U);
  EXPECT_TRUE(progress().whole);
  Sweep other = sweep_;
  other.axes = {parse_axis("seed=2:12", "")};
  expect_parts(error_of([&] { shard_progress(path, shard, 11, sweep_head(other)); }),
               {"1-of-3", "another sweep"});
  remove_shard(path);
  EXPECT_EQ(progress().done, 0U);
}

// What is set up before the first run does not grow with seeds and samples.
TEST(RunsToCheck, EveryValueButNotEverySeed) {
  Sweep sweep;
  sweep.axes = {parse_axis("seed=1:1000", ""), parse_axis("read_noise=0,1,2", ""),
                parse_axis("mapping=default,paper", "")};
  EXPECT_EQ(runs_to_check(sweep), (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6}));
  std::ranges::reverse(sweep.axes);  // the seed fastest
  EXPECT_EQ(runs_to_check(sweep), (std::vector<std::uint64_t>{0, 1, 1000, 2000, 3000, 4000, 5000}));
  sweep.fixed = {{"load_cells", "chip-{seed}.cells"}};  // every seed is another file
  EXPECT_EQ(runs_to_check(sweep).size(), 1000U + 3U);

  Sweep drawn;
  drawn.draws = {parse_draw("read_noise=uniform(0,1)", "")};
  drawn.samples = 100'000;
  EXPECT_EQ(runs_to_check(drawn).size(), kSamplesChecked);
  drawn.axes = {parse_axis("wire_resistance_ohm=1:300", ""), parse_axis("age_s=1:10", "")};
  const std::vector<std::uint64_t> runs = runs_to_check(drawn);
  EXPECT_LE(runs.size(), 309U + kSamplesChecked);
  for (std::uint64_t value = 0; value < 300; ++value) {
    EXPECT_TRUE(std::ranges::binary_search(runs, 10 * value)) << "value " << value;
  }
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
  expect_parts(error(files), {"2-of-3"});

  write({2, 3});
  const std::string good = testing::read_file(files[2]);
  const auto broken = [&](const std::string& text) {
    testing::write_file(files[2], text);
    return error(files);
  };
  expect_parts(broken(good.substr(0, good.size() - 3)), {"line 6", "cut off"});
  const std::string last = good.substr(good.find("\n8,") + 1);
  expect_parts(broken(good.substr(0, good.find("\n8,") + 1)),
               {"2-of-3", "2 of the shard's 3 runs"});
  expect_parts(broken(good + last), {"line 7", "run 8 a second time"});
  expect_parts(broken(good + "1" + last), {"line 7", "no run of shard 2/3"});
  expect_parts(broken(good + "7,\n"), {"line 7", "no run of shard 2/3"});
  std::string other = good;
  other.replace(other.find("plan ") + 5, 1, other[other.find("plan ") + 5] == '0' ? "1" : "0");
  expect_parts(broken(other), {"2-of-3", "fingerprints", "differ"});
}

}  // namespace
}  // namespace mcnn::cli
