// SPDX-License-Identifier: Apache-2.0
// Dependencies between rooms go one way. What a room may include is what its CMakeLists.txt says
// that it uses; the linker does not hold it to that, for it sees the rooms of all those it links.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;

struct Room {
  std::string folder;
  std::vector<std::string> uses;
};

// By target. A line a room: target, folder, the rooms that it uses.
using House = std::map<std::string, Room>;

House parse_house(const std::string& text) {
  House house;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string target;
    if (!(words >> target)) continue;
    Room& room = house[target];
    words >> room.folder;
    for (std::string used; words >> used;) room.uses.push_back(used);
  }
  return house;
}

// A room, what it uses, and what those use.
std::set<std::string> reach(const House& house, const std::string& target) {
  std::set<std::string> reached;
  std::vector<std::string> next = {target};
  while (!next.empty()) {
    const std::string room = next.back();
    next.pop_back();
    if (!house.contains(room) || !reached.insert(room).second) continue;
    next.insert(next.end(), house.at(room).uses.begin(), house.at(room).uses.end());
  }
  return reached;
}

// The room that a file is in: the one with the innermost folder. Empty: none.
std::string room_of(const House& house, const std::string& file) {
  std::string found;
  for (const auto& [target, room] : house) {
    if (!file.starts_with(room.folder + "/")) continue;
    if (found.empty() || room.folder.size() > house.at(found).folder.size()) found = target;
  }
  return found;
}

// What a file includes that its room does not use, a line each.
std::vector<std::string> strays(const House& house, const std::string& file,
                                const std::string& text) {
  static const std::regex include(R"re(^\s*#\s*include\s+"([^"]+/[^"]+)".*$)re");
  const std::string room = room_of(house, file);
  const std::set<std::string> allowed = reach(house, room);
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, include)) continue;
    const std::string used = room_of(house, match[1]);
    if (used.empty()) {
      found.push_back(fmt::format("{} includes {}, which is in no room", file, match[1].str()));
    } else if (!allowed.contains(used)) {
      found.push_back(fmt::format("{} includes {} of {}, which {} does not use", file,
                                  match[1].str(), used, room));
    }
  }
  return found;
}

bool is_source(const fs::path& path) {
  static const std::set<std::string> endings = {".cpp", ".h", ".inc", ".in"};
  return endings.contains(path.extension().string());
}

const House& house() {
  static const House rooms = parse_house(read_file(MCNN_ROOMS_FILE));
  return rooms;
}

TEST(Rooms, EveryIncludeIsOfARoomThatIsUsed) {
  ASSERT_GE(house().size(), 15U);
  std::set<std::string> seen;
  for (const auto& entry : fs::directory_iterator(MCNN_SOURCE_DIR)) {
    const std::string top = entry.path().filename().string();
    const bool has_rooms = std::ranges::any_of(house(), [&](const auto& named) {
      return (named.second.folder + "/").starts_with(top + "/");
    });
    if (!has_rooms) continue;
    for (const auto& file : fs::recursive_directory_iterator(entry.path())) {
      if (!file.is_regular_file() || !is_source(file.path())) continue;
      const std::string name = fs::relative(file.path(), MCNN_SOURCE_DIR).string();
      const std::string room = room_of(house(), name);
      EXPECT_NE(room, "") << name << " is in no room";
      seen.insert(room);
      for (const std::string& stray : strays(house(), name, read_file(file.path()))) {
        ADD_FAILURE() << stray;
      }
    }
  }
  EXPECT_EQ(seen.size(), house().size());
}

TEST(Rooms, EveryRoomThatIsUsedIsThere) {
  for (const auto& [target, room] : house()) {
    EXPECT_TRUE(fs::is_directory(fs::path(MCNN_SOURCE_DIR) / room.folder)) << target;
    for (const std::string& used : room.uses) {
      EXPECT_TRUE(house().contains(used)) << target << " uses " << used;
    }
  }
}

TEST(Rooms, HostKnowsNeitherBenchNorCommandAndTheBenchKnowsNoCommand) {
  const auto inside = [](const std::string& folder, const std::string& top) {
    return (folder + "/").starts_with(top + "/");
  };
  const std::map<std::string, std::vector<std::string>> never = {
      {"common", {"behavioral_models", "host", "tb", "cli"}},
      {"behavioral_models", {"host", "tb", "cli"}},
      {"host", {"tb", "cli"}},
      {"tb", {"cli"}}};
  for (const auto& [target, room] : house()) {
    for (const auto& [top, forbidden] : never) {
      if (!inside(room.folder, top)) continue;
      for (const std::string& reached : reach(house(), target)) {
        for (const std::string& other : forbidden) {
          EXPECT_FALSE(inside(house().at(reached).folder, other)) << target << " uses " << reached;
        }
      }
    }
  }
}

// The house of an example: each line would be wrong in a way of its own.
TEST(Rooms, StraysAreFound) {
  const House example = parse_house(
      "ground common \nmodels models ground\ndpi models/dpi models\nhost host/engine models\n"
      "bench tb host dpi\n");
  const auto of = [&](const std::string& file, const std::string& included) {
    return strays(example, file, "// text\n#include <a/b.h>\n#include \"" + included + "\"\n")
        .size();
  };
  EXPECT_EQ(of("host/engine/a.cpp", "host/engine/b.h"), 0U);
  EXPECT_EQ(of("host/engine/a.cpp", "common/b.h"), 0U);      // through models
  EXPECT_EQ(of("host/engine/a.cpp", "tb/b.h"), 1U);          // uses host
  EXPECT_EQ(of("host/engine/a.cpp", "models/dpi/b.h"), 1U);  // a room of its own in models
  EXPECT_EQ(of("common/a.h", "models/b.h"), 1U);
  EXPECT_EQ(of("tb/a.h", "models/dpi/b.h"), 0U);
  EXPECT_EQ(of("tb/a.h", "tests/b.h"), 1U);  // no room
  EXPECT_EQ(of("tb/a.h", "plain.h"), 0U);    // beside it, or generated
}

}  // namespace
}  // namespace mcnn::testing
