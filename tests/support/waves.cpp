// SPDX-License-Identifier: Apache-2.0
#include "tests/support/waves.h"

#include <gtkwave/fstapi.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace mcnn::testing {
namespace {

// A signal is one in the file and has a name in every module that it goes through.
using Named = std::map<fstHandle, std::vector<Wave*>>;

void on_change(void* user, std::uint64_t time, fstHandle handle, const unsigned char* value) {
  const Named& named = *static_cast<const Named*>(user);
  const auto found = named.find(handle);
  if (found == named.end()) return;
  for (Wave* wave : found->second) {
    const std::string_view bits(reinterpret_cast<const char*>(value),
                                static_cast<std::size_t>(wave->bits));
    wave->values.emplace_back(time, bits);
  }
}

}  // namespace

std::string Wave::at(std::uint64_t time) const {
  const auto after =
      std::ranges::upper_bound(values, time, {}, &std::pair<std::uint64_t, std::string>::first);
  return after == values.begin() ? std::string() : std::prev(after)->second;
}

Waves read_waves(const std::filesystem::path& path, std::string_view ending) {
  Waves waves;
  const std::unique_ptr<void, void (*)(void*)> file(fstReaderOpen(path.c_str()),
                                                    [](void* reader) { fstReaderClose(reader); });
  if (file == nullptr) return waves;
  waves.readable = true;
  waves.first = fstReaderGetStartTime(file.get());
  waves.last = fstReaderGetEndTime(file.get());
  Named named;
  std::vector<std::string> scopes = {""};
  while (const fstHier* hier = fstReaderIterateHier(file.get())) {
    if (hier->htyp == FST_HT_SCOPE) {
      scopes.push_back(scopes.back() + hier->u.scope.name + ".");
    } else if (hier->htyp == FST_HT_UPSCOPE) {
      scopes.pop_back();
    } else if (hier->htyp == FST_HT_VAR) {
      std::string name = scopes.back() + hier->u.var.name;
      std::erase(name, ' ');  // "signal [7:0]"
      if (!name.ends_with(ending)) continue;
      Wave& wave = waves.signals[name];
      wave.bits = static_cast<int>(hier->u.var.length);
      named[hier->u.var.handle].push_back(&wave);
      fstReaderSetFacProcessMask(file.get(), hier->u.var.handle);
    }
  }
  fstReaderIterBlocks(file.get(), on_change, &named, nullptr);
  return waves;
}

}  // namespace mcnn::testing
