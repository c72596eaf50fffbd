// SPDX-License-Identifier: Apache-2.0
// mcnn_activity WAVES.fst [INSTANCE=ENABLES.aag...]: how often each bit inside the chip changes,
// from waves that `mcnn sim --trace` wrote. One line a bit,
//
//   <instance in the netlist>/<signal>[<bit>] <changes a clock> <part of the time that it is 1>
//
// named as the synthesised netlist names its rooms and registers; the first line has the clocks.
// With the enables of the clock gates of an instance (constraints/clock_gates.tcl), also the
// changes a clock and the part of the clocks for each of them, as they are just before the rising
// edges.
#include <fmt/format.h>
#include <gtkwave/fstapi.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/error.h"
#include "tb/and_network.h"

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

// The enables of an instance of the netlist.
struct Enables {
  struct Source {
    const Signal* signal = nullptr;
    std::size_t at = 0;  // of its value
  };
  std::string instance;
  mcnn::AndNetwork network;
  std::vector<Source> sources;         // of its inputs
  std::vector<std::uint64_t> samples;  // a word an input
  std::vector<std::uint64_t> changes;
  std::vector<std::uint64_t> high;  // clocks
  std::vector<bool> last;

  explicit Enables(std::string name, const std::string& file)
      : instance(std::move(name)), network(file), samples(network.inputs().size()) {
    changes.resize(network.outputs().size());
    high.resize(network.outputs().size());
  }
};

struct Waves {
  std::map<fstHandle, Signal> signals;
  std::vector<Enables> enables;
  // Of the time that is being read, which the signals do not have yet: what was before a rising
  // edge is wanted.
  std::vector<std::pair<fstHandle, std::string>> pending;
  bool rises = false;
  std::uint32_t sampled = 0;  // bits of the words of samples
  std::uint64_t samples = 0;
  std::uint64_t clock_changes = 0;
  fstHandle clock = 0;
  std::uint64_t first = 0;
  std::uint64_t now = 0;
  bool begun = false;
};

void evaluate(Waves& waves) {
  for (Enables& enables : waves.enables) {
    const std::vector<std::uint64_t> words = enables.network.evaluate(enables.samples);
    const bool first = enables.last.empty();
    if (first) enables.last.resize(words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
      for (std::uint32_t s = 0; s < waves.sampled; ++s) {
        const bool open = (words[i] >> s & 1U) != 0;
        if (open) ++enables.high[i];
        if (open != enables.last[i] && !(first && s == 0)) ++enables.changes[i];
        enables.last[i] = open;
      }
    }
    enables.samples.assign(enables.samples.size(), 0);
  }
  waves.sampled = 0;
}

// The values before a rising edge.
void sample(Waves& waves) {
  for (Enables& enables : waves.enables) {
    for (std::size_t i = 0; i < enables.sources.size(); ++i) {
      const Enables::Source& source = enables.sources[i];
      if (source.signal != nullptr && source.signal->value[source.at] == '1') {
        enables.samples[i] |= std::uint64_t{1} << waves.sampled;
      }
    }
  }
  ++waves.samples;
  if (++waves.sampled == 64) evaluate(waves);
}

void apply(Waves& waves, std::uint64_t time) {
  if (waves.rises && waves.now > waves.first) sample(waves);
  waves.rises = false;
  for (const auto& [handle, text] : waves.pending) {
    Signal& signal = waves.signals.at(handle);
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
  waves.pending.clear();
}

void change(void* user, std::uint64_t time, fstHandle handle, const unsigned char* value) {
  Waves& waves = *static_cast<Waves*>(user);
  if (!waves.begun) {
    waves.first = time;
    waves.begun = true;
  } else if (time != waves.now) {
    apply(waves, waves.now);
  }
  waves.now = time;
  if (handle == waves.clock) {
    ++waves.clock_changes;
    waves.rises = *value == '1';
  }
  const auto found = waves.signals.find(handle);
  if (found == waves.signals.end()) return;
  waves.pending.emplace_back(handle,
                             std::string(reinterpret_cast<const char*>(value), found->second.bits));
}

// The signals behind the inputs of the networks. What a network needs of the clock or of a gate's
// output it does not get: they are behind the enables.
void connect(Waves& waves) {
  std::unordered_map<std::string, Enables::Source> bits;
  for (const auto& [handle, signal] : waves.signals) {
    for (const Name& name : signal.names) {
      for (std::uint32_t bit = 0; bit < signal.bits; ++bit) {
        const std::string index = signal.bits == 1
                                      ? std::string()
                                      : fmt::format("[{}]", name.last + static_cast<int>(bit));
        bits[name.name + index] = {&signal, signal.bits - 1 - bit};
      }
    }
  }
  for (Enables& enables : waves.enables) {
    for (const std::string& input : enables.network.inputs()) {
      const auto found = bits.find(enables.instance + "/" + input);
      const bool of_a_gate = input.starts_with("gate_") && input.find('.') != std::string::npos;
      if (found == bits.end() && !of_a_gate) {
        throw mcnn::Error(fmt::format("{}/{}: not in the waves", enables.instance, input));
      }
      enables.sources.push_back(found == bits.end() ? Enables::Source{} : found->second);
    }
  }
}

int run(const char* path, std::span<char* const> networks) {
  const std::unique_ptr<void, void (*)(void*)> file(fstReaderOpen(path),
                                                    [](void* reader) { fstReaderClose(reader); });
  if (file == nullptr) throw mcnn::Error(fmt::format("cannot read '{}'", path));
  Waves waves;
  for (const std::string_view argument : networks) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string_view::npos) {
      throw mcnn::Error(fmt::format("found '{}', allowed: INSTANCE=ENABLES.aag", argument));
    }
    waves.enables.emplace_back(std::string(argument.substr(0, equals)),
                               std::string(argument.substr(equals + 1)));
  }
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
  connect(waves);
  fstReaderIterBlocks(file.get(), change, &waves, nullptr);
  apply(waves, waves.now);
  evaluate(waves);
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
  for (const Enables& enables : waves.enables) {
    const auto samples = static_cast<double>(waves.samples);
    for (std::size_t i = 0; i < enables.high.size(); ++i) {
      fmt::print("{}/{} {:.6f} {:.6f}\n", enables.instance, enables.network.outputs()[i],
                 static_cast<double>(enables.changes[i]) / samples,
                 static_cast<double>(enables.high[i]) / samples);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2) {
      throw mcnn::Error("usage: mcnn_activity WAVES.fst [INSTANCE=ENABLES.aag...]");
    }
    return run(argv[1], std::span(argv + 2, static_cast<std::size_t>(argc - 2)));
  } catch (const std::exception& error) {
    fmt::print(stderr, "mcnn_activity: error: {}\n", error.what());
  }
  return 2;
}
