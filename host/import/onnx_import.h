// SPDX-License-Identifier: Apache-2.0
// From the nodes of an ONNX file to the layers of the network format, in floating point.
#pragma once

#include <optional>

#include "host/import/float_network.h"
#include "host/import/onnx_file.h"

namespace mcnn {

struct ImageShape {
  MapShape map;                       // of the images that the network will see
  std::vector<InputChannel> channel;  // one for all, or one a channel
};

// Biases, batch normalisation and activations become part of the layer before them, constants are
// worked out, layouts are brought to channel, row, column. Throws Error that names the file, the
// node, what was found and what could be done.
FloatNetwork import_onnx(const OnnxModel& model, const ImageShape& images);

}  // namespace mcnn
