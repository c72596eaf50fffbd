// SPDX-License-Identifier: Apache-2.0
// The chip: everything digital of a memristor compute-in-memory CNN processor. The crossbar arrays with their converters are
// behind the macro ports. README.md beside this file says what is computed and when, REGISTERS.md how the host asks for it.
`include "mcnn_assert.svh"

module mcnn_chip #(
  parameter int unsigned NumPe       = 8,    // processing elements, one crossbar array each
  parameter int unsigned Windows     = 1,    // windows of 4x4 pixels that a read sums
  parameter int unsigned Lanes       = 2,    // channels of a feature-map word, kernels of a clock in reduce and behind it
  parameter int unsigned NumSl       = 128,  // source lines (outputs) of an array
  parameter int unsigned NumAdc      = 32,   // ADC lanes of an array
  parameter int unsigned AdcBits     = 8,    // bits of a code
  parameter int unsigned ActBits     = 8,    // bits of a pixel, unsigned
  parameter int unsigned PsumBits    = 24,   // bits of a partial sum, a bias and a logit, signed
  parameter int unsigned RowBanks    = 8,    // memory banks of a feature map, rows of a fetched column
  parameter int unsigned BankDepth   = 256,  // words of a bank
  parameter int unsigned NumBuffers  = 3,    // feature-map buffers; with 4 a row can add to what its output holds
  parameter int unsigned LoadRows    = 1,    // rows of a column that a beat of the image stream carries
  parameter int unsigned MaxDim      = 32,   // rows or columns of a feature map
  parameter int unsigned NumLayers   = 16,   // rows of the layer table
  parameter int unsigned NumRecords  = 128,  // rows of the step table
  parameter int unsigned NumBiasRows = 64,   // rows of the bias table, Lanes kernels each
  parameter int unsigned NumLogits   = 64,   // logits of a result
  parameter int unsigned ReadLatency = 1,    // clocks from a read strobe to its codes
  parameter int unsigned ReadClocks  = 1,    // clocks of a bit-plane read
  parameter int unsigned NumEntries  = 64,   // entries of a PE's programming list
  localparam int unsigned KernelMax   = 4,
  localparam int unsigned NumBl       = Windows * KernelMax * KernelMax,  // bit lines (inputs) of an array
  localparam int unsigned AddressBits = mcnn_pkg::AddressBits,
  localparam int unsigned LayerBits   = $clog2(NumLayers),
  localparam int unsigned SlBits      = $clog2(NumSl),
  localparam int unsigned CountBits   = $clog2(NumAdc + 1),
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits
) (
  input logic clk_i,
  input logic rst_ni,

  // AXI4-Lite slave
  input  logic [AddressBits-1:0] s_axil_awaddr_i,
  input  logic                   s_axil_awvalid_i,
  output logic                   s_axil_awready_o,
  input  logic [31:0]            s_axil_wdata_i,
  input  logic [3:0]             s_axil_wstrb_i,
  input  logic                   s_axil_wvalid_i,
  output logic                   s_axil_wready_o,
  output logic [1:0]             s_axil_bresp_o,
  output logic                   s_axil_bvalid_o,
  input  logic                   s_axil_bready_i,
  input  logic [AddressBits-1:0] s_axil_araddr_i,
  input  logic                   s_axil_arvalid_i,
  output logic                   s_axil_arready_o,
  output logic [31:0]            s_axil_rdata_o,
  output logic [1:0]             s_axil_rresp_o,
  output logic                   s_axil_rvalid_o,
  input  logic                   s_axil_rready_i,

  // image in, AXI4-Stream
  input  logic [LoadRows*ActBits-1:0] s_axis_tdata_i,
  input  logic                        s_axis_tvalid_i,
  output logic                        s_axis_tready_o,
  input  logic                        s_axis_tlast_i,

  // result out, AXI4-Stream
  output logic [31:0] m_axis_tdata_o,
  output logic        m_axis_tvalid_o,
  input  logic        m_axis_tready_i,
  output logic        m_axis_tlast_o,

  // interrupt, and triggers for instruments and models
  output logic                 irq_o,
  output logic                 frame_start_o,  // an image begins
  output logic [LayerBits-1:0] layer_o,        // layer row
  output logic                 program_start_o,  // a programming run begins

  // the macros, one slice a PE
  output logic [NumPe-1:0]                macro_read_o,   // read strobe
  output logic [NumPe-1:0]                macro_program_o,    // programming pulse strobe
  output logic [NumPe*NumBl-1:0]          macro_pulse_o,      // pulses on the bit lines
  output logic [NumPe*SlBits-1:0]         macro_line_o,       // first source line
  output logic [NumPe*CountBits-1:0]      macro_count_o,      // source lines to convert
  output logic [NumPe*3-1:0]              macro_range_o,      // one weight level is worth 2^range codes
  output logic [NumPe-1:0]                macro_set_o,        // programming pulse: 1 SET, 0 RESET
  output logic [NumPe*AmplitudeBits-1:0]  macro_amplitude_o,  // its amplitude code
  input  logic [NumPe*NumAdc*AdcBits-1:0] macro_code_i        // lane i: the line that is i modulo NumAdc
);

  localparam int unsigned AddrBits    = $clog2(BankDepth);
  localparam int unsigned BankBits    = $clog2(RowBanks);
  localparam int unsigned LineBits    = $clog2(NumSl / 4);
  localparam int unsigned PlaneBits   = $clog2(ActBits);
  localparam int unsigned NumGroups   = NumAdc / (2 * Lanes);
  localparam int unsigned GroupBits   = (NumGroups > 1) ? $clog2(NumGroups) : 1;
  localparam int unsigned SumBits     = AdcBits + ActBits + 1;
  localparam int unsigned ShiftBits   = $clog2(PsumBits);
  localparam int unsigned RecordBits  = $clog2(NumRecords);
  localparam int unsigned BiasBits    = $clog2(NumBiasRows);
  localparam int unsigned LaneBits    = $clog2(Lanes);
  localparam int unsigned ArrayBits   = (Windows > 1) ? $clog2(Windows) : 1;
  localparam int unsigned LayerWidth  = 32 * (8 + (NumPe + 3) / 4 + (NumPe > 32 ? 1 : 0));
  localparam int unsigned RecordWidth = 32 * (2 + (NumPe + 1) / 2);
  localparam int unsigned DimBits     = $clog2(MaxDim + 1);
  localparam int unsigned MapGroups   = RowBanks / 4;
  localparam int unsigned MapGroupBits = (MapGroups > 1) ? $clog2(MapGroups) : 1;
  localparam int unsigned LogitBits   = $clog2(NumLogits / Lanes);
  localparam int unsigned EntryBits   = $clog2(NumEntries);
  localparam int unsigned PeBits      = (NumPe > 1) ? $clog2(NumPe) : 1;
  localparam int unsigned EntryCountBits = mcnn_pkg::EntryCountBits;

  // ------------------------------------------------------------------------------------------------------ host side
  logic                   wr_valid, wr_whole, wr_ok, rd_request, rd_valid, rd_ok;
  logic [AddressBits-1:0] wr_addr, rd_addr;
  logic [31:0]            wr_data, rd_data;

  mcnn_axi_lite u_axi_lite (
    .clk_i, .rst_ni,
    .s_axil_awaddr_i, .s_axil_awvalid_i, .s_axil_awready_o,
    .s_axil_wdata_i, .s_axil_wstrb_i, .s_axil_wvalid_i, .s_axil_wready_o,
    .s_axil_bresp_o, .s_axil_bvalid_o, .s_axil_bready_i,
    .s_axil_araddr_i, .s_axil_arvalid_i, .s_axil_arready_o,
    .s_axil_rdata_o, .s_axil_rresp_o, .s_axil_rvalid_o, .s_axil_rready_i,
    .wr_valid_o(wr_valid), .wr_addr_o(wr_addr), .wr_data_o(wr_data), .wr_whole_o(wr_whole), .wr_ok_i(wr_ok),
    .rd_valid_o(rd_request), .rd_addr_o(rd_addr),
    .rd_valid_i(rd_valid), .rd_ok_i(rd_ok), .rd_data_i(rd_data)
  );

  logic        start, abort, resume, halt_mode, skip_mode, busy, halted, done_event, halted_event;
  logic [31:0] image_count;
  logic [7:0]  layer_count, image_height, image_width, logit_count;
  logic [15:0] image_channels, image_pitch;
  logic        stream_reset, image_ready, image_drop, image_short, image_long, image_beyond;
  logic        layer_invalid, record_error, write_error;
  logic [1:0]  in_buffer, out_buffer, load_buffer;
  logic        table_we, table_re;
  logic [1:0]  table_wr, table_rd;
  logic [11:0] table_wr_row, table_rd_row;
  logic [5:0]  table_wr_word, table_rd_word;
  logic [31:0] table_data, map_data;
  logic        map_re;
  logic [LaneBits-1:0] map_lane;
  logic [1:0]  map_buffer;
  logic [MapGroupBits-1:0] map_group;
  logic [AddrBits-1:0]     map_addr;
  logic [31:0] perf_clocks, perf_beats, perf_reads, perf_skipped, perf_conversions;
  logic [31:0] perf_stall_image, perf_stall_result, perf_stall_beat, perf_results;
  logic [31:0] perf_layer_clocks;
  logic [LayerBits-1:0] perf_layer;
  logic        program_start, program_busy, program_done, entry_refused;
  logic [NumPe*EntryCountBits-1:0] program_count;
  logic [AmplitudeBits-1:0] set_start, set_step, set_limit, reset_start, reset_step, reset_limit;
  logic [7:0]  max_pulses, pulse_clocks;
  logic [2:0]  program_range;
  logic [31:0] entry_data, program_clocks, program_reads, program_sets, program_resets;
  logic [31:0] entries_done, entries_failed, entries_refused;

  mcnn_registers #(
    .NumPe(NumPe), .Windows(Windows), .Lanes(Lanes), .NumSl(NumSl), .NumAdc(NumAdc), .AdcBits(AdcBits), .ActBits(ActBits),
    .PsumBits(PsumBits), .KernelMax(KernelMax), .RowBanks(RowBanks), .BankDepth(BankDepth), .NumBuffers(NumBuffers), .LoadRows(LoadRows),
    .MaxDim(MaxDim), .NumLayers(NumLayers), .NumRecords(NumRecords), .NumBiasRows(NumBiasRows), .NumLogits(NumLogits),
    .ReadLatency(ReadLatency), .ReadClocks(ReadClocks), .NumEntries(NumEntries)
  ) u_registers (
    .clk_i, .rst_ni,
    .wr_valid_i(wr_valid), .wr_addr_i(wr_addr), .wr_data_i(wr_data), .wr_whole_i(wr_whole), .wr_ok_o(wr_ok),
    .rd_valid_i(rd_request), .rd_addr_i(rd_addr),
    .rd_valid_o(rd_valid), .rd_ok_o(rd_ok), .rd_data_o(rd_data),
    .start_o(start), .abort_o(abort), .resume_o(resume), .stream_reset_o(stream_reset),
    .halt_mode_o(halt_mode), .skip_mode_o(skip_mode),
    .image_count_o(image_count), .layer_count_o(layer_count),
    .image_height_o(image_height), .image_width_o(image_width), .image_channels_o(image_channels),
    .image_pitch_o(image_pitch), .logit_count_o(logit_count),
    .busy_i(busy), .halted_i(halted), .image_ready_i(image_ready), .image_drop_i(image_drop), .layer_i(layer_o),
    .buffers_i({load_buffer, out_buffer, in_buffer}),
    .program_o(program_start), .program_busy_i(program_busy), .program_count_o(program_count),
    .set_start_o(set_start), .set_step_o(set_step), .set_limit_o(set_limit),
    .reset_start_o(reset_start), .reset_step_o(reset_step), .reset_limit_o(reset_limit),
    .max_pulses_o(max_pulses), .pulse_clocks_o(pulse_clocks), .program_range_o(program_range),
    .program_done_i(program_done), .entry_refused_i(entry_refused),
    .done_event_i(done_event), .halted_event_i(halted_event),
    .image_short_i(image_short), .image_long_i(image_long), .image_beyond_i(image_beyond),
    .layer_invalid_i(layer_invalid || write_error), .record_invalid_i(record_error), .irq_o,
    .table_we_o(table_we), .table_wr_o(table_wr), .table_wr_row_o(table_wr_row), .table_wr_word_o(table_wr_word),
    .table_re_o(table_re), .table_rd_o(table_rd), .table_rd_row_o(table_rd_row), .table_rd_word_o(table_rd_word),
    .table_data_i(table_data), .entry_data_i(entry_data),
    .map_re_o(map_re), .map_buffer_o(map_buffer), .map_lane_o(map_lane), .map_group_o(map_group),
    .map_addr_o(map_addr), .map_data_i(map_data),
    .perf_clocks_i(perf_clocks), .perf_beats_i(perf_beats), .perf_reads_i(perf_reads),
    .perf_skipped_i(perf_skipped), .perf_conversions_i(perf_conversions),
    .perf_stall_image_i(perf_stall_image), .perf_stall_result_i(perf_stall_result),
    .perf_stall_beat_i(perf_stall_beat), .perf_results_i(perf_results), .perf_layer_o(perf_layer),
    .perf_layer_clocks_i(perf_layer_clocks),
    .program_clocks_i(program_clocks), .program_reads_i(program_reads), .program_sets_i(program_sets),
    .program_resets_i(program_resets), .program_entries_done_i(entries_done),
    .program_entries_failed_i(entries_failed), .program_entries_refused_i(entries_refused)
  );

  // What the engines say is gathered only when it is needed: it costs a simulation nothing at other times.
  localparam int unsigned Events = mcnn_pkg::ProgramEvents;
  logic [AmplitudeBits-1:0] set_first, reset_first;
  logic [Events-1:0]        engine_event[NumPe];
  logic [Events*NumPe-1:0]  engine_events;
  logic                     program_abort, list_access;
  logic [2*NumPe-1:0]       list_we;
  logic [NumPe-1:0]         list_re, list_taken;
  logic [63:0]              engine_row[NumPe];
  logic [63:0]              list_row;
  always_comb begin
    engine_events = '0;
    if (program_busy) begin
      for (int unsigned p = 0; p < NumPe; p++) engine_events[p*Events+:Events] = engine_event[p];
    end
    list_row = '0;
    if (list_taken != '0) begin
      for (int unsigned p = 0; p < NumPe; p++) list_row = list_row | (engine_row[p] & {64{list_taken[p]}});
    end
  end

  mcnn_program_control #(
    .NumPe(NumPe), .NumEntries(NumEntries)
  ) u_program_control (
    .clk_i, .rst_ni, .start_i(program_start), .abort_i(abort),
    .start_o(program_start_o), .busy_o(program_busy), .abort_o(program_abort), .done_event_o(program_done),
    .set_start_i(set_start), .set_limit_i(set_limit), .reset_start_i(reset_start), .reset_limit_i(reset_limit),
    .set_first_o(set_first), .reset_first_o(reset_first),
    .event_i(engine_events), .refused_event_o(entry_refused),
    .clocks_o(program_clocks), .reads_o(program_reads), .sets_o(program_sets), .resets_o(program_resets),
    .done_o(entries_done), .failed_o(entries_failed), .refused_o(entries_refused),
    .host_we_i(table_we && table_wr == 2'd3), .host_wr_row_i(table_wr_row[PeBits+EntryBits-1:0]),
    .host_wr_word_i(table_wr_word[0]),
    .host_re_i(table_re && table_rd == 2'd3), .host_rd_row_i(table_rd_row[PeBits+EntryBits-1:0]),
    .host_rd_word_i(table_rd_word[0]), .host_rdata_o(entry_data),
    .list_access_o(list_access), .list_we_o(list_we), .list_re_o(list_re), .list_taken_o(list_taken),
    .list_row_i(list_row)
  );

  // -------------------------------------------------------------------------------------------------------- control
  logic                  flush, image_take, result_busy, result_send, result_done, pass_start, pass_start_late, pass_done;
  logic                  row_re, record_re, bias_re;
  logic [LayerBits-1:0]  row_addr;
  logic [LayerWidth-1:0] row;
  logic [RecordBits-1:0] record_addr, first_record;
  logic [RecordWidth-1:0] record;
  logic [BiasBits-1:0]   bias_base, bias_addr;
  logic [Lanes*PsumBits-1:0] bias_row;
  logic                  is_final, is_vector, adds;
  logic [5:0]            kernels, pairs;
  logic [DimBits-1:0]    pool_rows, pool_columns, pool_row_stride, pool_column_stride;
  logic [1:0]            range;
  logic [ShiftBits-1:0]  shift;
  logic [3:0]            group_rows, array_rows;
  logic [7:0]            in_height, in_width, out_height, out_width, pooled_height, pooled_width;
  logic [2:0]            stride;
  logic [6:0]            row_step;
  logic [15:0]           out_pitch, out_base;
  logic [NumPe-1:0]      segment_end;
  logic [NumPe*4-1:0]    replica, row_offset;
  logic                  count_clock, count_layer_clock, stall_image, stall_result;

  mcnn_sequencer #(
    .NumPe(NumPe), .Windows(Windows), .Lanes(Lanes), .NumAdc(NumAdc), .PsumBits(PsumBits), .RowBanks(RowBanks),
    .BankDepth(BankDepth), .NumBuffers(NumBuffers), .MaxDim(MaxDim), .NumLayers(NumLayers), .NumRecords(NumRecords), .NumBiasRows(NumBiasRows), .NumLogits(NumLogits)
  ) u_sequencer (
    .clk_i, .rst_ni,
    .start_i(start), .abort_i(abort), .resume_i(resume), .halt_i(halt_mode),
    .image_count_i(image_count), .layer_count_i(layer_count),
    .busy_o(busy), .halted_o(halted), .done_event_o(done_event), .halted_event_o(halted_event), .layer_o,
    .in_buffer_o(in_buffer), .out_buffer_o(out_buffer), .load_buffer_o(load_buffer),
    .fatal_i(record_error || write_error || image_beyond), .layer_invalid_o(layer_invalid), .flush_o(flush),
    .image_ready_i(image_ready), .image_take_o(image_take), .frame_start_o,
    .result_busy_i(result_busy), .result_send_o(result_send),
    .row_re_o(row_re), .row_addr_o(row_addr), .row_i(row),
    .start_o(pass_start), .start_late_o(pass_start_late), .pass_done_i(pass_done),
    .final_o(is_final), .vector_o(is_vector), .add_o(adds), .kernels_o(kernels), .pairs_o(pairs), .array_rows_o(array_rows), .range_o(range), .shift_o(shift),
    .group_rows_o(group_rows), .in_height_o(in_height), .in_width_o(in_width), .stride_o(stride),
    .row_step_o(row_step), .out_height_o(out_height), .out_width_o(out_width),
    .pool_rows_o(pool_rows), .pool_columns_o(pool_columns),
    .pool_row_stride_o(pool_row_stride), .pool_column_stride_o(pool_column_stride),
    .pooled_height_o(pooled_height), .pooled_width_o(pooled_width),
    .out_pitch_o(out_pitch), .out_base_o(out_base), .bias_base_o(bias_base), .first_record_o(first_record),
    .segment_end_o(segment_end), .replica_o(replica), .row_offset_o(row_offset),
    .clock_o(count_clock), .layer_clock_o(count_layer_clock),
    .stall_image_o(stall_image), .stall_result_o(stall_result)
  );

  mcnn_tables #(
    .NumPe(NumPe), .Lanes(Lanes), .NumLayers(NumLayers), .NumRecords(NumRecords), .NumBiasRows(NumBiasRows),
    .PsumBits(PsumBits)
  ) u_tables (
    .clk_i,
    .host_we_i(table_we), .host_wr_table_i(table_wr), .host_wr_row_i(table_wr_row),
    .host_wr_word_i(table_wr_word), .host_wdata_i(wr_data),
    .host_re_i(table_re), .host_rd_table_i(table_rd), .host_rd_row_i(table_rd_row),
    .host_rd_word_i(table_rd_word), .host_rdata_o(table_data),
    .layer_re_i(row_re), .layer_addr_i(row_addr), .layer_o(row),
    .record_re_i(record_re), .record_addr_i(record_addr), .record_o(record),
    .bias_re_i(bias_re), .bias_addr_i(bias_addr), .bias_o(bias_row)
  );

  logic                     load_ready, load_end, column_valid, column_step_begin, column_step_end;
  logic                     column_pass_first, column_pass_last, column_walk_last;
  logic                     advance, tick, tick_first, survey, code_tick, code_first, beat, stall_beat;
  logic [PlaneBits-1:0]     plane;
  logic [NumPe*ActBits-1:0] plane_used;
  logic                     hold, walk_valid, walk_first, walk_add, walk_emit, walk_column_first, walk_group_end, walk_end;
  logic [GroupBits-1:0]     walk_pairs, walk_group;
  logic [ArrayBits-1:0]     walk_row;
  logic [7:0]               walk_column;

  assign load_end = column_valid && column_step_end;

  mcnn_beat_control #(
    .NumPe(NumPe), .Windows(Windows), .Lanes(Lanes), .NumGroups(NumGroups), .ActBits(ActBits), .ReadClocks(ReadClocks),
    .WalkDelay(2 + ReadLatency), .MaxDim(MaxDim)
  ) u_beat_control (
    .clk_i, .rst_ni, .start_i(pass_start), .flush_i(flush),
    .kernels_i(kernels), .pairs_i(pairs), .out_width_i(out_width), .pool_columns_i(pool_columns),
    .pool_column_stride_i(pool_column_stride), .pooled_width_i(pooled_width), .skip_i(skip_mode),
    .load_end_i(load_end), .pass_first_i(column_pass_first), .pass_last_i(column_pass_last),
    .walk_last_i(column_walk_last), .load_ready_o(load_ready),
    .advance_o(advance), .plane_used_i(plane_used), .tick_o(tick), .first_o(tick_first), .plane_o(plane),
    .survey_o(survey), .code_tick_o(code_tick), .code_first_o(code_first),
    .beat_o(beat), .stall_o(stall_beat),
    .hold_o(hold), .walk_valid_o(walk_valid), .walk_pairs_o(walk_pairs), .walk_row_o(walk_row), .walk_group_o(walk_group), .walk_first_o(walk_first),
    .walk_add_o(walk_add), .walk_emit_o(walk_emit), .walk_column_o(walk_column),
    .walk_column_first_o(walk_column_first), .walk_group_end_o(walk_group_end), .walk_end_o(walk_end)
  );

  logic [NumPe-1:0] pe_active, pe_strobe;

  mcnn_perf_counters #(
    .NumPe(NumPe), .ActBits(ActBits), .NumLayers(NumLayers)
  ) u_perf_counters (
    .clk_i, .rst_ni, .clear_i(start),
    .clock_i(count_clock), .layer_clock_i(count_layer_clock), .layer_i(layer_o),
    .stall_image_i(stall_image), .stall_result_i(stall_result), .stall_beat_i(stall_beat),
    .beat_i(beat), .beat_first_i(tick && tick_first), .active_i(pe_active), .strobe_i(pe_strobe),
    .count_i({pairs, 1'b0}), .result_i(result_done),
    .clocks_o(perf_clocks), .beats_o(perf_beats), .reads_o(perf_reads), .skipped_o(perf_skipped),
    .conversions_o(perf_conversions), .stall_image_o(perf_stall_image), .stall_result_o(perf_stall_result),
    .stall_beat_o(perf_stall_beat), .results_o(perf_results), .layer_select_i(perf_layer),
    .layer_clocks_o(perf_layer_clocks)
  );

  // --------------------------------------------------------------------------------------------------------- memory
  logic [RowBanks*Lanes-1:0]         fetch_re;
  logic [LoadRows-1:0]               load_we;
  logic [RowBanks*AddrBits-1:0]      fetch_addr, pool_raddr, pool_waddr;
  logic [RowBanks*Lanes*ActBits-1:0] fetch_data, pool_rdata, pool_wdata;
  logic [RowBanks-1:0]               pool_re;
  logic [RowBanks*Lanes-1:0]         pool_we;
  logic [LaneBits-1:0]               load_lane;
  logic [BankBits-1:0]               load_bank;
  logic [AddrBits-1:0]               load_addr;
  logic [LoadRows*ActBits-1:0]       load_data;
  logic [1:0]                        write_buffer_q;

  // Pool write writes one clock after it read.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) write_buffer_q <= '0;
    else         write_buffer_q <= out_buffer;
  end

  mcnn_feature_maps #(
    .ActBits(ActBits), .Lanes(Lanes), .NumBuffers(NumBuffers), .RowBanks(RowBanks), .BankDepth(BankDepth), .LoadRows(LoadRows)
  ) u_feature_maps (
    .clk_i,
    .in_buffer_i(in_buffer), .out_buffer_i(out_buffer), .write_buffer_i(write_buffer_q),
    .load_buffer_i(load_buffer),
    .fetch_re_i(fetch_re), .fetch_addr_i(fetch_addr), .fetch_data_o(fetch_data),
    .pool_re_i(pool_re), .pool_raddr_i(pool_raddr), .pool_rdata_o(pool_rdata),
    .pool_we_i(pool_we), .pool_waddr_i(pool_waddr), .pool_wdata_i(pool_wdata),
    .load_we_i(load_we), .load_lane_i(load_lane), .load_bank_i(load_bank), .load_addr_i(load_addr),
    .load_data_i(load_data),
    .host_re_i(map_re), .host_buffer_i(map_buffer), .host_lane_i(map_lane), .host_group_i(map_group),
    .host_addr_i(map_addr), .host_data_o(map_data)
  );

  mcnn_image_loader #(
    .ActBits(ActBits), .Lanes(Lanes), .RowBanks(RowBanks), .BankDepth(BankDepth), .LoadRows(LoadRows)
  ) u_image_loader (
    .clk_i, .rst_ni, .enable_i(busy), .flush_i(flush), .restart_i(stream_reset), .take_i(image_take), .ready_o(image_ready),
    .drop_o(image_drop),
    .height_i(image_height), .width_i(image_width), .channels_i(image_channels), .pitch_i(image_pitch),
    .s_axis_tdata_i, .s_axis_tvalid_i, .s_axis_tready_o, .s_axis_tlast_i,
    .we_o(load_we), .lane_o(load_lane), .bank_o(load_bank), .addr_o(load_addr), .data_o(load_data),
    .short_o(image_short), .long_o(image_long), .beyond_o(image_beyond)
  );

  // ------------------------------------------------------------------------------------------------------- datapath
  logic [Lanes*ActBits*RowBanks-1:0] column_planes;
  logic [NumPe*BankBits-1:0]         column_first_bank;
  logic [NumPe-1:0]                  column_active;
  logic [NumPe*LineBits-1:0]         column_line;
  logic [NumPe*LaneBits-1:0]         column_lane;
  logic [Windows*BankBits-1:0]       row_shift;
  logic [3:0]                        windows;
  logic [1:0]                        window_column, window_rows;
  logic                              window_first, window_slide;

  mcnn_window_fetch #(
    .NumPe(NumPe), .NumSl(NumSl), .Windows(Windows), .Lanes(Lanes), .ActBits(ActBits), .RowBanks(RowBanks),
    .BankDepth(BankDepth), .MaxDim(MaxDim), .NumRecords(NumRecords)
  ) u_window_fetch (
    .clk_i, .rst_ni, .start_i(pass_start), .flush_i(flush), .first_record_i(first_record), .pairs_i(pairs), .array_rows_i(array_rows),
    .in_height_i(in_height), .in_width_i(in_width), .stride_i(stride), .row_step_i(row_step),
    .group_rows_i(group_rows), .out_height_i(out_height), .out_width_i(out_width), .row_offset_i(row_offset),
    .record_re_o(record_re), .record_addr_o(record_addr), .record_i(record),
    .fetch_re_o(fetch_re), .fetch_addr_o(fetch_addr), .fetch_data_i(fetch_data),
    .ready_i(load_ready), .valid_o(column_valid), .planes_o(column_planes), .first_bank_o(column_first_bank),
    .active_o(column_active), .line_o(column_line), .lane_o(column_lane), .windows_o(windows), .row_shift_o(row_shift),
    .column_o(window_column), .first_o(window_first),
    .slide_o(window_slide), .rows_o(window_rows),
    .step_begin_o(column_step_begin), .step_end_o(column_step_end), .pass_first_o(column_pass_first),
    .pass_last_o(column_pass_last), .walk_last_o(column_walk_last), .error_o(record_error)
  );

  // The same for all PEs, and in place long before the first read of a pass or a programming run.
  logic [CountBits-1:0] macro_count_q;
  logic [2:0]           macro_range_q;
  always_ff @(posedge clk_i) begin
    macro_count_q <= program_busy ? CountBits'(1) : CountBits'({pairs, 1'b0});
    macro_range_q <= program_busy ? program_range : {1'b0, range};
  end

  logic [NumPe*Lanes*SumBits-1:0] sums;
  for (genvar p = 0; p < NumPe; p++) begin : gen_pe
    logic              program_read, program_pulse;
    logic [NumBl-1:0]  program_bit_line;
    logic [SlBits-1:0] program_line;

    mcnn_programmer #(
      .NumBl(NumBl), .NumSl(NumSl), .NumAdc(NumAdc), .AdcBits(AdcBits), .NumEntries(NumEntries),
      .ReadLatency(ReadLatency), .ReadClocks(ReadClocks)
    ) u_programmer (
      .clk_i, .rst_ni, .run_i(program_busy), .start_i(program_start_o), .abort_i(program_abort),
      .count_i(program_count[p*EntryCountBits+:EntryCountBits]),
      .set_first_i(set_first), .set_step_i(set_step), .set_limit_i(set_limit),
      .reset_first_i(reset_first), .reset_step_i(reset_step), .reset_limit_i(reset_limit),
      .max_pulses_i(max_pulses), .pulse_clocks_i(pulse_clocks),
      .host_access_i(list_access), .host_we_i(list_we[2*p+:2]), .host_re_i(list_re[p]),
      .host_waddr_i(table_wr_row[EntryBits-1:0]), .host_raddr_i(table_rd_row[EntryBits-1:0]),
      .host_wdata_i(wr_data), .host_rdata_o(engine_row[p]),
      .read_o(program_read), .pulse_o(program_pulse), .bit_line_o(program_bit_line), .line_o(program_line),
      .set_o(macro_set_o[p]), .amplitude_o(macro_amplitude_o[p*AmplitudeBits+:AmplitudeBits]),
      .code_i(macro_code_i[p*NumAdc*AdcBits+:NumAdc*AdcBits]), .event_o(engine_event[p])
    );

    mcnn_pe #(
      .Windows(Windows), .Lanes(Lanes), .NumSl(NumSl), .NumAdc(NumAdc), .AdcBits(AdcBits), .ActBits(ActBits),
      .RowBanks(RowBanks), .ReadLatency(ReadLatency)
    ) u_pe (
      .clk_i, .rst_ni,
      .load_i(column_valid && column_active[p]), .step_begin_i(column_valid && column_step_begin),
      .planes_i(column_planes), .lane_i(column_lane[p*LaneBits+:LaneBits]), .by_row_i(array_rows != '0),
      .first_bank_i(column_first_bank[p*BankBits+:BankBits]), .row_shift_i(row_shift), .windows_i(windows),
      .column_i(window_column), .first_i(window_first), .slide_i(window_slide), .rows_i(window_rows),
      .line_i(column_line[p*LineBits+:LineBits]),
      .pairs_i(pairs), .advance_i(advance), .plane_used_o(plane_used[p*ActBits+:ActBits]), .active_o(pe_active[p]),
      .survey_i(survey), .tick_i(tick), .plane_i(plane), .strobe_o(pe_strobe[p]),
      .code_tick_i(code_tick), .code_first_i(code_first),
      .program_read_i(program_read), .program_pulse_i(program_pulse), .program_bit_line_i(program_bit_line),
      .program_line_i(program_line), .macro_program_o(macro_program_o[p]),
      .macro_read_o(macro_read_o[p]), .macro_pulse_o(macro_pulse_o[p*NumBl+:NumBl]),
      .macro_line_o(macro_line_o[p*SlBits+:SlBits]), .macro_code_i(macro_code_i[p*NumAdc*AdcBits+:NumAdc*AdcBits]),
      .hold_i(hold), .group_valid_i(walk_valid), .group_i(walk_pairs),
      .sums_o(sums[p*Lanes*SumBits+:Lanes*SumBits])
    );
    assign macro_count_o[p*CountBits+:CountBits] = macro_count_q;
    assign macro_range_o[p*3+:3]                 = macro_range_q;
  end

  // What the macros rely on while cells are programmed.
  always_ff @(posedge clk_i) begin
    if (program_busy) begin
      `MCNN_CHECK(one_kind_of_run, !busy && !tick, "images must not be computed while cells are programmed")
      `MCNN_CHECK(host_keeps_off, !list_access, "the host must not reach a programming list while it is worked through")
      for (int unsigned p = 0; p < NumPe; p++) begin
        `MCNN_CHECK(read_or_pulse, !(macro_read_o[p] && macro_program_o[p]), "a macro must not be read and pulsed at once")
        `MCNN_CHECK(pulse_hits_a_cell, !macro_program_o[p] || (macro_pulse_o[p*NumBl+:NumBl] != '0 &&
                    (macro_pulse_o[p*NumBl+:NumBl] & (macro_pulse_o[p*NumBl+:NumBl] - NumBl'(1))) == '0),
                    "a programming pulse must drive exactly one bit line")
        `MCNN_CHECK(amplitude_is_limited, !macro_program_o[p] ||
                    macro_amplitude_o[p*AmplitudeBits+:AmplitudeBits] <= (macro_set_o[p] ? set_limit : reset_limit),
                    "the amplitude of a programming pulse must not be beyond LIMIT")
      end
    end
  end

  // The token of a walk goes with its sums: clock 1 and 2 reduce, 3 and 4 activate, 5 (and 6) pool write.
  localparam int unsigned TokenBits = 2 * GroupBits + ArrayBits + 8 + 6;
  localparam int unsigned TokenEnd = 0, TokenGroupEnd = 1, TokenColumnFirst = 2, TokenEmit = 3, TokenAdd = 4, TokenFirst = 5,
                          TokenColumn = 6, TokenGroup = 14, TokenRow = TokenGroup + GroupBits,
                          TokenPairs = TokenRow + ArrayBits;  // first bit of each field
  logic [5:1]           token_valid_q;
  logic [TokenBits-1:0] token_q[1:5];
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)    token_valid_q <= '0;
    else if (flush) token_valid_q <= '0;
    else            token_valid_q <= {token_valid_q[4:1], walk_valid};
  end
  always_ff @(posedge clk_i) begin
    if (walk_valid) token_q[1] <= {walk_pairs, walk_row, walk_group, walk_column, walk_first, walk_add, walk_emit, walk_column_first, walk_group_end, walk_end};
    for (int unsigned i = 2; i <= 5; i++)
      if (token_valid_q[i-1]) token_q[i] <= token_q[i-1];
  end

  logic                        psum_valid, act_valid;
  logic [NumPe*Lanes*PsumBits-1:0] psum;
  localparam int unsigned Signed = NumBuffers > 3 ? 1 : 0;  // rows can add
  logic [NumPe*Lanes*(ActBits+Signed)-1:0] act;
  logic [Lanes*PsumBits-1:0]       logit;

  mcnn_reduce #(
    .NumPe(NumPe), .Lanes(Lanes), .NumGroups(NumGroups), .SumBits(SumBits), .PsumBits(PsumBits)
  ) u_reduce (
    .clk_i, .rst_ni, .segment_end_i(segment_end),
    .valid_i(token_valid_q[1]), .group_i(token_q[1][TokenPairs+:GroupBits]), .first_i(token_q[1][TokenFirst]),
    .add_i(token_q[1][TokenAdd]), .emit_i(token_q[1][TokenEmit]), .sums_i(sums),
    .valid_o(psum_valid), .psum_o(psum)
  );

  logic [Lanes*PsumBits-1:0] bias;
  mcnn_bias #(
    .Lanes(Lanes), .NumGroups(NumGroups), .PsumBits(PsumBits), .NumBiasRows(NumBiasRows)
  ) u_bias (
    .clk_i, .start_i(pass_start),
    .get_i(token_valid_q[2] && token_q[2][TokenEmit]), .group_i(token_q[2][TokenGroup+:GroupBits]), .base_i(bias_base),
    .bias_o(bias), .re_o(bias_re), .addr_o(bias_addr), .row_i(bias_row)
  );

  mcnn_activate #(
    .NumPe(NumPe), .Lanes(Lanes), .PsumBits(PsumBits), .ActBits(ActBits), .Signed(Signed)
  ) u_activate (
    .clk_i, .rst_ni, .segment_end_i(segment_end), .shift_i(shift),
    .valid_i(psum_valid), .psum_i(psum), .bias_i(bias),
    .valid_o(act_valid), .act_o(act), .logit_o(logit)
  );
  assign pass_done = token_valid_q[4] && token_q[4][TokenEnd];

  logic [Lanes-1:0] kernel_there;  // kernels of the group that exist
  for (genvar l = 0; l < Lanes; l++) begin : gen_there
    assign kernel_there[l] = (7'(token_q[5][TokenGroup+:GroupBits]) << LaneBits) + 7'(l) < 7'(kernels);
  end

  mcnn_pool_write #(
    .NumPe(NumPe), .Windows(Windows), .Lanes(Lanes), .NumGroups(NumGroups), .ActBits(ActBits), .Signed(Signed),
    .RowBanks(RowBanks), .BankDepth(BankDepth), .MaxDim(MaxDim)
  ) u_pool_write (
    .clk_i, .rst_ni, .start_i(pass_start_late), .vector_i(is_vector), .add_i(adds),
    .segment_end_i(segment_end), .replica_i(replica), .array_rows_i(array_rows), .group_rows_i(group_rows), .out_height_i(out_height),
    .pool_rows_i(pool_rows), .pool_row_stride_i(pool_row_stride),
    .pooled_height_i(pooled_height), .pooled_width_i(pooled_width), .out_pitch_i(out_pitch), .out_base_i(out_base),
    .early_valid_i(token_valid_q[4]), .early_group_i(token_q[4][TokenGroup+:GroupBits]),
    .early_column_i(token_q[4][TokenColumn+:8]),
    .valid_i(token_valid_q[5]), .emit_i(act_valid && !is_final), .there_i(kernel_there),
    .array_row_i(token_q[5][TokenRow+:ArrayBits]),
    .column_first_i(token_q[5][TokenColumnFirst]), .group_end_i(token_q[5][TokenGroupEnd]), .act_i(act),
    .read_o(pool_re), .read_addr_o(pool_raddr), .read_data_i(pool_rdata),
    .write_o(pool_we), .write_addr_o(pool_waddr), .write_data_o(pool_wdata), .error_o(write_error)
  );

  mcnn_result #(
    .NumLogits(NumLogits), .Lanes(Lanes), .PsumBits(PsumBits)
  ) u_result (
    .clk_i, .rst_ni, .frame_start_i(frame_start_o),
    .valid_i(act_valid && is_final), .there_i(kernel_there),
    .row_i(LogitBits'(out_base) + LogitBits'(token_q[5][TokenGroup+:GroupBits])), .logit_i(logit),
    .send_i(result_send), .count_i(logit_count), .busy_o(result_busy), .done_o(result_done),
    .m_axis_tdata_o, .m_axis_tvalid_o, .m_axis_tready_i, .m_axis_tlast_o
  );

  // Parameters: what the fields of registers and tables can say. The modules check the rest.
  if (NumPe < 1) $error("NumPe must be at least 1");
  if (NumAdc < 4 || NumAdc > 64) $error("NumAdc must be 4 to 64: a layer row has 6 bits for the kernels, two lines each");
  if (NumSl % NumAdc != 0 || NumSl < 8 || NumSl > 512)
    $error("NumSl must be a multiple of NumAdc, 8 to 512: a step record has 8 bits for a line divided by 4");
  if (AdcBits < 1) $error("AdcBits must be at least 1");
  if (ActBits < 2) $error("ActBits must be 2, 4 or 8");
  if (PsumBits < AdcBits + ActBits + 1 || PsumBits > 32)
    $error("PsumBits must hold the sum of a window, AdcBits + ActBits + 1, and be at most 32: a bias is one word");
  if (RowBanks > 16) $error("RowBanks must be 4, 8 or 16: a layer row has 4 bits for a row of a fetched column");
  if (MaxDim < 4 || MaxDim > 64) $error("MaxDim must be 4 to 64: a feature map has 64 rows and columns at most");
  if (NumBuffers < 3 || NumBuffers > 4) $error("NumBuffers must be 3 or 4");
  if (NumLayers < 2 || NumRecords < 2 || NumBiasRows < 2)
    $error("NumLayers, NumRecords and NumBiasRows must be at least 2");
  if (ReadLatency < 1 || ReadLatency > 63) $error("ReadLatency must be 1 to 63: a token of beat control waits for it");
  if (ReadClocks < 1) $error("ReadClocks must be at least 1");

endmodule
