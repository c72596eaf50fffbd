// SPDX-License-Identifier: Apache-2.0
// A mapping as text: a table of the layers and a picture of the arrays.
#include <fmt/format.h>

#include <algorithm>

#include "common/index.h"
#include "host/mapping/layer_plan.h"
#include "host/mapping/mapper.h"

namespace mcnn {
namespace {

char layer_letter(int layer, bool upper) {
  return static_cast<char>((upper ? 'A' : 'a') + layer % 26);
}

// "6", and "7x2" where an array works for two of them.
std::string replicas_of(const LayerMapping& layer) {
  return layer.array_rows == 1
             ? fmt::format("{}", layer.replicas)
             : fmt::format("{}x{}", layer.replicas / layer.array_rows, layer.array_rows);
}

}  // namespace

std::string mapping_table(const MappedNetwork& mapped, const ChipConfig& config) {
  std::string text = fmt::format("{:<3} {:<12} {:>7} {:>8} {:>11} {:>5} {:>5} {:>10} {:>7} {:>8}\n",
                                 "", "layer", "kernels", "replicas", "PEs/replica", "steps",
                                 "range", "peak code", "beats", "clocks");
  int64_t beats = 0;
  for (size_t l = 0; l < mapped.layers.size(); ++l) {
    const LayerMapping& layer = mapped.layers[l];
    int kernels = 0;
    for (int row = layer.first_row; row < layer.first_row + layer.rows; ++row) {
      kernels += mapped.program.layers[to_index(row)].kernels;
    }
    beats += layer.beats;
    const bool clips = layer.peak_codes > (1 << config.adc_bits) - 1;
    text += fmt::format("{:<3} {:<12} {:>7} {:>8} {:>11} {:>5} {:>5} {:>10} {:>7} {:>8}\n",
                        layer_letter(static_cast<int>(l), true), layer.name, kernels,
                        replicas_of(layer), layer.segment_pes, layer.steps, layer.range,
                        fmt::format("{:.1f}{}", layer.peak_codes, clips ? " !" : ""), layer.beats,
                        layer.clocks);
  }
  text += fmt::format("{:<3} {:<12} {:>7} {:>8} {:>11} {:>5} {:>5} {:>10} {:>7} {:>8}\n", "",
                      "image", "", "", "", "", "", "", beats, mapped.clocks_per_image);
  return text;
}

std::string mapping_picture(const MappedNetwork& mapped, const ChipConfig& config) {
  const size_t width = to_index(config.num_sl / kLineUnit);
  std::vector<std::string> arrays(to_index(config.num_pe), std::string(width, '.'));
  std::vector<bool> upper(arrays.size(), true);
  for (const Placement& placement : mapped.placements) {
    const size_t pe = to_index(placement.pe);
    const char letter = layer_letter(placement.layer, upper[pe]);
    std::fill_n(arrays[pe].begin() + placement.first_line / kLineUnit, placement.lines / kLineUnit,
                letter);
    upper[pe] = !upper[pe];
  }
  std::string text;
  for (size_t pe = 0; pe < arrays.size(); ++pe) {
    text += fmt::format("PE {:>2} |{}| {:>4} of {} source lines\n", pe, arrays[pe],
                        mapped.lines_used[pe], config.num_sl);
  }
  return text;
}

}  // namespace mcnn
