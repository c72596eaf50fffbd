// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/layer_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "common/error.h"
#include "host/mapping/converter_range.h"
#include "host/mapping/layer_support.h"

namespace mcnn {
namespace {

constexpr int kTileSide = 4;  // of the tiles that a vector is stored in

// Elements of a vector as it is stored: whole words, whole tile columns where there are several, so
// that a window never reads what was not written.
int stored_elements(int elements, int lanes) {
  const int column = kTileSide * lanes;
  return round_up(elements, elements <= column ? lanes : column);
}

void check_memory(const MappingTask& task, const MapShape& shape, const std::string& what,
                  int pitch, int channels) {
  const int needed = divide_up(channels, task.config.lanes) * pitch;
  if (needed > task.config.bank_depth) {
    task.fail(fmt::format(
        "feature-map memory: {} ({}x{}x{}) takes {} words of a bank, {} there ({} too many)", what,
        shape.channels, shape.height, shape.width, needed, task.config.bank_depth,
        needed - task.config.bank_depth));
  }
}

void check_dimensions(const MappingTask& task, const MapShape& shape, const std::string& what) {
  const int largest = std::max(shape.height, shape.width);
  if (largest > task.config.max_dim) {
    task.fail(fmt::format(
        "map size: {} is {} x {}, at most {} rows and columns there ({} too many)", what,
        shape.height, shape.width, task.config.max_dim, largest - task.config.max_dim));
  }
}

// Adds windows of neighbouring channels, up to `group` of one word in each. What a PE drives of
// several channels begins at a multiple of Windows in the word.
void add_channels(const MappingTask& task, LayerPlan& plan, int first, int end, int group,
                  const KernelWindow& window) {
  for (int channel = first; channel < end;) {
    const int word_end = channel / plan.lanes * plan.lanes + plan.lanes;
    KernelWindow next = window;
    next.channel = channel;
    next.channels = std::min({group, end - channel, word_end - channel});
    next.lead = next.channels == 1 ? 0 : channel % plan.lanes % task.config.windows;
    plan.windows.push_back(next);
    channel += next.channels;
  }
}

// How windows are cut.
struct Cut {
  int channels = 1;  // that the array adds in one read, at most
  int side = 4;      // rows or columns of a window, at most
};

// The windows that cover a kernel of rows x columns, for every channel.
void add_windows(const MappingTask& task, LayerPlan& plan, const Cut& cut, int channels, int rows,
                 int columns) {
  const int row_tiles = divide_up(rows, cut.side);
  const int column_tiles = divide_up(columns, cut.side);
  const int tile_rows = divide_up(rows, row_tiles);
  const int tile_columns = divide_up(columns, column_tiles);
  LayerPlan groups = plan;  // of channels
  add_channels(task, groups, 0, channels, cut.channels, {});
  for (const KernelWindow& channel : groups.windows) {
    for (int row = 0; row < rows; row += tile_rows) {
      for (int column = 0; column < columns; column += tile_columns) {
        KernelWindow& window = plan.windows.emplace_back(channel);
        window.row = row;
        window.column = column;
        window.rows = std::min(tile_rows, rows - row);
        window.columns = std::min(tile_columns, columns - column);
      }
    }
  }
}

// Splits the kernels of a layer into passes; none if a read has no room for a kernel of each output
// row.
void add_passes(const MappingTask& task, LayerPlan& plan) {
  const int most = task.config.max_kernels();
  const auto pairs_of = [&](int kernels) {
    return (plan.array_rows - 1) * round_up(kernels, plan.lanes) + kernels;
  };
  const int kernels = pairs_of(plan.kernels) <= most
                          ? plan.kernels
                          : most / plan.array_rows / plan.lanes * plan.lanes;
  for (int first = 0; kernels > 0 && first < plan.kernels; first += kernels) {
    KernelPass pass;
    pass.first_kernel = first;
    pass.kernels = std::min(kernels, plan.kernels - first);
    pass.pairs = pairs_of(pass.kernels);
    pass.lines = round_up(2 * pass.pairs, kLineUnit);
    plan.passes.push_back(pass);
  }
}

// Whether the cells of one window serve another one, which is not larger.
bool same_weights(const LayerPlan& plan, const KernelWindow& a, const KernelWindow& b) {
  if (a.channel != b.channel || a.channels != b.channels || a.lead != b.lead || a.rows < b.rows ||
      a.columns < b.columns) {
    return false;
  }
  for (int k = 0; k < plan.kernels; ++k) {
    for (int i = 0; i < b.channels; ++i) {
      for (int r = 0; r < b.rows; ++r) {
        for (int c = 0; c < b.columns; ++c) {
          if (plan.weight(k, a, i, r, c) != plan.weight(k, b, i, r, c)) return false;
        }
      }
    }
  }
  return true;
}

// Windows that follow each other share a block where the same weights meet several places of a map.
void number_blocks(LayerPlan& plan) {
  const KernelWindow* first = nullptr;  // of the block
  int block = -1;
  for (KernelWindow& window : plan.windows) {
    if (first == nullptr || !plan.layer->takes_sums() || !same_weights(plan, *first, window)) {
      first = &window;
      ++block;
    }
    window.block = block;
  }
}

LayerPlan make_plan(const MappingTask& task, size_t index, int array_rows, const Cut& cut) {
  const Layer& layer = task.network.layers[index];
  const int lanes = task.config.lanes;
  LayerPlan plan;
  plan.layer = &layer;
  plan.array_rows = array_rows;
  plan.lanes = lanes;
  plan.final = index + 1 == task.network.layers.size();
  const bool fully_connected = layer.type == LayerType::kFullyConnected;
  plan.vector_output = fully_connected && !plan.final;
  const Layer* const before = task.network.input_of(index);
  plan.vector_input = before != nullptr && before->type == LayerType::kFullyConnected;
  plan.kernels = plan.vector_output ? stored_elements(layer.kernels, lanes) : layer.kernels;
  if (plan.vector_input) {
    const int elements = stored_elements(layer.input.channels, lanes);
    const int word_elements = kTileSide * kTileSide * lanes;  // of Lanes channels of tiles
    plan.in_height = kTileSide;
    plan.in_width = kTileSide;
    plan.in_pitch = kTileSide;
    for (int first = 0; first < elements; first += word_elements) {
      const int pixels = std::min(elements - first, word_elements) / lanes;  // of a channel
      KernelWindow window;
      window.rows = std::min(pixels, kTileSide);
      window.columns = pixels / window.rows;
      const int channel = first / word_elements * lanes;
      add_channels(task, plan, channel, channel + lanes, cut.channels, window);
    }
  } else {
    plan.in_height = layer.input.height;
    plan.in_width = layer.input.width;
    plan.in_pitch = task.words_of(plan.in_height, plan.in_width);
    add_windows(task, plan, cut, layer.input.channels, layer.kernel_rows, layer.kernel_columns);
  }
  number_blocks(plan);
  plan.stride = stride_of(layer);
  plan.pool = layer.takes_sums() ? Pooling{} : layer.pool.value_or(Pooling{});
  const std::string name = "layer " + layer.name;
  check_dimensions(task, layer.convolution, name);
  // Larger windows and strides than the map change nothing.
  plan.pool.rows = std::min(plan.pool.rows, task.config.max_dim);
  plan.pool.columns = std::min(plan.pool.columns, task.config.max_dim);
  plan.pool.row_stride = std::min(plan.pool.row_stride, task.config.max_dim);
  plan.pool.column_stride = std::min(plan.pool.column_stride, task.config.max_dim);
  if (plan.vector_output) {
    check_memory(task, layer.output, name, kTileSide,
                 lanes * divide_up(plan.kernels, kTileSide * kTileSide * lanes));
  } else if (!plan.final) {
    plan.out_pitch = task.words_of(layer.output.height, layer.output.width);
    check_memory(task, layer.output, name, plan.out_pitch, layer.kernels);
  }
  add_passes(task, plan);
  if (!plan.passes.empty()) choose_range(task, plan);
  return plan;
}

std::vector<LayerPlan> make_plans(const MappingTask& task, size_t index) {
  std::vector<LayerPlan> plans;
  // As many channels as no source line clips for; of a block that is read at several places smaller
  // windows before fewer channels, for they take no more cells.
  Cut cut = {task.config.windows, task.config.kernel_max};
  const int least_side = task.network.layers[index].takes_sums() ? 1 : cut.side;
  plans.push_back(make_plan(task, index, 1, cut));
  while ((cut.channels > 1 || cut.side > least_side) && clips(task, plans.front())) {
    if (cut.side > least_side) {
      cut.side /= 2;
    } else {
      cut.channels /= 2;
    }
    plans.front() = make_plan(task, index, 1, cut);
  }
  const bool map_output = !plans.front().final && !plans.front().vector_output;
  for (int rows = 2; map_output && rows <= task.config.windows; ++rows) {
    LayerPlan plan = make_plan(task, index, rows, {1, task.config.kernel_max});
    if (!plan.passes.empty()) plans.push_back(std::move(plan));
  }
  return plans;
}

void check_table(const MappingTask& task, const char* what, int needed, int there) {
  if (needed > there) {
    task.fail(
        fmt::format("{}: {} needed, {} there ({} too many)", what, needed, there, needed - there));
  }
}

void check_tables(const MappingTask& task, std::span<const std::vector<LayerPlan>> layers) {
  int rows = 0;
  int records = 0;
  int bias_rows = 0;
  int64_t lines = 0;
  for (const std::vector<LayerPlan>& plans : layers) {
    const LayerPlan& plan = plans.front();
    rows += static_cast<int>(plan.passes.size());
    records += static_cast<int>(plan.passes.size() * plan.windows.size());
    for (const KernelPass& pass : plan.passes) {
      bias_rows += task.config.words_of_kernels(pass.kernels);
      lines += int64_t{pass.lines} * plan.blocks();
    }
  }
  const int64_t there = static_cast<int64_t>(task.config.num_pe) * task.config.num_sl;
  if (lines > there) {
    std::string each;
    for (const std::vector<LayerPlan>& plans : layers) {
      const LayerPlan& plan = plans.front();
      int64_t sum = 0;
      for (const KernelPass& pass : plan.passes) {
        sum += int64_t{pass.lines} * plan.blocks();
      }
      each += fmt::format("{}{} {}", each.empty() ? "" : ", ", plan.layer->name, sum);
    }
    task.fail(fmt::format(
        "source lines: {} needed with one replica of each layer ({}), {} there ({} too many)",
        lines, each, there, lines - there));
  }
  check_table(task, "layer rows", rows, task.config.num_layers);
  check_table(task, "step records", records, task.config.num_records);
  check_table(task, "bias rows", bias_rows, task.config.num_bias_rows);
  check_table(task, "logits", task.network.num_logits(), task.config.num_logits);
}

}  // namespace

void MappingTask::fail(const std::string& text) const {
  throw Error(fmt::format("network {} does not fit: {}", network.name, text));
}

int LayerPlan::weight(int kernel, const KernelWindow& window, int i, int r, int c) const {
  if (kernel >= layer->kernels) {
    return 0;
  }
  if (!vector_input) {
    return layer->weight(kernel, window.channel + i, window.row + r, window.column + c);
  }
  const int channel = window.channel + i;
  const int element =
      lanes * (kTileSide * kTileSide * (channel / lanes) + kTileSide * c + r) + channel % lanes;
  return element < layer->input.channels ? layer->weight(kernel, element, 0, 0) : 0;
}

const KernelWindow& LayerPlan::block_window(int block) const {
  return *std::ranges::find(windows, block, &KernelWindow::block);
}

int LayerPlan::max_window_rows() const {
  int rows = 0;
  for (const KernelWindow& window : windows) {
    rows = std::max(rows, window.rows);
  }
  return rows;
}

std::vector<std::vector<LayerPlan>> plan_layers(const MappingTask& task) {
  const MapShape& image = task.network.input;
  check_memory(task, image, "the image", task.words_of(image.height, image.width), image.channels);
  check_dimensions(task, image, "the image");
  std::vector<std::vector<LayerPlan>> layers;
  for (size_t i = 0; i < task.network.layers.size(); ++i) {
    layers.push_back(make_plans(task, i));
  }
  check_tables(task, layers);
  return layers;
}

}  // namespace mcnn
