// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/groups.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/error.h"
#include "common/index.h"

namespace mcnn {

int convolver_groups(const MappedNetwork& mapped) {
  int groups = 1;
  for (const LayerMapping& layer : mapped.layers) {
    if (layer.replicas == 1) {
      continue;
    }
    if (layer.array_rows != 1) {
      throw Error(
          fmt::format("convolver groups: layer {}: found {} output rows in an array, allowed: 1 "
                      "(--mapping paper makes groups)",
                      layer.name, layer.array_rows));
    }
    if (groups != 1 && layer.replicas != groups) {
      throw Error(
          fmt::format("convolver groups: layer {}: found {} replicas, allowed: 1 or {} as "
                      "the layers before (--mapping paper makes groups)",
                      layer.name, layer.replicas, groups));
    }
    groups = layer.replicas;
  }
  return groups;
}

ChipProgram group_program(const MappedNetwork& mapped, const ChipConfig& config, int group) {
  const int groups = convolver_groups(mapped);
  if (group < 0 || group >= groups) {
    throw Error(fmt::format("convolver groups: found group {}, allowed: 0..{}", group, groups - 1));
  }
  ChipProgram program = mapped.program;
  for (size_t index = 0; index < program.layers.size(); ++index) {
    LayerRow& row = program.layers[index];
    // PEs of the group's replica in this row.
    std::vector<uint8_t> mine(to_index(config.num_pe), 0);
    int last = 0;
    bool replicated = false;
    for (const Placement& place : mapped.placements) {
      if (place.layer_row != static_cast<int>(index)) {
        continue;
      }
      replicated = replicated || place.replica > 0;
      if (place.replica == group) {
        mine[to_index(place.pe)] = 1;
        last = std::max(last, place.pe);
      }
    }
    if (!replicated) {
      continue;
    }
    row.group_rows = 1;
    row.row_step = row.stride;
    row.segment_end.reset().set(to_index(last));
    std::fill(row.replica.begin(), row.replica.end(), 0);
    std::fill(row.row_offset.begin(), row.row_offset.end(), 0);
    for (size_t i = to_index(row.first_record); i < program.records.size(); ++i) {
      StepRecord& record = program.records[i];
      for (size_t pe = 0; pe < mine.size(); ++pe) {
        if (mine[pe] == 0) {
          record.active[pe] = 0;
          record.first_line[pe] = 0;
          record.lane[pe] = 0;
        }
      }
      if (record.last_pass != 0) {
        break;
      }
    }
  }
  validate(program, config);
  return program;
}

std::vector<ChipProgram> group_programs(const MappedNetwork& mapped, const ChipConfig& config) {
  std::vector<ChipProgram> programs;
  for (int group = 0; group < convolver_groups(mapped); ++group) {
    programs.push_back(group_program(mapped, config, group));
  }
  return programs;
}

}  // namespace mcnn
