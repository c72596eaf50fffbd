// SPDX-License-Identifier: Apache-2.0
// What a sweep is: the settings that its runs share, the keys that it varies (every combination)
// and those that it draws at random. Everything is text as it stands on the command line of
// `mcnn model`, so a run is a list of settings, and the list is the command that repeats it.
// sweeps/README.md documents the syntax.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
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
std::optional<double> number(std::string_view text);  // none if it is not a number
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

// A key and its values: "key=v1,v2,..."; a value of a number may be a range first:last or
// first:last:step, the last one included if a step falls on it.
// A comma inside brackets, as in "[1,2]", does not end a value.
struct Axis {
  std::string key;
  std::vector<std::string> values;

  bool is_numeric() const;  // all values are numbers or lists of one number, as "[2,2]"
};
std::optional<double> axis_number(std::string_view value);  // the number for an axis that is
Axis parse_axis(std::string_view text, const std::string& where);

// A key and its distribution: "key=uniform(low,high)", "key=log(low,high)" (uniform logarithm),
// "key=normal(mean,sigma)", "key=normal(mean,sigma,low,high)" (drawn again until inside).
enum class Distribution { kUniform, kLog, kNormal };
struct Draw {
  std::string key;
  Distribution distribution = Distribution::kUniform;
  double first = 0.0;   // low, or mean
  double second = 0.0;  // high, or sigma
  std::optional<double> low;
  std::optional<double> high;
};
Draw parse_draw(std::string_view text, const std::string& where);
// The value for a sample: a function of the seed, the key and the number of the sample alone
// (Philox4x32-10). Six significant digits, and these digits are what the run works with.
std::string draw_value(const Draw& draw, std::uint64_t seed, std::uint64_t sample);

struct Sweep {
  std::string name;
  std::string title;        // of the plot
  Settings fixed;           // what all runs share
  std::vector<Axis> axes;   // every combination is run; the last one varies fastest
  std::vector<Draw> draws;  // drawn for each sample
  std::uint64_t samples = 1;
  std::uint64_t sample_seed = 1;

  // Run = sample * combinations() + combination.
  std::uint64_t combinations() const;
  std::uint64_t runs() const { return samples * combinations(); }
  // Varied and drawn keys in order.
  std::vector<std::string> varied() const;
  // The whole settings of a run: fixed, then varied() and, if it is not among them, seed. With
  // draws, a seed that is not varied is the fixed one (1 if there is none) plus the sample's
  // number.
  Settings settings(std::uint64_t run) const;
};

// Throws Error if a key appears twice, there is nothing to vary or there are too many runs.
void check_sweep(const Sweep& sweep, const std::string& where);
// The same text for sweeps that give the same rows.
std::string canonical_text(const Sweep& sweep);
// A plan: TOML with [[sweep]] tables. `overrides` are put over the fixed settings of each. Throws
// Error that names the file, the sweep and the field.
std::vector<Sweep> load_plan(const std::filesystem::path& file, const Settings& overrides);

}  // namespace mcnn::cli
