// SPDX-License-Identifier: Apache-2.0
// mcnn_activate: the formula of rtl/README.md, a = (psum + bias) >>> SHIFT, clamped to an activation, for every PE that carries a
// result, 0 for the others; the logits are not clamped. Two clocks.
`include "formal.svh"

module activate_properties #(
  parameter  int unsigned NumPe     = 2,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned PsumBits  = 6,
  parameter  int unsigned ActBits   = 3,
  parameter  int unsigned Signed    = 0,
  localparam int unsigned OutBits   = ActBits + Signed,
  localparam int unsigned ShiftBits = $clog2(PsumBits)
) (
  input logic                        clk_i,
  input logic                        rst_ni,
  input logic [NumPe-1:0]            segment_end_i,
  input logic [ShiftBits-1:0]        shift_i,
  input logic                        valid_i,
  input logic [NumPe*Lanes*PsumBits-1:0] psum_i,
  input logic [Lanes*PsumBits-1:0]       bias_i,
  input logic                        valid_o,
  input logic [NumPe*Lanes*OutBits-1:0]  act_o,
  input logic [Lanes*PsumBits-1:0]       logit_o
);

  // What went in, two clocks ago.
  logic [1:0]                  valid_q;
  logic [NumPe*Lanes*PsumBits-1:0] psum_q, psum_before_q;
  logic [Lanes*PsumBits-1:0]       bias_q, bias_before_q;
  logic [NumPe-1:0]            segment_end_q, segment_end_before_q;
  logic [ShiftBits-1:0]        shift_q, shift_before_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= '0;
    else         valid_q <= {valid_q[0], valid_i};
  end
  always_ff @(posedge clk_i) begin
    {psum_before_q, psum_q} <= {psum_q, psum_i};
    {bias_before_q, bias_q} <= {bias_q, bias_i};
    {segment_end_before_q, segment_end_q} <= {segment_end_q, segment_end_i};
    {shift_before_q, shift_q} <= {shift_q, shift_i};
  end
  `MCNN_ASSUME(pass_stays, valid_q == '0 || (shift_q == shift_i && segment_end_q == segment_end_i),
               "shift and segments must be constant during a pass")
  `MCNN_ASSERT(two_clocks, valid_o == valid_q[1], "a group must come out two clocks later")
  logic [Lanes*NumPe-1:0] good;
  logic [Lanes-1:0]       good_logit;
  for (genvar i = 0; i < Lanes * NumPe; i++) begin : gen_kernel
    // The sum wraps at PsumBits; the shift is a floor of the quotient.
    logic signed [PsumBits-1:0] sum;
    logic signed [31:0]         quotient;
    assign sum      = psum_before_q[i*PsumBits+:PsumBits] + bias_before_q[(i%Lanes)*PsumBits+:PsumBits];
    assign quotient = 32'(sum) >>> shift_before_q;
    localparam int Most = (1 << ActBits) - 1, Least = Signed == 0 ? 0 : -(1 << ActBits);
    logic signed [31:0] clamped;
    assign clamped  = quotient < Least ? Least : quotient > Most ? Most : quotient;
    assign good[i]  = act_o[i*OutBits+:OutBits] == OutBits'(segment_end_before_q[i/Lanes] ? clamped - Least : 32'sd0);
    if (i / Lanes == NumPe - 1) begin : gen_logit
      assign good_logit[i%Lanes] = !segment_end_before_q[i/Lanes] || logit_o[(i%Lanes)*PsumBits+:PsumBits] == quotient[PsumBits-1:0];
    end
  end
  `MCNN_ASSERT(activations, !valid_o || good == {Lanes * NumPe{1'b1}}, "an activation must be the clamped quotient")
  `MCNN_ASSERT(logits, !valid_o || good_logit == {Lanes{1'b1}}, "a logit must be the quotient")
  `MCNN_COVER(clamped, valid_o && act_o[0+:OutBits] == '1 && act_o[OutBits+:OutBits] == '0 && shift_before_q == 2, "both ends")

endmodule

`ifndef FORMAL
bind mcnn_activate activate_properties #(.NumPe(NumPe), .Lanes(Lanes), .PsumBits(PsumBits), .ActBits(ActBits), .Signed(Signed)) u_properties (.*);
`endif
