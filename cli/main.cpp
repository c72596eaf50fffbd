// SPDX-License-Identifier: Apache-2.0
// mcnn: the commands of the project, each with its options in a file of its own.
//
// Exit status: 0 good, 1 something differs from its reference, 2 bad input, 130 interrupted.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/convert_command.h"
#include "cli/cost_command.h"
#include "cli/crossbar_command.h"
#include "cli/faces_command.h"
#include "cli/fit_command.h"
#include "cli/help.h"
#include "cli/import_command.h"
#include "cli/learn_command.h"
#include "cli/program_command.h"
#include "cli/report_command.h"
#include "cli/run/engines.h"
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

// mcnn help [SUBCOMMAND]: the same as --help behind the subcommand.
Command help_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("help", "Show the help of a subcommand");
  auto name = std::make_shared<std::string>();
  command.add_option("subcommand", *name, "Its name");
  return {&command, [&app, name] {
            fmt::print("{}", help_of(app, *name));
            return 0;
          }};
}

int run_command(int argc, char** argv) {
  CLI::App app("A memristor compute-in-memory CNN chip: simulate it, look into it.", "mcnn");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("mcnn ") + MCNN_VERSION);
  bool check_only = false;  // for scripts that hold command lines to the options that there are
  app.add_flag("--check-options", check_only)->group("");
  use_help_format(app);
  const std::vector<Command> commands = {
      sim_command(app),     model_command(app), report_command(app),   program_command(app),
      tune_command(app),    learn_command(app), faces_command(app),    cost_command(app),
      integer_command(app), map_command(app),   info_command(app),     import_command(app),
      convert_command(app), sweep_command(app), crossbar_command(app), fit_command(app),
      help_command(app)};
  // Behind the subcommands, which would take them for their own.
  add_examples(app, {{"mcnn sim --count 1000", "classify 1,000 test images on the RTL"},
                     {"mcnn help sim", "the options of a subcommand, with examples"}});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool wants_help = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    if (wants_help && !has_unknown_subcommand(app)) return app.exit(error);
    throw Error(parse_error_text(app, error));
  }
  const auto given =
      std::ranges::find_if(commands, [](const Command& command) { return command.app->parsed(); });
  return check_only ? 0 : given->run();
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
  } catch (const mcnn::cli::InterruptedRun& run) {
    if (run.done > 0) fmt::print("{}\n", mcnn::cli::partial_accuracy(run));
    std::fflush(stdout);
    std::fputs("mcnn: interrupted\n", stderr);
    return mcnn::cli::kExitInterrupted;
  } catch (const mcnn::Interrupted&) {
    std::fputs("mcnn: interrupted\n", stderr);
    return mcnn::cli::kExitInterrupted;
  } catch (const std::exception& error) {
    mcnn::cli::print_error(error.what());
  }
  return mcnn::cli::kExitBadInput;
}
