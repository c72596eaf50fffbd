// SPDX-License-Identifier: Apache-2.0
#include "common/fingerprint.h"

#include <fstream>
#include <sstream>

#include "common/error.h"

namespace mcnn {

std::uint64_t fingerprint(std::string_view bytes) {
  Fingerprint fingerprint;
  fingerprint.add(bytes);
  return fingerprint.value();
}

std::uint64_t file_fingerprint(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw Error(file.string() + ": cannot be read");
  return fingerprint(text.view());
}

}  // namespace mcnn
