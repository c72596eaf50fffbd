// SPDX-License-Identifier: Apache-2.0
// Fingerprints, FNV-1a of 64 bits: they tell files and texts apart that differ by accident.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace mcnn {

class Fingerprint {
 public:
  void add(std::uint8_t byte) { value_ = (value_ ^ byte) * 0x0000'0100'0000'01B3U; }
  void add(std::string_view bytes) {
    for (const char byte : bytes) add(static_cast<std::uint8_t>(byte));
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF2'9CE4'8422'2325U;
};

std::uint64_t fingerprint(std::string_view bytes);
std::uint64_t file_fingerprint(const std::filesystem::path& file);  // throws Error
// Of the program that runs: of the build ID that the linker gave it, which takes no time, or of its
// file if there is none. Throws Error.
std::uint64_t program_fingerprint();

}  // namespace mcnn
