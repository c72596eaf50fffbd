// SPDX-License-Identifier: Apache-2.0
// mcnn_reduce: at the last PE of a segment the sum over the segment's PEs, added over the steps of a pass, for every segmentation. The
// module adds by a prefix tree; here every PE is added where its segment ends. `probe_pe` and `probe_group` are any.
`include "formal.svh"

module reduce_properties #(
  parameter  int unsigned NumPe     = 3,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned NumGroups = 2,
  parameter  int unsigned SumBits   = 2,
  parameter  int unsigned PsumBits  = 4,
  localparam int unsigned GroupBits = (NumGroups > 1) ? $clog2(NumGroups) : 1,
  localparam int unsigned PeBits    = (NumPe > 1) ? $clog2(NumPe) : 1
) (
  input logic                        clk_i,
  input logic                        rst_ni,
  input logic [NumPe-1:0]            segment_end_i,
  input logic                        valid_i,
  input logic [GroupBits-1:0]        group_i,
  input logic                        first_i,
  input logic                        add_i,
  input logic                        emit_i,
  input logic [NumPe*Lanes*SumBits-1:0]  sums_i,
  input logic                        valid_o,
  input logic [NumPe*Lanes*PsumBits-1:0] psum_o
);

  // ------------------------------------------------------------------------------------------------------ surroundings
  logic             valid_q, valid_before_q;
  logic [NumPe-1:0] segment_end_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {valid_before_q, valid_q} <= '0;
    else {valid_before_q, valid_q} <= {valid_q, valid_i};
  end
  always_ff @(posedge clk_i) segment_end_q <= segment_end_i;
  `MCNN_ASSUME(pass_stays, !(valid_q || valid_before_q) || segment_end_i == segment_end_q, "segments must be constant during a pass")
  `MCNN_ASSUME(groups_exist, !valid_i || 32'(group_i) < NumGroups, "a group must exist")

  // -------------------------------------------------------------------------------------------------------------- model
  `MCNN_ANY(probe_pe, PeBits)
  `MCNN_ANY(probe_group, GroupBits)
  `MCNN_ANY(probe_pair, $clog2(Lanes))
  logic signed [31:0] sum;  // of the segment that ends in probe_pe
  always_comb begin
    sum = '0;
    for (int unsigned p = 0; p < NumPe; p++) begin
      for (int unsigned k = 0; k < Lanes; k++)
        if (32'(probe_pe) >= p && 32'(probe_pair) == k)
          sum = sum + 32'(signed'(sums_i[(Lanes*p+k)*SumBits+:SumBits]));
      if (segment_end_i[p] && 32'(probe_pe) > p) sum = '0;
    end
  end
  logic                ends;  // it is the last of a segment
  logic [PsumBits-1:0] next, psum_q, emitted_q, emitted_before_q, psum;
  logic                known_q, emits_q, emits_before_q;
  always_comb begin
    ends = 1'b0;
    psum = '0;
    for (int unsigned p = 0; p < NumPe; p++) begin
      if (32'(probe_pe) == p) begin
        ends = segment_end_i[p];
        for (int unsigned k = 0; k < Lanes; k++)
          if (32'(probe_pair) == k) psum = psum_o[(Lanes*p+k)*PsumBits+:PsumBits];
      end
    end
    next = add_i ? (first_i ? '0 : psum_q) + PsumBits'(sum) : psum_q;
  end
  logic here;
  assign here = valid_i && group_i == probe_group && ends;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      known_q <= 1'b0;
      {emits_before_q, emits_q} <= '0;
    end else begin
      if (here && add_i && first_i) known_q <= 1'b1;
      {emits_before_q, emits_q} <= {emits_q, here && emit_i && (known_q || (add_i && first_i))};
    end
  end
  always_ff @(posedge clk_i) begin
    if (here) psum_q <= next;
    {emitted_before_q, emitted_q} <= {emitted_q, next};
  end
  `MCNN_ASSERT(emitted, !emits_before_q || (valid_o && psum == emitted_before_q),
               "a partial sum must be that of its segment over the steps, two clocks later")
  logic emits_any_q, emits_any_before_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {emits_any_before_q, emits_any_q} <= '0;
    else {emits_any_before_q, emits_any_q} <= {emits_any_q, valid_i && emit_i};
  end
  `MCNN_ASSERT(valid_two_clocks_later, valid_o == emits_any_before_q, "a group must come out when it is complete, and only then")

  `MCNN_COVER(long_segment, emits_before_q && 32'(probe_pe) == NumPe - 1 && segment_end_q == NumPe'(1) << (NumPe - 1) && psum == '1,
              "a segment of all PEs")

endmodule

`ifndef FORMAL
bind mcnn_reduce reduce_properties #(
  .NumPe(NumPe), .Lanes(Lanes), .NumGroups(NumGroups), .SumBits(SumBits), .PsumBits(PsumBits)
) u_properties (.*);
`endif
