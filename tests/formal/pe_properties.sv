// SPDX-License-Identifier: Apache-2.0
// mcnn_pe, its side to the macro: a plane is read where a pixel of the window has that bit, at its bit line and the window's source line;
// never a read and a pulse at once; what the programmer asks for reaches the macro one clock later. `probe` is any bit line.
`include "formal.svh"

module pe_properties #(
  parameter  int unsigned Windows   = 1,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned NumSl     = 8,
  parameter  int unsigned ActBits   = 2,
  parameter  int unsigned RowBanks  = 4,
  localparam int unsigned NumBl     = 16 * Windows,
  localparam int unsigned BlBits    = $clog2(NumBl),
  localparam int unsigned LaneBits  = $clog2(Lanes),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned LineBits  = $clog2(NumSl / 4),
  localparam int unsigned SlBits    = LineBits + 2,
  localparam int unsigned PlaneBits = $clog2(ActBits)
) (
  input logic                        clk_i,
  input logic                        rst_ni,
  input logic                        load_i,
  input logic                        step_begin_i,
  input logic [Lanes*ActBits*RowBanks-1:0] planes_i,
  input logic [LaneBits-1:0]         lane_i,
  input logic                        by_row_i,
  input logic [BankBits-1:0]         first_bank_i,
  input logic [Windows*BankBits-1:0] row_shift_i,
  input logic [3:0]                  windows_i,
  input logic [1:0]                  column_i,
  input logic                        first_i,
  input logic                        slide_i,
  input logic [1:0]                  rows_i,
  input logic [LineBits-1:0]         line_i,
  input logic                        advance_i,
  input logic                        survey_i,
  input logic [ActBits-1:0]          plane_used_o,
  input logic                        active_o,
  input logic                        tick_i,
  input logic [PlaneBits-1:0]        plane_i,
  input logic                        strobe_o,
  input logic                        program_read_i,
  input logic                        program_pulse_i,
  input logic [NumBl-1:0]            program_bit_line_i,
  input logic [SlBits-1:0]           program_line_i,
  input logic                        macro_read_o,
  input logic                        macro_program_o,
  input logic [NumBl-1:0]            macro_pulse_o,
  input logic [SlBits-1:0]           macro_line_o
);

  // ------------------------------------------------------------------------------------------------------ surroundings
  `MCNN_ASSUME(one_kind_of_run, !(tick_i && (program_read_i || program_pulse_i)) && !(program_read_i && program_pulse_i),
               "an image must not be computed while cells are programmed, and a cell not be read and pulsed at once")
  `MCNN_ASSUME(bit_line_with_a_strobe, program_read_i || program_pulse_i || program_bit_line_i == '0,
               "the programmer must name a bit line with a strobe only")

  // ------------------------------------------------------------------------------------------------------------ windows
  // One row of the window that loads and of the one that is driven, {column 3 .. column 0}; what is loaded in the clock of an advance
  // belongs to the window that becomes the driven one.
  localparam int unsigned RowWidth = 4 * ActBits;
  `MCNN_ANY(probe, BlBits)
  logic [ActBits-1:0]  pixel;
  logic [RowWidth-1:0] loading, loading_q, driven_q;
  logic                loading_known, loading_known_q, driven_known_q;
  logic                loading_active, loading_active_q, driven_active_q, active_known, active_known_q, driven_active_known_q;
  logic [LineBits-1:0] loading_line, loading_line_q, driven_line_q;
  logic [BankBits-1:0] bank;
  logic [4:0]          window;  // of the bit line
  assign window = 5'({5'd0, probe} >> 4);
  logic [LaneBits-1:0] lane;
  logic                used;  // the window of the bit line is one of those of the step
  always_comb begin
    bank = first_bank_i + BankBits'(probe[1:0]);
    for (int unsigned w = 0; w < Windows; w++)
      if (window == 5'(w)) bank = bank + row_shift_i[w*BankBits+:BankBits];
    lane = by_row_i ? lane_i : lane_i + LaneBits'(window);
    used = window < 5'(windows_i) + 5'd1;
  end
  `MCNN_ASSUME(channels_of_a_word, !load_i || by_row_i || windows_i == '0 ||
               ((32'(lane_i) & (Windows - 1)) == 0 && 32'(lane_i) + 32'(windows_i) < Lanes),
               "the channels of the windows must be in one word, from a multiple of Windows on")
  always_comb begin
    for (int unsigned b = 0; b < ActBits; b++) begin
      pixel[b] = 1'b0;
      for (int unsigned l = 0; l < Lanes; l++)
        for (int unsigned r = 0; r < RowBanks; r++)
          if (lane == LaneBits'(l) && bank == BankBits'(r) && probe[1:0] <= rows_i && used)
            pixel[b] = planes_i[(l*ActBits+b)*RowBanks+r];
    end
    // The first column begins a window, with nothing, or with the columns of the driven one, one place further.
    loading       = loading_q;
    loading_known = loading_known_q;
    loading_line  = loading_line_q;
    if (load_i) begin
      if (first_i) begin
        loading       = slide_i ? driven_q >> ActBits : '0;
        loading_known = !slide_i || driven_known_q;
      end
      for (int unsigned c = 0; c < 4; c++)
        if (column_i == 2'(c)) loading[c*ActBits+:ActBits] = loading[c*ActBits+:ActBits] | pixel;
      loading_line = line_i;
    end
    loading_active = load_i || (loading_active_q && !step_begin_i);
    active_known   = active_known_q || load_i || step_begin_i;
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {loading_known_q, driven_known_q, active_known_q, driven_active_known_q} <= '0;
    end else begin
      loading_known_q       <= advance_i ? driven_known_q : loading_known;
      driven_known_q        <= advance_i ? loading_known : driven_known_q;
      active_known_q        <= advance_i ? driven_active_known_q : active_known;
      driven_active_known_q <= advance_i ? active_known : driven_active_known_q;
    end
  end
  always_ff @(posedge clk_i) begin
    loading_q        <= advance_i ? driven_q : loading;
    driven_q         <= advance_i ? loading : driven_q;
    loading_active_q <= advance_i ? driven_active_q : loading_active;
    driven_active_q  <= advance_i ? loading_active : driven_active_q;
    loading_line_q   <= advance_i ? driven_line_q : loading_line;
    driven_line_q    <= advance_i ? loading_line : driven_line_q;
  end

  logic [ActBits-1:0] driven;  // the pixel at the bit line
  logic               bit_now;
  always_comb begin
    driven  = '0;
    bit_now = 1'b0;
    for (int unsigned c = 0; c < 4; c++) if (probe[3:2] == 2'(c)) driven = driven_q[c*ActBits+:ActBits];
    for (int unsigned b = 0; b < ActBits; b++) if (plane_i == PlaneBits'(b)) bit_now = driven[b];
  end

  // --------------------------------------------------------------------------------------------------------- the macro
  logic              past_strobe_q, past_pulse_q, past_window_q, past_bit_q, past_known_q;
  logic [NumBl-1:0]  past_bit_line_q;
  logic [SlBits-1:0] past_line_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {past_strobe_q, past_pulse_q, past_window_q} <= '0;
    end else begin
      past_strobe_q <= program_read_i || strobe_o;
      past_pulse_q  <= program_pulse_i;
      past_window_q <= strobe_o;
    end
  end
  always_ff @(posedge clk_i) begin
    past_known_q    <= driven_known_q && driven_active_known_q;
    past_bit_q      <= bit_now;
    past_bit_line_q <= program_bit_line_i;
    past_line_q     <= strobe_o ? {driven_line_q, 2'b00} : program_line_i;
  end
  `MCNN_ASSERT(active_when_loaded, !driven_active_known_q || active_o == driven_active_q,
               "a PE must take part in a step of which it has a column, and in no other")
  `MCNN_ASSERT(no_read_unasked, !strobe_o || (tick_i && active_o), "a plane must be read when it is asked for, by a PE that takes part")
  `MCNN_ASSERT(plane_with_a_pulse_is_read, !(tick_i && active_o && driven_known_q && bit_now) || strobe_o,
               "a plane with a pulse must be read")
  `MCNN_ASSERT(survey_sees_the_pulse, !(survey_i && active_o && driven_known_q) || (driven & ~plane_used_o) == '0,
               "the planes with a pulse must be told when they are asked for")
  `MCNN_ASSERT(nothing_surveyed_unasked, (survey_i && active_o) || plane_used_o == '0, "no plane must be told unasked")
  `MCNN_ASSERT(read_follows, macro_read_o == past_strobe_q, "a read must reach the macro one clock later")
  `MCNN_ASSERT(pulse_follows, macro_program_o == past_pulse_q, "a pulse must reach the macro one clock later")
  `MCNN_ASSERT(read_or_pulse, !(macro_read_o && macro_program_o), "a macro must not be read and pulsed at once")
  `MCNN_ASSERT(bit_line_of_the_window, !(past_window_q && past_known_q) || macro_pulse_o[probe] == past_bit_q,
               "a bit line must get a pulse where its pixel has the bit of the plane")
  `MCNN_ASSERT(no_empty_read, !past_window_q || macro_pulse_o != '0, "a plane without a pulse must not be read")
  `MCNN_ASSERT(bit_line_of_the_programmer, !((past_strobe_q && !past_window_q) || past_pulse_q) || macro_pulse_o == past_bit_line_q,
               "the programmer's bit line must reach the macro")
  `MCNN_ASSERT(line_of_the_strobe, !(past_pulse_q || (past_strobe_q && !past_window_q) || (past_window_q && past_known_q)) ||
               macro_line_o == past_line_q, "the source line must reach the macro with its strobe")

  `MCNN_COVER(last_pixel, past_window_q && past_known_q && past_bit_q && probe == '1, "a pulse at the last bit line")
  `MCNN_COVER(two_windows, past_window_q && past_known_q && driven_q != loading_q && loading_known_q, "two windows")

endmodule

`ifndef FORMAL
bind mcnn_pe pe_properties #(.Windows(Windows), .Lanes(Lanes), .NumSl(NumSl), .ActBits(ActBits), .RowBanks(RowBanks)) u_properties (.*);
`endif
