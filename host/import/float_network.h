// SPDX-License-Identifier: Apache-2.0
// A network in floating point, as it was trained: what an importer reads and a quantiser makes
// integer. Its layers are those of the network format, with weights that are any numbers.
#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "host/network/network.h"

namespace mcnn {

// A row a tap of the kernels, a column an output position.
using TapMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct FloatParameters {
  std::vector<float> weights;  // as Layer::weights
  std::vector<float> biases;
  // The activation ends there: of a Clip behind the layer, or of pixels as a quantised file has
  // them.
  float upper = std::numeric_limits<float>::infinity();
};

// A channel of the network's input is pixel * scale + offset.
struct InputChannel {
  double scale = 1.0;
  double offset = 0.0;
};

struct FloatNetwork {
  // Shapes, types and inputs of the layers; weights and biases are zeros. Activations: relu, none,
  // and the logits of the last layer.
  Network layers;
  std::vector<FloatParameters> parameters;  // one a layer, empty of layers without weights
  std::vector<InputChannel> input;          // one a channel
};

// What lies under the kernels of a group at every output position of a convolution or fully
// connected layer, 0 outside of the map.
template <typename Pixel>
void unfold(const Layer& layer, int group, std::span<const Pixel> map, TapMatrix& taps);
// The same at some positions, row * width + column, in the columns of `taps` from `column` on.
void unfold_some(const Layer& layer, int group, std::span<const int32_t> map,
                 std::span<const int> positions, TapMatrix& taps, Eigen::Index column);

// The input of the first layers for an image.
std::vector<float> float_image(const FloatNetwork& network, std::span<const uint8_t> pixels);

// What a layer gives before its activation: [channel][row][column]. `inputs`: one, or two of an
// add.
std::vector<float> evaluate_layer(const Layer& layer, const FloatParameters& parameters,
                                  const std::vector<std::span<const float>>& inputs);
// Negative values to 0 and large ones to the limit, where the activation says so.
void activate(const Layer& layer, const FloatParameters& parameters, std::span<float> values);

// What every layer gives for an image, behind its activation.
std::vector<std::vector<float>> evaluate_maps(const FloatNetwork& network,
                                              std::span<const uint8_t> pixels);
// The logits of an image.
std::vector<float> evaluate(const FloatNetwork& network, std::span<const uint8_t> pixels);

}  // namespace mcnn
