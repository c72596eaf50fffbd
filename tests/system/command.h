// SPDX-License-Identifier: Apache-2.0
// Runs the built mcnn command as a user would and says what it printed and how it ended.
#pragma once

#include <csignal>
#include <functional>
#include <string>
#include <vector>

namespace mcnn::testing {

struct CommandResult {
  int status = -1;  // exit status; 128 + signal when it was killed
  std::string out;
  std::string err;
};

// `signal_after_ms`: when positive, `signal` is sent after that time.
CommandResult run_mcnn(const std::vector<std::string>& arguments, int signal_after_ms = 0,
                       int signal = SIGINT);

// The lines of a text, those that end with a backslash together with the next one.
std::vector<std::string> command_lines(const std::string& text);
// The words of a command line, as a shell takes them apart: quotes and backslashes, nothing else.
std::vector<std::string> shell_words(const std::string& line);

// `signal` is sent as soon as `ready` says so; it is asked every few milliseconds.
CommandResult run_mcnn_until(const std::vector<std::string>& arguments,
                             const std::function<bool()>& ready, int signal = SIGINT);

// What a command that is refused leaves: status 2, nothing on stdout, one line on stderr that holds
// every one of `parts`.
void expect_refused(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& parts);

}  // namespace mcnn::testing
