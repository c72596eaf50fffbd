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
constexpr int kTilePairElements =
    2 * kTileSide * kTileSide;              // elements of two neighbouring channels of a vector
constexpr int kVectorUnit = 2 * kTileSide;  // elements of one tile column in both halves

void check_memory(const MappingTask& task, const MapShape& shape, const std::string& what,
                  int pitch, int channels) {
  const int needed = divide_up(channels, 2) * pitch;
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

// The windows that cover a kernel of rows x columns, for every channel.
void add_windows(const MappingTask& task, LayerPlan& plan, int channels, int rows, int columns) {
  const int row_tiles = divide_up(rows, task.config.kernel_max);
  const int column_tiles = divide_up(columns, task.config.kernel_max);
  const int tile_rows = divide_up(rows, row_tiles);
  const int tile_columns = divide_up(columns, column_tiles);
  for (int channel = 0; channel < channels; ++channel) {
    for (int row = 0; row < rows; row += tile_rows) {
      for (int column = 0; column < columns; column += tile_columns) {
        plan.windows.push_back({channel, row, column, std::min(tile_rows, rows - row),
                                std::min(tile_columns, columns - column)});
      }
    }
  }
}

LayerPlan make_plan(const MappingTask& task, size_t index, bool vector_input) {
  const Layer& layer = task.network.layers[index];
  LayerPlan plan;
  plan.layer = &layer;
  plan.final = index + 1 == task.network.layers.size();
  const bool fully_connected = layer.type == LayerType::kFullyConnected;
  plan.vector_output = fully_connected && !plan.final;
  plan.vector_input = vector_input;
  // Elements behind the last output fill the last column of tiles, so that a window never reads
  // what was not written.
  plan.kernels = plan.vector_output ? round_up(layer.kernels, kVectorUnit) : layer.kernels;
  if (plan.vector_input) {
    const int elements = round_up(layer.input.channels, kVectorUnit);
    plan.in_height = kTileSide;
    plan.in_width = kTileSide;
    plan.in_pitch = kTileSide;
    for (int first = 0; first < elements; first += kTilePairElements) {
      const int columns = std::min(elements - first, kTilePairElements) / kVectorUnit;
      for (int half = 0; half < 2; ++half) {
        plan.windows.push_back({first / kTilePairElements * 2 + half, 0, 0, kTileSide, columns});
      }
    }
  } else {
    plan.in_height = layer.input.height;
    plan.in_width = layer.input.width;
    plan.in_pitch = task.words_of(plan.in_height, plan.in_width);
    add_windows(task, plan, layer.input.channels, layer.kernel_rows, layer.kernel_columns);
  }
  plan.stride = stride_of(layer);
  plan.pool = layer.pool.value_or(Pooling{});
  const std::string name = "layer " + layer.name;
  check_dimensions(task, layer.convolution, name);
  // Larger windows and strides than the map change nothing.
  plan.pool.rows = std::min(plan.pool.rows, task.config.max_dim);
  plan.pool.columns = std::min(plan.pool.columns, task.config.max_dim);
  plan.pool.row_stride = std::min(plan.pool.row_stride, task.config.max_dim);
  plan.pool.column_stride = std::min(plan.pool.column_stride, task.config.max_dim);
  if (plan.vector_output) {
    check_memory(task, layer.output, name, kTileSide,
                 2 * divide_up(plan.kernels, kTilePairElements));
  } else if (!plan.final) {
    plan.out_pitch = task.words_of(layer.output.height, layer.output.width);
    check_memory(task, layer.output, name, plan.out_pitch, layer.kernels);
  }
  for (int first = 0; first < plan.kernels; first += task.config.max_kernels()) {
    const int kernels = std::min(task.config.max_kernels(), plan.kernels - first);
    plan.passes.push_back({first, kernels, round_up(2 * kernels, kLineUnit)});
  }
  choose_range(task, plan);
  return plan;
}

void check_table(const MappingTask& task, const char* what, int needed, int there) {
  if (needed > there) {
    task.fail(
        fmt::format("{}: {} needed, {} there ({} too many)", what, needed, there, needed - there));
  }
}

void check_tables(const MappingTask& task, std::span<const LayerPlan> plans) {
  int rows = 0;
  int records = 0;
  int bias_rows = 0;
  int64_t lines = 0;
  for (const LayerPlan& plan : plans) {
    rows += static_cast<int>(plan.passes.size());
    records += static_cast<int>(plan.passes.size() * plan.windows.size());
    for (const KernelPass& pass : plan.passes) {
      bias_rows += divide_up(pass.kernels, 2);
      lines += static_cast<int64_t>(pass.lines) * static_cast<int64_t>(plan.windows.size());
    }
  }
  const int64_t there = static_cast<int64_t>(task.config.num_pe) * task.config.num_sl;
  if (lines > there) {
    std::string each;
    for (const LayerPlan& plan : plans) {
      int64_t sum = 0;
      for (const KernelPass& pass : plan.passes) {
        sum += static_cast<int64_t>(pass.lines) * static_cast<int64_t>(plan.windows.size());
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

int LayerPlan::weight(int kernel, const KernelWindow& window, int r, int c) const {
  if (kernel >= layer->kernels) {
    return 0;
  }
  if (!vector_input) {
    return layer->weight(kernel, window.channel, window.row + r, window.column + c);
  }
  const int element =
      kTilePairElements * (window.channel / 2) + 2 * (kTileSide * c + r) + window.channel % 2;
  return element < layer->input.channels ? layer->weight(kernel, element, 0, 0) : 0;
}

int LayerPlan::max_window_rows() const {
  int rows = 0;
  for (const KernelWindow& window : windows) {
    rows = std::max(rows, window.rows);
  }
  return rows;
}

std::vector<LayerPlan> plan_layers(const MappingTask& task) {
  check_layers(task);
  const MapShape& image = task.network.input;
  check_memory(task, image, "the image", task.words_of(image.height, image.width), image.channels);
  check_dimensions(task, image, "the image");
  std::vector<LayerPlan> plans;
  for (size_t i = 0; i < task.network.layers.size(); ++i) {
    plans.push_back(make_plan(task, i, i > 0 && plans.back().vector_output));
  }
  check_tables(task, plans);
  return plans;
}

}  // namespace mcnn
