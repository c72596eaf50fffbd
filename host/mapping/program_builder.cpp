// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/program_builder.h"

#include <cstdint>
#include <vector>

#include "host/mapping/converter_range.h"
#include "host/mapping/cycle_model.h"

namespace mcnn {
namespace {

// The levels of one block, whose first source line is `first_line`.
void write_cells(const MappingTask& task, const LayerPlan& plan, const KernelPass& pass,
                 const KernelWindow& window, int first_line, std::vector<uint8_t>& cells) {
  const int num_bl = task.config.num_bl();
  for (int k = 0; k < pass.kernels; ++k) {
    for (int c = 0; c < window.columns; ++c) {
      for (int r = 0; r < window.rows; ++r) {
        const int weight = plan.weight(pass.first_kernel + k, window, r, c);
        const int bit_line = task.config.kernel_max * c + r;
        const size_t cell = to_index((first_line + 2 * k) * num_bl + bit_line);
        cells[cell] = static_cast<uint8_t>(positive_part(weight));
        cells[cell + to_index(num_bl)] = static_cast<uint8_t>(positive_part(-weight));
      }
    }
  }
}

// The tables of a row that say which PEs are a segment and which replica that computes.
void set_segments(const MappingTask& task, const LayerPlan& plan, const LayerLayout& layout,
                  const std::vector<int>& pes, LayerRow& row) {
  if (plan.final || plan.vector_output) {
    row.segment_end = 1u << (task.config.num_pe - 1);
    return;
  }
  int first = 0;
  for (int replica = 0; replica < layout.replicas; ++replica) {
    const int end = pes[to_index((replica + 1) * layout.pes - 1)];
    row.segment_end |= 1u << end;
    for (; first <= end; ++first) {
      row.replica[to_index(first)] = replica;
      row.row_offset[to_index(first)] = replica * plan.stride;
    }
  }
}

void add_biases(const MappingTask& task, const LayerPlan& plan, const KernelPass& pass,
                std::vector<BiasRow>& biases) {
  for (int k = 0; k < pass.kernels; k += 2) {
    BiasRow bias;
    bias.even = static_cast<int32_t>(bias_of(task, plan, pass.first_kernel + k));
    if (k + 1 < pass.kernels) {
      bias.odd = static_cast<int32_t>(bias_of(task, plan, pass.first_kernel + k + 1));
    }
    biases.push_back(bias);
  }
}

// Row, records, biases and cells of one pass.
void build_pass(const MappingTask& task, const LayerPlan& plan, int layer, const KernelPass& pass,
                const LayerLayout& layout, const std::vector<int>& pes, MappedNetwork& mapped) {
  ChipProgram& program = mapped.program;
  LayerRow row = make_row(task, plan, pass, layout.replicas);
  row.bias_base = static_cast<int>(program.biases.size());
  row.first_record = static_cast<int>(program.records.size());
  set_segments(task, plan, layout, pes, row);
  add_biases(task, plan, pass, program.biases);
  for_each_record(plan, layout, [&](const KernelWindow& window, int step, int i, bool last) {
    StepRecord record = make_record(task, plan, window);
    record.last_step = last ? 1 : 0;
    for (int replica = 0; replica < layout.replicas; ++replica) {
      const int pe = pes[to_index(replica * layout.pes + i)];
      int& used = mapped.lines_used[to_index(pe)];
      record.active[to_index(pe)] = 1;
      record.first_line[to_index(pe)] = used;
      write_cells(task, plan, pass, window, used, program.cells[to_index(pe)]);
      mapped.placements.push_back({layer, static_cast<int>(program.layers.size()),
                                   pass.first_kernel, pass.kernels, replica, window.channel,
                                   window.row, window.column, window.rows, window.columns, step, pe,
                                   used, pass.lines});
      used += pass.lines;
    }
    program.records.push_back(record);
  });
  program.records.back().last_pass = 1;
  program.layers.push_back(row);
}

}  // namespace

MappedNetwork build_program(const MappingTask& task, std::span<const LayerPlan> plans,
                            const Packing& packing) {
  const Network& network = task.network;
  const ChipConfig& config = task.config;
  MappedNetwork mapped;
  mapped.kind = task.options.kind;
  ChipProgram& program = mapped.program;
  program.name = network.name;
  program.image = network.input;
  program.image_pitch = task.words_of(network.input.height, network.input.width);
  program.num_logits = network.num_logits();
  program.cells.assign(to_index(config.num_pe),
                       std::vector<uint8_t>(to_index(config.num_sl * config.num_bl()), 0));
  mapped.lines_used.assign(to_index(config.num_pe), 0);
  for (size_t l = 0; l < plans.size(); ++l) {
    const LayerPlan& plan = plans[l];
    const LayerLayout& layout = packing.layouts[l];
    LayerMapping layer;
    layer.name = plan.layer->name;
    layer.replicas = layout.replicas;
    layer.segment_pes = layout.pes;
    layer.steps = layout.steps;
    layer.range = plan.range;
    layer.peak_codes = plan.peak_codes;
    layer.first_row = static_cast<int>(program.layers.size());
    layer.rows = static_cast<int>(plan.passes.size());
    for (size_t p = 0; p < plan.passes.size(); ++p) {
      build_pass(task, plan, static_cast<int>(l), plan.passes[p], layout, packing.pes[l][p],
                 mapped);
    }
    if (!plan.final) {
      program.layers.back().swap = 1;
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
