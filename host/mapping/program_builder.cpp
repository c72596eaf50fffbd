// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/program_builder.h"

#include <cstdint>
#include <vector>

#include "host/mapping/converter_range.h"
#include "host/mapping/cycle_model.h"

namespace mcnn {
namespace {

// The levels of one block.
void write_cells(int num_bl, const LayerPlan& plan, const KernelWindow& window,
                 const Placement& place, std::vector<uint8_t>& cells) {
  for_each_pair(place, [&](const PlacedPair& pair) {
    const int weight = plan.weight(place.first_kernel + pair.kernel, window,
                                   pair.channel - place.channel, pair.row, pair.column);
    const size_t cell = to_index(pair.line * num_bl + pair.bit_line);
    cells[cell] = static_cast<uint8_t>(positive_part(weight));
    cells[cell + to_index(num_bl)] = static_cast<uint8_t>(positive_part(-weight));
  });
}

// The tables of a row that say which PEs are a segment and which replica that computes.
void set_segments(const MappingTask& task, const LayerLayout& layout, const std::vector<int>& pes,
                  LayerRow& row) {
  const LayerPlan& plan = *layout.plan;
  if (plan.final || plan.vector_output) {
    row.segment_end.set(to_index(task.config.num_pe - 1));
    return;
  }
  int first = 0;
  for (int segment = 0; segment < layout.segments(); ++segment) {
    const int end = pes[to_index((segment + 1) * layout.pes - 1)];
    row.segment_end.set(to_index(end));
    for (; first <= end; ++first) {
      row.replica[to_index(first)] = segment * plan.array_rows;
      row.row_offset[to_index(first)] = segment * plan.array_rows * plan.stride;
    }
  }
}

void add_biases(const MappingTask& task, const LayerPlan& plan, const KernelPass& pass,
                std::vector<BiasRow>& biases) {
  for (int k = 0; k < pass.kernels; ++k) {
    if (k % plan.lanes == 0) biases.emplace_back(to_index(plan.lanes), 0);
    biases.back()[to_index(k % plan.lanes)] =
        static_cast<int32_t>(bias_of(task, plan, pass.first_kernel + k));
  }
}

// Row, records, biases and cells of one pass.
void build_pass(const MappingTask& task, int layer, const KernelPass& pass,
                const LayerLayout& layout, const std::vector<int>& pes, MappedNetwork& mapped) {
  const LayerPlan& plan = *layout.plan;
  ChipProgram& program = mapped.program;
  LayerRow row = make_row(task, plan, pass, layout.replicas);
  row.bias_base = static_cast<int>(program.biases.size());
  row.first_record = static_cast<int>(program.records.size());
  set_segments(task, layout, pes, row);
  add_biases(task, plan, pass, program.biases);
  // The block that each PE of each segment read last, and its first line.
  std::vector<int> block(pes.size(), -1);
  std::vector<int> first_line(pes.size(), 0);
  for_each_record(layout, [&](std::span<const WindowPlace> windows, int step, bool last) {
    StepRecord record = make_record(task, plan, *windows.front().window);
    record.last_step = last ? 1 : 0;
    for (const WindowPlace& at : windows) {
      const KernelWindow& window = *at.window;
      for (int segment = 0; segment < layout.segments(); ++segment) {
        const size_t reader = to_index(segment * layout.pes + at.pe);
        const int pe = pes[reader];
        int& used = mapped.lines_used[to_index(pe)];
        const bool placed = block[reader] == window.block;
        if (!placed) first_line[reader] = used;
        block[reader] = window.block;
        record.active[to_index(pe)] = 1;
        record.first_line[to_index(pe)] = first_line[reader];
        record.lane[to_index(pe)] = (window.channel - window.lead) % plan.lanes;
        if (placed) continue;
        const KernelWindow& cells = plan.block_window(window.block);
        Placement place;
        place.layer = layer;
        place.layer_row = static_cast<int>(program.layers.size());
        place.first_kernel = pass.first_kernel;
        place.kernels = pass.kernels;
        place.replica = segment * plan.array_rows;
        place.array_rows = plan.array_rows;
        place.channel = cells.channel;
        place.channels = cells.channels;
        place.first_window = cells.lead;
        place.window_row = cells.row;
        place.window_column = cells.column;
        place.window_rows = cells.rows;
        place.window_columns = cells.columns;
        place.step = step;
        place.pe = pe;
        place.first_line = used;
        place.lines = pass.lines;
        place.row_lines = 2 * row.row_pairs();
        write_cells(task.config.num_bl(), plan, cells, place, program.cells[to_index(pe)]);
        mapped.placements.push_back(place);
        used += pass.lines;
      }
    }
    program.records.push_back(record);
  });
  program.records.back().last_pass = 1;
  program.layers.push_back(row);
}

}  // namespace

MappedNetwork build_program(const MappingTask& task, const Packing& packing,
                            std::span<const LayerBuffers> buffers) {
  const Network& network = task.network;
  const ChipConfig& config = task.config;
  MappedNetwork mapped;
  mapped.kind = task.options.kind;
  mapped.lanes = config.lanes;
  ChipProgram& program = mapped.program;
  program.name = network.name;
  program.image = network.input;
  program.image_pitch = task.words_of(network.input.height, network.input.width);
  program.num_logits = network.num_logits();
  program.cells.assign(to_index(config.num_pe),
                       std::vector<uint8_t>(to_index(config.num_sl * config.num_bl()), 0));
  mapped.lines_used.assign(to_index(config.num_pe), 0);
  for (size_t l = 0; l < packing.layouts.size(); ++l) {
    const LayerLayout& layout = packing.layouts[l];
    const LayerPlan& plan = *layout.plan;
    LayerMapping layer;
    layer.name = plan.layer->name;
    layer.replicas = layout.replicas;
    layer.array_rows = plan.array_rows;
    layer.segment_pes = layout.pes;
    layer.steps = layout.steps;
    layer.range = plan.range;
    layer.peak_codes = plan.peak_codes;
    layer.first_row = static_cast<int>(program.layers.size());
    layer.rows = static_cast<int>(plan.passes.size());
    for (size_t p = 0; p < plan.passes.size(); ++p) {
      build_pass(task, static_cast<int>(l), plan.passes[p], layout, packing.pes[l][p], mapped);
      program.layers.back().input = buffers[l].input;
      program.layers.back().output = buffers[l].output;
    }
    if (!plan.final) {
      program.layers.back().layer_end = 1;
      program.maps.push_back({plan.layer->name, plan.layer->output, plan.vector_output,
                              plan.out_pitch, static_cast<int>(program.layers.size()) - 1});
    }
    mapped.layers.push_back(layer);
  }
  validate(program, config);
  const ImageCycles cycles = image_cycles(program, config);
  mapped.clocks_per_image = cycles.clocks;
  for (LayerMapping& layer : mapped.layers) {
    for (int row = layer.first_row; row < layer.first_row + layer.rows; ++row) {
      layer.beats += cycles.passes[to_index(row)].beats;
      layer.clocks += cycles.passes[to_index(row)].clocks;
    }
  }
  return mapped;
}

}  // namespace mcnn
