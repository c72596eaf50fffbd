// SPDX-License-Identifier: Apache-2.0
// A file that is either there in full or not at all: written under a temporary name beside its
// place, renamed at the end.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace mcnn::cli {

class OutputFile {
 public:
  // Makes the temporary file at once, so that a path that cannot be written is found before hours
  // of work. Throws mcnn::Error. `option` names the command line option in messages.
  OutputFile(std::filesystem::path path, std::string_view option);
  ~OutputFile();  // removes the temporary file if it was not committed
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Where a writer that opens its own file (a wave trace) writes to until commit().
  const std::filesystem::path& temporary_path() const { return temporary_; }

  // Writes the text and puts the file in its place. Throws mcnn::Error.
  void commit(std::string_view text);
  // Puts what was written to temporary_path() in its place. Throws mcnn::Error.
  void commit();
  // What a writer left that broke off, if it left anything, and says so on stderr: `what`.
  void commit_part(std::string_view what);

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

// The file of an option, null where the option names none. Throws mcnn::Error.
std::unique_ptr<OutputFile> output_file(const std::string& path, std::string_view option);
// "wrote FILE" for each file that has a name.
void print_written(std::initializer_list<std::string_view> files);

}  // namespace mcnn::cli
