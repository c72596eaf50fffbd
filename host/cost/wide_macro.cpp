// SPDX-License-Identifier: Apache-2.0
#include "host/cost/wide_macro.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/index.h"
#include "host/cost/cost.h"
#include "host/network/integer_network.h"

namespace mcnn {
namespace {

int inputs_of(const Layer& layer) {
  return layer.input.channels * layer.kernel_rows * layer.kernel_columns;
}

int groups_of(const Layer& layer, int rows) { return (inputs_of(layer) + rows - 1) / rows; }

// Planes of the outputs of a layer in which a group of inputs has a pulse, for one image.
int64_t planes_of(const Layer& layer, std::span<const uint8_t> map, int rows) {
  const bool convolution = layer.type == LayerType::kConvolution;
  const int height = convolution ? layer.convolution.height : 1;
  const int width = convolution ? layer.convolution.width : 1;
  // Evenly, as in fewer reads nothing is saved.
  const int group = (inputs_of(layer) + groups_of(layer, rows) - 1) / groups_of(layer, rows);
  int64_t planes = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint32_t any = 0;
      int in_group = 0;
      for (int c = 0; c < layer.input.channels; ++c) {
        for (int r = 0; r < layer.kernel_rows; ++r) {
          for (int k = 0; k < layer.kernel_columns; ++k) {
            const int row = (y * layer.row_stride) + r - layer.padding.top;
            const int column = (x * layer.column_stride) + k - layer.padding.left;
            if (row >= 0 && row < layer.input.height && column >= 0 && column < layer.input.width) {
              any |= map[to_index((((c * layer.input.height) + row) * layer.input.width) + column)];
            }
            if (++in_group == group) {
              planes += std::popcount(any);
              any = 0;
              in_group = 0;
            }
          }
        }
      }
      planes += std::popcount(any);
    }
  }
  return planes;
}

const CostPart* part_of(const LayerCost& layer, std::string_view component) {
  const auto found = std::ranges::find(layer.parts, component, &CostPart::component);
  return found == layer.parts.end() ? nullptr : &*found;
}

// Windows of this chip that hold one kernel of a layer.
int windows_of(const MappedNetwork& mapped, int layer) {
  int windows = 0;
  for (const Placement& place : mapped.placements) {
    const bool first = place.replica == 0 && place.first_kernel == 0 &&
                       place.layer_row == mapped.layers[to_index(layer)].first_row;
    windows += place.layer == layer && first ? 1 : 0;
  }
  return windows;
}

}  // namespace

std::vector<int64_t> wide_reads(const Network& network,
                                std::span<const std::span<const uint8_t>> images, int rows) {
  std::vector<int64_t> reads(network.layers.size(), 0);
  const IntegerNetwork integer(network);
  for (const std::span<const uint8_t> image : images) {
    const IntegerResult result = integer.run(image);
    for (size_t layer = 0; layer < reads.size(); ++layer) {
      const int from = network.layers[layer].inputs.front();
      const std::span<const uint8_t> map =
          from == kImage ? image : std::span<const uint8_t>(result.maps[to_index(from)]);
      reads[layer] += planes_of(network.layers[layer], map, rows);
    }
  }
  return reads;
}

std::vector<WideLayer> wide_layers(const Cost& cost, const Network& network,
                                   const MappedNetwork& mapped, std::span<const int64_t> reads,
                                   int rows, const ChipConfig& config, const EnergyCard& card) {
  std::vector<WideLayer> layers;
  const auto conversion_pJ = [&](int bits) {
    return card.required("source_line_mux") + card.required("sample_hold") +
           conversion_energy(card.required("adc"), card.required("adc_bits"), bits);
  };
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const LayerCost& here = cost.layers.at(i);
    const CostPart* const conversions = part_of(here, "adc");
    WideLayer layer;
    layer.name = here.name;
    layer.inputs = inputs_of(network.layers[i]);
    layer.reads = groups_of(network.layers[i], rows);
    const int windows = windows_of(mapped, static_cast<int>(i));
    layer.windows = std::max(1, (windows + layer.reads - 1) / layer.reads);
    layer.conversions_here = conversions == nullptr ? 0.0 : conversions->count;
    layer.conversions = static_cast<double>(reads[i]) * 2.0 * network.layers[i].kernels /
                        static_cast<double>(cost.images);
    layer.bits = config.adc_bits + std::bit_width(static_cast<unsigned>(layer.windows - 1));
    layer.pJ_here = here.macro_pJ();
    const double rest = layer.pJ_here - (layer.conversions_here * conversion_pJ(config.adc_bits));
    layer.pJ = rest + (layer.conversions * conversion_pJ(config.adc_bits));
    layer.same_step_pJ = rest + (layer.conversions * conversion_pJ(layer.bits));
    layers.push_back(std::move(layer));
  }
  return layers;
}

WideLayer wide_sum(std::span<const WideLayer> layers) {
  WideLayer sum;
  sum.name = "sum";
  for (const WideLayer& layer : layers) {
    sum.conversions_here += layer.conversions_here;
    sum.conversions += layer.conversions;
    sum.pJ_here += layer.pJ_here;
    sum.pJ += layer.pJ;
    sum.same_step_pJ += layer.same_step_pJ;
  }
  return sum;
}

}  // namespace mcnn
