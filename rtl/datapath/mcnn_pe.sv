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
  localparam int unsigned PlaneBits   = $clog2(ActBits),
  localparam int unsigned NumPairs    = NumAdc / 2,
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
  input logic [1:0]                  rows_i,        // window rows - 1
  input logic [LineBits-1:0]         line_i,        // first source line, divided by 4

  // the beat
  input  logic                 advance_i,     // from the next clock on the loaded window is driven
  output logic [ActBits-1:0]   plane_used_o,  // planes with a pulse in the window that is driven
  output logic                 active_o,      // this PE takes part in the step that is driven
  input  logic                 tick_i,        // drive a plane
  input  logic                 first_i,       // the first plane of the beat
  input  logic [PlaneBits-1:0] plane_i,       // its number
  output logic                 strobe_o,      // the plane is read (same clock as tick_i)

  // the macro
  output logic                      macro_read_o,
  output logic [NumBl-1:0]          macro_pulse_o,
  output logic [LineBits+1:0]       macro_line_o,
  input  logic [NumAdc*AdcBits-1:0] macro_code_i,

  // reduce
  input  logic                        hold_i,         // the sums of the beat are complete
  input  logic                        group_valid_i,
  input  logic [GroupBits-1:0]        group_i,        // kernels 2*group, 2*group + 1 of the pass
  output logic signed [2*SumBits-1:0] sums_o          // {odd kernel, even kernel}, 0 where the PE took no part
);

  // ------------------------------------------------------------------------------------------------------- windows
  logic                set_q;            // the set that is driven; the other one loads
  logic [NumBl-1:0]    window_q[2*ActBits];  // [set][plane]
  logic [1:0]          active_q;         // [set]
  logic [ActBits-1:0]  used_q[2];        // [set] planes with a pulse
  logic [LineBits-1:0] line_q[2];        // [set]

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)        set_q <= 1'b0;
    else if (advance_i) set_q <= !set_q;
  end

  logic [KernelMax-1:0] row_mask;
  assign row_mask = {rows_i == 2'd3, rows_i >= 2'd2, rows_i >= 2'd1, 1'b1};

  always_ff @(posedge clk_i) begin
    if (step_begin_i) active_q[!set_q] <= load_i;
    if (load_i) begin
      active_q[!set_q] <= 1'b1;
      line_q[!set_q]   <= line_i;
      for (int unsigned b = 0; b < ActBits; b++) begin
        // Column 0 clears the rest of the window.
        window_q[{!set_q, PlaneBits'(b)}] <=
            (column_i == 2'd0 ? '0 : window_q[{!set_q, PlaneBits'(b)}]) |
            (NumBl'(column_rows[b]) << {column_i, 2'b00});
      end
      used_q[!set_q] <= (column_i == 2'd0 ? '0 : used_q[!set_q]) | column_used;
    end
  end

  // The rows of the column that this PE takes.
  logic [KernelMax-1:0] column_rows[ActBits];
  logic [ActBits-1:0]   column_used;
  for (genvar b = 0; b < ActBits; b++) begin : gen_plane
    logic [RowBanks-1:0] bits;
    assign bits = planes_i[b*RowBanks+:RowBanks];
    assign column_rows[b] = KernelMax'({bits, bits} >> first_bank_i) & row_mask;
    assign column_used[b] = |column_rows[b];
  end

  // --------------------------------------------------------------------------------------------------------- drive
  logic [ActBits-1:0] used;
  assign used         = used_q[set_q];
  assign active_o     = active_q[set_q];
  assign plane_used_o = used & {ActBits{active_o}};
  assign strobe_o     = tick_i && active_o && used[plane_i];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) macro_read_o <= 1'b0;
    else         macro_read_o <= strobe_o;
  end
  always_ff @(posedge clk_i) begin
    if (strobe_o) begin
      macro_pulse_o <= window_q[{set_q, plane_i}];
      macro_line_o  <= {line_q[set_q], 2'b00};
    end
  end

  // What travels with a plane until its codes are back, and with a beat until its sums are reduced.
  localparam int unsigned CodeDelay = 1 + ReadLatency;
  logic [CodeDelay-1:0] tick_q, first_q, strobe_q;
  logic [CodeDelay:0]   taken_q;
  logic [GroupBits-1:0] start_q[CodeDelay+1];
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tick_q   <= '0;
      strobe_q <= '0;
    end else begin
      tick_q   <= CodeDelay'({tick_q, tick_i && active_o});
      strobe_q <= CodeDelay'({strobe_q, strobe_o});
    end
  end
  always_ff @(posedge clk_i) begin
    first_q    <= CodeDelay'({first_q, first_i});
    taken_q    <= (CodeDelay + 1)'({taken_q, active_o});
    start_q[0] <= GroupBits'(line_q[set_q]);
    for (int unsigned i = 1; i <= CodeDelay; i++) start_q[i] <= start_q[i-1];
  end

  // ------------------------------------------------------------------------------------------------------ shift-add
  logic signed [SumBits-1:0] acc_q[NumPairs];
  logic signed [SumBits-1:0] hold_q[NumPairs];
  logic                      shift, code_valid, code_first;
  assign shift      = tick_q[CodeDelay-1];
  assign code_valid = strobe_q[CodeDelay-1];
  assign code_first = first_q[CodeDelay-1];

  for (genvar i = 0; i < NumPairs; i++) begin : gen_pair
    logic [AdcBits-1:0] code_positive, code_negative;
    assign code_positive = macro_code_i[(2*i)*AdcBits+:AdcBits];
    assign code_negative = macro_code_i[(2*i+1)*AdcBits+:AdcBits];
    always_ff @(posedge clk_i) begin
      if (shift) begin
        acc_q[i] <= (code_first ? '0 : acc_q[i] <<< 1) +
            (code_valid ? signed'(SumBits'(code_positive)) - signed'(SumBits'(code_negative)) : '0);
      end
      if (hold_i) hold_q[i] <= acc_q[i];
    end
  end

  // ---------------------------------------------------------------------------------------------------- to reduce
  // The window of source lines begins at any multiple of 4, so the walk over the groups begins at its lane.
  logic                 hold_active_q;
  logic [GroupBits-1:0] hold_start_q, group;
  if (NumGroups > 1) begin : gen_group
    assign group = hold_start_q + group_i;
  end else begin : gen_one_group
    assign group = '0;
  end
  always_ff @(posedge clk_i) begin
    if (hold_i) begin
      hold_active_q <= taken_q[CodeDelay];
      hold_start_q  <= start_q[CodeDelay];
    end
    if (group_valid_i) begin
      sums_o <= hold_active_q ? {hold_q[{group, 1'b1}], hold_q[{group, 1'b0}]} : '0;
    end
  end

  if (NumAdc % 4 != 0 || NumGroups != (1 << $clog2(NumGroups)))
    $error("NumAdc must be 4 times a power of two: windows begin at multiples of 4 and rotate over the lanes");

endmodule
