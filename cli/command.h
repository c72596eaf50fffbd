// SPDX-License-Identifier: Apache-2.0
// What the commands of mcnn share: each is added to the command line with its options by the file
// that it is in, and run when it was given. Options that several of them have are here.
#pragma once

#include <cstdint>
#include <functional>

#include "cli/run/programming.h"
#include "cli/run/workload.h"

namespace CLI {
class App;
}

namespace mcnn::cli {

// Exit status of a command that ran: something differs from its reference.
inline constexpr int kExitDiffers = 1;

struct Command {
  const CLI::App* app = nullptr;
  std::function<int()> run;  // returns the exit status; throws Error, Interrupted
};

// Configuration, network, device, seed, mapping, range.
void add_choice_options(CLI::App& command, WorkloadOptions& workload);
void add_test_image_options(CLI::App& command, WorkloadOptions& workload);
void add_adc_bits_option(CLI::App& command, WorkloadOptions& workload);
// Of the closed loop, and of the time behind it.
void add_loop_options(CLI::App& command, ProgrammingOptions& programming);
void add_program_option(CLI::App& command, ProgrammingOptions& programming);  // loop or direct
void add_skip_option(CLI::App& command, bool& skip);
void add_jobs_option(CLI::App& command, std::int64_t& jobs);
// Threads for a value of --jobs. Throws Error.
unsigned number_of_jobs(std::int64_t jobs);

}  // namespace mcnn::cli
