// SPDX-License-Identifier: Apache-2.0
#include "common/fingerprint.h"

#include <link.h>

#include <cstddef>

#include "common/text_file.h"

namespace mcnn {
namespace {

// The build ID among the notes of a program (ELF); empty: none.
std::string_view build_id(std::string_view notes) {
  constexpr std::size_t kHeader = sizeof(ElfW(Nhdr));
  const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  while (notes.size() >= kHeader) {
    const auto& note = *reinterpret_cast<const ElfW(Nhdr)*>(notes.data());
    const std::size_t name = padded(note.n_namesz);
    const std::size_t size = kHeader + name + padded(note.n_descsz);
    if (size > notes.size()) break;
    if (note.n_type == NT_GNU_BUILD_ID && notes.substr(kHeader).starts_with("GNU")) {
      return notes.substr(kHeader + name, note.n_descsz);
    }
    notes.remove_prefix(size);
  }
  return {};
}

// Called for what is loaded, the program first: takes its build ID and ends the walk.
int take_build_id(dl_phdr_info* loaded, std::size_t /*size*/, void* id) {
  for (int i = 0; i < loaded->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = loaded->dlpi_phdr[i];
    auto& found = *static_cast<std::string_view*>(id);
    if (part.p_type != PT_NOTE || !found.empty()) continue;
    found =
        build_id({reinterpret_cast<const char*>(loaded->dlpi_addr + part.p_vaddr), part.p_memsz});
  }
  return 1;
}

}  // namespace

std::uint64_t fingerprint(std::string_view bytes) {
  Fingerprint fingerprint;
  fingerprint.add(bytes);
  return fingerprint.value();
}

std::uint64_t file_fingerprint(const std::filesystem::path& file) {
  return fingerprint(read_text(file));
}

std::uint64_t program_fingerprint() {
  std::string_view id;
  dl_iterate_phdr(take_build_id, &id);
  return id.empty() ? file_fingerprint("/proc/self/exe") : fingerprint(id);
}

}  // namespace mcnn
