// SPDX-License-Identifier: Apache-2.0
// mcnn_program_control: a programming run begins with its start, lasts until the engines have come to rest and the counters are final, and
// tells its end unless it was aborted; the host reaches one list at a time; first amplitudes are not beyond LIMIT.
`include "formal.svh"

module program_control_properties #(
  parameter  int unsigned NumPe         = 2,
  parameter  int unsigned NumEntries    = 4,
  localparam int unsigned EntryBits     = $clog2(NumEntries),
  localparam int unsigned PeBits        = (NumPe > 1) ? $clog2(NumPe) : 1,
  localparam int unsigned RowBits       = PeBits + EntryBits,
  localparam int unsigned Events        = mcnn_pkg::ProgramEvents,
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits,
  localparam int unsigned SumBits       = $clog2(NumPe + 1)
) (
  input logic                     clk_i,
  input logic                     rst_ni,
  input logic                     start_i,
  input logic                     abort_i,
  input logic                     start_o,
  input logic                     busy_o,
  input logic                     abort_o,
  input logic                     done_event_o,
  input logic [AmplitudeBits-1:0] set_start_i,
  input logic [AmplitudeBits-1:0] set_limit_i,
  input logic [AmplitudeBits-1:0] reset_start_i,
  input logic [AmplitudeBits-1:0] reset_limit_i,
  input logic [AmplitudeBits-1:0] set_first_o,
  input logic [AmplitudeBits-1:0] reset_first_o,
  input logic [Events*NumPe-1:0]  event_i,
  input logic                     refused_event_o,
  input logic [31:0]              clocks_o,
  input logic [31:0]              reads_o,
  input logic [31:0]              refused_o,
  input logic                     host_we_i,
  input logic [RowBits-1:0]       host_wr_row_i,
  input logic                     host_wr_word_i,
  input logic                     host_re_i,
  input logic [RowBits-1:0]       host_rd_row_i,
  input logic                     host_rd_word_i,
  input logic [31:0]              host_rdata_o,
  input logic                     list_access_o,
  input logic [2*NumPe-1:0]       list_we_o,
  input logic [NumPe-1:0]         list_re_o,
  input logic [NumPe-1:0]         list_taken_o,
  input logic [63:0]              list_row_i,
  // inside
  input logic [1:0]               drain_q,
  input logic [Events*NumPe-1:0]  event_q,
  input logic [(Events-1)*SumBits-1:0] sum_q,
  input logic                     clock_q
);

  // ------------------------------------------------------------------------------------------------------ surroundings
  logic             past_start_q, past_busy_q, past_working_q, past_start_i_q;
  logic [NumPe-1:0] working;
  logic             any_working;
  for (genvar p = 0; p < NumPe; p++) begin : gen_working
    assign working[p] = event_i[p*Events+Events-1];
  end
  assign any_working = working != '0;
  logic [7:0] reads, refused, reads_there, refused_there;  // of this clock, and in the module's register
  logic       idle_events;  // events of engines that rest
  always_comb begin
    reads         = '0;
    refused       = '0;
    reads_there   = '0;
    refused_there = '0;
    idle_events   = 1'b0;
    for (int unsigned p = 0; p < NumPe; p++) begin
      reads         = reads + 8'(event_i[p*Events]);
      refused       = refused + 8'(event_i[p*Events+5]);
      reads_there   = reads_there + 8'(event_q[p*Events]);
      refused_there = refused_there + 8'(event_q[p*Events+5]);
      if (event_i[p*Events+:Events-1] != '0 && !working[p]) idle_events = 1'b1;
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {past_start_q, past_busy_q, past_working_q, past_start_i_q} <= '0;
    end else begin
      past_start_q   <= start_o;
      past_busy_q    <= busy_o;
      past_working_q <= busy_o && any_working;
      past_start_i_q <= start_i;
    end
  end
  `MCNN_ASSUME(start_when_idle, !start_i || !busy_o, "a run must begin when there is none")
  `MCNN_ASSUME(engines_begin_with_the_start, !any_working || past_working_q || past_start_q, "engines must begin with the start")
  `MCNN_ASSUME(events_of_working_engines, !busy_o || !idle_events, "an engine that rests must have no events")

  // --------------------------------------------------------------------------------------------------------------- run
  logic [1:0] rest_q;  // clocks since an engine worked, or since the start
  logic       aborted_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rest_q    <= '0;
      aborted_q <= 1'b0;
    end else begin
      rest_q <= start_i || start_o || (busy_o && any_working) ? '0 : rest_q == '1 ? '1 : rest_q + 2'd1;
      if (!busy_o) aborted_q <= 1'b0;
      else if (abort_i) aborted_q <= 1'b1;
    end
  end
  logic past_done_q, past_aborted_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {past_done_q, past_aborted_q} <= '0;
    else {past_done_q, past_aborted_q} <= {done_event_o, aborted_q || abort_i};
  end
  `MCNN_ASSERT(start_follows, start_o == past_start_i_q, "the engines' start must follow that of the run, once")
  `MCNN_ASSERT(busy_from_the_start, !start_o || busy_o, "a run must be one from its first clock on")
  `MCNN_ASSERT(busy_by_a_start, !busy_o || past_busy_q || past_start_i_q, "a run must begin with a start")
  `MCNN_ASSERT(busy_while_working, !past_busy_q || busy_o || (rest_q != '0 && !past_working_q), "a run must last as long as an engine works")
  logic worked_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) worked_q <= 1'b0;
    else         worked_q <= !start_i && (worked_q || (busy_o && any_working));
  end
  `MCNN_ASSERT(ends_not_before, !(past_busy_q && !busy_o) || !worked_q || rest_q == 2'd3,
               "a run must end three clocks behind its engines, not before")
  `MCNN_ASSERT(begins_from_rest, !start_o || (!past_busy_q && !past_working_q && !past_start_q), "a run must begin from rest")
  `MCNN_ASSERT(ends_in_time, !busy_o || rest_q <= 2'd2, "a run must end three clocks behind its engines")
  `MCNN_ASSERT(done_at_the_end, !done_event_o || (busy_o && !any_working && !start_o && !aborted_q),
               "a run must be done when it has come to its end, not by an abort")
  `MCNN_ASSERT(done_once, !done_event_o || !past_done_q, "a run must be done once")
  `MCNN_ASSERT(end_is_told, !(past_busy_q && !busy_o) || past_done_q || past_aborted_q, "the end of a run must be told")
  `MCNN_ASSERT(abort_of_a_run, !abort_o || aborted_q, "the engines must be aborted when the run is")
  `MCNN_ASSERT(abort_is_passed_on, !(busy_o && aborted_q) || abort_o, "an abort must be told to the engines to the end of the run")

  // -------------------------------------------------------------------------------------------------- counters, amplitudes
  // Counted here in the clock of the events; the module is three clocks behind, and has the same when the run is over.
  logic [31:0] reads_q, refused_q, clocks_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {reads_q, refused_q, clocks_q} <= '0;
    end else if (start_o) begin
      {reads_q, refused_q, clocks_q} <= '0;
    end else if (busy_o) begin
      reads_q   <= reads_q + 32'(reads);
      refused_q <= refused_q + 32'(refused);
      clocks_q  <= clocks_q + 32'(any_working);
    end
  end
  `MCNN_ASSERT(counters_are_final, busy_o || (reads_o == reads_q && refused_o == refused_q && clocks_o == clocks_q),
               "the counters must have their last values when the run is over")
  // What is on its way, so that the rest follows from one clock to the next: the events of the last two clocks.
  logic [7:0] reads1_q, reads2_q, refused1_q, refused2_q;
  logic       worked1_q, worked2_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {reads1_q, reads2_q, refused1_q, refused2_q, worked1_q, worked2_q} <= '0;
    end else if (busy_o) begin
      {reads2_q, reads1_q}     <= {reads1_q, start_o ? 8'd0 : reads};
      {refused2_q, refused1_q} <= {refused1_q, start_o ? 8'd0 : refused};
      {worked2_q, worked1_q}   <= {worked1_q, !start_o && any_working};
    end
  end
  `MCNN_ASSERT(on_their_way, start_o || (reads_o + 32'(reads1_q) + 32'(reads2_q) == reads_q &&
               refused_o + 32'(refused1_q) + 32'(refused2_q) == refused_q && clocks_o + 32'(worked1_q) + 32'(worked2_q) == clocks_q),
               "what is counted and on its way")
  `MCNN_ASSERT(on_their_way_inside, start_o || (reads_there == reads1_q && refused_there == refused1_q && drain_q == {worked2_q, worked1_q} &&
               clock_q == worked2_q && 8'(sum_q[0+:SumBits]) == reads2_q && 8'(sum_q[5*SumBits+:SumBits]) == refused2_q),
               "what is on its way, where the module has it")
  `MCNN_ASSERT(nothing_left, (busy_o && !start_o) || (event_q == '0 && sum_q == '0 && drain_q == '0 && !clock_q &&
               reads1_q == '0 && reads2_q == '0 && refused1_q == '0 && refused2_q == '0 && !worked1_q &&
               !worked2_q), "nothing is on its way outside a run")

  logic [AmplitudeBits-1:0] first_set_q, first_reset_q;
  logic                     amplitudes_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)      amplitudes_q <= 1'b0;
    else if (start_i) amplitudes_q <= 1'b1;
  end
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      first_set_q   <= set_start_i > set_limit_i ? set_limit_i : set_start_i;
      first_reset_q <= reset_start_i > reset_limit_i ? reset_limit_i : reset_start_i;
    end
  end
  `MCNN_ASSERT(first_amplitudes, !amplitudes_q || (set_first_o == first_set_q && reset_first_o == first_reset_q),
               "a first amplitude must be START, LIMIT at most, as they were when the run began")

  // -------------------------------------------------------------------------------------------------------------- host
  logic [NumPe-1:0] written;
  for (genvar p = 0; p < NumPe; p++) begin : gen_written
    assign written[p] = list_we_o[2*p+:2] != '0;
  end
  logic        past_re_q, past_taken_q, past_word_q;
  logic [31:0] expected_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {past_re_q, past_taken_q} <= '0;
    else {past_re_q, past_taken_q} <= {host_re_i, past_re_q};
  end
  always_ff @(posedge clk_i) begin
    past_word_q <= host_rd_word_i;
    expected_q  <= past_word_q ? list_row_i[63:32] : list_row_i[31:0];
  end
  `MCNN_ASSERT(one_list_is_written, (written & (written - NumPe'(1))) == '0 && (host_we_i || written == '0), "one list at most")
  `MCNN_ASSERT(one_list_is_read, (list_re_o & (list_re_o - NumPe'(1))) == '0 && (host_re_i || list_re_o == '0), "one list at most")
  `MCNN_ASSERT(access_is_told, list_access_o == (host_we_i || host_re_i), "an access must be told to the lists")
  `MCNN_ASSERT(the_word_of_the_row, !past_taken_q || host_rdata_o == expected_q, "the host must get the word that it asked for")

  `MCNN_COVER(done_with_reads, done_event_o && reads_q == 32'd2, "a run with two reads")
  `MCNN_COVER(aborted, past_busy_q && !busy_o && past_aborted_q && reads_q != '0, "an aborted run")

endmodule

`ifndef FORMAL
bind mcnn_program_control program_control_properties #(.NumPe(NumPe), .NumEntries(NumEntries)) u_properties (.*);
`endif
