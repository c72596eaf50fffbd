// SPDX-License-Identifier: Apache-2.0
// The settings of a run, as text: options of `mcnn model` and `mcnn tune` and fields of the device
// card. The list is the command that repeats the run. sweeps/README.md documents the syntax.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/run/programming.h"
#include "cli/run/tuning_run.h"
#include "cli/run/workload.h"

namespace mcnn::cli {

// An option of a run (seed, mapping, adc_bits...) or a field of the device card. "a+b" is both a
// and b.
struct Setting {
  std::string key;
  std::string value;

  bool operator==(const Setting&) const = default;
};
using Settings = std::vector<Setting>;

// The options of a run that a sweep knows, as keys: "adc_bits" is --adc-bits.
std::vector<std::string> option_keys();
// Throws Error on a key that is neither an option nor a field of the device card; `where` begins
// the message.
void check_key(std::string_view key, const std::string& where);
// The key and what is behind "="; a key may be several, "key+key". Throws Error.
std::pair<std::string, std::string> key_and_text(std::string_view text, const std::string& where);
// "key=value"; a key may be several, "key+key". Throws Error.
Setting parse_setting(std::string_view text, const std::string& where);
// Puts `setting` in the place of the one with the same key, or behind the others.
void put_setting(Settings& settings, const Setting& setting);
const std::string* find_setting(const Settings& settings, std::string_view key);

// A run: what it works on, how the chip is programmed and, perhaps, tuned.
struct RunOptions {
  WorkloadOptions workload;
  ProgrammingOptions programming;
  bool tuned = false;
  TuneOptions tune;  // with the above in it
};
// Throws Error on a value that its option cannot take.
RunOptions run_options(const Settings& settings);
// The command that repeats a run: `mcnn model ...` or `mcnn tune ...`, words quoted for a shell
// where they need it.
std::string run_command(const Settings& settings);

}  // namespace mcnn::cli
