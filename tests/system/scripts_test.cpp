// SPDX-License-Identifier: Apache-2.0
// Scripts that others go through. scripts/run_tests.sh counts what GoogleTest programs report: the
// program that it runs here is this one, whose Sample tests do what an environment variable tells
// them. scripts/check_choice.sh says what cannot work before make builds anything.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
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

struct Said {
  int status = -1;
  std::string text;  // on stdout and stderr
};

Said run_shell(const std::string& command) {
  const TemporaryFolder folder("scripts");
  const std::string out = (folder / "out").string();
  const int status = std::system(("( " + command + " ) > '" + out + "' 2>&1").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(out)};
}

void expect_refused(const Said& said, std::initializer_list<std::string_view> parts) {
  EXPECT_EQ(said.status, 2);
  for (const std::string_view part : parts) {
    EXPECT_NE(said.text.find(part), std::string::npos) << part << " is not in: " << said.text;
  }
}

const std::string kCheckChoice = MCNN_SCRIPTS_DIR "/check_choice.sh ";

TEST(CheckChoice, RefusesWhatIsNotThere) {
  const auto check = [](const std::string& words) { return run_shell(kCheckChoice + words); };
  EXPECT_EQ(check("CONFIG=tiny DEVICE=ideal NETWORK= COUNT=5 MAPPING=paper").status, 0);
  EXPECT_EQ(check("DEVICE=data/devices/ideal.toml CONFIG=constraints/tiny.params").status, 0);
  expect_refused(check("CONFIG=my"), {"CONFIG", "'my'", "tiny, tiny4, tiny64, yao2020"});
  expect_refused(check("CONFIG=none/my.params"), {"CONFIG", "'none/my.params'"});
  expect_refused(check("--rtl CONFIG=constraints/tiny.params"),
                 {"CONFIG", "tiny, tiny4, tiny64, yao2020"});
  expect_refused(check("NETWORK=none.json"), {"NETWORK", "'none.json'", "yao2020.json"});
  expect_refused(check("DEVICE=none"), {"DEVICE", "'none'", "ideal", "typical"});
  expect_refused(check("PLAN=none.toml"), {"PLAN", "'none.toml'", "sweeps/default.toml"});
  EXPECT_EQ(check("CELLS=osu018").status, 0);
  expect_refused(check("CELLS=gold"), {"CELLS", "'gold'", "ihp130, nangate45, osu018, sky130"});
  expect_refused(check("MAPPING=best"), {"MAPPING", "'best'", "default, sliding, paper"});
  expect_refused(check("PROGRAM=hope"), {"PROGRAM", "'hope'", "loop, direct"});
  expect_refused(check("COUNT=many"), {"COUNT", "'many'"});
}

// A mcnn that is newer than its sources is asked about a configuration that came later; an older
// one is not.
TEST(CheckChoice, AsksAMapperThatIsThere) {
  const TemporaryFolder folder("scripts");
  for (const char* room : {"scripts", "constraints", "host", "build"}) {
    fs::create_directory(folder / room);
  }
  fs::copy_file(MCNN_SCRIPTS_DIR "/check_choice.sh", folder / "scripts" / "check_choice.sh");
  write_file(folder / "build" / "mcnn", "#!/bin/sh\necho \"asked: $*\" >&2\nexit 2\n");
  fs::permissions(folder / "build" / "mcnn", fs::perms::owner_all);
  write_file(folder / "host" / "mapper.cpp", "");
  write_file(folder / "constraints" / "my.params", "");
  const auto age = [&](const fs::path& file, int seconds) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::seconds(seconds));
  };
  const auto check = [&] {
    return run_shell((folder / "scripts" / "check_choice.sh").string() +
                     " CONFIG=my MAPPING=paper NETWORK= BUILD=build");
  };
  age(folder / "host" / "mapper.cpp", 300);
  age(folder / "build" / "mcnn", 200);
  age(folder / "constraints" / "my.params", 100);
  expect_refused(check(), {"asked: map --config my --mapping paper"});
  age(folder / "constraints" / "my.params", 250);
  EXPECT_EQ(check().status, 0) << "the build is for this configuration: the command itself says it";
  age(folder / "constraints" / "my.params", 100);
  age(folder / "host" / "mapper.cpp", 150);
  EXPECT_EQ(check().status, 0) << "the mapper there is not the one of the sources";
}

// Files that are not CIFAR-10's are refused before one is put in place.
TEST(FetchCifar10, RefusesWhatIsNotWhole) {
  const TemporaryFolder folder("scripts");
  const auto fetch = [&](const std::string& from) {
    return run_shell(fmt::format("CIFAR_DIR='{}' {}/fetch_cifar10.sh '{}'", from, MCNN_SCRIPTS_DIR,
                                 (folder / "out").string()));
  };
  const std::string from = (folder / "from").string();
  expect_refused(fetch(from), {"CIFAR_DIR", "no such folder"});
  fs::create_directory(from);
  expect_refused(fetch(from), {"data_batch_1.bin: not found"});
  write_file(folder / "from" / "data_batch_1.bin", "not whole");
  expect_refused(fetch(from), {"data_batch_1.bin", "found", "expected 5dd7e06a"});
  EXPECT_TRUE(fs::is_empty(folder / "out"));
  expect_refused(run_shell("make -C " MCNN_SCRIPTS_DIR "/.. data SET=none"), {"'none'", "cifar10"});
}

TEST(CheckChoice, MakeRefusesBeforeItBuilds) {
  const TemporaryFolder folder("scripts");
  const std::string build = (folder / "build").string();
  for (const std::string what : {"sim CONFIG=none", "cost DEVICE=none", "sweep PLAN=none"}) {
    const Said said =
        run_shell(fmt::format("MCNN_SKIP_INSTALL=1 timeout 60 make -C {}/.. {} BUILD='{}'",
                              MCNN_SCRIPTS_DIR, what, build));
    expect_refused(said, {"found 'none', allowed"});
    EXPECT_FALSE(fs::exists(build)) << what;
  }
}

}  // namespace
}  // namespace mcnn::testing
