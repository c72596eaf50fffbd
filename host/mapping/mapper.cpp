// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/mapper.h"

#include <fmt/format.h>

#include "common/error.h"
#include "common/named.h"
#include "host/mapping/buffers.h"
#include "host/mapping/layer_plan.h"
#include "host/mapping/layer_support.h"
#include "host/mapping/packing.h"
#include "host/mapping/program_builder.h"

namespace mcnn {
namespace {

constexpr auto kMappingKinds =
    std::to_array<Named<MappingKind>>({{MappingKind::kDefault, "default"},
                                       {MappingKind::kSliding, "sliding"},
                                       {MappingKind::kPaper, "paper"}});

void check_options(const Network& network, const MappingOptions& options) {
  if (options.range && (*options.range < 0 || *options.range > kMaxRange)) {
    throw Error(fmt::format("mapping: range: found {}, allowed: 0..{}", *options.range, kMaxRange));
  }
  if (options.replicas.size() > network.layers.size()) {
    throw Error(fmt::format("mapping: replicas: found {} layers, allowed: at most {}",
                            options.replicas.size(), network.layers.size()));
  }
}

}  // namespace

MappingKind mapping_kind(std::string_view name) {
  if (const auto kind = value_of(kMappingKinds, name)) return *kind;
  throw Error(fmt::format("mapping: found \"{}\", allowed: default, sliding, paper", name));
}

std::string_view mapping_name(MappingKind kind) { return name_of(kMappingKinds, kind); }

MappedNetwork map_network(const Network& network, const ChipConfig& config,
                          const MappingOptions& options) {
  check_options(network, options);
  const MappingTask task = {network, config, options};
  check_layers(task);
  const std::vector<LayerBuffers> buffers = assign_buffers(task);
  const LayerPlans plans = plan_layers(task);
  const Packing packing =
      options.kind == MappingKind::kPaper ? pack_paper(task, plans) : pack_fastest(task, plans);
  return build_program(task, packing, buffers);
}

}  // namespace mcnn
