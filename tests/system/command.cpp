// SPDX-License-Identifier: Apache-2.0
#include "tests/system/command.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace mcnn::testing {
namespace {

std::string read_and_remove(const std::filesystem::path& path) {
  std::string text = read_file(path);
  std::filesystem::remove(path);
  return text;
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

CommandResult run_mcnn(const std::vector<std::string>& arguments, int signal_after_ms, int signal) {
  std::string out = (std::filesystem::temp_directory_path() / "mcnn_out_XXXXXX").string();
  std::string err = (std::filesystem::temp_directory_path() / "mcnn_err_XXXXXX").string();
  const int out_file = mkstemp(out.data());
  const int err_file = mkstemp(err.data());
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
  if (signal_after_ms > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(signal_after_ms));
    kill(child, signal);
  }
  int state = 0;
  waitpid(child, &state, 0);
  CommandResult result;
  result.status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  result.out = read_and_remove(out);
  result.err = read_and_remove(err);
  return result;
}

}  // namespace mcnn::testing
