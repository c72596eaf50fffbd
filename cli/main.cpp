// SPDX-License-Identifier: Apache-2.0
// mcnn: the commands of the project, each with its options in a file of its own.
//
// Exit status: 0 good, 1 something differs from its reference, 2 bad input, 130 interrupted.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/cost_command.h"
#include "cli/crossbar_command.h"
#include "cli/program_command.h"
#include "cli/report_command.h"
#include "cli/run_command.h"
#include "cli/show_command.h"
#include "cli/sweep_command.h"
#include "cli/tune_command.h"
#include "common/error.h"
#include "common/interrupt.h"

namespace mcnn::cli {
namespace {

constexpr int kExitBadInput = 2;
constexpr int kExitInterrupted = 130;

int run_command(int argc, char** argv) {
  CLI::App app("A memristor compute-in-memory CNN chip: simulate it, look into it.", "mcnn");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("mcnn ") + MCNN_VERSION);
  const std::vector<Command> commands = {
      sim_command(app),  model_command(app), report_command(app),  program_command(app),
      tune_command(app), cost_command(app),  integer_command(app), map_command(app),
      info_command(app), sweep_command(app), crossbar_command(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    throw Error(fmt::format("{} (mcnn --help lists the options)", error.what()));
  }
  const auto given =
      std::ranges::find_if(commands, [](const Command& command) { return command.app->parsed(); });
  return given->run();
}

// One line, whatever is in the text.
void print_error(std::string_view what) {
  std::string line(what);
  std::replace(line.begin(), line.end(), '\n', ' ');
  fmt::print(stderr, "mcnn: error: {}\n", line);
}

}  // namespace
}  // namespace mcnn::cli

int main(int argc, char** argv) {
  try {
    return mcnn::cli::run_command(argc, argv);
  } catch (const mcnn::Error& error) {
    mcnn::cli::print_error(error.what());
  } catch (const mcnn::Interrupted&) {
    std::fputs("mcnn: interrupted\n", stderr);
    return mcnn::cli::kExitInterrupted;
  } catch (const std::exception& error) {
    mcnn::cli::print_error(error.what());
  }
  return mcnn::cli::kExitBadInput;
}
