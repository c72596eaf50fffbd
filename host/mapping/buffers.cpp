// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/buffers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "common/index.h"

namespace mcnn {
namespace {

constexpr int kEmpty = kImage - 1;

class Assignment {
 public:
  explicit Assignment(const MappingTask& task)
      : task_(task),
        layers_(task.network.layers),
        held_(to_index(task.config.named_buffers()), kEmpty),
        last_read_(layers_.size() + 1, -1) {
    held_.front() = kImage;
    for (size_t i = 0; i < layers_.size(); ++i) {
      for (const int input : layers_[i].inputs) {
        last_read(input) = static_cast<int>(i);
      }
    }
  }

  std::vector<LayerBuffers> run() {
    std::vector<LayerBuffers> buffers;
    for (size_t i = 0; i < layers_.size(); ++i) {
      const int layer = static_cast<int>(i);
      LayerBuffers& here = buffers.emplace_back();
      here.input = buffer_of(layers_[i].inputs.front());
      here.output = layers_[i].adds() ? added_to(layer) : free_beside(layer, here.input);
      std::ranges::replace_if(
          held_, [&](int map) { return map != kEmpty && last_read(map) <= layer; }, kEmpty);
      held_[to_index(here.output)] = layer;
    }
    return buffers;
  }

 private:
  int& last_read(int map) { return last_read_[to_index(map - kImage)]; }

  std::string_view map_name(int map) const {
    return map == kImage ? std::string_view("the image") : layers_[to_index(map)].name;
  }

  // A map that is read later is held somewhere.
  int buffer_of(int map) const {
    return static_cast<int>(std::ranges::find(held_, map) - held_.begin());
  }

  [[noreturn]] void fail(int layer, const std::string& what) const {
    task_.fail(fmt::format("layer {}: {}", layers_[to_index(layer)].name, what));
  }

  int added_to(int layer) {
    const int map = layers_[to_index(layer)].inputs[1];
    if (map == layers_[to_index(layer)].inputs.front()) {
      fail(layer, fmt::format("adds to {}, which it reads: the chip adds to another map than the "
                              "one that it reads",
                              map_name(map)));
    }
    if (last_read(map) > layer) {
      fail(layer,
           fmt::format("adds to {}, which {} reads again: the chip keeps the sum in its place",
                       map_name(map), layers_[to_index(last_read(map))].name));
    }
    return buffer_of(map);
  }

  // The first buffer that holds nothing which this layer or a later one reads.
  int free_beside(int layer, int input) {
    const bool last = to_index(layer) + 1 == layers_.size();  // which stores nothing
    for (size_t name = 0; name < held_.size(); ++name) {
      const int map = held_[name];
      if (static_cast<int>(name) != input && (last || map == kEmpty || last_read(map) < layer)) {
        return static_cast<int>(name);
      }
    }
    std::vector<std::string_view> maps;
    for (const int map : held_) {
      maps.push_back(map_name(map));
    }
    fail(layer, fmt::format("feature-map buffers: {} are still read, {} buffers there, one more "
                            "needed (NumBuffers)",
                            fmt::join(maps, ", "), held_.size()));
  }

  const MappingTask& task_;
  const std::vector<Layer>& layers_;
  std::vector<int> held_;       // [name] map
  std::vector<int> last_read_;  // [map + 1]
};

}  // namespace

std::vector<LayerBuffers> assign_buffers(const MappingTask& task) { return Assignment(task).run(); }

}  // namespace mcnn
