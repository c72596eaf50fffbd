// SPDX-License-Identifier: Apache-2.0
#include "host/network/byte_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "common/error.h"

namespace mcnn {
namespace {

struct Close {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

}  // namespace

std::vector<uint8_t> read_bytes(const std::string& path) {
  errno = 0;
  const std::unique_ptr<gzFile_s, Close> file(gzopen(path.c_str(), "rb"));
  if (!file) {
    throw Error(fmt::format("{}: cannot be opened: {}", path, std::strerror(errno)));
  }
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> block(1 << 16);
  for (;;) {
    const int count = gzread(file.get(), block.data(), static_cast<unsigned>(block.size()));
    int code = Z_OK;
    const char* text = gzerror(file.get(), &code);
    if (count < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      throw Error(fmt::format("{}: cannot be read: {}", path,
                              code == Z_ERRNO ? std::strerror(errno) : text));
    }
    if (count == 0) {
      return bytes;
    }
    bytes.insert(bytes.end(), block.begin(), block.begin() + count);
    if (bytes.size() > kMaxFileBytes) {
      throw Error(fmt::format("{}: found more than {} bytes, allowed: at most as many", path,
                              kMaxFileBytes));
    }
  }
}

}  // namespace mcnn
