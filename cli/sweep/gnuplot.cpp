// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/gnuplot.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "common/error.h"

namespace mcnn::cli {

std::optional<int> run_gnuplot(const std::string& script) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> input(std::tmpfile(), std::fclose);
  if (!input) throw Error("--plot: cannot make a temporary file");
  std::fputs(script.c_str(), input.get());
  std::rewind(input.get());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(input.get()), STDIN_FILENO);
  std::string name = "gnuplot";
  std::string defaults = "-d";  // no settings of the user's
  std::string standard_input = "-";
  char* argv[] = {name.data(), defaults.data(), standard_input.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "gnuplot", &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return std::nullopt;
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  const int status = WIFEXITED(state) ? WEXITSTATUS(state) : 128;
  if (status == 127) return std::nullopt;
  return status;
}

void check_gnuplot() {
  if (!run_gnuplot("")) {
    throw Error("--plot: found no gnuplot; install the package gnuplot-nox, or leave --plot out");
  }
}

}  // namespace mcnn::cli
