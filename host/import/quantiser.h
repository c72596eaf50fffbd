// SPDX-License-Identifier: Apache-2.0
// From a network in floating point to one that the chip runs: weights of 15 levels, pixels of 8
// bits, shifts. Layer after layer, each on what the integer layers before it give for the
// calibration images, so that it makes up for their errors as far as it can.
#pragma once

#include <string>
#include <vector>

#include "host/import/float_network.h"
#include "host/network/image_set.h"

namespace mcnn {

// How well a layer with weights, or a sum of maps, came out on the calibration images.
struct QuantisedLayer {
  std::string name;
  double level = 0.0;            // what a weight level is worth, 0 without weights
  double step = 0.0;             // what a step of the output is worth
  double clipped_weights = 0.0;  // share of the weights beyond the largest level
  double clipped_pixels = 0.0;   // share of the pixels at the limit that are beyond it
  double snr_db = 0.0;           // output in floating point against the difference to it
};

struct QuantisedNetwork {
  Network network;
  std::vector<QuantisedLayer> layers;
  // Around the image are pixels of 0, as the chip has them, and not the zeros of the trained
  // network, which are other pixels.
  bool other_border = false;
};

// `images`: at least one, with the shape of the network's input. The result does not depend on
// `jobs`, the threads. Throws Error that names a layer.
QuantisedNetwork quantise(const FloatNetwork& network, const ImageSet& images, unsigned jobs = 1);

}  // namespace mcnn
