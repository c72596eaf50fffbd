// SPDX-License-Identifier: Apache-2.0
// Files of a test: a folder that is there as long as the test, whole files read and written.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace mcnn::testing {

// A new empty folder; goes with everything in it when this goes.
class TemporaryFolder {
 public:
  // `name` begins the folder's name, so that one that was left behind says whose it is.
  explicit TemporaryFolder(const std::string& name) {
    std::string made = (std::filesystem::temp_directory_path() / (name + "_XXXXXX")).string();
    if (mkdtemp(made.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), made);
    }
    path_ = made;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// All of a file; empty if there is none.
inline std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The file, and the folders on its way, with this text in it and nothing else.
inline void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace mcnn::testing
