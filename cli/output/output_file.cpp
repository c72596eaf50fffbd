// SPDX-License-Identifier: Apache-2.0
#include "cli/output/output_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "common/error.h"

namespace mcnn::cli {
namespace {

[[noreturn]] void throw_unwritable(const std::filesystem::path& path, std::string_view option,
                                   const std::string& reason) {
  throw Error(fmt::format("{}: cannot write '{}': {}", option, path.string(), reason));
}

}  // namespace

OutputFile::OutputFile(std::filesystem::path path, std::string_view option)
    : path_(std::move(path)), temporary_(path_) {
  std::error_code error;
  if (path_.empty() || !path_.has_filename()) throw_unwritable(path_, option, "not a file name");
  if (std::filesystem::is_directory(path_, error)) throw_unwritable(path_, option, "is a folder");
  temporary_ += fmt::format(".{}.part", getpid());
  errno = 0;
  const std::ofstream probe(temporary_, std::ios::binary | std::ios::trunc);
  if (!probe) throw_unwritable(path_, option, std::strerror(errno));
}

OutputFile::~OutputFile() {
  if (committed_) return;
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void OutputFile::commit(std::string_view text) {
  errno = 0;
  std::ofstream file(temporary_, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) {
    throw Error(fmt::format("cannot write '{}': {}", path_.string(), std::strerror(errno)));
  }
  commit();
}

void OutputFile::commit() {
  std::error_code error;
  std::filesystem::rename(temporary_, path_, error);
  if (error) throw Error(fmt::format("cannot write '{}': {}", path_.string(), error.message()));
  committed_ = true;
}

void OutputFile::commit_part(std::string_view what) {
  std::error_code none;
  if (std::filesystem::file_size(temporary_, none) == 0 || none) return;
  commit();
  fmt::print(stderr, "mcnn: wrote {}: {}\n", path_.string(), what);
}

std::unique_ptr<OutputFile> output_file(const std::string& path, std::string_view option) {
  return path.empty() ? nullptr : std::make_unique<OutputFile>(path, option);
}

void print_written(std::initializer_list<std::string_view> files) {
  for (const std::string_view file : files) {
    if (!file.empty()) fmt::print("wrote {}\n", file);
  }
}

}  // namespace mcnn::cli
