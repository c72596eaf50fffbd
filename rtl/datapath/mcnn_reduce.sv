// SPDX-License-Identifier: Apache-2.0
// Reduce: adds the pair sums of the PEs of a replica, and over the steps of a pass, Lanes pairs a clock.
//
// The PEs of a replica are neighbours, so a segmented running sum serves any grouping: the sum of a segment appears at its
// last PE. The running sum is a prefix tree; for 8 PEs (the sum of all lower neighbours of the same segment is added
// at the marked PEs):
//
//     PE       0 1 2 3 4 5 6 7
//     level 0    *   *   *   *     adds PE p-1
//     level 1      * *     * *     adds the last PE of the pair below
//     level 2          * * * *     adds the last PE of the four below
//
// Latency 2 clocks from `valid_i` to `valid_o`, one group of Lanes pairs a clock, cannot stall.
module mcnn_reduce #(
  parameter  int unsigned NumPe     = 8,
  parameter  int unsigned Lanes     = 2,   // pairs a clock
  parameter  int unsigned NumGroups = 8,   // groups of Lanes pairs in a pass
  parameter  int unsigned SumBits   = 17,  // of a pair sum, signed
  parameter  int unsigned PsumBits  = 24,  // of a partial sum, signed
  localparam int unsigned GroupBits = (NumGroups > 1) ? $clog2(NumGroups) : 1
) (
  input logic clk_i,
  input logic rst_ni,

  input logic [NumPe-1:0] segment_end_i,  // PE p is the last of a replica; constant during a pass

  input logic                           valid_i,  // a group
  input logic [GroupBits-1:0]           group_i,
  input logic                           first_i,  // of the first step of a pass: the partial sum begins with it
  input logic                           add_i,    // add the sums; otherwise give the partial sum out once more
  input logic                           emit_i,   // the partial sum is complete: give it out
  input logic [NumPe*Lanes*SumBits-1:0] sums_i,   // [PE][pair], signed

  output logic                            valid_o,  // a complete group
  output logic [NumPe*Lanes*PsumBits-1:0] psum_o    // [PE][pair], signed; meaningful at segment ends
);

  localparam int unsigned Levels   = (NumPe > 1) ? $clog2(NumPe) : 1;
  localparam int unsigned TreeBits = SumBits + Levels;
  localparam int unsigned Early    = (Levels > 2) ? 2 : Levels;  // levels of the first clock

  // same[p][l]: all PEs from p's addend at level l up to p are in one segment.
  logic [NumPe-1:0] same[Levels];
  for (genvar l = 0; l < Levels; l++) begin : gen_same
    for (genvar p = 0; p < NumPe; p++) begin : gen_pe
      if (((p >> l) & 1) == 1) begin : gen_add
        localparam int unsigned From = ((p >> l) << l) - 1;
        assign same[l][p] = ~|segment_end_i[p-1:From];
      end else begin : gen_keep
        assign same[l][p] = 1'b0;
      end
    end
  end

  // Each pair in two clocks. Level l adds, in place, the sum that ends just below p's block of 2^l PEs.
  logic signed [TreeBits-1:0] early_held[Lanes*NumPe];  // [pair][PE] after the early levels
  logic signed [TreeBits-1:0] total[Lanes*NumPe];       // after all of them
  for (genvar k = 0; k < Lanes; k++) begin : gen_pair
    logic signed [TreeBits-1:0] early[NumPe];
    logic signed [TreeBits-1:0] late[NumPe];
    always_comb begin
      for (int unsigned p = 0; p < NumPe; p++)
        early[p] = TreeBits'(signed'(sums_i[(Lanes*p+k)*SumBits+:SumBits]));
      for (int unsigned l = 0; l < Early; l++)
        for (int unsigned p = 0; p < NumPe; p++)
          if (((p >> l) & 1) == 1 && same[l][p]) early[p] = early[p] + early[((p>>l)<<l)-1];
    end
    always_comb begin
      for (int unsigned p = 0; p < NumPe; p++) late[p] = early_held[k*NumPe+p];
      for (int unsigned l = Early; l < Levels; l++)
        for (int unsigned p = 0; p < NumPe; p++)
          if (((p >> l) & 1) == 1 && same[l][p]) late[p] = late[p] + late[((p>>l)<<l)-1];
    end
    for (genvar p = 0; p < NumPe; p++) begin : gen_pe
      // Of the PEs within a segment only the last of each early block is met again.
      localparam bit BlockEnd = (p + 1) % (1 << Early) == 0;
      logic signed [TreeBits-1:0] sum_q;
      always_ff @(posedge clk_i) if (valid_i && add_i && (BlockEnd || segment_end_i[p])) sum_q <= early[p];
      assign early_held[k*NumPe+p] = sum_q;
      assign total[k*NumPe+p] = late[p];
    end
  end

  logic                 valid_q, first_q, add_q, emit_q;
  logic [GroupBits-1:0] group_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      valid_o <= 1'b0;
    end else begin
      valid_q <= valid_i;
      valid_o <= valid_q && emit_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      first_q <= first_i;
      add_q   <= add_i;
      emit_q  <= emit_i;
      group_q <= group_i;
    end
  end

  // Partial sums: a register file a segment end, Lanes pairs a word.
  logic                 begins;      // with these sums
  logic [GroupBits-1:0] held_group;  // stands still while nothing that is held is needed
  assign begins     = first_q && add_q;
  assign held_group = begins ? '0 : group_q;
  for (genvar p = 0; p < NumPe; p++) begin : gen_psum
    logic [Lanes*PsumBits-1:0] psum_q[NumGroups];
    logic [Lanes*PsumBits-1:0] held, next;
    assign held = psum_q[segment_end_i[p] ? held_group : '0];
    for (genvar k = 0; k < Lanes; k++) begin : gen_pair
      assign next[k*PsumBits+:PsumBits] =
          (begins ? '0 : held[k*PsumBits+:PsumBits]) +
          (add_q ? PsumBits'(total[k*NumPe+p]) : '0);
    end
    always_ff @(posedge clk_i) begin
      if (valid_q && segment_end_i[p]) begin
        if (add_q) psum_q[group_q] <= next;
        if (emit_q) psum_o[p*Lanes*PsumBits+:Lanes*PsumBits] <= next;
      end
    end
  end

endmodule
