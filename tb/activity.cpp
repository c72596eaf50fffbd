// SPDX-License-Identifier: Apache-2.0
// mcnn_activity WAVES.fst: how often each bit inside the chip changes, from waves that
// `mcnn sim --trace` wrote. One line a bit,
//
//   <instance in the netlist>/<signal>[<bit>] <changes a clock> <part of the time that it is 1>
//
// named as the synthesised netlist names its rooms and registers; the first line has the clocks.
#include <fmt/format.h>
#include <gtkwave/fstapi.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"

namespace {

// A signal is one in the waves and has a name in every module that it goes through.
struct Name {
  std::string name;
  int last = 0;  // index of its bit 0
};

struct Signal {
  std::vector<Name> names;
  std::uint32_t bits = 0;
  std::string value;
  std::vector<std::uint64_t> changes;
  std::vector<std::uint64_t> high;  // time
  std::uint64_t since = 0;
};

struct Waves {
  std::map<fstHandle, Signal> signals;
  std::uint64_t clock_changes = 0;
  fstHandle clock = 0;
  std::uint64_t first = 0;
  std::uint64_t now = 0;
  bool begun = false;
};

void change(void* user, std::uint64_t time, fstHandle handle, const unsigned char* value) {
  Waves& waves = *static_cast<Waves*>(user);
  if (!waves.begun) {
    waves.first = time;
    waves.begun = true;
  }
  waves.now = time;
  if (handle == waves.clock) ++waves.clock_changes;
  const auto found = waves.signals.find(handle);
  if (found == waves.signals.end()) return;
  Signal& signal = found->second;
  const std::string_view text(reinterpret_cast<const char*>(value), signal.bits);
  for (std::uint32_t bit = 0; bit < signal.bits; ++bit) {
    const std::size_t at = signal.bits - 1 - bit;
    if (!signal.value.empty()) {
      if (signal.value[at] != text[at]) ++signal.changes[bit];
      if (signal.value[at] == '1') signal.high[bit] += time - signal.since;
    }
  }
  signal.value = text;
  signal.since = time;
}

int run(const char* path) {
  const std::unique_ptr<void, void (*)(void*)> file(fstReaderOpen(path),
                                                    [](void* reader) { fstReaderClose(reader); });
  if (file == nullptr) throw mcnn::Error(fmt::format("cannot read '{}'", path));
  Waves waves;
  std::vector<std::string> scopes;
  while (const fstHier* hier = fstReaderIterateHier(file.get())) {
    if (hier->htyp == FST_HT_SCOPE) {
      scopes.emplace_back(hier->u.scope.name);
    } else if (hier->htyp == FST_HT_UPSCOPE) {
      scopes.pop_back();
    } else if (hier->htyp == FST_HT_VAR) {
      std::size_t chip = 0;
      while (chip < scopes.size() && scopes[chip] != "u_chip") ++chip;
      std::string_view name = hier->u.var.name;
      if (name == "clk_i" && waves.clock == 0) waves.clock = hier->u.var.handle;
      if (chip == scopes.size()) continue;
      // "signal [7:0]"
      int last = 0;
      if (const std::size_t blank = name.find(' '); blank != std::string_view::npos) {
        if (const std::size_t colon = name.rfind(':'); colon != std::string_view::npos) {
          last = std::stoi(std::string(name.substr(colon + 1)));
        }
        name = name.substr(0, blank);
      }
      std::string full;
      bool room = false;
      for (std::size_t i = chip + 1; i < scopes.size(); ++i) {
        full += scopes[i];
        // In a netlist "gen_pe[0].u_pe" is one scope.
        const bool enters =
            !room && (scopes[i].starts_with("u_") || scopes[i].find(".u_") != std::string::npos);
        room = room || enters;
        full += enters ? '/' : '.';
      }
      full += name;
      Signal& signal = waves.signals[hier->u.var.handle];
      signal.names.push_back({full, last});
      signal.bits = hier->u.var.length;
      signal.changes.resize(signal.bits);
      signal.high.resize(signal.bits);
    }
  }
  fstReaderSetFacProcessMaskAll(file.get());
  fstReaderIterBlocks(file.get(), change, &waves, nullptr);
  const double clocks = static_cast<double>(waves.clock_changes) / 2.0;
  const double time = static_cast<double>(waves.now - waves.first);
  if (!(clocks > 0.0) || !(time > 0.0)) throw mcnn::Error(fmt::format("{}: no clocks", path));
  fmt::print("clocks {}\n", clocks);
  for (auto& [handle, signal] : waves.signals) {
    for (std::uint32_t bit = 0; bit < signal.bits; ++bit) {
      if (!signal.value.empty() && signal.value[signal.bits - 1 - bit] == '1') {
        signal.high[bit] += waves.now - signal.since;
      }
      for (const Name& name : signal.names) {
        const std::string index = signal.bits == 1
                                      ? std::string()
                                      : fmt::format("[{}]", name.last + static_cast<int>(bit));
        fmt::print("{}{} {:.6f} {:.6f}\n", name.name, index,
                   static_cast<double>(signal.changes[bit]) / clocks,
                   static_cast<double>(signal.high[bit]) / time);
      }
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw mcnn::Error("usage: mcnn_activity WAVES.fst");
    return run(argv[1]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "mcnn_activity: error: {}\n", error.what());
  }
  return 2;
}
