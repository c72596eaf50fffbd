// SPDX-License-Identifier: Apache-2.0
// Whole files as text.
#pragma once

#include <filesystem>
#include <string>

namespace mcnn {

// All bytes of a file. Throws Error that begins with `where` on one that cannot be read.
std::string read_text(const std::filesystem::path& file, const std::string& where);
std::string read_text(const std::filesystem::path& file);  // `where`: its path

}  // namespace mcnn
