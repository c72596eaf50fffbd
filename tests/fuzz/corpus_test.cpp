// SPDX-License-Identifier: Apache-2.0
// Every reader takes the files of its corpus, and what is left of them when they end at any byte;
// what fuzzing once found is among them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "common/index.h"
#include "tests/fuzz/targets.h"
#include "tests/support/random.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::fuzz {
namespace {

namespace fs = std::filesystem;

using mcnn::testing::Random;

class Corpus : public ::testing::TestWithParam<Target> {
 protected:
  // Of the target's corpus, by name.
  static std::vector<fs::path> files() {
    std::vector<fs::path> files;
    const fs::path folder = fs::path(MCNN_SOURCE_DIR) / "tests/fuzz/corpus" / GetParam().name;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
  }
};

TEST_P(Corpus, FilesAndTheirBeginningsAreReadOrRefused) {
  constexpr size_t kBeginnings = 64;  // of each file
  ASSERT_FALSE(files().empty());
  for (const fs::path& path : files()) {
    SCOPED_TRACE(path.string());
    const std::string text = testing::read_file(path);
    ASSERT_FALSE(text.empty());
    const Bytes bytes = bytes_of(text);
    GetParam().read(bytes);
    for (size_t i = 0; i < kBeginnings; ++i) {
      GetParam().read(bytes.first(bytes.size() * i / kBeginnings));
    }
  }
}

// What libFuzzer does for hours, for a moment: bytes changed, put in, taken out, twice there.
std::string mutated(std::string bytes, Random& random) {
  const auto place = [&] {
    return to_index(random.between(0, static_cast<int>(bytes.size()) - 1));
  };
  for (int changes = random.between(1, 5); changes > 0 && !bytes.empty(); --changes) {
    const size_t at = place();
    const auto some = static_cast<size_t>(random.between(1, 8));
    switch (random.between(0, 5)) {
      case 0:
        bytes[at] = static_cast<char>(random.between(0, 255));
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.between(0, 7)));
        break;
      case 2:
        bytes.insert(at, some, static_cast<char>(random.between(0, 255)));
        break;
      case 3:
        bytes.erase(at, some);
        break;
      case 4:
        bytes.insert(at, bytes.substr(place(), 8 * some));
        break;
      default:
        bytes.replace(
            at, 1, std::array{"-1", "0", "1e999", "99999999999", "\xff", "[", "}", "\n"}[some - 1]);
    }
  }
  return bytes;
}

TEST_P(Corpus, MutatedFilesAreReadOrRefused) {
  constexpr uint64_t kSeed = 5;
  constexpr int kRounds = 3000;  // of each file
  for (const fs::path& path : files()) {
    const std::string text = testing::read_file(path);
    Random random(kSeed);
    for (int round = 0; round < kRounds; ++round) {
      SCOPED_TRACE(path.string() + ", seed " + std::to_string(kSeed) + ", round " +
                   std::to_string(round));
      GetParam().read(bytes_of(mutated(text, random)));
    }
  }
}

// Whatever calls itself for each level would take all of the stack.
TEST_P(Corpus, DeepFilesAreRefused) {
  constexpr size_t kDepth = 200'000;
  const std::string open(kDepth, '[');
  const std::string lists = open + std::string(kDepth, ']');
  std::string key = "name";
  for (size_t i = 0; i < kDepth; ++i) key += ".a";
  for (const std::string& text : {open, lists, "{\"format\": " + lists + "}",
                                  "{\"format\": \"mcnn-cells-1\", \"config\": " + lists + "}",
                                  "{\"format\": \"mcnn-network-2\", \"layers\": " + lists + "}",
                                  "{\"provenance\": " + lists + "}", "# provenance " + lists + "\n",
                                  "name = " + lists + "\n", key + " = 1\n", "[" + key + "]\n"}) {
    GetParam().read(bytes_of(text));
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, Corpus, ::testing::ValuesIn(kTargets),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace mcnn::fuzz
