// SPDX-License-Identifier: Apache-2.0
// Processing element: the digital side of one crossbar array.
//
//   columns -> window (two sets: one loads while one is driven) -> bit planes to the bit lines, most significant first
//   codes   -> pair difference -> shift-add, one accumulator a pair -> hold -> two kernels a clock to reduce
//
// A window is kept plane by plane, so that driving a plane is choosing a word; bit line 4*c + r carries window column c,
// row r. A plane without a pulse is not read. The code of the negative line is subtracted before the shift-add: the
// sum is the same as with an accumulator for every line, with half the accumulators.
//
// The programmer's verify reads and pulses go to the macro through the same registers; it never asks for anything while an image
// is computed.
//
// Timing: plane tick in clock t -> macro strobe in t+1 -> codes in t+1+ReadLatency -> accumulator from t+2+ReadLatency;
// `hold_i` copies the accumulators, `group_valid_i` one clock or more later walks them: sums one clock after it.
module mcnn_pe #(
  parameter  int unsigned NumSl       = 128,  // source lines of the array
  parameter  int unsigned NumAdc      = 32,   // ADC lanes; lane i serves the lines i modulo NumAdc
  parameter  int unsigned AdcBits     = 8,    // bits of a code
  parameter  int unsigned ActBits     = 8,    // bits of a pixel, bit planes of a read
  parameter  int unsigned RowBanks    = 8,    // rows of a fetched column
  parameter  int unsigned ReadLatency = 1,    // clocks from strobe to codes
  localparam int unsigned KernelMax   = 4,    // largest window: KernelMax x KernelMax
  localparam int unsigned NumBl       = KernelMax * KernelMax,
  localparam int unsigned BankBits    = $clog2(RowBanks),
  localparam int unsigned LineBits    = $clog2(NumSl / 4),
  localparam int unsigned SlBits      = LineBits + 2,
  localparam int unsigned PlaneBits   = $clog2(ActBits),
  localparam int unsigned NumGroups   = NumAdc / 4,  // groups of two pairs
  localparam int unsigned GroupBits   = (NumGroups > 1) ? $clog2(NumGroups) : 1,
  localparam int unsigned SumBits     = AdcBits + ActBits + 1  // signed: cannot overflow
) (
  input logic clk_i,
  input logic rst_ni,

  // a column of the window that loads
  input logic                        load_i,        // it is for this PE
  input logic                        step_begin_i,  // first column of a step, for whichever PE
  input logic [ActBits*RowBanks-1:0] planes_i,      // bit b of bank r at [b*RowBanks + r]
  input logic [BankBits-1:0]         first_bank_i,  // bank of window row 0
  input logic [1:0]                  column_i,      // window column
  input logic                        first_i,       // first column of the window: what is not kept is 0
  input logic                        slide_i,       // with it: the driven window is kept, one column further left
  input logic [1:0]                  rows_i,        // window rows - 1
  input logic [LineBits-1:0]         line_i,        // first source line, divided by 4

  // the beat
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
  input  logic [GroupBits-1:0]        group_i,        // kernels 2*group, 2*group + 1 of the pass
  output logic signed [2*SumBits-1:0] sums_o          // {odd kernel, even kernel}, 0 where the PE took no part
);

  // ------------------------------------------------------------------------------------------------------- windows
  localparam int unsigned WindowBits = ActBits * NumBl;  // plane by plane
  logic                  set_q;      // the set that is driven; the other one loads
  logic [WindowBits-1:0] window0_q, window1_q;
  logic [1:0]            active_q;   // [set]
  logic [LineBits-1:0]   line0_q, line1_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)        set_q <= 1'b0;
    else if (advance_i) set_q <= !set_q;
  end

  // The rows of the column that this PE takes, in window column 0, plane by plane.
  function automatic logic [WindowBits-1:0] take_rows(
      input logic [ActBits*RowBanks-1:0] planes, input logic [BankBits-1:0] first, input logic [1:0] rows);
    logic [2*RowBanks-1:0] bits;
    logic [NumBl-1:0]      mask;
    mask = NumBl'({rows == 2'd3, rows >= 2'd2, rows >= 2'd1, 1'b1});
    for (int unsigned b = 0; b < ActBits; b++) begin
      bits = {2{planes[b*RowBanks+:RowBanks]}};
      take_rows[b*NumBl+:NumBl] = NumBl'(KernelMax'(bits >> first)) & mask;
    end
  endfunction

  // What the next position keeps of a window that slides: its columns but the first, one place further left.
  function automatic logic [WindowBits-1:0] keep(input logic [WindowBits-1:0] window, input logic slide);
    for (int unsigned b = 0; b < ActBits; b++)
      keep[b*NumBl+:NumBl] = slide ? window[b*NumBl+:NumBl] >> KernelMax : '0;
  endfunction

  always_ff @(posedge clk_i) begin
    if (load_i) begin
      if (set_q) begin
        window0_q <= (first_i ? keep(window1_q, slide_i) : window0_q) |
                     (take_rows(planes_i, first_bank_i, rows_i) << {column_i, 2'b00});
      end else begin
        window1_q <= (first_i ? keep(window0_q, slide_i) : window1_q) |
                     (take_rows(planes_i, first_bank_i, rows_i) << {column_i, 2'b00});
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (step_begin_i || load_i) active_q[!set_q] <= load_i;
    if (load_i && set_q) line0_q <= line_i;
    if (load_i && !set_q) line1_q <= line_i;
  end

  // --------------------------------------------------------------------------------------------------------- drive
  logic [NumBl-1:0] pulse;
  assign active_o = active_q[set_q];
  assign strobe_o = |pulse;
  always_comb begin
    pulse        = '0;
    plane_used_o = '0;
    if (tick_i && active_o) begin
      for (int unsigned b = 0; b < ActBits; b++)
        if (plane_i == PlaneBits'(b)) pulse = set_q ? window1_q[b*NumBl+:NumBl] : window0_q[b*NumBl+:NumBl];
    end
    if (survey_i && active_o) begin
      for (int unsigned b = 0; b < ActBits; b++)
        plane_used_o[b] = |(set_q ? window1_q[b*NumBl+:NumBl] : window0_q[b*NumBl+:NumBl]);
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
  // {plane was read, PE takes part, group of its first source line}.
  localparam int unsigned CodeDelay = 1 + ReadLatency;
  localparam int unsigned NoteBits  = 2 + GroupBits;
  logic [LineBits-1:0]                line;
  logic [(CodeDelay+1)*NoteBits-1:0]  note_q;
  logic [NoteBits-1:0]                code_note, hold_note;
  assign line = set_q ? line1_q : line0_q;
  always_ff @(posedge clk_i)
    note_q <= ((CodeDelay + 1) * NoteBits)'({note_q, strobe_o, active_o, GroupBits'(line)});
  assign code_note = note_q[(CodeDelay-1)*NoteBits+:NoteBits];
  assign hold_note = note_q[CodeDelay*NoteBits+:NoteBits];

  // ------------------------------------------------------------------------------------------- shift-add and hold
  logic [2*SumBits-1:0] sum[NumGroups];
  for (genvar g = 0; g < NumGroups; g++) begin : gen_group
    mcnn_shift_add #(
      .CodeBits(AdcBits),
      .Planes  (ActBits)
    ) u_shift_add (
      .clk_i,
      .plane_i(code_tick_i && code_note[GroupBits]),
      .first_i(code_first_i),
      .valid_i(code_note[GroupBits+1]),
      .code_i (macro_code_i[g*4*AdcBits+:4*AdcBits]),
      .sum_o  (sum[g])
    );
  end

  // ---------------------------------------------------------------------------------------------------- to reduce
  // The window of source lines begins at any multiple of 4, so the walk over the groups begins at its lanes.
  logic [2*SumBits-1:0] hold_q[NumGroups];  // while the accumulators go on with the next beat
  logic                 hold_active_q;
  logic [GroupBits-1:0] hold_start_q;
  always_ff @(posedge clk_i) begin
    if (hold_i) begin
      for (int unsigned g = 0; g < NumGroups; g++) hold_q[g] <= sum[g];
      hold_active_q <= hold_note[GroupBits];
      hold_start_q  <= hold_note[GroupBits-1:0];
    end
    if (group_valid_i)
      sums_o <= hold_active_q ? hold_q[NumGroups > 1 ? hold_start_q + group_i : GroupBits'(0)] : '0;
  end

  if (NumAdc % 4 != 0 || NumGroups != (1 << $clog2(NumGroups)))
    $error("NumAdc must be 4 times a power of two: windows begin at multiples of 4 and rotate over the lanes");

endmodule
