// SPDX-License-Identifier: Apache-2.0
// scripts/run_tests.sh counts what GoogleTest programs report. The program that it runs here is
// this one, whose Sample tests do what an environment variable tells them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;

void do_as_told(std::string_view told) {
  if (told == "skip") GTEST_SKIP() << "told to";
  EXPECT_NE(told, "fail");
}

TEST(Sample, First) {
  const char* told = std::getenv("MCNN_SAMPLE");
  do_as_told(told == nullptr ? "" : told);
}
TEST(Sample, Second) {}

struct Counted {
  int status = -1;
  std::string last_line;
};

// The Sample tests, told `told`, as a build folder with this one program.
Counted run_sample(const std::string& told) {
  const TemporaryFolder folder("scripts");
  fs::create_directory(folder / "tests");
  fs::copy_file("/proc/self/exe", folder / "tests" / "sample_test");
  const std::string command = "MCNN_SAMPLE=" + told + " " MCNN_SCRIPTS_DIR "/run_tests.sh '" +
                              (folder / "").string() + "' '--gtest_filter=Sample.*' > '" +
                              (folder / "out").string() + "'";
  Counted counted;
  counted.status = std::system(command.c_str());
  std::string text = read_file(folder / "out");
  while (text.ends_with('\n')) text.pop_back();
  counted.last_line = text.substr(text.rfind('\n') + 1);
  return counted;
}

TEST(RunTests, LastLineIsPassedAndFailedAlone) {
  const Counted counted = run_sample("pass");
  EXPECT_EQ(counted.last_line, "2 passed, 0 failed");
  EXPECT_EQ(counted.status, 0);
}

TEST(RunTests, LastLineNamesSkippedTests) {
  const Counted counted = run_sample("skip");
  EXPECT_EQ(counted.last_line, "1 passed, 0 failed, 1 skipped");
  EXPECT_EQ(counted.status, 0);
}

TEST(RunTests, AFailureIsAnExitStatus) {
  const Counted counted = run_sample("fail");
  EXPECT_EQ(counted.last_line, "1 passed, 1 failed");
  EXPECT_NE(counted.status, 0);
}

}  // namespace
}  // namespace mcnn::testing
