// SPDX-License-Identifier: Apache-2.0
// Activate: bias, arithmetic right shift, clamp to an activation; for every PE, Lanes kernels a clock.
// The rounding half of the shift is part of the bias, so there is no rounding adder. Where rows can add to a map (Signed) an
// activation has a sign: it is clamped to -2^ActBits .. 2^ActBits - 1 and goes out plus 2^ActBits, so that the largest is
// found as among unsigned ones.
//
// Latency 2 clocks, one group a clock, cannot stall. The bias of a group arrives with its partial sums.
module mcnn_activate #(
  parameter  int unsigned NumPe     = 8,
  parameter  int unsigned Lanes     = 2,   // kernels a clock
  parameter  int unsigned PsumBits  = 24,  // of a partial sum and a bias, signed
  parameter  int unsigned ActBits   = 8,   // of an activation, unsigned
  parameter  int unsigned Signed    = 0,   // 1: one more bit, and an offset
  localparam int unsigned OutBits   = ActBits + Signed,
  localparam int unsigned ShiftBits = $clog2(PsumBits)
) (
  input logic clk_i,
  input logic rst_ni,

  input logic [NumPe-1:0]     segment_end_i,  // PEs that carry a result; constant during a pass
  input logic [ShiftBits-1:0] shift_i,        // constant during a pass

  input logic                            valid_i,
  input logic [NumPe*Lanes*PsumBits-1:0] psum_i,  // [PE][kernel]
  input logic [Lanes*PsumBits-1:0]       bias_i,  // [kernel]

  output logic                           valid_o,
  output logic [NumPe*Lanes*OutBits-1:0] act_o,   // [PE][kernel], 0 where the PE carries no result
  output logic [Lanes*PsumBits-1:0]      logit_o  // [kernel] of the last PE, not clamped
);

  logic valid_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      valid_o <= 1'b0;
    end else begin
      valid_q <= valid_i;
      valid_o <= valid_q;
    end
  end

  function automatic logic [OutBits-1:0] clamp(input logic signed [PsumBits-1:0] value);
    if (Signed == 0)              clamp = value[PsumBits-1] ? '0 : |value[PsumBits-2:ActBits] ? '1 : OutBits'(value);
    else if (value[PsumBits-1])   clamp = &value[PsumBits-2:ActBits] ? OutBits'({1'b0, value[ActBits-1:0]}) : '0;
    else                          clamp = |value[PsumBits-2:ActBits] ? '1 : OutBits'({1'b1, value[ActBits-1:0]});
  endfunction

  for (genvar p = 0; p < NumPe; p++) begin : gen_pe
    for (genvar k = 0; k < Lanes; k++) begin : gen_kernel
      localparam int unsigned Index = Lanes * p + k;
      logic signed [PsumBits-1:0] biased_q;
      always_ff @(posedge clk_i) begin
        if (valid_i && segment_end_i[p])
          biased_q <= signed'(psum_i[Index*PsumBits+:PsumBits]) + signed'(bias_i[k*PsumBits+:PsumBits]);
        if (valid_q) begin
          if (segment_end_i[p]) act_o[Index*OutBits+:OutBits] <= clamp(biased_q >>> shift_i);
          else                  act_o[Index*OutBits+:OutBits] <= '0;
          if (p == NumPe - 1) logit_o[k*PsumBits+:PsumBits] <= biased_q >>> shift_i;
        end
      end
    end
  end

endmodule
