// SPDX-License-Identifier: Apache-2.0
// What the programming engines of all PEs share: the run (start, abort, end), the amplitudes of first pulses, the counters, and
// the host's way to the lists. Nothing here decides what an engine does next.
//
// Counters: 32 bits, cleared by the start, three clocks behind the event; PROGRAM_CLOCKS counts the clocks in which an
// engine works, so it is the time of the slowest one. Host read of a list word: 2 clocks, as from the other tables.
`include "mcnn_assert.svh"

module mcnn_program_control #(
  parameter  int unsigned NumPe         = 8,
  parameter  int unsigned NumEntries    = 64,  // entries of a list
  localparam int unsigned EntryBits     = $clog2(NumEntries),
  localparam int unsigned PeBits        = (NumPe > 1) ? $clog2(NumPe) : 1,
  localparam int unsigned RowBits       = PeBits + EntryBits,
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits
) (
  input logic clk_i,
  input logic rst_ni,

  // the run
  input  logic             start_i,
  input  logic             abort_i,
  input  logic             image_busy_i,  // an image run goes on
  output logic             start_o,       // to the engines, and a trigger for models: before anything reaches a macro
  output logic             busy_o,
  output logic             done_event_o,  // one clock: it ended by itself
  input  logic [NumPe-1:0] busy_i,        // of the engines

  // amplitudes of first pulses: START, LIMIT at most
  input  logic [AmplitudeBits-1:0] set_start_i,
  input  logic [AmplitudeBits-1:0] set_limit_i,
  input  logic [AmplitudeBits-1:0] reset_start_i,
  input  logic [AmplitudeBits-1:0] reset_limit_i,
  output logic [AmplitudeBits-1:0] set_first_o,
  output logic [AmplitudeBits-1:0] reset_first_o,

  // events of the engines
  input  logic [NumPe-1:0] read_i,
  input  logic [NumPe-1:0] pulse_i,
  input  logic [NumPe-1:0] set_i,  // with pulse_i: SET
  input  logic [NumPe-1:0] done_i,
  input  logic [NumPe-1:0] failed_i,
  input  logic [NumPe-1:0] refused_i,
  output logic             refused_event_o,  // one clock later
  output logic [31:0]      clocks_o,
  output logic [31:0]      reads_o,
  output logic [31:0]      sets_o,
  output logic [31:0]      resets_o,
  output logic [31:0]      done_o,
  output logic [31:0]      failed_o,
  output logic [31:0]      refused_o,

  // host: row = {PE, entry}
  input  logic                host_we_i,
  input  logic [RowBits-1:0]  host_wr_row_i,
  input  logic                host_wr_word_i,
  input  logic                host_re_i,
  input  logic [RowBits-1:0]  host_rd_row_i,
  input  logic                host_rd_word_i,
  output logic [31:0]         host_rdata_o,
  output logic [2*NumPe-1:0]  list_we_o,  // {word 1, word 0} of each PE
  output logic [NumPe-1:0]    list_re_o,
  input  logic [64*NumPe-1:0] list_rdata_i
);

  // ----------------------------------------------------------------------------------------------------------- run
  logic run_q, abort_q, going;
  assign going        = start_o || (|busy_i);
  assign busy_o       = run_q;
  assign done_event_o = run_q && !going && !abort_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      start_o <= 1'b0;
      run_q   <= 1'b0;
      abort_q <= 1'b0;
    end else begin
      start_o <= start_i;
      run_q   <= start_i || (run_q && going);
      abort_q <= run_q && (abort_q || abort_i);
    end
  end
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      set_first_o   <= set_start_i > set_limit_i ? set_limit_i : set_start_i;
      reset_first_o <= reset_start_i > reset_limit_i ? reset_limit_i : reset_start_i;
    end
  end

  `MCNN_ASSERT(engines_work_in_a_run, run_q || busy_i == '0, "an engine works outside a programming run")
  `MCNN_ASSERT(programming_or_images, !(run_q && image_busy_i), "programming must not begin while images are computed")

  // ------------------------------------------------------------------------------------------------------ counters
  // Events are registered, then summed over the PEs, then counted. Nothing moves outside a run.
  localparam int unsigned SumBits = $clog2(NumPe + 1);
  localparam int unsigned Events  = 6;
  logic [Events*NumPe-1:0]   event_q;
  logic [Events*SumBits-1:0] sum, sum_q;
  logic [Events*32-1:0]      count_q;
  logic                      clock_q, clock_sum_q;
  logic [1:0]                tail_q;  // the run ended so many clocks ago
  logic                      counting;
  assign counting = run_q || tail_q != '0;
  always_comb begin
    sum = '0;
    if (counting) begin
      for (int unsigned e = 0; e < Events; e++)
        for (int unsigned p = 0; p < NumPe; p++)
          sum[e*SumBits+:SumBits] = sum[e*SumBits+:SumBits] + SumBits'(event_q[e*NumPe+p]);
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      event_q     <= '0;
      sum_q       <= '0;
      count_q     <= '0;
      clock_q     <= 1'b0;
      clock_sum_q <= 1'b0;
      clocks_o    <= '0;
      tail_q      <= '0;
    end else begin
      tail_q <= {tail_q[0], run_q};
      if (counting) begin
        event_q     <= {refused_i, failed_i, done_i, pulse_i & ~set_i, pulse_i & set_i, read_i};
        sum_q       <= sum;
        clock_q     <= |busy_i;
        clock_sum_q <= clock_q;
        for (int unsigned e = 0; e < Events; e++)
          count_q[e*32+:32] <= count_q[e*32+:32] + 32'(sum_q[e*SumBits+:SumBits]);
        clocks_o <= clocks_o + 32'(clock_sum_q);
      end
      if (start_i) begin
        count_q  <= '0;
        clocks_o <= '0;
      end
    end
  end
  assign {refused_o, failed_o, done_o, resets_o, sets_o, reads_o} = count_q;
  assign refused_event_o = |event_q[5*NumPe+:NumPe];

  // ---------------------------------------------------------------------------------------------------------- host
  logic [NumPe-1:0] rd_pe_q;
  logic             rd_word_q, rd_q;
  logic [31:0]      word;
  always_comb begin
    list_we_o = '0;
    list_re_o = '0;
    if (host_we_i) begin
      for (int unsigned p = 0; p < NumPe; p++)
        if (host_wr_row_i[EntryBits+:PeBits] == PeBits'(p)) list_we_o[2*p+:2] = {host_wr_word_i, !host_wr_word_i};
    end
    if (host_re_i) begin
      for (int unsigned p = 0; p < NumPe; p++) list_re_o[p] = host_rd_row_i[EntryBits+:PeBits] == PeBits'(p);
    end
    word = '0;
    if (rd_q) begin
      for (int unsigned p = 0; p < NumPe; p++)
        if (rd_pe_q[p]) word = word | (rd_word_q ? list_rdata_i[64*p+32+:32] : list_rdata_i[64*p+:32]);
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) rd_q <= 1'b0;
    else         rd_q <= host_re_i;
  end
  always_ff @(posedge clk_i) begin
    if (host_re_i) begin
      rd_pe_q   <= list_re_o;
      rd_word_q <= host_rd_word_i;
    end
    if (rd_q) host_rdata_o <= word;
  end

  // The engines take the entry numbers themselves.
  logic unused_entry_bits;
  assign unused_entry_bits = ^{host_wr_row_i, host_rd_row_i};

endmodule
