// SPDX-License-Identifier: Apache-2.0
// Every command line in a document of the tree works: those of code blocks run, in order and with
// small counts, in a folder of their document; those in the text are parsed. A line of make is
// asked what it would do, and what that says of mcnn is run. Other programs of the blocks (git,
// gtkwave) are left alone, but for the sed that makes a file of parameters.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

// ------------------------------------------------------------------------------------------------
// what a document says

bool begins_with_command(std::string_view line) {
  return std::ranges::any_of(std::array{"build/mcnn ", "mcnn ", "make ", "sed "},
                             [&](const char* begin) { return line.starts_with(begin); });
}

// A line of a shell without its prompt and its comment.
std::string bare(std::string line) {
  static const std::regex kPrompt(R"(^\s*(\$ )?)");
  line = std::regex_replace(line, kPrompt, "", std::regex_constants::format_first_only);
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && (i == 0 || line[i - 1] == ' ')) {
      line.resize(i);
    }
  }
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

// The commands of the lines of code blocks, fenced or indented.
Words block_commands(const std::string& text) {
  Words commands;
  bool fenced = false;
  for (const std::string& line : command_lines(text)) {
    if (line.starts_with("```")) {
      fenced = !fenced;
      continue;
    }
    if (!fenced && !line.starts_with("    ")) continue;
    std::string left = bare(line);
    while (begins_with_command(left + " ")) {
      const std::size_t both = std::min(left.find(" && "), left.size());
      commands.push_back(left.substr(0, both));
      left.erase(0, std::min(both + 4, left.size()));
    }
  }
  return commands;
}

// `mcnn sim` and `make sim` between the words of a text.
Words inline_commands(const std::string& text) {
  std::string prose;
  bool fenced = false;
  for (const std::string& line : command_lines(text)) {
    if (line.starts_with("```")) {
      fenced = !fenced;
    } else if (!fenced) {
      prose += line.empty() ? "\n" : line.substr(line.find_first_not_of(' ')) + " ";
    }
  }
  Words commands;
  static const std::regex kCode("`([^`\n]+)`");
  for (std::sregex_iterator at(prose.begin(), prose.end(), kCode), end; at != end; ++at) {
    const std::string code = (*at)[1];
    if (begins_with_command(code) && !code.starts_with("sed ")) commands.push_back(code);
  }
  return commands;
}

// A command that says what may stand there: [--option VALUE], a|b, NAME.
bool is_synopsis(const std::string& command) {
  static const std::regex kPlaces(R"([\[\]|]|( [A-Z]+\b(?!=)))");
  return std::regex_search(command, kPlaces);
}

// The same with something in every place.
std::string filled(std::string command) {
  command = std::regex_replace(command, std::regex(R"([\[\]])"), "");
  command = std::regex_replace(command, std::regex(R"((\|[^ |]+)+)"), "");
  return std::regex_replace(command, std::regex(R"( [A-Z]+\b(?!=))"), " 1");
}

// ------------------------------------------------------------------------------------------------
// small counts

constexpr int kImages = 6;  // a document writes waves of images 3:5

bool has(const Words& words, std::string_view option) {
  return std::ranges::find(words, option) != words.end();
}

std::string* value_of(Words& words, std::string_view option) {
  const auto at = std::ranges::find(words, option);
  return at == words.end() || at + 1 == words.end() ? nullptr : &*(at + 1);
}

void at_most(Words& words, const std::string& option, int most) {
  if (std::string* value = value_of(words, option)) {
    if (std::atoi(value->c_str()) > most) *value = std::to_string(most);
  } else {
    words.insert(words.end(), {option, std::to_string(most)});
  }
}

// A sweep over every setting but for one seed and one sample.
void make_sweep_small(Words& words) {
  static const std::regex kRange(R"(^([^=]+=\d+):\d+.*$)");
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--vary") words[i + 1] = std::regex_replace(words[i + 1], kRange, "$1");
  }
  if (has(words, "--runs")) at_most(words, "--runs", 1);
  // A plan is a day of work: its command lines are made and parsed.
  if (has(words, "--plan")) words.emplace_back("--list");
}

// What runs in its place, the words behind "mcnn".
Words made_small(Words words) {
  const std::string command = words.front();
  const std::set<std::string> with_images = {"sim",  "model", "integer", "cost",
                                             "tune", "learn", "report",  "sweep"};
  if (with_images.contains(command)) at_most(words, "--count", kImages);
  if (command == "sim") at_most(words, "--check", 1);
  if (command == "sweep") make_sweep_small(words);
  if (command == "tune") {
    at_most(words, "--training-count", 100);
    at_most(words, "--validation", 20);
    at_most(words, "--batch", 20);
    for (const char* option : {"--epochs", "--passes", "--refit-epochs"}) at_most(words, option, 1);
  }
  if (command == "learn") {
    at_most(words, "--training-count", 100);
    at_most(words, "--batch", 20);
    at_most(words, "--epochs", 1);
  }
  if (command == "faces") at_most(words, "--chips", 1);
  if (command == "report") {
    if (const std::string* image = value_of(words, "--image")) {
      const std::string first = *image;
      words.insert(words.end(), {"--first", first});
    }
  }
  return words;
}

// ------------------------------------------------------------------------------------------------

// What a command of a shell prints, on stdout and stderr.
std::string shell_output(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(
      popen(("{ " + command + "\n} 2>&1").c_str(), "r"), pclose);  // NOLINT(cert-env33-c)
  if (!pipe) throw std::runtime_error("no shell");
  std::string text;
  std::array<char, 4096> block{};
  while (const std::size_t count = std::fread(block.data(), 1, block.size(), pipe.get())) {
    text.append(block.data(), count);
  }
  return text;
}

// The folder that a document's commands run in: the tree's files where they are in the tree, and a
// build folder of its own. It is the working directory as long as it is there.
class Workplace {
 public:
  Workplace() : before_(fs::current_path()) {
    const fs::path tree = fs::path(MCNN_DATA_DIR).parent_path();
    for (const fs::directory_entry& entry : fs::directory_iterator(tree)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("build") || name.starts_with(".")) continue;
      fs::create_symlink(entry.path(), folder_ / name);
    }
    fs::create_directory(folder_ / "build");
    fs::current_path(folder_.path());
  }
  ~Workplace() { fs::current_path(before_); }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

 private:
  const TemporaryFolder folder_{"mcnn_document"};
  const fs::path before_;
};

// Runs and parses commands, each only once in a workplace; says what is wrong with one.
class Commands {
 public:
  // Empty: nothing is wrong.
  std::string parse(const std::string& command) {
    if (is_make(command)) return make(command, /*runs=*/false);
    Words words = shell_words(is_synopsis(command) ? filled(command) : command);
    words.front() = "--check-options";
    const CommandResult result = run_mcnn(words);
    ++parsed_;
    // Text names an option without its value.
    const bool unfinished =
        result.err.find(" missing") != std::string::npos && words.back().starts_with("--");
    return result.status == 0 || unfinished ? "" : result.err;
  }

  std::string run(const std::string& command) {
    if (!done_.insert(command).second) return "";
    if (is_make(command)) return make(command, /*runs=*/true);
    if (command.starts_with("sed ")) return shell_output(command);
    std::string wrong = parse(command);
    if (!wrong.empty() || is_synopsis(command)) return wrong;
    Words words = shell_words(command);
    words.erase(words.begin());
    if (words.front().starts_with("-")) return run_mcnn(words).err;
    const CommandResult result = run_mcnn(made_small(words));
    ++run_;
    return result.status == 0 ? "" : result.err + result.out;
  }

  int parsed() const { return parsed_; }
  int ran() const { return run_; }

 private:
  static bool is_make(const std::string& command) {
    return command == "make" || command.starts_with("make ");
  }

  // What make would do is asked, not done, but for the folders and the mcnn commands of it.
  std::string make(const std::string& command, bool runs) {
    std::string dry = command;
    dry.insert(std::string_view("make").size(), " -n");
    std::string plan = shell_output(dry + " && echo :good:");
    if (plan.find("\n:good:\n") == std::string::npos) return plan;
    for (const std::string& line : command_lines(plan)) {
      if (line.starts_with("mkdir -p build/")) {
        shell_output(line);
      } else if (line.starts_with("build/mcnn ")) {
        const std::string wrong = runs ? run(line) : parse(line);
        if (!wrong.empty()) return std::string(line).append("\n").append(wrong);
      }
    }
    return "";
  }

  std::set<std::string> done_;
  int parsed_ = 0;
  int run_ = 0;
};

std::vector<fs::path> documents() {
  const fs::path tree = fs::path(MCNN_DATA_DIR).parent_path();
  std::vector<fs::path> paths;
  for (auto at = fs::recursive_directory_iterator(tree); at != fs::recursive_directory_iterator();
       ++at) {
    const std::string name = at->path().filename().string();
    if (at->is_directory() && (name.starts_with("build") || name.starts_with("."))) {
      at.disable_recursion_pending();
    } else if (at->path().extension() == ".md") {
      paths.push_back(at->path());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

TEST(DocumentCommands, OfCodeBlocksRun) {
  int ran = 0;
  for (const fs::path& document : documents()) {
    const Words commands = block_commands(read_file(document));
    if (commands.empty()) continue;
    const Workplace workplace;
    Commands commands_here;
    for (const std::string& command : commands) {
      EXPECT_EQ(commands_here.run(command), "") << document << ": " << command;
    }
    ran += commands_here.ran();
  }
  EXPECT_GT(ran, 25) << "the documents have many commands";
}

TEST(DocumentCommands, InTheTextAreParsed) {
  const Workplace workplace;
  Commands commands;
  std::set<std::string> done;
  for (const fs::path& document : documents()) {
    for (const std::string& command : inline_commands(read_file(document))) {
      if (!done.insert(command).second) continue;
      EXPECT_EQ(commands.parse(command), "") << document << ": " << command;
    }
  }
  EXPECT_GT(commands.parsed(), 15);
}

// ------------------------------------------------------------------------------------------------
// the tests themselves

TEST(DocumentCommands, AreFound) {
  const std::string text =
      "# mcnn sim\n\nText with `mcnn sim --count 3` and `make\nlint` and `other`.\n\n"
      "    make synth          # or another\n\n"
      "```\n$ make sim && make sta   # \"why\"\nbuild/mcnn map \\\n  --mapping paper\n"
      "git clone x && cd mcnn\nsed s/a#b/c/ x > y\nmake\n```\n| table | `mcnn info` |\n";
  EXPECT_EQ(block_commands(text),
            (Words{"make synth", "make sim", "make sta", "build/mcnn map   --mapping paper",
                   "sed s/a#b/c/ x > y", "make"}));
  EXPECT_EQ(inline_commands(text), (Words{"mcnn sim --count 3", "make lint", "mcnn info"}));
}

TEST(DocumentCommands, AreMadeSmall) {
  EXPECT_EQ(made_small({"sim"}), (Words{"sim", "--count", "6", "--check", "1"}));
  EXPECT_EQ(made_small({"model", "--count", "1000"}), (Words{"model", "--count", "6"}));
  EXPECT_EQ(made_small({"model", "--count", "2"}), (Words{"model", "--count", "2"}));
  EXPECT_EQ(made_small({"sweep", "--vary", "read_noise=0,0.1", "--vary", "seed=1:10"}),
            (Words{"sweep", "--vary", "read_noise=0,0.1", "--vary", "seed=1", "--count", "6"}));
  EXPECT_EQ(made_small({"map", "--mapping", "paper"}), (Words{"map", "--mapping", "paper"}));
}

TEST(DocumentCommands, ThatDoNotWorkAreFound) {
  const Workplace workplace;
  Commands commands;
  EXPECT_NE(commands.run("build/mcnn sim --coutn 3"), "");
  EXPECT_NE(commands.run("mcnn model --device unobtainium"), "");
  EXPECT_NE(commands.run("make simm"), "");
  EXPECT_NE(commands.run("make map ARGS=--nonsense"), "");
  EXPECT_NE(commands.run("make sim ARGS=--nonsense"), "");
  EXPECT_NE(commands.parse("mcnn sim --load-cels"), "");
  EXPECT_NE(commands.parse("mcnn model --sed N"), "");
  EXPECT_EQ(commands.parse("mcnn sim --load-cells"), "");
  EXPECT_EQ(commands.parse("mcnn model --seed N"), "");
  EXPECT_EQ(commands.parse("mcnn map --mapping paper|default [--seed N]"), "");
  EXPECT_EQ(commands.parse("make sim DEVICE=my.toml"), "");
}

}  // namespace
}  // namespace mcnn::testing
