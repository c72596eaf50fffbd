// SPDX-License-Identifier: Apache-2.0
// What the programming engines of all PEs have in common: the run (start, abort, end), its counters, and the host's way to
// the lists. Counters: 32 bits, cleared by the start, two clocks behind the event.
// Host read of a list word: 2 clocks, as from the other tables.
module mcnn_program_control #(
  parameter  int unsigned NumPe      = 8,
  parameter  int unsigned NumEntries = 64,  // entries of a list
  localparam int unsigned EntryBits  = $clog2(NumEntries),
  localparam int unsigned PeBits     = (NumPe > 1) ? $clog2(NumPe) : 1
) (
  input logic clk_i,
  input logic rst_ni,

  input  logic             start_i,
  input  logic             abort_i,
  output logic             start_o,       // to the engines and as a trigger
  output logic             busy_o,        // a run goes on
  output logic             done_event_o,  // it ended by itself
  input  logic [NumPe-1:0] busy_i,        // of the engines

  // events of the engines
  input  logic [NumPe-1:0] read_i,
  input  logic [NumPe-1:0] pulse_i,
  input  logic [NumPe-1:0] set_i,
  input  logic [NumPe-1:0] done_i,
  input  logic [NumPe-1:0] failed_i,
  input  logic [NumPe-1:0] refused_i,
  output logic             refused_event_o,
  output logic [31:0]      clocks_o,
  output logic [31:0]      reads_o,
  output logic [31:0]      sets_o,
  output logic [31:0]      resets_o,
  output logic [31:0]      done_o,
  output logic [31:0]      failed_o,
  output logic [31:0]      refused_o,

  // host: row = {PE, entry}
  input  logic                       host_we_i,
  input  logic [PeBits+EntryBits-1:0] host_wr_row_i,
  input  logic                       host_wr_word_i,
  input  logic                       host_re_i,
  input  logic [PeBits+EntryBits-1:0] host_rd_row_i,
  input  logic                       host_rd_word_i,
  output logic [31:0]                host_rdata_o,
  output logic [2*NumPe-1:0]         list_we_o,  // word 1, word 0 of each PE
  output logic [NumPe-1:0]           list_re_o,
  input  logic [64*NumPe-1:0]        list_rdata_i
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

  // ------------------------------------------------------------------------------------------------------ counters
  localparam int unsigned SumBits = $clog2(NumPe + 1);
  localparam int unsigned Events  = 6;
  logic [Events*NumPe-1:0]   event_q;  // as they come
  logic [Events*SumBits-1:0] sum, sum_q;
  logic [Events*32-1:0]      count_q;
  logic                      clock_q;
  always_comb begin
    sum = '0;
    for (int unsigned e = 0; e < Events; e++)
      for (int unsigned p = 0; p < NumPe; p++)
        sum[e*SumBits+:SumBits] = sum[e*SumBits+:SumBits] + SumBits'(event_q[e*NumPe+p]);
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      event_q  <= '0;
      sum_q    <= '0;
      count_q  <= '0;
      clock_q  <= 1'b0;
      clocks_o <= '0;
    end else begin
      event_q <= {refused_i, failed_i, done_i, pulse_i & ~set_i, pulse_i & set_i, read_i};
      sum_q   <= sum;
      clock_q <= |busy_i;
      if (start_i) begin
        count_q  <= '0;
        clocks_o <= '0;
      end else if (run_q || (|event_q) || (|sum_q)) begin
        for (int unsigned e = 0; e < Events; e++)
          count_q[e*32+:32] <= count_q[e*32+:32] + 32'(sum_q[e*SumBits+:SumBits]);
        clocks_o <= clocks_o + 32'(clock_q);
      end
    end
  end
  assign {refused_o, failed_o, done_o, resets_o, sets_o, reads_o} = count_q;
  assign refused_event_o = |event_q[5*NumPe+:NumPe];

  // ---------------------------------------------------------------------------------------------------------- host
  logic [NumPe-1:0] wr_pe, rd_pe, rd_pe_q;
  logic             rd_word_q, rd_q;
  logic [31:0]      word;
  always_comb begin
    for (int unsigned p = 0; p < NumPe; p++) begin
      wr_pe[p] = host_we_i && host_wr_row_i[EntryBits+:PeBits] == PeBits'(p);
      rd_pe[p] = host_re_i && host_rd_row_i[EntryBits+:PeBits] == PeBits'(p);
      list_we_o[2*p+:2] = {wr_pe[p] && host_wr_word_i, wr_pe[p] && !host_wr_word_i};
    end
    word = '0;
    if (rd_q) begin
      for (int unsigned p = 0; p < NumPe; p++)
        if (rd_pe_q[p]) word = word | (rd_word_q ? list_rdata_i[64*p+32+:32] : list_rdata_i[64*p+:32]);
    end
  end
  assign list_re_o = rd_pe;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) rd_q <= 1'b0;
    else         rd_q <= host_re_i;
  end
  always_ff @(posedge clk_i) begin
    if (host_re_i) begin
      rd_pe_q   <= rd_pe;
      rd_word_q <= host_rd_word_i;
    end
    if (rd_q) host_rdata_o <= word;
  end

  logic unused_row_bits;
  assign unused_row_bits = ^{host_wr_row_i, host_rd_row_i};

endmodule
