// SPDX-License-Identifier: Apache-2.0
#include "cli/run/timeline_file.h"

#include <fmt/format.h>

#include "cli/run/energy_cards.h"
#include "host/engine/chip_model.h"
#include "host/engine/timeline.h"

namespace mcnn::cli {

std::string timeline_json(const Workload& workload, const std::vector<Macro>& macros,
                          std::uint32_t from, std::uint32_t to, bool skip) {
  const ChipProgram& program = workload.mapped.program;
  ChipModel model(workload.config, program, macros,
                  ChipModel::Options{.skip = skip, .reads = true});
  TimelineNames names;
  names.title = fmt::format("{} on {}, {} mapping, device {}, seed {}", workload.network.name,
                            workload.config.name, mapping_name(workload.mapped.kind),
                            workload.card.name, workload.options.seed);
  std::vector<ImageReads> reads;
  for (std::uint32_t image = from; image <= to; ++image) {
    reads.push_back(model.run(image, workload.image(image)).reads);
    names.images.push_back(fmt::format("image {}", image));
  }
  names.layers.resize(program.layers.size());
  for (const LayerMapping& layer : workload.mapped.layers) {
    for (int pass = 0; pass < layer.rows; ++pass) {
      names.layers.at(static_cast<std::size_t>(layer.first_row + pass)) =
          layer.rows == 1 ? layer.name : fmt::format("{} pass {}", layer.name, pass);
    }
  }
  const std::vector<TimelineEvent> events = make_timeline(program, workload.config, reads, skip);
  return chrome_trace(events, workload.config, names, standard_clock(workload.config).ns());
}

}  // namespace mcnn::cli
