// SPDX-License-Identifier: Apache-2.0
// What made a result file: the command and what it worked on. Every result file carries it, so that
// whoever finds one can tell whose result it is:
//   JSON   an object "provenance" in the file's own
//   CSV    a line "# provenance {...}" before the names of the columns
//   SVG    an element <metadata id="mcnn-provenance">{...}</metadata>
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/run/programming.h"
#include "cli/run/workload.h"

namespace mcnn::cli {

struct Provenance {
  using Fields = std::map<std::string, std::string>;  // values as JSON has them

  std::string command;  // that makes the file again
  std::string config;   // name of the chip configuration
  Fields parameters;    // of it, with --adc-bits
  std::string network;
  std::string network_file;
  std::string network_fingerprint;  // of the file's bytes
  std::string device;               // as in --device
  std::vector<std::string> set;     // as in --set, --age among them
  Fields device_fields;             // all that are not off, with --set and --age
  std::uint64_t seed = 0;
  Fields options;  // of the run, by their names: mapping, replicas, range, images, program, skip
  // Sweeps: parameters, device fields, options, "network" and "seed" that are not the same in all
  // rows. They are part of the result and not of what made it, so they are not compared.
  std::set<std::string> varied;

  void add_row(const Provenance& row);  // of a sweep
};

// Of a workload before a run changes it (tuning alters the network, calibration the biases). Throws
// Error if the network's file can no longer be read.
Provenance provenance(const Workload& workload, const ProgrammingOptions& programming,
                      std::string command);
// With MODE.SKIP as an option of the run.
Provenance provenance(const Workload& workload, const ProgrammingOptions& programming, bool skip,
                      std::string command);

nlohmann::ordered_json to_json(const Provenance& provenance);
std::string csv_comment(const Provenance& provenance);  // the whole line
std::string with_provenance(std::string svg, const Provenance& provenance);

// What a result file says of itself, whichever of the three it is; none where it says nothing, as
// files of older versions. Throws Error that begins with `where` on one that is damaged.
std::optional<Provenance> find_provenance(std::string_view file, const std::string& where);

// What the result `found` was made of that a run of `wanted` is not, a phrase each: "seed 2, here
// 1", "device yao2020, here typical". Options that only one of them has do not count. Empty: it
// belongs to that run. Numbers of images do not count either: they are how exact a result is.
std::vector<std::string> differences(const Provenance& found, const Provenance& wanted);

}  // namespace mcnn::cli
