// SPDX-License-Identifier: Apache-2.0
// Help of the command, in groups of options with examples, as wide as the terminal; and what is
// said of a command line that cannot be read.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace mcnn::cli {

// The groups that options of several commands are in.
inline constexpr const char* kChipGroup = "Chip and network";
inline constexpr const char* kDeviceGroup = "Device";
inline constexpr const char* kImagesGroup = "Images";
inline constexpr const char* kProgrammingGroup = "Programming";
inline constexpr const char* kRunGroup = "Run";
inline constexpr const char* kFilesGroup = "Files that are written";

// The options that are added from now on belong to this group.
void begin_group(CLI::App& command, const char* group);

struct Example {
  std::string command;  // as it is typed
  std::string what;
};
// At the end of the help of a command.
void add_examples(CLI::App& command, const std::vector<Example>& examples);

// Columns of the terminal: COLUMNS of the environment, otherwise those of the terminal that stdout
// is, otherwise 80; at least 40.
int terminal_width();
// Sets the form of the help of `app` and of the commands that are added to it from now on.
void use_help_format(CLI::App& app);

// The help of `app` itself, or of the subcommand of that name. Throws Error, which names the
// nearest subcommand.
std::string help_of(const CLI::App& app, const std::string& subcommand);
// What was found on a command line that could not be parsed, what is allowed, and the name that a
// misspelt one most likely means.
std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error);
// Whether something that is not a subcommand stands where one is expected.
bool has_unknown_subcommand(const CLI::App& app);

}  // namespace mcnn::cli
