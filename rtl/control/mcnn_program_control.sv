// SPDX-License-Identifier: Apache-2.0
// What the programming engines of all PEs share: the run (start, abort, end), the amplitudes of first pulses, the counters, and
// the host's way to the lists. Nothing here decides what an engine does next.
//
// Counters: 32 bits, cleared by the start, three clocks behind the event; the run ends when they have their last values.
// PROGRAM_CLOCKS counts the clocks in which an engine works, so it is the time of the slowest one. Outside a run nothing
// moves here but the host's access. Host read of a list word: 2 clocks, as from the other tables.
module mcnn_program_control #(
  parameter  int unsigned NumPe         = 8,
  parameter  int unsigned NumEntries    = 64,  // entries of a list
  localparam int unsigned EntryBits     = $clog2(NumEntries),
  localparam int unsigned PeBits        = (NumPe > 1) ? $clog2(NumPe) : 1,
  localparam int unsigned RowBits       = PeBits + EntryBits,
  localparam int unsigned Events        = mcnn_pkg::ProgramEvents,
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits
) (
  input logic clk_i,
  input logic rst_ni,

  // the run
  input  logic start_i,
  input  logic abort_i,
  output logic start_o,       // first clock of the run, for the engines; a trigger for models: before anything reaches a macro
  output logic busy_o,        // a run goes on
  output logic abort_o,       // it was aborted: the engines end what has begun
  output logic done_event_o,  // one clock: it ended by itself

  // amplitudes of first pulses: START, LIMIT at most
  input  logic [AmplitudeBits-1:0] set_start_i,
  input  logic [AmplitudeBits-1:0] set_limit_i,
  input  logic [AmplitudeBits-1:0] reset_start_i,
  input  logic [AmplitudeBits-1:0] reset_limit_i,
  output logic [AmplitudeBits-1:0] set_first_o,
  output logic [AmplitudeBits-1:0] reset_first_o,

  // what the engines do in this clock (mcnn_programmer); needed only while busy_o
  input  logic [Events*NumPe-1:0] event_i,
  output logic        refused_event_o,
  output logic [31:0] clocks_o,
  output logic [31:0] reads_o,
  output logic [31:0] sets_o,
  output logic [31:0] resets_o,
  output logic [31:0] done_o,
  output logic [31:0] failed_o,
  output logic [31:0] refused_o,

  // host: row = {PE, entry}
  input  logic               host_we_i,
  input  logic [RowBits-1:0] host_wr_row_i,
  input  logic               host_wr_word_i,
  input  logic               host_re_i,
  input  logic [RowBits-1:0] host_rd_row_i,
  input  logic               host_rd_word_i,
  output logic [31:0]        host_rdata_o,
  output logic               list_access_o,  // the host reaches a list,
  output logic [2*NumPe-1:0] list_we_o,      // writes {word 1, word 0} of each PE
  output logic [NumPe-1:0]   list_re_o,      // or reads
  output logic [NumPe-1:0]   list_taken_o,   // the list whose row is taken in this clock
  input  logic [63:0]        list_row_i      // that row
);

  // ----------------------------------------------------------------------------------------------------------- run
  logic             run_q, abort_q, going;
  logic [1:0]       drain_q;  // an engine worked 1 or 2 clocks ago
  logic [NumPe-1:0] working;
  always_comb begin
    working = '0;
    if (run_q) begin
      for (int unsigned p = 0; p < NumPe; p++) working[p] = event_i[p*Events+Events-1];
    end
  end
  assign going        = start_o || working != '0 || drain_q != '0;
  assign busy_o       = run_q;
  assign abort_o      = abort_q;
  assign done_event_o = run_q && !going && !abort_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      start_o <= 1'b0;
      run_q   <= 1'b0;
    end else begin
      start_o <= start_i;
      run_q   <= start_i || (run_q && going);
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      abort_q <= 1'b0;
      drain_q <= '0;
    end else if (run_q) begin
      abort_q <= going && (abort_q || abort_i);
      drain_q <= {drain_q[0], working != '0};
    end
  end
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      set_first_o   <= set_start_i > set_limit_i ? set_limit_i : set_start_i;
      reset_first_o <= reset_start_i > reset_limit_i ? reset_limit_i : reset_start_i;
    end
  end

  // ------------------------------------------------------------------------------------------------------ counters
  // Events are registered, then summed over the PEs, then counted.
  localparam int unsigned SumBits = $clog2(NumPe + 1);
  localparam int unsigned Counted = Events - 1;
  logic [Events*NumPe-1:0]    event_q;
  logic [Counted*SumBits-1:0] sum, sum_q;
  logic [Counted*32-1:0]      count_q;
  logic                       clock_q;
  always_comb begin
    sum             = '0;
    refused_event_o = 1'b0;
    if (run_q) begin
      for (int unsigned p = 0; p < NumPe; p++) begin
        for (int unsigned e = 0; e < Counted; e++)
          sum[e*SumBits+:SumBits] = sum[e*SumBits+:SumBits] + SumBits'(event_q[p*Events+e]);
        refused_event_o = refused_event_o || event_q[p*Events+Counted-1];
      end
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      event_q  <= '0;
      sum_q    <= '0;
      clock_q  <= 1'b0;
      count_q  <= '0;
      clocks_o <= '0;
    end else if (run_q) begin
      event_q <= event_i;
      sum_q   <= sum;
      clock_q <= drain_q[0];
      if (start_o) begin
        count_q  <= '0;
        clocks_o <= '0;
      end else begin
        for (int unsigned e = 0; e < Counted; e++)
          count_q[e*32+:32] <= count_q[e*32+:32] + 32'(sum_q[e*SumBits+:SumBits]);
        clocks_o <= clocks_o + 32'(clock_q);
      end
    end
  end
  assign {refused_o, failed_o, done_o, resets_o, sets_o, reads_o} = count_q;

  // ---------------------------------------------------------------------------------------------------------- host
  logic       rd_q, rd_word_q;
  assign list_access_o = host_we_i || host_re_i;
  always_comb begin
    list_we_o = '0;
    list_re_o = '0;
    if (list_access_o) begin
      for (int unsigned p = 0; p < NumPe; p++) begin
        if (host_we_i && host_wr_row_i[EntryBits+:PeBits] == PeBits'(p))
          list_we_o[2*p+:2] = {host_wr_word_i, !host_wr_word_i};
        list_re_o[p] = host_re_i && host_rd_row_i[EntryBits+:PeBits] == PeBits'(p);
      end
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rd_q         <= 1'b0;
      list_taken_o <= '0;
    end else begin
      rd_q         <= host_re_i;
      list_taken_o <= list_re_o;
    end
  end
  always_ff @(posedge clk_i) begin
    if (host_re_i) rd_word_q <= host_rd_word_i;
    if (rd_q) host_rdata_o <= rd_word_q ? list_row_i[63:32] : list_row_i[31:0];
  end

  // The engines take the entry numbers themselves.
  logic unused_entry_bits;
  assign unused_entry_bits = ^{host_wr_row_i, host_rd_row_i};

endmodule
