// SPDX-License-Identifier: Apache-2.0
#include "common/fingerprint.h"

#include "common/text_file.h"

namespace mcnn {

std::uint64_t fingerprint(std::string_view bytes) {
  Fingerprint fingerprint;
  fingerprint.add(bytes);
  return fingerprint.value();
}

std::uint64_t file_fingerprint(const std::filesystem::path& file) {
  return fingerprint(read_text(file));
}

}  // namespace mcnn
