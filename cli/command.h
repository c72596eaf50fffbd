// SPDX-License-Identifier: Apache-2.0
// What the commands of mcnn share: each is added to the command line with its options by the file
// that it is in, and run when it was given. Options that several of them have are here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/run/programming.h"
#include "cli/run/training_set.h"
#include "cli/run/workload.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mcnn::cli {

// Exit status of a command that ran: something differs from its reference.
inline constexpr int kExitDiffers = 1;
// 0, or that with a line on stderr that says how much differs.
int exit_status(std::uint64_t mismatches);

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
void add_load_cells_option(CLI::App& command, ProgrammingOptions& programming);
// What a chip that is changed in place begins with: all of the above, and threads.
void add_programmed_chip_options(CLI::App& command, WorkloadOptions& workload,
                                 ProgrammingOptions& programming, std::int64_t& jobs);
// How it is changed: on which engine, with which checkpoint. Begins their group.
void add_tuned_run_options(CLI::App& command, std::string& engine, std::string& checkpoint);
CLI::Option& add_save_cells_option(CLI::App& command, ProgrammingOptions& programming);
// Begins their group.
void add_training_options(CLI::App& command, TrainingOptions& training);
// A file that the command writes.
CLI::Option& add_file_option(CLI::App& command, const std::string& name, std::string& file,
                             const std::string& what);
// A name that an option once had: it goes on working and is shown nowhere.
void add_old_name(CLI::App& command, const std::string& name, std::string& value);
// Energy cards.
void add_card_option(CLI::App& command, std::string& card);
void add_skip_option(CLI::App& command, bool& skip);
// What it was given as, with a space before; empty where it is the default.
std::string skip_option(bool skip);
void add_jobs_option(CLI::App& command, std::int64_t& jobs);
// Whether --engine names the RTL. Throws Error for what is neither that nor the chip model, and for
// options that only the chip model has.
bool is_rtl(const std::string& engine, const WorkloadOptions& workload);
// Threads for a value of --jobs. Throws Error.
unsigned number_of_jobs(std::int64_t jobs);

}  // namespace mcnn::cli
