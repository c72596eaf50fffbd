// SPDX-License-Identifier: Apache-2.0
// The file of a sweep: whatever moment it was cut off at, opening it again gives the whole rows and
// no other, and the finished file is always the same.
#include "cli/sweep/sweep_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "common/error.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

const SweepOrigin kOrigin = {.inputs = 17, .program = 4};

Sweep small_sweep() {
  Sweep sweep;
  sweep.name = "small";
  sweep.fixed = {{"device", "a, \"b\""}};  // the command needs quoting
  sweep.axes = {parse_axis("read_noise=0,0.1", ""), parse_axis("replicas=6/3/1,1/1/1", "")};
  sweep.draws = {parse_draw("relaxation_reference_s=uniform(1,2)", "")};
  sweep.samples = 3;
  return sweep;
}

RunResult result_of(std::uint64_t run) {
  return {.images = 3000,
          .correct = 2900 - (37 * run),
          .clipped = 1.0 / (3.0 + static_cast<double>(run)),
          .pulses = 30000 + run};
}

class SweepFileTest : public ::testing::Test {
 protected:
  std::string text() const { return testing::read_file(path_); }
  void put(const std::string& text) const { testing::write_file(path_, text); }

  // What is missing, in this order, as a run of the command does. Returns how many that were.
  std::uint64_t complete(bool backwards = false) const {
    SweepFile file(path_, sweep_, kOrigin, false);
    std::vector<std::uint64_t> missing;
    for (std::uint64_t run = 0; run < sweep_.runs(); ++run) {
      if (!file.has(run)) missing.push_back(run);
    }
    if (backwards) std::reverse(missing.begin(), missing.end());
    for (const std::uint64_t run : missing) file.add(run, result_of(run));
    file.finish();
    return missing.size();
  }

  template <class Call>
  void expect_error(const Call& call, const std::vector<std::string>& parts) const {
    const std::string before = text();
    expect_parts(error_of(call), parts);
    EXPECT_EQ(text(), before) << "a refused file stays as it is";
  }
  void expect_refused(const std::vector<std::string>& parts) const {
    expect_error([this] { SweepFile(path_, sweep_, kOrigin, false); }, parts);
  }

  Sweep sweep_ = small_sweep();
  const testing::TemporaryFolder folder_{"mcnn_sweep"};
  const fs::path path_ = folder_ / "rows.csv";
};

TEST_F(SweepFileTest, HeaderAndRows) {
  complete();
  std::istringstream lines(text());
  std::string line;
  std::getline(lines, line);
  EXPECT_TRUE(line.starts_with("# mcnn sweep, plan ")) << line;
  std::getline(lines, line);
  EXPECT_EQ(line,
            "run,read_noise,replicas,relaxation_reference_s,seed,images,correct,accuracy,clipped,"
            "pulses,command");
  std::getline(lines, line);
  const std::string drawn = *find_setting(sweep_.settings(0), "relaxation_reference_s");
  EXPECT_EQ(line,
            "0,0,6/3/1," + drawn +
                ",1,3000,2900,0.966667,0.333333,30000,\"mcnn model --config yao2020 --replicas "
                "6,3,1 --device 'a, \"\"b\"\"' --seed 1 --set read_noise=0 --set "
                "relaxation_reference_s=" +
                drawn + "\"");
}

TEST_F(SweepFileTest, CutOffAnywhereItIsCompletedToTheSameFile) {
  EXPECT_EQ(complete(), sweep_.runs());
  const std::string whole = text();
  const std::string header = sweep_header(sweep_, kOrigin);
  const std::size_t last_row = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // Every byte of the last row; of the rest, to save time, some.
    if (size < last_row && size % 29 != 0 && size != header.size()) continue;
    put(whole.substr(0, size));
    const auto lines = static_cast<std::uint64_t>(
        std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size), '\n'));
    const std::uint64_t rows = size < header.size() ? 0 : lines - 2;
    {
      const SweepFile file(path_, sweep_, kOrigin, false);
      ASSERT_EQ(file.rows().size(), rows) << "cut off at byte " << size;
      ASSERT_EQ(text(), rows == 0 ? header : whole.substr(0, whole.rfind('\n', size - 1) + 1));
    }
    ASSERT_EQ(complete(), sweep_.runs() - rows) << "cut off at byte " << size;
    ASSERT_EQ(text(), whole) << "cut off at byte " << size;
  }
  EXPECT_EQ(complete(), 0U) << "nothing is run twice";
}

TEST_F(SweepFileTest, RowsKeepTheLineThatSaysWhatMadeThem) {
  SweepOrigin made = kOrigin;
  made.provenance = "# provenance {\"network\": \"data/a.json\"}\n";
  { const SweepFile file(path_, sweep_, made, false); }
  EXPECT_EQ(text(), sweep_header(sweep_, made));
  // The same files at another place, and rows put in order at the end.
  SweepOrigin elsewhere = kOrigin;
  elsewhere.provenance = "# provenance {\"network\": \"/home/data/a.json\"}\n";
  {
    SweepFile file(path_, sweep_, elsewhere, false);
    for (std::uint64_t run = sweep_.runs(); run-- > 0;) file.add(run, result_of(run));
    file.finish();
  }
  EXPECT_TRUE(text().starts_with(sweep_header(sweep_, made) + sweep_row(sweep_, 0, result_of(0))));
}

TEST_F(SweepFileTest, TheOrderOfTheRunsDoesNotShow) {
  complete();
  const std::string whole = text();
  fs::remove(path_);
  complete(true);
  EXPECT_EQ(text(), whole);
  // Killed after every row was written and before they were in order.
  std::vector<std::string> lines;
  std::istringstream stream(whole);
  for (std::string line; std::getline(stream, line);) lines.push_back(line + "\n");
  std::string backwards = lines[0] + lines[1];
  for (std::size_t i = lines.size(); i-- > 2;) backwards += lines[i];
  put(backwards);
  EXPECT_EQ(complete(), 0U);
  EXPECT_EQ(text(), whole);
  // Some rows out of order, the rest missing.
  put(lines[0] + lines[1] + lines[5] + lines[3]);
  EXPECT_EQ(complete(), sweep_.runs() - 2);
  EXPECT_EQ(text(), whole);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(SweepFileTest, RowsOfManyThreads) {
  {
    SweepFile file(path_, sweep_, kOrigin, false);
    std::vector<std::jthread> threads;
    for (std::uint64_t run = 0; run < sweep_.runs(); ++run) {
      threads.emplace_back([&file, run] { file.add(run, result_of(run)); });
    }
    threads.clear();
    file.finish();
  }
  const std::string whole = text();
  fs::remove(path_);
  complete();
  EXPECT_EQ(text(), whole);
}

TEST_F(SweepFileTest, FilesOfAnotherSweepAreRefused) {
  complete();
  const auto refused = [this](const Sweep& sweep, const SweepOrigin& origin,
                              const std::vector<std::string>& parts) {
    expect_error([&] { SweepFile(path_, sweep, origin, false); }, parts);
  };
  Sweep other = sweep_;
  other.axes[0].values[1] = "0.2";
  refused(other, kOrigin, {"rows.csv", "another sweep (not the same: plan)", "--restart"});
  other = sweep_;
  other.fixed[0].value = "ideal";
  refused(other, kOrigin, {"not the same: plan)"});
  other = sweep_;
  other.sample_seed = 9;
  refused(other, kOrigin, {"not the same: plan)"});
  refused(sweep_, {.inputs = 18, .program = 4}, {"not the same: inputs)"});
  refused(sweep_, {.inputs = 17, .program = 5}, {"not the same: program)"});
  refused(sweep_, {.inputs = 18, .program = 5}, {"not the same: inputs, program)"});
  // A name or a title is no part of what is run.
  other = sweep_;
  other.name = "other";
  other.title = "Other";
  EXPECT_EQ(SweepFile(path_, other, kOrigin, false).rows().size(), sweep_.runs());
}

TEST_F(SweepFileTest, RestartDropsTheRowsOfAnySweep) {
  complete();
  {
    const SweepFile file(path_, sweep_, {.inputs = 18, .program = 5}, true);
    EXPECT_TRUE(file.rows().empty());
  }
  EXPECT_EQ(text(), sweep_header(sweep_, {.inputs = 18, .program = 5}));
  put("my notes\n");
  expect_error([this] { SweepFile(path_, sweep_, kOrigin, true); }, {"no sweep wrote"});
}

TEST_F(SweepFileTest, OtherFilesAndSpoiltRowsAreRefused) {
  const auto refused = [this](const std::string& content, const std::vector<std::string>& parts) {
    put(content);
    expect_refused(parts);
  };
  refused("my notes\n", {"rows.csv", "no sweep wrote"});
  refused("# mcnn is nice", {"no sweep wrote"});
  const std::string header = sweep_header(sweep_, kOrigin);
  const std::string row = sweep_row(sweep_, 5, result_of(5));
  refused(header + row + row, {"line 4", "run 5", "second time"});
  refused(header + "x" + row, {"line 3", "run number"});
  refused(header + "12" + row.substr(1), {"line 3", "run number 0..11"});
  refused(header + "\n", {"line 3"});
  refused(header + "4" + row.substr(1), {"line 3", "run 4 cannot have"});
  refused(header + row.substr(0, row.size() - 3) + "\n", {"line 3", "run 5 cannot have"});
  // Each byte of a row changed: no row is taken for another's.
  for (std::size_t i = 0; i + 1 < row.size(); ++i) {
    std::string changed = row;
    changed[i] = changed[i] == 'X' ? 'Y' : 'X';
    refused(header + changed, {"line 3"});
  }
}

TEST_F(SweepFileTest, ALockedFileIsRefused) {
  complete();
  const int other = ::open(path_.c_str(), O_RDWR);
  ASSERT_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
  expect_refused({"rows.csv", "another process"});
  close(other);
  const SweepFile first(path_, sweep_, kOrigin, false);
  expect_refused({"another process"});
}

TEST_F(SweepFileTest, PlacesThatCannotBeWritten) {
  const auto refused = [this](const fs::path& path, const std::vector<std::string>& parts) {
    expect_error([&] { SweepFile(path, sweep_, kOrigin, false); }, parts);
  };
  refused("/nonexistent/rows.csv", {"--out", "/nonexistent/rows.csv", "No such file"});
  refused(folder_.path(), {"--out", "directory"});
  refused("/dev/null", {"--out", "/dev/null", "not a regular file"});
}

// A limit on the size of files stands for a full disk.
TEST_F(SweepFileTest, AFullDiskIsSaidAndTheRowsBeforeStay) {
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const std::string header = sweep_header(sweep_, kOrigin);
  const std::string rows = sweep_row(sweep_, 0, result_of(0)) + sweep_row(sweep_, 1, result_of(1));
  const rlimit limit = {header.size() + rows.size() - 10, before.rlim_max};
  std::string message;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  try {
    SweepFile file(path_, sweep_, kOrigin, false);
    file.add(0, result_of(0));
    file.add(1, result_of(1));
  } catch (const Error& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(message.find("cannot write"), std::string::npos) << message;
  EXPECT_NE(message.find("1 rows before stay"), std::string::npos) << message;
  EXPECT_EQ(text(), header + sweep_row(sweep_, 0, result_of(0)));
  EXPECT_EQ(complete(), sweep_.runs() - 1);
}

}  // namespace
}  // namespace mcnn::cli
