// SPDX-License-Identifier: Apache-2.0
// Residual sums in the form that the chip has: what a convolution gives is added, in its own layer,
// to a map that is stored.
#pragma once

#include "host/import/float_network.h"

namespace mcnn {

// The same network with every add in this form:
//   inputs[0]  a layer with weights and without activation that nothing else reads: it gives sums;
//   inputs[1]  a map, not the image, that nothing reads behind the add nor the layer of inputs[0]
//              itself: the chip puts the sum in its place.
// Of the two maps that meet the one of the later layer gives the sums. Where a map is not what its
// place asks for, a layer of weights 1 that copies it stands in front of that place. Sums that are
// never negative have a Relu, which changes nothing and leaves them all of the pixel's values. What
// the network gives is unchanged. Throws Error where there would be too many layers.
FloatNetwork with_chip_adds(const FloatNetwork& network);

}  // namespace mcnn
