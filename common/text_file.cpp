// SPDX-License-Identifier: Apache-2.0
#include "common/text_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "common/error.h"

namespace mcnn {

std::string read_text(const std::filesystem::path& file, const std::string& where) {
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  // Nothing to insert is a failure of the stream, and an empty file is none.
  if (stream && stream.peek() != std::ifstream::traits_type::eof()) text << stream.rdbuf();
  if (!stream.is_open() || stream.bad() || !text) {
    throw Error(fmt::format("{}: cannot be read: {}", where,
                            errno != 0 ? std::strerror(errno) : "not a file"));
  }
  return std::move(text).str();
}

std::string read_text(const std::filesystem::path& file) { return read_text(file, file.string()); }

}  // namespace mcnn
