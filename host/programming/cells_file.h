// SPDX-License-Identifier: Apache-2.0
// A programmed chip as a file: what programming did to every cell, and what it belongs to. JSON,
// doubles in as many digits as it takes to read the same bits back.
//
//   {"format": "mcnn-cells-1", "config": "yao2020", "seed": 1, "shape": {...}, "card": "name =
//   ...",
//    "cells_digest": "...", "bias_changes": [[kernel, ...], ...],
//    "faults": [[pe, source_line, bit_line, low, high], ...],
//    "macros": [{"next_programming_run": 30, "cells": [[base, age_s, read_pulses, generation,
//                                                       pulses, settled], ...]}, ...]}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "behavioral_models/device_card.h"
#include "behavioral_models/macro.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"
#include "host/programming/fault_map.h"

namespace mcnn {

struct CellsFile {
  std::string config;  // name of the configuration
  uint64_t seed = 0;
  MacroShape shape;
  std::string card;          // cells_card_text
  std::string cells_digest;  // of the levels that were programmed
  // What a calibration added to the biases, one for each bias row; empty: not calibrated.
  std::vector<BiasRow> bias_changes;
  // What a search for faults found, and the blocks were moved around (move_blocks); without it they
  // lie as the mapper says. The field may be missing.
  std::optional<FaultMap> faults{};
  std::vector<MacroState> states;  // [PE]
};

// 16 hexadecimal digits (FNV-1a) over the levels of all cells.
std::string cells_digest(const ChipProgram& program);
// TOML of the card without age_s and read_disturb_pulses, which say what comes after programming.
std::string cells_card_text(const DeviceCard& card);

std::string to_text(const CellsFile& file);
// Throws Error, `source` first, that names the field, what was found and what is allowed.
CellsFile parse_cells_file(std::string_view text, const std::string& source);
CellsFile load_cells_file(const std::string& path);

// Throws Error when the file is not of this configuration, card, seed or program. The program of a
// file with faults is that of the moved blocks.
void check_cells_file(const CellsFile& file, const std::string& source, const ChipConfig& config,
                      const DeviceCard& card, uint64_t seed, const ChipProgram& program);

}  // namespace mcnn
