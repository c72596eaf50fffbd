// SPDX-License-Identifier: Apache-2.0
// Sequencer: takes images, runs the rows of the layer table one after another, gives names to the feature-map buffers, stops between
// network layers where the host asked for it, and ends the run. It holds the layer row that is being run and checks that
// the chip has what the row asks for.
//
//          start            image            row            pass done, more rows
//   Idle --------> WaitImage -----> Setup ---------> Run --------------------------> Setup
//     ^                ^                              |  network layer done, HALT: Halted -> Reload -> Setup
//     +---- Finish <---+------------------------------+  last row: WaitImage, or Finish after the last image
//
// Setup waits while the row makes logits and the last result is still being sent.
module mcnn_sequencer #(
  parameter  int unsigned NumPe       = 8,
  parameter  int unsigned Windows     = 1,
  parameter  int unsigned Lanes       = 2,
  parameter  int unsigned NumAdc      = 32,
  parameter  int unsigned PsumBits    = 24,
  parameter  int unsigned RowBanks    = 8,
  parameter  int unsigned BankDepth   = 256,
  parameter  int unsigned NumBuffers  = 3,
  parameter  int unsigned MaxDim      = 32,
  parameter  int unsigned NumLayers   = 16,
  parameter  int unsigned NumRecords  = 128,
  parameter  int unsigned NumBiasRows = 64,
  parameter  int unsigned NumLogits   = 64,
  localparam int unsigned PeWords     = (NumPe + 3) / 4,
  localparam int unsigned RowWidth    = 32 * (8 + PeWords + (NumPe > 32 ? 1 : 0)),
  localparam int unsigned DimBits     = $clog2(MaxDim + 1),
  localparam int unsigned LaneBits    = $clog2(Lanes),
  localparam int unsigned LayerBits   = $clog2(NumLayers),
  localparam int unsigned RecordBits  = $clog2(NumRecords),
  localparam int unsigned BiasBits    = $clog2(NumBiasRows),
  localparam int unsigned ShiftBits   = $clog2(PsumBits)
) (
  input logic clk_i,
  input logic rst_ni,

  // host
  input  logic                 start_i,  // a valid START
  input  logic                 abort_i,
  input  logic                 resume_i,
  input  logic                 halt_i,   // MODE.HALT
  input  logic [31:0]          image_count_i,
  input  logic [7:0]           layer_count_i,
  output logic                 busy_o,
  output logic                 halted_o,
  output logic                 done_event_o,    // one clock: the run is over
  output logic                 halted_event_o,  // one clock: stopped after a layer
  output logic [LayerBits-1:0] layer_o,
  output logic [1:0]           in_buffer_o,
  output logic [1:0]           out_buffer_o,
  output logic [1:0]           load_buffer_o,

  // what ends a run early
  input  logic fatal_i,          // seen elsewhere
  output logic layer_invalid_o,  // one clock
  output logic flush_o,          // one clock: everybody forgets the run

  // images and results
  input  logic image_ready_i,
  output logic image_take_o,
  output logic frame_start_o,
  input  logic result_busy_i,
  output logic result_send_o,

  // layer table
  output logic                 row_re_o,
  output logic [LayerBits-1:0] row_addr_o,
  input  logic [RowWidth-1:0]  row_i,

  // the pass
  output logic start_o,       // one clock; the fields are valid from the next clock on
  output logic start_late_o,  // one clock later
  input  logic pass_done_i,   // its last sums are about to be written

  // fields of the row, constant while it runs
  output logic                  final_o,
  output logic                  vector_o,
  output logic                  add_o,
  output logic [5:0]            kernels_o,
  output logic [5:0]            pairs_o,
  output logic [3:0]            array_rows_o,  // - 1
  output logic [1:0]            range_o,
  output logic [ShiftBits-1:0]  shift_o,
  output logic [3:0]            group_rows_o,
  output logic [7:0]            in_height_o,
  output logic [7:0]            in_width_o,
  output logic [2:0]            stride_o,
  output logic [6:0]            row_step_o,
  output logic [7:0]            out_height_o,
  output logic [7:0]            out_width_o,
  output logic [DimBits-1:0]    pool_rows_o,
  output logic [DimBits-1:0]    pool_columns_o,
  output logic [DimBits-1:0]    pool_row_stride_o,
  output logic [DimBits-1:0]    pool_column_stride_o,
  output logic [7:0]            pooled_height_o,
  output logic [7:0]            pooled_width_o,
  output logic [15:0]           out_pitch_o,
  output logic [15:0]           out_base_o,
  output logic [BiasBits-1:0]   bias_base_o,
  output logic [RecordBits-1:0] first_record_o,  // valid with start_o too
  output logic [NumPe-1:0]      segment_end_o,
  output logic [NumPe*4-1:0]    replica_o,
  output logic [NumPe*4-1:0]    row_offset_o,

  // counters
  output logic clock_o,         // a clock of the run
  output logic layer_clock_o,   // a clock of the layer row
  output logic stall_image_o,
  output logic stall_result_o
);

  typedef enum logic [2:0] {
    Idle,
    WaitImage,
    Setup,
    Run,
    Halted,
    Reload,
    Finish
  } state_e;
  state_e state_q, state_d;

  logic [LayerBits-1:0] layer_q, layer_d;
  logic [31:0]          images_left_q;
  logic                 last_row, fire, stop_run;

  assign last_row = 8'(layer_q) + 8'd1 == layer_count_i;
  assign fire     = state_q == Setup && !(row_i[0] && result_busy_i);
  assign stop_run = abort_i || fatal_i || layer_invalid_o;
  assign flush_o  = busy_o && stop_run;

  // What follows the end of a network layer (or, without HALT, of any row).
  state_e state_after_row;
  assign state_after_row = !last_row ? Setup : images_left_q == 0 ? Finish : WaitImage;

  always_comb begin
    state_d = state_q;
    layer_d = layer_q;
    unique case (state_q)
      Idle: if (start_i) begin
        state_d = WaitImage;
        layer_d = '0;
      end
      WaitImage: begin
        layer_d = '0;
        if (image_ready_i) state_d = Setup;
      end
      Setup: if (fire) state_d = Run;
      Run: if (pass_done_i) begin
        if (halt_i && (layer_end_q || last_row)) begin
          state_d = Halted;
        end else begin
          state_d = state_after_row;
          if (!last_row) layer_d = layer_q + LayerBits'(1);
        end
      end
      Halted: if (resume_i) begin
        if (last_row) begin
          state_d = state_after_row;
        end else begin
          state_d = Reload;
          layer_d = layer_q + LayerBits'(1);
        end
      end
      Reload: state_d = Setup;
      Finish: if (!result_busy_i) state_d = Idle;
      default: state_d = Idle;
    endcase
    if (stop_run) state_d = Idle;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      layer_q <= '0;
    end else begin
      state_q <= state_d;
      layer_q <= layer_d;
    end
  end
  always_ff @(posedge clk_i) begin
    if (state_q == Idle) images_left_q <= image_count_i;
    else if (image_take_o) images_left_q <= images_left_q - 32'd1;
  end

  assign busy_o         = state_q != Idle;
  assign halted_o       = state_q == Halted;
  assign halted_event_o = state_q != Halted && state_d == Halted;
  assign done_event_o   = state_q == Finish && state_d == Idle && !stop_run;
  assign layer_o        = layer_q;
  assign image_take_o   = state_q == WaitImage && image_ready_i && !stop_run;
  assign result_send_o  = state_q == Run && pass_done_i && last_row && !stop_run;

  // The next row is at the memory's output when Setup begins.
  assign row_re_o   = state_q == WaitImage || state_q == Reload || (state_q == Run && pass_done_i);
  assign row_addr_o = layer_d;

  assign clock_o        = busy_o && state_q != Halted && state_q != Reload;
  assign layer_clock_o  = fire || state_q == Run;
  assign stall_image_o  = state_q == WaitImage && !image_ready_i;
  assign stall_result_o = (state_q == Setup && !fire) || state_q == Finish;

  // -------------------------------------------------------------------------------------------------------- buffers
  // Buffers 0 and 2 are that of the image and the one that loads, in turn; 1 and 3 are 1 and 2 by name. The last writes of a
  // pass are two clocks behind it, and so are the names of the next row.
  logic       image_second_q;  // the image is in buffer 2
  logic [1:0] input_q, output_q;
  function automatic logic [1:0] buffer_of(input logic [1:0] name, input logic image_second);
    buffer_of = name == 2'd0 ? {image_second, 1'b0} : name == 2'd1 ? 2'd1 : 2'd3;
  endfunction
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      frame_start_o  <= 1'b0;
      image_second_q <= 1'b0;
      input_q        <= 2'd0;
      output_q       <= 2'd1;
    end else begin
      frame_start_o <= image_take_o;
      if (image_take_o) image_second_q <= !image_second_q;
      if (start_o) begin
        input_q  <= row_i[208+:2];
        output_q <= row_i[210+:2];
      end
    end
  end
  assign in_buffer_o   = buffer_of(input_q, image_second_q);
  assign out_buffer_o  = buffer_of(output_q, image_second_q);
  assign load_buffer_o = {!image_second_q, 1'b0};

  // --------------------------------------------------------------------------------------------------------- fields
  assign start_o = fire && !stop_run;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) start_late_o <= 1'b0;
    else         start_late_o <= start_o;
  end

  // SEGMENT_END of PEs 32 and up is the last word of the row.
  logic [NumPe-1:0] segment_end;
  if (NumPe > 32) begin : gen_two_words
    assign segment_end = {row_i[(8+PeWords)*32+:NumPe-32], row_i[224+:32]};
  end else begin : gen_one_word
    assign segment_end = row_i[224+:NumPe];
  end

  logic        layer_end_q;  // LAYER_END
  logic [4:0]  shift_q;
  logic [6:0]  pool_rows_q, pool_columns_q, pool_row_stride_q, pool_column_stride_q;
  logic [15:0] bias_base_q, first_record_q;
  always_ff @(posedge clk_i) begin
    if (fire) begin
      final_o              <= row_i[0];
      layer_end_q          <= row_i[1];
      vector_o             <= row_i[2];
      kernels_o            <= row_i[4+:6];
      range_o              <= row_i[10+:2];
      shift_q              <= row_i[12+:5];
      group_rows_o         <= row_i[17+:4];
      array_rows_o         <= row_i[21+:4];
      pairs_o              <= row_i[25+:6];
      in_height_o          <= row_i[32+:8];
      in_width_o           <= row_i[40+:8];
      stride_o             <= row_i[48+:3];
      row_step_o           <= row_i[56+:7];
      out_height_o         <= row_i[64+:8];
      out_width_o          <= row_i[72+:8];
      pool_rows_q          <= row_i[96+:7];
      pool_columns_q       <= row_i[103+:7];
      pool_row_stride_q    <= row_i[110+:7];
      pool_column_stride_q <= row_i[117+:7];
      pooled_height_o      <= row_i[128+:8];
      pooled_width_o       <= row_i[136+:8];
      out_pitch_o          <= row_i[144+:16];
      out_base_o           <= row_i[160+:16];
      bias_base_q          <= row_i[176+:16];
      first_record_q       <= row_i[192+:16];
      add_o                <= row_i[212];
      segment_end_o        <= segment_end;
      for (int unsigned p = 0; p < NumPe; p++) begin
        replica_o[p*4+:4]    <= row_i[256+p*8+:4];
        row_offset_o[p*4+:4] <= row_i[256+p*8+4+:4];
      end
    end
  end
  assign shift_o        = ShiftBits'(shift_q);
  assign pool_rows_o          = DimBits'(pool_rows_q);
  assign pool_columns_o       = DimBits'(pool_columns_q);
  assign pool_row_stride_o    = DimBits'(pool_row_stride_q);
  assign pool_column_stride_o = DimBits'(pool_column_stride_q);
  assign bias_base_o    = BiasBits'(bias_base_q);
  assign first_record_o = fire ? RecordBits'(row_i[192+:16]) : RecordBits'(first_record_q);

  logic unused_reserved_bits;
  assign unused_reserved_bits = ^row_i;

  // ---------------------------------------------------------------------------------------- what a row may not ask for
  function automatic logic outside(input logic [7:0] value, input int unsigned most);
    outside = value == 0 || 32'(value) > most;
  endfunction

  logic [NumPe-1:0] bad_replica;
  for (genvar p = 0; p < NumPe; p++) begin : gen_bad
    assign bad_replica[p] = 5'(replica_o[p*4+:4]) + 5'(array_rows_o) >= 5'(group_rows_o);
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      layer_invalid_o <= 1'b0;
    end else begin
      layer_invalid_o <= 1'b0;
      if (start_late_o && !stop_run) begin
        layer_invalid_o <=
            outside(8'(kernels_o), NumAdc / 2) || 32'(shift_q) >= PsumBits ||
            outside(8'(pairs_o), NumAdc / 2) || 32'(array_rows_o) >= Windows ||
            (array_rows_o == 0 ? pairs_o != kernels_o : pairs_o <= kernels_o) ||
            outside(8'(group_rows_o), NumPe * Windows < RowBanks ? NumPe * Windows : RowBanks) ||
            outside(in_height_o, MaxDim) || outside(in_width_o, MaxDim) ||
            outside(out_height_o, MaxDim) || outside(out_width_o, MaxDim) || stride_o == 0 || row_step_o == 0 ||
            outside(8'(pool_rows_q), MaxDim) || outside(8'(pool_columns_q), MaxDim) ||
            outside(8'(pool_row_stride_q), MaxDim) || outside(8'(pool_column_stride_q), MaxDim) ||
            outside(pooled_height_o, MaxDim) || outside(pooled_width_o, MaxDim) ||
            32'(out_pitch_o) > BankDepth ||
            (32'(bias_base_q) << LaneBits) + 32'(kernels_o) > Lanes * NumBiasRows || 32'(first_record_q) >= NumRecords ||
            32'(input_q) > NumBuffers - 2 || (!final_o && (32'(output_q) > NumBuffers - 2 || output_q == input_q)) ||
            (add_o && (NumBuffers < 4 || final_o || vector_o || pool_rows_q != 7'd1 || pool_columns_q != 7'd1 ||
                       pool_row_stride_q != 7'd1 || pool_column_stride_q != 7'd1)) ||
            segment_end_o == 0 || |bad_replica || (last_row && !final_o) ||
            (final_o && (32'(out_base_o) << LaneBits) + 32'(kernels_o) > NumLogits) ||
            ((vector_o || final_o) &&
             (group_rows_o != 1 || array_rows_o != 0 || segment_end_o != NumPe'(1) << (NumPe - 1)));
      end
    end
  end

endmodule
