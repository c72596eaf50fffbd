// SPDX-License-Identifier: Apache-2.0
// What every document of the tree keeps to: lines of at most 110 columns, relative links and
// anchors that lead somewhere, and no name of a file that is not there; the same for documents that
// comments of the code send the reader to. The checks are held themselves by texts with faults.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kColumns = 110;

// A text of the tree and where it is, relative to the root.
struct Document {
  fs::path path;
  std::string text;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Characters, not bytes: every UTF-8 sequence has one byte that does not continue another.
std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// The lines inside of fenced code, or outside of it.
std::string lines_where(const std::string& text, bool inside) {
  std::string lines;
  bool fenced = false;
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with("```")) {
      fenced = !fenced;
    } else if (fenced == inside) {
      lines += line + "\n";
    }
  }
  return lines;
}
std::string prose_of(const std::string& text) { return lines_where(text, false); }

// The anchor of a heading, as the hosting sites make it: small letters, digits, - and _, spaces
// as -, nothing of the mark-up.
std::string anchor_of(const std::string& heading) {
  static const std::regex link(R"(\[([^\]]*)\]\([^)]*\))");
  std::string anchor;
  for (const char c : std::regex_replace(heading, link, "$1")) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') {
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (c == ' ') {
      anchor += '-';
    }
  }
  return anchor;
}

std::set<std::string> anchors_of(const std::string& text) {
  std::set<std::string> anchors;
  for (const std::string& line : lines_of(prose_of(text))) {
    if (!line.starts_with('#')) continue;
    const std::size_t begin = line.find_first_not_of("# ");
    if (begin != std::string::npos) anchors.insert(anchor_of(line.substr(begin)));
  }
  return anchors;
}

// What a check may ask about the tree.
struct Tree {
  std::function<bool(const fs::path&)> has;                       // file or folder
  std::function<std::set<std::string>(const fs::path&)> anchors;  // of a document
  std::function<bool(const std::string&)> has_name;               // a file of this name, anywhere
  std::set<std::string> folders;                                  // at the root
};

using Problems = std::vector<std::string>;

Problems too_wide(const Document& document) {
  Problems problems;
  int number = 0;
  for (const std::string& line : lines_of(document.text)) {
    ++number;
    if (columns(line) > kColumns) {
      problems.push_back(fmt::format("{}:{}: {} columns, allowed: {}", document.path.string(),
                                     number, columns(line), kColumns));
    }
  }
  return problems;
}

Problems broken_links(const Document& document, const Tree& tree) {
  Problems problems;
  const std::string prose = prose_of(document.text);
  static const std::regex link(R"(\]\(([^)\s]+)\))");
  static const std::regex scheme("^[a-z]+:");
  for (std::sregex_iterator it(prose.begin(), prose.end(), link), end; it != end; ++it) {
    const std::string target = (*it)[1];
    if (std::regex_search(target, scheme)) continue;
    const std::size_t hash = target.find('#');
    const std::string file = target.substr(0, hash);
    const fs::path path =
        file.empty() ? document.path : (document.path.parent_path() / file).lexically_normal();
    if (!tree.has(path)) {
      problems.push_back(
          fmt::format("{}: link to {}: no such file", document.path.string(), target));
    } else if (hash != std::string::npos && !tree.anchors(path).contains(target.substr(hash + 1))) {
      problems.push_back(fmt::format("{}: link to {}: no such heading, there are {}",
                                     document.path.string(), target,
                                     fmt::join(tree.anchors(path), ", ")));
    }
  }
  return problems;
}

// Names of files in a text, also in its commands. Not looked for: what is made (build/), what
// belongs to the reader (my...), and addresses.
//  - a path that begins with a folder of the root, or of the document: it is there. <name>, * and
//    {a,b} stand for anything, so only the part before them is looked for;
//  - a bare name with the ending of a source file: some folder has it.
Problems missing_files(const Document& document, const Tree& tree) {
  Problems problems;
  static const std::regex address(R"([a-z]+://\S+)");
  static const std::regex word(R"([A-Za-z0-9_.<>*{}/+-]+)");
  static const std::regex source(
      R"([A-Za-z0-9_-]+\.(h|cpp|inc|sv|svh|f|vlt|sh|tcl|toml|params|md|sdc|gtkw|py))");
  static const std::regex open_end(R"([<>*{}])");
  const std::string text = std::regex_replace(document.text, address, "");
  for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it) {
    std::string name = it->str();
    while (!name.empty() && (name.back() == '.' || name.back() == '/')) name.pop_back();
    const std::size_t slash = name.find('/');
    if (name.starts_with("my")) continue;
    if (slash == std::string::npos) {
      if (std::regex_match(name, source) && !tree.has_name(name)) {
        problems.push_back(fmt::format("{}: {}: no such file", document.path.string(), name));
      }
      continue;
    }
    if (!tree.folders.contains(name.substr(0, slash))) continue;
    std::smatch match;
    if (std::regex_search(name, match, open_end)) {
      name = name.substr(0, static_cast<std::size_t>(match.position()));
      name = name.substr(0, name.rfind('/'));
    }
    if (!tree.has(name) && !tree.has((document.path.parent_path() / name).lexically_normal())) {
      problems.push_back(fmt::format("{}: {}: no such file", document.path.string(), name));
    }
  }
  return problems;
}

// Targets of make that a document tells the reader to call, in code.
Problems missing_targets(const Document& document, const std::set<std::string>& targets) {
  Problems problems;
  static const std::regex command(R"((?:^|\n|\$ |&& )make ([a-z-]+))");
  static const std::regex span("`make ([a-z-]+)");
  const auto look = [&](const std::string& text, const std::regex& call) {
    for (std::sregex_iterator it(text.begin(), text.end(), call), end; it != end; ++it) {
      if (targets.contains((*it)[1])) continue;
      problems.push_back(
          fmt::format("{}: make {}: no such target", document.path.string(), it->str(1)));
    }
  };
  look(lines_where(document.text, true), command);
  look(prose_of(document.text), span);
  return problems;
}

// Documents that a source file names: from the root, beside it, in a room above, or, but for a
// README.md, which every room has, anywhere.
Problems missing_documents(const Document& source, const Tree& tree) {
  Problems problems;
  static const std::regex word(R"([A-Za-z0-9_./-]+\.md\b)");
  for (std::sregex_iterator it(source.text.begin(), source.text.end(), word), end; it != end;
       ++it) {
    const std::string name = it->str();
    bool found = tree.has(name) || (name != "README.md" && tree.has_name(name));
    for (fs::path folder = source.path.parent_path(); !found && !folder.empty();
         folder = folder.parent_path()) {
      found = tree.has(folder / name);
    }
    if (!found) {
      problems.push_back(fmt::format("{}: {}: no such document", source.path.string(), name));
    }
  }
  return problems;
}

// ------------------------------------------------------------------------------------------------
// The tree itself, without what was built in it.
class Sources {
 public:
  Sources() {
    const fs::path root = MCNN_SOURCE_DIR;
    for (fs::recursive_directory_iterator it(root), end; it != end; ++it) {
      const std::string name = it->path().filename().string();
      if (it->is_directory()) {
        const bool skipped = name.starts_with("build") ||
                             (name.starts_with('.') && name != ".ci") ||
                             fs::exists(it->path() / "CMakeCache.txt");
        if (skipped) {
          it.disable_recursion_pending();
        } else if (it.depth() == 0) {
          tree_.folders.insert(name);
        }
        continue;
      }
      const fs::path path = fs::relative(it->path(), root);
      names_.insert(name);
      if (path.extension() == ".md") {
        documents_.push_back(read(path));
      } else if (std::ranges::find(kSources, path.extension().string()) != kSources.end()) {
        sources_.push_back(read(path));
      }
    }
    tree_.has = [root](const fs::path& path) { return fs::exists(root / path); };
    tree_.has_name = [this](const std::string& name) { return names_.contains(name); };
    tree_.anchors = [root](const fs::path& path) { return anchors_of(read(path).text); };
  }

  const std::vector<Document>& documents() const { return documents_; }
  const std::vector<Document>& sources() const { return sources_; }
  const Tree& tree() const { return tree_; }

  // Of the Makefile: the lines "name: ...".
  static std::set<std::string> targets() {
    std::set<std::string> targets;
    for (const std::string& line : lines_of(read("Makefile").text)) {
      std::smatch match;
      static const std::regex target("^([a-z-]+):");
      if (std::regex_search(line, match, target)) targets.insert(match[1]);
    }
    return targets;
  }

 private:
  static Document read(const fs::path& path) {
    std::ifstream file(fs::path(MCNN_SOURCE_DIR) / path);
    std::ostringstream text;
    text << file.rdbuf();
    return {path, text.str()};
  }

  static constexpr std::array<std::string_view, 10> kSources{
      ".h", ".cpp", ".sv", ".svh", ".sh", ".tcl", ".toml", ".params", ".cmake", ".in"};
  std::vector<Document> documents_, sources_;
  std::set<std::string> names_;
  Tree tree_;
};

const Sources& sources() {
  static const Sources sources;
  return sources;
}

std::string list(const Problems& problems) { return fmt::format("{}", fmt::join(problems, "\n")); }

TEST(Documents, LinesFit) {
  ASSERT_GE(sources().documents().size(), 20U);
  Problems problems;
  for (const Document& document : sources().documents()) {
    std::ranges::copy(too_wide(document), std::back_inserter(problems));
  }
  EXPECT_TRUE(problems.empty()) << list(problems);
}

TEST(Documents, LinksLeadSomewhere) {
  Problems problems;
  for (const Document& document : sources().documents()) {
    std::ranges::copy(broken_links(document, sources().tree()), std::back_inserter(problems));
  }
  EXPECT_TRUE(problems.empty()) << list(problems);
}

TEST(Documents, FilesThatTheyNameAreThere) {
  Problems problems;
  for (const Document& document : sources().documents()) {
    std::ranges::copy(missing_files(document, sources().tree()), std::back_inserter(problems));
  }
  EXPECT_TRUE(problems.empty()) << list(problems);
}

TEST(Documents, TargetsOfMakeAreThere) {
  const std::set<std::string> targets = Sources::targets();
  ASSERT_TRUE(targets.contains("sim"));
  Problems problems;
  for (const Document& document : sources().documents()) {
    std::ranges::copy(missing_targets(document, targets), std::back_inserter(problems));
  }
  EXPECT_TRUE(problems.empty()) << list(problems);
}

TEST(Documents, TheCodeSendsTheReaderToDocumentsThatAreThere) {
  ASSERT_GE(sources().sources().size(), 100U);
  Problems problems;
  for (const Document& source : sources().sources()) {
    if (source.path.filename() == fs::path(__FILE__).filename()) continue;  // names faults
    std::ranges::copy(missing_documents(source, sources().tree()), std::back_inserter(problems));
  }
  EXPECT_TRUE(problems.empty()) << list(problems);
}

// ------------------------------------------------------------------------------------------------
// The checks, on texts with faults.
Tree small_tree() {
  return {
      .has =
          [](const fs::path& path) {
            static const std::set<std::string> paths{"docs/a.md", "docs/b.md", "host",
                                                     "host/README.md", "host/engine/driver.h"};
            return paths.contains(path.string());
          },
      .anchors = [](const fs::path&) { return anchors_of("# One `word`\n## A, B: c\n"); },
      .has_name = [](const std::string& name) { return name == "driver.h" || name == "README.md"; },
      .folders = {"docs", "host"}};
}

TEST(DocumentChecks, ColumnsAreCharacters) {
  const std::string wide(kColumns, 'x');
  EXPECT_EQ(too_wide({"a.md", wide + "\n"}).size(), 0U);
  EXPECT_EQ(too_wide({"a.md", wide + "x\n"}).size(), 1U);
  EXPECT_EQ(too_wide({"a.md", wide.substr(1) + "\xC2\xB5\n"}).size(), 0U);
}

TEST(DocumentChecks, LinksAndAnchors) {
  const auto count = [](const char* text) {
    return broken_links({"docs/a.md", text}, small_tree()).size();
  };
  EXPECT_EQ(count("[b](b.md) [h](../host/README.md) [x](https://example.org/none)"), 0U);
  EXPECT_EQ(count("[b](b.md#one-word) [here](#a-b-c)"), 0U);
  EXPECT_EQ(count("[b](c.md)"), 1U);
  EXPECT_EQ(count("![picture](idea.svg)"), 1U);
  EXPECT_EQ(count("[b](b.md#two)"), 1U);
  EXPECT_EQ(count("```\n[b](c.md)\n```\n"), 0U);
}

TEST(DocumentChecks, NamesOfFiles) {
  const auto count = [](const char* text) {
    return missing_files({"docs/a.md", text}, small_tree()).size();
  };
  EXPECT_EQ(count("`host/engine/driver.h` (driver.h) build/x.csv my.toml host/<name>.params"), 0U);
  EXPECT_EQ(count("Read host/README.md. Or https://example.org/host/none.h"), 0U);
  EXPECT_EQ(count("`host/driver.h`"), 1U);
  EXPECT_EQ(count("see events.h"), 1U);
  EXPECT_EQ(count("```\ncat host/none.txt\n```"), 1U);
}

TEST(DocumentChecks, TargetsOfMake) {
  const auto count = [](const char* text) {
    return missing_targets({"docs/a.md", text}, {"sim"}).size();
  };
  EXPECT_EQ(count("`make sim CONFIG=x` and\nmake blue\n```\nmake sim && make sim\n```"), 0U);
  EXPECT_EQ(count("`make simm`"), 1U);
  EXPECT_EQ(count("```\nmake sim\nmake none\n```"), 1U);
  EXPECT_EQ(count("```\nmake sim && make none\n```"), 1U);
}

TEST(DocumentChecks, DocumentsOfComments) {
  const auto count = [](const char* text) {
    return missing_documents({"host/engine/driver.h", text}, small_tree()).size();
  };
  EXPECT_EQ(count("// README.md says; docs/a.md has the equations."), 0U);
  EXPECT_EQ(count("// docs/c.md has the equations."), 1U);
  EXPECT_EQ(count("// REGISTERS.md says."), 1U);
}

}  // namespace
}  // namespace mcnn::testing
