// SPDX-License-Identifier: Apache-2.0
// What the targets share. A target is a function of the bytes of a file: it has a reader take them,
// which must give an Error that names the file, or a value that holds; anything else ends the
// process. targets.h, made by the build, declares them all.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "common/error.h"

namespace mcnn::fuzz {

using Bytes = std::span<const uint8_t>;

inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// What must hold of a value that was read.
inline void require(bool good, std::string_view what) {
  if (good) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

// True when `read` takes the file, false on an Error that names it.
template <typename Read>
bool takes(std::string_view source, const Read& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    const std::string_view text = error.what();
    if (text.find(source) == std::string_view::npos) {
      std::fprintf(stderr, "error without the file's name: %s\n", error.what());
      std::abort();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "not an Error: %s\n", error.what());
    std::abort();
  }
  return false;
}

// A file in memory, with a name, for readers that take one. One for all inputs of a target.
class InputFile {
 public:
  InputFile() : file_(memfd_create("input", MFD_CLOEXEC)) {
    if (file_ < 0) std::abort();
    path_ = "/proc/self/fd/" + std::to_string(file_);
  }
  ~InputFile() { close(file_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // The file holds these bytes and nothing else.
  const std::string& with(Bytes bytes) {
    const auto size = static_cast<ssize_t>(bytes.size());
    if (ftruncate(file_, 0) != 0 || pwrite(file_, bytes.data(), bytes.size(), 0) != size) {
      std::abort();
    }
    return path_;
  }

 private:
  int file_;
  std::string path_;
};

}  // namespace mcnn::fuzz
