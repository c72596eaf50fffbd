// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "common/error.h"
#include "common/nearest.h"

namespace mcnn::cli {
namespace {

constexpr int kNarrowest = 40;
constexpr int kUsualWidth = 80;
constexpr std::size_t kNameColumn = 30;  // of names and subcommands
constexpr std::string_view kHelpGroup = "Options";

// `text` in lines of at most `width` columns from column `indent` on; the cursor is at `column`.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t column,
                    std::size_t width) {
  std::string lines;
  if (column > 0 && column + 1 > indent) {
    lines += '\n';
    column = 0;
  }
  lines.append(indent - column, ' ');
  column = indent;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (column > indent && column + 1 + word.size() > width) {
      lines += '\n' + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines + '\n';
}

// A name, and what it is in the column beside it; below it where the terminal is narrow.
std::string entry(const std::string& name, const std::string& what, std::size_t width) {
  const std::string begin = "  " + name;
  const std::size_t indent = width < 2 * kNameColumn ? 6 : kNameColumn;
  return begin + (width < 2 * kNameColumn ? "\n" + wrapped(what, indent, 0, width)
                                          : wrapped(what, indent, begin.size(), width));
}

// What an option takes: the name it was given, otherwise that of its type.
std::string type_name(const CLI::Option& option) {
  const std::string name = option.get_type_name();
  if (name == "INT" || name == "UINT") return "N";
  return name == "FLOAT" ? "NUMBER" : name;
}

std::string option_name(const CLI::Option& option) {
  std::string name = option.get_name(false, true);
  if (option.get_expected_max() == 0) return name;  // a flag
  name += " " + type_name(option);
  if (!option.get_default_str().empty()) name += "=" + option.get_default_str();
  return name;
}

bool is_shown(const CLI::Option& option) { return !option.get_group().empty(); }

std::vector<std::string> shown_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (!is_shown(*option)) continue;
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> subcommands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

std::string unknown_subcommand(const CLI::App& app, const std::string& found) {
  const std::vector<std::string> names = subcommands(app);
  return fmt::format("found subcommand '{}', allowed are {}{}", found, fmt::join(names, ", "),
                     did_you_mean(found, names));
}

std::string group_text(const CLI::App& app, const std::string& group, std::size_t width) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group() != group) continue;
    text += entry(option_name(*option), option->get_description(), width);
  }
  return text.empty() ? text : fmt::format("\n{}:\n{}", group, text);
}

std::string help_text(const CLI::App& app, const std::string& name) {
  const auto width = static_cast<std::size_t>(terminal_width());
  std::string text = wrapped(app.get_description(), 0, 0, width);
  const std::vector<const CLI::App*> commands = app.get_subcommands(nullptr);
  text += fmt::format("Usage: {} [OPTIONS]{}\n", name, commands.empty() ? "" : " SUBCOMMAND");
  std::vector<std::string> groups = app.get_groups();
  // What every command has stands last.
  std::stable_partition(groups.begin(), groups.end(),
                        [](const std::string& g) { return g != kHelpGroup; });
  for (const std::string& group : groups) {
    if (!group.empty()) text += group_text(app, group, width);
  }
  if (!commands.empty()) text += "\nSubcommands:\n";
  for (const CLI::App* command : commands) {
    text += entry(command->get_name(), command->get_description(), width);
  }
  if (!app.get_footer().empty()) text += "\n" + app.get_footer();
  return text;
}

std::string_view allowed_value(const CLI::Option* option) {
  return option != nullptr && type_name(*option) == "N" ? "a whole number" : "a number";
}

// "Could not convert: --count = many", said as the other errors say it; others as they are.
std::string value_error(const CLI::App& command, const CLI::ParseError& error) {
  std::string_view text = error.what();
  constexpr std::string_view kBegin = "Could not convert: ";
  constexpr std::string_view kBetween = " = ";
  const std::size_t between = text.find(kBetween);
  if (!text.starts_with(kBegin) || between == std::string_view::npos) return std::string(text);
  const std::string name(text.substr(kBegin.size(), between - kBegin.size()));
  return fmt::format("{}: found '{}', allowed is {}", name, text.substr(between + kBetween.size()),
                     allowed_value(command.get_option_no_throw(name)));
}

std::string unknown_option(const CLI::App& app, const CLI::App& command, const std::string& found,
                           const std::string& name) {
  const std::string option = found.substr(0, found.find('='));
  if (&command == &app) {
    return fmt::format("found option '{}' without a subcommand{}", option,
                       did_you_mean(option, shown_options(app)));
  }
  return fmt::format("{} has no option '{}'{}", name, option,
                     did_you_mean(option, shown_options(command)));
}

}  // namespace

void begin_group(CLI::App& command, const char* group) { command.option_defaults()->group(group); }

void add_examples(CLI::App& command, const std::vector<Example>& examples) {
  std::string text = "Examples:\n";
  for (const Example& example : examples) {
    text += fmt::format("  {}\n      {}\n", example.command, example.what);
  }
  command.footer(text);
}

int terminal_width() {
  int columns = 0;
  // Read before any thread is started.
  const char* wanted = std::getenv("COLUMNS");  // NOLINT(concurrency-mt-unsafe)
  winsize size = {};
  if (wanted != nullptr) {
    const std::string_view text = wanted;
    std::from_chars(text.data(), text.data() + text.size(), columns);
  } else if (isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
    columns = size.ws_col;
  }
  return columns > 0 ? std::max(columns, kNarrowest) : kUsualWidth;
}

void use_help_format(CLI::App& app) {
  app.formatter_fn([](const CLI::App* command, const std::string& name, CLI::AppFormatMode) {
    return help_text(*command, name);
  });
}

std::string help_of(const CLI::App& app, const std::string& subcommand) {
  if (subcommand.empty()) return help_text(app, app.get_name());
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->check_name(subcommand)) {
      return help_text(*command, app.get_name() + " " + command->get_name());
    }
  }
  throw Error(unknown_subcommand(app, subcommand));
}

bool has_unknown_subcommand(const CLI::App& app) {
  const std::vector<std::string> unknown = app.remaining();
  return app.get_subcommands().empty() && !unknown.empty() && !unknown.front().starts_with('-');
}

std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<CLI::App*> given = app.get_subcommands();
  const CLI::App& command = given.empty() ? app : *given.front();
  const std::string name =
      given.empty() ? app.get_name() : app.get_name() + " " + command.get_name();
  const std::string hint = fmt::format(" ({} --help lists the options)", name);
  if (has_unknown_subcommand(app)) return unknown_subcommand(app, app.remaining().front());
  // Something before the subcommand.
  if (!given.empty() && !app.remaining().empty()) {
    const std::string found = app.remaining().front();
    return fmt::format("found '{}' before the subcommand, allowed: behind {}{}", found, name, hint);
  }
  const std::vector<std::string> unknown = command.remaining();
  const auto option =
      std::ranges::find_if(unknown, [](const std::string& text) { return text.starts_with('-'); });
  if (option != unknown.end()) return unknown_option(app, command, *option, name) + hint;
  if (!unknown.empty()) {
    return fmt::format("{} takes options only, found '{}'{}", name, unknown.front(), hint);
  }
  if (given.empty()) {
    return fmt::format("a subcommand is missing, allowed are {}{}",
                       fmt::join(subcommands(app), ", "), hint);
  }
  return value_error(command, error) + hint;
}

}  // namespace mcnn::cli
