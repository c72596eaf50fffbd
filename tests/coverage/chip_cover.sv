// SPDX-License-Identifier: Apache-2.0
// What runs of the whole chip are to have been through: counted in simulation where MCNN_COVERAGE is defined (scripts/coverage.sh). The
// sentence of a point is its line in the table of what was hit.
`include "formal.svh"

module chip_cover #(
  parameter int unsigned NumPe   = 8,
  parameter int unsigned ActBits = 8
) (
  input logic clk_i,
  input logic rst_ni,

  input logic [3:0]                       error_i,   // code
  input logic [2:0]                       state_i,   // of the sequencer
  input logic                             fatal_i,
  input logic                             start_i, abort_i, resume_i, busy_i,
  input logic                             image_ready_i, image_drop_i, load_i,

  // a pass
  input logic                             pass_i,    // begins; the fields of its row are valid
  input logic                             final_i, vector_i, add_i, layer_end_i,
  input logic [5:0]                       kernels_i,
  input logic [7:0]                       pool_rows_i, pool_columns_i, pool_row_stride_i, pool_column_stride_i,
  input logic [3:0]                       array_rows_i, group_rows_i,
  input logic [2:0]                       stride_i,
  input logic [7:0]                       out_height_i, out_width_i, pooled_height_i,
  input logic [NumPe-1:0]                 segment_end_i,
  input logic [1:0]                       in_buffer_i, out_buffer_i,

  // a step
  input logic                             column_i, first_i, slide_i, step_begin_i, pass_first_i, pass_last_i,
  input logic [1:0]                       rows_i,
  input logic [3:0]                       windows_i,
  input logic                             beat_i, survey_i, skip_i, tick_i, tick_first_i,
  input logic [$clog2(ActBits)-1:0]       plane_i,
  input logic [NumPe*ActBits-1:0]         plane_used_i,
  input logic [NumPe-1:0]                 read_i,
  input logic [1:0]                       range_i,

  // who waits for whom
  input logic                             stall_image_i, stall_result_i, stall_beat_i, reduce_done_i, have_step_i,
  input logic                             fetch_busy_i, load_ready_i,
  input logic                             result_valid_i, result_ready_i, result_last_i,
  input logic                             image_valid_i, image_taken_i, image_last_i,
  input logic                             aw_valid_i, aw_ready_i, w_valid_i, w_ready_i, b_valid_i, b_ready_i,
  input logic                             ar_valid_i, ar_ready_i, r_valid_i, r_ready_i,

  // programming
  input logic                             program_i, refused_i,
  input logic [NumPe*7-1:0]               events_i,  // of mcnn_programmer
  input logic [2:0]                       program_range_i,
  input logic [7:0]                       max_pulses_i
);

  `MCNN_COVER(error_1, error_i == mcnn_pkg::ErrStartWhileBusy, "error START_WHILE_BUSY")
  `MCNN_COVER(error_2, error_i == mcnn_pkg::ErrWriteWhileBusy, "error WRITE_WHILE_BUSY")
  `MCNN_COVER(error_3, error_i == mcnn_pkg::ErrBadAddress, "error BAD_ADDRESS")
  `MCNN_COVER(error_4, error_i == mcnn_pkg::ErrReadWhileBusy, "error READ_WHILE_BUSY")
  `MCNN_COVER(error_5, error_i == mcnn_pkg::ErrImageShort, "error IMAGE_SHORT")
  `MCNN_COVER(error_6, error_i == mcnn_pkg::ErrImageLong, "error IMAGE_LONG")
  `MCNN_COVER(error_7, error_i == mcnn_pkg::ErrSetupInvalid, "error SETUP_INVALID")
  `MCNN_COVER(error_8, error_i == mcnn_pkg::ErrLayerInvalid, "error LAYER_INVALID")
  `MCNN_COVER(error_9, error_i == mcnn_pkg::ErrRecordInvalid, "error RECORD_INVALID")
  `MCNN_COVER(error_10, error_i == mcnn_pkg::ErrEntryInvalid, "error ENTRY_INVALID")

  // The states of mcnn_sequencer, in its order. No write of the host comes in the clock behind a RESUME, nor begins and ends a run.
  `MCNN_COVER(abort_idle, abort_i && state_i == 3'd0 && !program_i, "abort at rest")
  `MCNN_COVER(abort_wait, abort_i && state_i == 3'd1, "abort while the run waits for an image")
  `MCNN_COVER(abort_load, abort_i && state_i == 3'd1 && load_i, "abort while an image is loaded")
  `MCNN_COVER(abort_take, abort_i && state_i == 3'd1 && image_ready_i, "abort in the clock in which an image is there")
  `MCNN_COVER(abort_setup, abort_i && state_i == 3'd2, "abort while a pass is set up")
  `MCNN_COVER(abort_run, abort_i && state_i == 3'd3, "abort in a pass")
  `MCNN_COVER(abort_halted, abort_i && state_i == 3'd4, "abort while halted")
  `MCNN_COVER(abort_resume, abort_i && resume_i && state_i == 3'd4, "abort and resume in one write")
  `MCNN_COVER(abort_finish, abort_i && state_i == 3'd6, "abort while the last result is sent")
  `MCNN_COVER(abort_drop, abort_i && image_drop_i, "abort while an image is dropped")
  `MCNN_COVER(fatal_pass, fatal_i && state_i == 3'd3, "an error ends a run")
  `MCNN_COVER(fatal_load, fatal_i && state_i == 3'd1, "an error while an image is loaded ends a run")

  `MCNN_COVER(shape_map, pass_i && !final_i && !vector_i && !add_i, "a layer to a map")
  `MCNN_COVER(shape_vector, pass_i && vector_i, "a layer to a vector")
  `MCNN_COVER(shape_logits, pass_i && final_i, "a layer to logits")
  `MCNN_COVER(shape_add, pass_i && add_i, "a layer that is added")
  `MCNN_COVER(shape_passes, pass_i && !layer_end_i, "a layer of several passes")
  `MCNN_COVER(shape_odd, pass_i && kernels_i[0], "an odd number of kernels")
  `MCNN_COVER(shape_stride, pass_i && stride_i > 3'd1, "a stride")
  `MCNN_COVER(shape_point, pass_i && out_height_i == 8'd1 && out_width_i == 8'd1, "one output position")
  `MCNN_COVER(shape_replicas, pass_i && group_rows_i > 4'd1, "replicas")
  `MCNN_COVER(shape_array_rows, pass_i && array_rows_i > 4'd0, "several output rows an array")
  `MCNN_COVER(shape_last_group, pass_i && group_rows_i > 4'd1 && out_height_i % 8'(group_rows_i) != 0, "a last row group that is not full")
  `MCNN_COVER(shape_segments, pass_i && !segment_end_i[0], "PEs added up")
  `MCNN_COVER(shape_pooled, pass_i && pool_rows_i > 8'd1 && pool_rows_i == pool_row_stride_i, "pooling")
  `MCNN_COVER(shape_overlap, pass_i && (pool_rows_i > pool_row_stride_i || pool_columns_i > pool_column_stride_i), "pooling windows that overlap")
  `MCNN_COVER(shape_gap, pass_i && (pool_rows_i < pool_row_stride_i || pool_columns_i < pool_column_stride_i), "pooling windows with gaps")
  `MCNN_COVER(shape_banks, pass_i && pooled_height_i > 8'd8, "more pooled rows than banks")
  `MCNN_COVER(shape_buffers, pass_i && in_buffer_i == 2'd1, "a layer that reads another's map")
  `MCNN_COVER(shape_second, pass_i && in_buffer_i == 2'd2, "an image in the other buffer")
  `MCNN_COVER(shape_steps, beat_i && !pass_first_i, "several steps a position")
  `MCNN_COVER(shape_windows, column_i && windows_i > 4'd0, "several windows a PE")
  `MCNN_COVER(shape_1, column_i && rows_i == 2'd0, "windows of one row")
  `MCNN_COVER(shape_2, column_i && rows_i == 2'd1, "windows of two rows")
  `MCNN_COVER(shape_3, column_i && rows_i == 2'd2, "windows of three rows")
  `MCNN_COVER(shape_4, column_i && rows_i == 2'd3, "windows of four rows")
  `MCNN_COVER(shape_slide, column_i && first_i && slide_i, "a window that slides")

  `MCNN_COVER(range_0, |read_i && !program_i && range_i == 2'd0, "converter range 0")
  `MCNN_COVER(range_1, |read_i && !program_i && range_i == 2'd1, "converter range 1")
  `MCNN_COVER(range_2, |read_i && !program_i && range_i == 2'd2, "converter range 2")
  `MCNN_COVER(range_3, |read_i && !program_i && range_i == 2'd3, "converter range 3")

  logic begins;
  assign begins = tick_i && tick_first_i && skip_i;
  `MCNN_COVER(skip_0, begins && plane_i == 3'd7, "no plane skipped")
  `MCNN_COVER(skip_1, begins && plane_i == 3'd6, "one plane skipped")
  `MCNN_COVER(skip_2, begins && plane_i == 3'd5, "two planes skipped")
  `MCNN_COVER(skip_3, begins && plane_i == 3'd4, "three planes skipped")
  `MCNN_COVER(skip_4, begins && plane_i == 3'd3, "four planes skipped")
  `MCNN_COVER(skip_5, begins && plane_i == 3'd2, "five planes skipped")
  `MCNN_COVER(skip_6, begins && plane_i == 3'd1, "six planes skipped, the most")
  `MCNN_COVER(skip_zero, begins && survey_i && plane_used_i == '0, "a beat without a pulse")

  `MCNN_COVER(stall_image, stall_image_i, "the run waits for an image")
  `MCNN_COVER(stall_setup, stall_result_i && state_i == 3'd2, "a layer of logits waits for the last result")
  `MCNN_COVER(stall_finish, stall_result_i && state_i == 3'd6, "the run waits for its last result")
  `MCNN_COVER(stall_fetch, stall_beat_i && !have_step_i, "the PEs wait for window fetch")
  `MCNN_COVER(stall_reduce, stall_beat_i && !reduce_done_i, "the PEs wait for reduce")
  `MCNN_COVER(fetch_held, fetch_busy_i && !load_ready_i, "window fetch waits for the PEs")
  `MCNN_COVER(image_held, image_valid_i && !image_taken_i && busy_i, "the source of images waits for the chip")
  `MCNN_COVER(image_late, load_i && !image_valid_i, "the chip waits in an image for its source")
  `MCNN_COVER(class_held, result_valid_i && !result_ready_i && !result_last_i, "a result waits for the host")
  `MCNN_COVER(last_held, result_valid_i && !result_ready_i && result_last_i, "the last word of a result waits for the host")
  `MCNN_COVER(drop_held, image_drop_i && image_valid_i && !image_last_i && !busy_i, "the rest of an image behind a run")
  `MCNN_COVER(address_first, aw_valid_i && !w_valid_i, "a write's address before its data")
  `MCNN_COVER(data_first, w_valid_i && !aw_valid_i, "a write's data before its address")
  `MCNN_COVER(write_held, aw_valid_i && w_valid_i && !(aw_ready_i && w_ready_i), "a write waits for the chip")
  `MCNN_COVER(read_held, ar_valid_i && !ar_ready_i, "a read waits for the chip")
  `MCNN_COVER(written_held, b_valid_i && !b_ready_i, "a write's response waits for the host")
  `MCNN_COVER(read_data_held, r_valid_i && !r_ready_i, "a read's data wait for the host")
  `MCNN_COVER(both, b_valid_i && r_valid_i, "a write's and a read's response at once")

  // {works, refused, failed, done, RESET, SET, read} of each PE
  logic [6:0] event_any;
  always_comb begin
    event_any = '0;
    for (int unsigned p = 0; p < NumPe; p++) event_any = event_any | events_i[p*7+:7];
  end
  `MCNN_COVER(program_read, program_i && event_any[0], "a verify read")
  `MCNN_COVER(program_set, program_i && event_any[1], "a SET pulse")
  `MCNN_COVER(program_reset, program_i && event_any[2], "a RESET pulse")
  `MCNN_COVER(program_done, program_i && event_any[3], "an entry that reaches its target")
  `MCNN_COVER(program_failed, program_i && event_any[4], "an entry that does not")
  `MCNN_COVER(program_read_only, program_i && event_any[4] && max_pulses_i == 8'd0, "an entry that is read only")
  `MCNN_COVER(program_refused, refused_i, "an entry that is refused")
  `MCNN_COVER(program_aborted, program_i && abort_i, "abort while cells are programmed")
  `MCNN_COVER(program_abort_pulse, program_i && abort_i && |event_any[2:1], "abort in the clock of a pulse")
  `MCNN_COVER(program_abort_read, program_i && abort_i && event_any[0], "abort in the clock of a verify read")
  `MCNN_COVER(program_range_0, event_any[0] && program_range_i == 3'd0, "verify reads in range 0")
  `MCNN_COVER(program_range_1, event_any[0] && program_range_i == 3'd1, "verify reads in range 1")
  `MCNN_COVER(program_range_2, event_any[0] && program_range_i == 3'd2, "verify reads in range 2")
  `MCNN_COVER(program_range_3, event_any[0] && program_range_i == 3'd3, "verify reads in range 3")
  `MCNN_COVER(program_range_4, event_any[0] && program_range_i == 3'd4, "verify reads in range 4")
  `MCNN_COVER(program_range_5, event_any[0] && program_range_i == 3'd5, "verify reads in range 5")
  `MCNN_COVER(program_range_6, event_any[0] && program_range_i == 3'd6, "verify reads in range 6")
  `MCNN_COVER(program_range_7, event_any[0] && program_range_i == 3'd7, "verify reads in range 7")
endmodule

bind mcnn_chip chip_cover #(.NumPe(NumPe), .ActBits(ActBits)) u_cover (
  .clk_i, .rst_ni,
  .error_i(u_registers.error_q), .state_i(u_sequencer.state_q), .fatal_i(u_sequencer.stop_run && !abort),
  .start_i(start), .abort_i(abort), .resume_i(resume), .busy_i(busy),
  .image_ready_i(image_ready), .image_drop_i(image_drop), .load_i(|load_we),
  .pass_i(pass_start_late), .final_i(is_final), .vector_i(is_vector), .add_i(adds), .layer_end_i(u_sequencer.layer_end_q),
  .kernels_i(kernels), .pool_rows_i(8'(pool_rows)), .pool_columns_i(8'(pool_columns)), .pool_row_stride_i(8'(pool_row_stride)),
  .pool_column_stride_i(8'(pool_column_stride)), .array_rows_i(array_rows), .group_rows_i(group_rows), .stride_i(stride),
  .out_height_i(out_height), .out_width_i(out_width), .pooled_height_i(pooled_height), .segment_end_i(segment_end),
  .in_buffer_i(in_buffer), .out_buffer_i(out_buffer),
  .column_i(column_valid), .first_i(window_first), .slide_i(window_slide), .step_begin_i(column_step_begin),
  .pass_first_i(u_beat_control.next_first_q), .pass_last_i(column_pass_last), .rows_i(window_rows), .windows_i(windows),
  .beat_i(beat && !load_end), .survey_i(survey), .skip_i(skip_mode), .tick_i(tick), .tick_first_i(tick_first), .plane_i(plane),
  .plane_used_i(plane_used), .read_i(macro_read_o), .range_i(range),
  .stall_image_i(stall_image), .stall_result_i(stall_result), .stall_beat_i(stall_beat),
  .reduce_done_i(u_beat_control.reduce_done), .have_step_i(u_beat_control.have_step),
  .fetch_busy_i(u_window_fetch.busy_q), .load_ready_i(load_ready),
  .result_valid_i(m_axis_tvalid_o), .result_ready_i(m_axis_tready_i), .result_last_i(m_axis_tlast_o),
  .image_valid_i(s_axis_tvalid_i), .image_taken_i(s_axis_tready_o), .image_last_i(s_axis_tlast_i),
  .aw_valid_i(s_axil_awvalid_i), .aw_ready_i(s_axil_awready_o), .w_valid_i(s_axil_wvalid_i), .w_ready_i(s_axil_wready_o),
  .b_valid_i(s_axil_bvalid_o), .b_ready_i(s_axil_bready_i), .ar_valid_i(s_axil_arvalid_i), .ar_ready_i(s_axil_arready_o),
  .r_valid_i(s_axil_rvalid_o), .r_ready_i(s_axil_rready_i),
  .program_i(program_busy), .refused_i(entry_refused), .events_i(engine_events), .program_range_i(program_range),
  .max_pulses_i(max_pulses)
);
