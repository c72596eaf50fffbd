// SPDX-License-Identifier: Apache-2.0
#include "tests/system/command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

// `meanwhile` gets the process while it runs.
CommandResult run(const std::vector<std::string>& arguments,
                  const std::function<void(pid_t)>& meanwhile) {
  const TemporaryFolder folder("mcnn_run");
  const std::filesystem::path out = folder / "out";
  const std::filesystem::path err = folder / "err";
  const int out_file = creat(out.c_str(), S_IRUSR | S_IWUSR);
  const int err_file = creat(err.c_str(), S_IRUSR | S_IWUSR);
  std::vector<std::string> words = {MCNN_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    dup2(out_file, STDOUT_FILENO);
    dup2(err_file, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(out_file);
  close(err_file);
  meanwhile(child);
  int state = 0;
  waitpid(child, &state, 0);
  CommandResult result;
  result.status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  result.out = read_file(out);
  result.err = read_file(err);
  return result;
}

}  // namespace

CommandResult run_mcnn(const std::vector<std::string>& arguments, int signal_after_ms, int signal) {
  return run(arguments, [&](pid_t child) {
    if (signal_after_ms <= 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(signal_after_ms));
    kill(child, signal);
  });
}

CommandResult run_mcnn_until(const std::vector<std::string>& arguments,
                             const std::function<bool()>& ready, int signal) {
  return run(arguments, [&](pid_t child) {
    const auto ended = [child] {
      siginfo_t info = {};
      return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
             info.si_pid != 0;
    };
    while (!ready()) {
      if (ended()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    kill(child, signal);
  });
}

std::vector<std::string> command_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  bool goes_on = false;
  for (std::string line; std::getline(stream, line);) {
    const bool next_goes_on = line.ends_with('\\');
    if (next_goes_on) line.pop_back();
    if (goes_on) {
      lines.back() += line;
    } else {
      lines.push_back(line);
    }
    goes_on = next_goes_on;
  }
  return lines;
}

std::vector<std::string> shell_words(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
      in_word = true;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      word += line[++i];
      in_word = true;
    } else if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) throw std::runtime_error("a quote does not end: " + line);
  if (in_word) words.push_back(word);
  return words;
}

void expect_refused(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& parts) {
  std::string command = "mcnn";
  for (const std::string& argument : arguments) command.append(" ").append(argument);
  SCOPED_TRACE(command);
  const CommandResult result = run_mcnn(arguments);
  EXPECT_EQ(result.status, 2) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(result.err.starts_with("mcnn: error: ")) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  for (const std::string& part : parts) {
    EXPECT_NE(result.err.find(part), std::string::npos)
        << "'" << part << "' is not in: " << result.err;
  }
}

}  // namespace mcnn::testing
