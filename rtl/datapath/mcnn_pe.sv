// SPDX-License-Identifier: Apache-2.0
// Processing element: the digital side of one crossbar array.
//
//   columns -> windows (two sets: one loads while one is driven) -> bit planes to the bit lines, most significant first
//   codes   -> pair difference -> shift-add, one accumulator a pair -> hold -> Lanes pairs a clock to reduce
//
// The windows of a PE are channels of the fetched word, or the windows of output rows below each other (by_row_i). They are
// kept plane by plane, so that driving a plane is choosing a word; bit line 16*w + 4*c + r carries column c, row r of
// window w. A plane without a pulse is not read. The code of the negative line is subtracted before the shift-add: the
// sum is the same as with an accumulator for every line, with half the accumulators.
//
// The programmer's verify reads and pulses go to the macro through the same registers; it never asks for anything while an image
// is computed.
//
// Timing: plane tick in clock t -> macro strobe in t+1 -> codes in t+1+ReadLatency -> accumulator from t+2+ReadLatency;
// `hold_i` copies the accumulators, `group_valid_i` one clock or more later walks them: sums one clock after it.
module mcnn_pe #(
  parameter  int unsigned Windows     = 1,    // windows of KernelMax x KernelMax pixels
  parameter  int unsigned Lanes       = 2,    // channels of a fetched word, pairs a clock to reduce
  parameter  int unsigned NumSl       = 128,  // source lines of the array
  parameter  int unsigned NumAdc      = 32,   // ADC lanes; lane i serves the lines i modulo NumAdc
  parameter  int unsigned AdcBits     = 8,    // bits of a code
  parameter  int unsigned ActBits     = 8,    // bits of a pixel, bit planes of a read
  parameter  int unsigned RowBanks    = 8,    // rows of a fetched column
  parameter  int unsigned ReadLatency = 1,    // clocks from strobe to codes
  localparam int unsigned KernelMax   = 4,    // largest window: KernelMax x KernelMax
  localparam int unsigned WindowBl    = KernelMax * KernelMax,  // bit lines of a window
  localparam int unsigned NumBl       = Windows * WindowBl,
  localparam int unsigned LaneBits    = $clog2(Lanes),
  localparam int unsigned BankBits    = $clog2(RowBanks),
  localparam int unsigned LineBits    = $clog2(NumSl / 4),
  localparam int unsigned SlBits      = LineBits + 2,
  localparam int unsigned PlaneBits   = $clog2(ActBits),
  localparam int unsigned NumQuads    = NumAdc / 4,  // four ADC lanes, two pairs
  localparam int unsigned QuadBits    = (NumQuads > 1) ? $clog2(NumQuads) : 1,
  localparam int unsigned NumGroups   = NumAdc / (2 * Lanes),  // groups of Lanes pairs
  localparam int unsigned GroupBits   = (NumGroups > 1) ? $clog2(NumGroups) : 1,
  localparam int unsigned SumBits     = AdcBits + ActBits + 1  // signed: cannot overflow
) (
  input logic clk_i,
  input logic rst_ni,

  // a column of the windows that load
  input logic                              load_i,        // it is for this PE
  input logic                              step_begin_i,  // first column of a step, for whichever PE
  input logic [Lanes*ActBits*RowBanks-1:0] planes_i,      // bit b of bank r of lane l at [(l*ActBits + b)*RowBanks + r]
  input logic [LaneBits-1:0]               lane_i,        // channel of window 0
  input logic                              by_row_i,      // all windows take it, output rows below each other
  input logic [BankBits-1:0]               first_bank_i,  // bank of row 0 of window 0
  input logic [Windows*BankBits-1:0]       row_shift_i,   // how much further down each window begins
  input logic [3:0]                        windows_i,     // windows - 1
  input logic [1:0]                        column_i,      // window column
  input logic                              first_i,       // first column of the windows: what is not kept is 0
  input logic                              slide_i,       // with it: the driven windows are kept, one column further left
  input logic [1:0]                        rows_i,        // window rows - 1
  input logic [LineBits-1:0]               line_i,        // first source line, divided by 4

  // the beat
  input  logic [5:0]           pairs_i,       // pairs that a read converts; constant while a pass runs
  input  logic                 advance_i,     // from the next clock on the loaded window is driven
  input  logic                 survey_i,      // the planes with a pulse are asked for
  output logic [ActBits-1:0]   plane_used_o,  // planes with a pulse in the driven window, 0 unless asked for
  output logic                 active_o,      // this PE takes part in the step that is driven
  input  logic                 tick_i,        // drive a plane
  input  logic [PlaneBits-1:0] plane_i,       // its number
  output logic                 strobe_o,      // the plane is read (same clock as tick_i)
  input  logic                 code_tick_i,   // tick_i, 1 + ReadLatency clocks later: its codes are here
  input  logic                 code_first_i,  // it was the first plane of the beat

  // the programmer: only while no image is computed
  input logic              program_read_i,      // verify read
  input logic              program_pulse_i,     // SET or RESET pulse
  input logic [NumBl-1:0]  program_bit_line_i,  // 0 in clocks without either
  input logic [SlBits-1:0] program_line_i,

  // the macro
  output logic                      macro_read_o,
  output logic                      macro_program_o,
  output logic [NumBl-1:0]          macro_pulse_o,
  output logic [SlBits-1:0]         macro_line_o,
  input  logic [NumAdc*AdcBits-1:0] macro_code_i,

  // reduce
  input  logic                        hold_i,         // the sums of the beat are complete
  input  logic                        group_valid_i,
  input  logic [GroupBits-1:0]        group_i,        // pairs Lanes*group and the ones behind it
  output logic [Lanes*SumBits-1:0]    sums_o          // [pair], signed, 0 where the PE took no part
);

  // ------------------------------------------------------------------------------------------------------- windows
  localparam int unsigned WindowBits = ActBits * WindowBl;  // plane by plane
  logic                  set_q;      // the set that is driven; the other one loads
  logic [WindowBits-1:0] window0[Windows];
  logic [WindowBits-1:0] window1[Windows];
  logic [1:0]            active_q;   // [set]
  logic [LineBits-1:0]   line0_q, line1_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)        set_q <= 1'b0;
    else if (advance_i) set_q <= !set_q;
  end

  // The rows of the column that a window takes, in window column 0, plane by plane.
  function automatic logic [WindowBits-1:0] take_rows(
      input logic [ActBits*RowBanks-1:0] planes, input logic [BankBits-1:0] first, input logic [1:0] rows);
    logic [2*RowBanks-1:0] bits;
    logic [WindowBl-1:0]   mask;
    mask = WindowBl'({rows == 2'd3, rows >= 2'd2, rows >= 2'd1, 1'b1});
    for (int unsigned b = 0; b < ActBits; b++) begin
      bits = {2{planes[b*RowBanks+:RowBanks]}};
      take_rows[b*WindowBl+:WindowBl] = WindowBl'(KernelMax'(bits >> first)) & mask;
    end
  endfunction

  // What the next position keeps of a window that slides: its columns but the first, one place further left.
  function automatic logic [WindowBits-1:0] keep(input logic [WindowBits-1:0] window, input logic slide);
    for (int unsigned b = 0; b < ActBits; b++)
      keep[b*WindowBl+:WindowBl] = slide ? window[b*WindowBl+:WindowBl] >> KernelMax : '0;
  endfunction

  logic begins, slides;  // of a column of this PE
  assign begins = load_i && first_i;
  assign slides = load_i && slide_i;
  for (genvar w = 0; w < Windows; w++) begin : gen_window
    logic                        loads;
    logic [LaneBits-1:0]         lane;
    logic [ActBits*RowBanks-1:0] planes;
    logic [WindowBits-1:0]       taken;
    logic [WindowBits-1:0]       set0_q, set1_q;
    assign window0[w] = set0_q;
    assign window1[w] = set1_q;
    assign loads = 5'(w) < 5'(windows_i) + 5'd1;
    assign lane  = by_row_i ? lane_i : lane_i | LaneBits'(w);
    always_comb begin
      planes = '0;
      taken  = '0;
      if (load_i && loads) begin
        for (int unsigned l = 0; l < Lanes; l++)
          if (lane == LaneBits'(l)) planes = planes_i[l*ActBits*RowBanks+:ActBits*RowBanks];
        taken = take_rows(planes, first_bank_i + row_shift_i[w*BankBits+:BankBits], rows_i) << {column_i, 2'b00};
      end
    end
    always_ff @(posedge clk_i) begin
      if (load_i) begin
        if (set_q) set0_q <= (begins ? keep(set1_q, slides) : set0_q) | taken;
        else       set1_q <= (begins ? keep(set0_q, slides) : set1_q) | taken;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (step_begin_i || load_i) active_q[!set_q] <= load_i;
    if (load_i && set_q) line0_q <= line_i;
    if (load_i && !set_q) line1_q <= line_i;
  end

  // --------------------------------------------------------------------------------------------------------- drive
  // Selections are one hot, so that what is not driven does not toggle what is behind.
  logic [NumBl-1:0]   pulse;
  logic [ActBits-1:0] driven;            // the plane
  logic               survey0, survey1;  // all planes of a set are asked for
  assign active_o = active_q[set_q];
  assign strobe_o = |pulse;
  assign survey0  = survey_i && active_o && !set_q;
  assign survey1  = survey_i && active_o && set_q;
  assign driven   = tick_i && active_o ? ActBits'(1) << plane_i : '0;
  always_comb begin
    pulse        = '0;
    plane_used_o = '0;
    if (tick_i && active_o) begin
      for (int unsigned w = 0; w < Windows; w++) begin
        for (int unsigned b = 0; b < ActBits; b++) begin
          if (driven[b])
            pulse[w*WindowBl+:WindowBl] = set_q ? window1[w][b*WindowBl+:WindowBl] : window0[w][b*WindowBl+:WindowBl];
        end
      end
    end
    if (survey_i && active_o) begin
      for (int unsigned w = 0; w < Windows; w++) begin
        for (int unsigned b = 0; b < ActBits; b++) begin
          if (survey0) plane_used_o[b] = plane_used_o[b] | (|window0[w][b*WindowBl+:WindowBl]);
          if (survey1) plane_used_o[b] = plane_used_o[b] | (|window1[w][b*WindowBl+:WindowBl]);
        end
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      macro_read_o    <= 1'b0;
      macro_program_o <= 1'b0;
    end else begin
      macro_read_o    <= strobe_o || program_read_i;
      macro_program_o <= program_pulse_i;
    end
  end
  always_ff @(posedge clk_i) begin
    if ((tick_i && active_o) || program_read_i || program_pulse_i) begin
      macro_pulse_o <= pulse | program_bit_line_i;  // one of them is 0
      macro_line_o  <= program_read_i || program_pulse_i ? program_line_i : {line, 2'b00};
    end
  end

  // What travels with a plane until its codes are back, and with a beat until its sums are held:
  // {plane was read, PE takes part, quad of its first source line}.
  localparam int unsigned CodeDelay = 1 + ReadLatency;
  localparam int unsigned NoteBits  = 2 + QuadBits;
  logic [LineBits-1:0]                line;
  logic [(CodeDelay+1)*NoteBits-1:0]  note_q;
  logic [NoteBits-1:0]                code_note, hold_note;
  assign line = set_q ? line1_q : line0_q;
  always_ff @(posedge clk_i)
    note_q <= ((CodeDelay + 1) * NoteBits)'({note_q, strobe_o, active_o, QuadBits'(line)});
  assign code_note = note_q[(CodeDelay-1)*NoteBits+:NoteBits];
  assign hold_note = note_q[CodeDelay*NoteBits+:NoteBits];

  // ------------------------------------------------------------------------------------------- shift-add and hold
  // The pairs of a pass fill neighbouring quads, from that of the first source line on and around; the others stand still.
  function automatic logic [NumQuads-1:0] around(input logic [NumQuads-1:0] quads, input logic [QuadBits-1:0] first);
    around = NumQuads'(({2{quads}} << first) >> NumQuads);
  endfunction

  logic                code_plane, hold;  // of this PE
  logic [NumQuads-1:0] quads, code_used, hold_used;
  assign code_plane = code_tick_i && code_note[QuadBits];
  assign hold       = hold_i && hold_note[QuadBits];
  assign quads      = NumQuads'(~({NumQuads + 1{1'b1}} << ((pairs_i + 6'd1) >> 1)));  // as if they began at quad 0
  assign code_used  = code_plane ? around(quads, code_note[QuadBits-1:0]) : '0;
  assign hold_used  = hold ? around(quads, hold_note[QuadBits-1:0]) : '0;

  logic [2*SumBits-1:0] sum[NumQuads];
  logic [2*SumBits-1:0] held[NumQuads];  // while the accumulators go on with the next beat
  for (genvar g = 0; g < NumQuads; g++) begin : gen_quad
    mcnn_shift_add #(
      .CodeBits(AdcBits),
      .Planes  (ActBits)
    ) u_shift_add (
      .clk_i,
      .plane_i(code_plane),
      .used_i (code_used[g]),
      .first_i(code_first_i),
      .valid_i(code_note[QuadBits+1]),
      .code_i (macro_code_i[g*4*AdcBits+:4*AdcBits]),
      .sum_o  (sum[g])
    );
    logic [2*SumBits-1:0] hold_q;
    always_ff @(posedge clk_i) begin
      if (hold) begin
        if (hold_used[g]) hold_q <= sum[g];
      end
    end
    assign held[g] = hold_q;
  end

  // ---------------------------------------------------------------------------------------------------- to reduce
  // The source lines of a read begin at any multiple of 4, so the walk over the pairs begins at their lanes.
  logic                 hold_active_q;
  logic [QuadBits-1:0]  hold_start_q;
  always_ff @(posedge clk_i) begin
    if (hold_i) begin
      hold_active_q <= hold_note[QuadBits];
      hold_start_q  <= hold_note[QuadBits-1:0];
    end
  end
  for (genvar i = 0; i < Lanes / 2; i++) begin : gen_sums
    logic [QuadBits-1:0] quad;
    assign quad = NumQuads > 1 && hold_active_q ? hold_start_q + QuadBits'((32'(group_i) << (LaneBits - 1)) + i) : '0;
    always_ff @(posedge clk_i)
      if (group_valid_i) sums_o[i*2*SumBits+:2*SumBits] <= hold_active_q ? held[quad] : '0;
  end

  if (NumAdc % 4 != 0 || NumQuads != (1 << $clog2(NumQuads)))
    $error("NumAdc must be 4 times a power of two: reads begin at multiples of 4 and rotate over the ADC lanes");
  if (Windows > 16 || Windows != (1 << $clog2(Windows))) $error("Windows must be 1, 2, 4, 8 or 16");
  if (Lanes < 2 || Lanes > 16 || Lanes > NumAdc / 2 || Lanes != (1 << LaneBits))
    $error("Lanes must be 2, 4, 8 or 16, and at most NumAdc/2");

endmodule
