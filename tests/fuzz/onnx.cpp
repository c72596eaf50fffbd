// SPDX-License-Identifier: Apache-2.0
// ONNX files. A model that is read becomes layers, or is refused; layers become integers that run.
#include <cstdint>
#include <string>
#include <vector>

#include "common/index.h"
#include "host/import/onnx_import.h"
#include "host/import/quantiser.h"
#include "host/network/integer_network.h"
#include "tests/fuzz/targets.h"

namespace mcnn::fuzz {
namespace {

constexpr int64_t kMaxWork = 1 << 15;  // multiplications, of a network that is made integer

int64_t work_of(const Network& network) {
  int64_t work = 0;
  for (const Layer& layer : network.layers) {
    work += int64_t{layer.input.size()} + int64_t{layer.convolution.size()};
    if (layer.has_weights()) work += int64_t{layer.convolution.size()} * layer.fan_in();
  }
  return work;
}

// What the file asks for, where that is small.
MapShape image_of(const OnnxModel& model) {
  constexpr int64_t kMost = 16;
  constexpr MapShape kOther{1, 8, 8};
  if (model.inputs.empty() || model.inputs[0].dims.size() != 4) return kOther;
  const std::vector<int64_t>& dims = model.inputs[0].dims;
  for (size_t i = 1; i < 4; ++i) {
    if (dims[i] < 1 || dims[i] > kMost) return kOther;
  }
  return {static_cast<int>(dims[1]), static_cast<int>(dims[2]), static_cast<int>(dims[3])};
}

}  // namespace

void onnx(Bytes bytes) {
  static InputFile file;
  const std::string path = file.with(bytes);
  OnnxModel model;
  if (!takes(path, [&] { model = load_onnx(path); })) return;
  for (const auto& [name, constant] : model.constants) {
    int64_t size = 1;
    for (const int64_t dim : constant.dims) size *= dim;
    require(constant.values.size() == static_cast<size_t>(size), "numbers of a constant");
  }
  const MapShape map = image_of(model);
  FloatNetwork network;
  if (!takes(path, [&] { network = import_onnx(model, {map, {{1.0 / 255.0, 0.0}}}); })) return;
  if (work_of(network.layers) > kMaxWork) return;
  ImageSet images{2, map.channels, map.height, map.width, {}};
  images.pixels.resize(2 * images.image_size());
  for (size_t i = 0; i < images.pixels.size(); ++i) images.pixels[i] = static_cast<uint8_t>(i * 37);
  try {
    const QuantisedNetwork quantised = quantise(network, images);
    IntegerNetwork(quantised.network).classify(images.image(0));
  } catch (const Error&) {
    return;  // a layer that no integers come near
  }
}

}  // namespace mcnn::fuzz
