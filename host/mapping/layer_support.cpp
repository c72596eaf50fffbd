// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/layer_support.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace mcnn {
namespace {

class LayerCheck {
 public:
  LayerCheck(const MappingTask& task, size_t index)
      : task_(task), index_(index), layer_(task.network.layers[index]) {}

  void run() const {
    switch (layer_.type) {
      case LayerType::kMaxPool:
        fail(
            fmt::format("the largest pixels of {}: the chip takes them only while it stores what a "
                        "convolution gives, for that one alone",
                        input_name(0)));
      case LayerType::kAveragePool:
        fail(layer_.gives_pixels()
                 ? "means that are stored: the chip has only maxima of its pixels"
                 : "sums of windows that overlap or have padding: the chip reads the cells of a "
                   "window once for each pixel");
      case LayerType::kAdd:
        fail(
            fmt::format("the sum of {} and {}: the chip adds what a convolution gives (activation "
                        "\"sum\", input shift 0, no maximum) to stored pixels (input shift {}, the "
                        "shift of the add)",
                        input_name(0), input_name(1), layer_.shift));
      case LayerType::kConvolution:
      case LayerType::kFullyConnected:
        break;
    }
    check(layer_.activation != Activation::kSum,
          "sums that go on unrounded: the chip stores every layer's output as pixels");
    if (layer_.adds() && task_.config.num_buffers < 4) {
      fail(fmt::format("adds to {}: found NumBuffers={}, allowed: 4", input_name(1),
                       task_.config.num_buffers));
    }
    check(layer_.row_stride == layer_.column_stride || layer_.convolution.height == 1 ||
              layer_.convolution.width == 1,
          fmt::format("stride {}x{}: the chip has one for rows and columns", layer_.row_stride,
                      layer_.column_stride));
    check(layer_.input_zero_point == 0 || layer_.padding == Padding{},
          fmt::format("padding with its input's zero point {}: the chip pads with 0",
                      layer_.input_zero_point));
    if (layer_.type == LayerType::kConvolution && layer_.pool) {
      check(layer_.pool->padding == Padding{}, "padding of a maximum: the chip has none");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    task_.fail(fmt::format("layer {}: {}", layer_.name, what));
  }
  void check(bool good, const std::string& what) const {
    if (!good) {
      fail(what);
    }
  }
  std::string_view input_name(size_t input) const {
    return task_.network.input_name(index_, input);
  }

  const MappingTask& task_;
  size_t index_;
  const Layer& layer_;
};

}  // namespace

void check_layers(const MappingTask& task) {
  for (size_t i = 0; i < task.network.layers.size(); ++i) {
    LayerCheck(task, i).run();
  }
}

int stride_of(const Layer& layer) {
  return layer.convolution.height == 1 ? layer.column_stride : layer.row_stride;
}

}  // namespace mcnn
