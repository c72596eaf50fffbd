// SPDX-License-Identifier: Apache-2.0
// Activate: bias, arithmetic right shift, clamp to an activation; for every PE, two kernels a clock.
// The rounding half of the shift is part of the bias, so there is no rounding adder.
//
// Latency 2 clocks, one group a clock, cannot stall. The bias of a group arrives with its partial sums.
module mcnn_activate #(
  parameter  int unsigned NumPe     = 8,
  parameter  int unsigned PsumBits  = 24,  // of a partial sum and a bias, signed
  parameter  int unsigned ActBits   = 8,   // of an activation, unsigned
  localparam int unsigned ShiftBits = $clog2(PsumBits)
) (
  input logic clk_i,
  input logic rst_ni,

  input logic [NumPe-1:0]     segment_end_i,  // PEs that carry a result; constant during a pass
  input logic [ShiftBits-1:0] shift_i,        // constant during a pass

  input logic                        valid_i,
  input logic [NumPe*2*PsumBits-1:0] psum_i,  // [PE][kernel]
  input logic [2*PsumBits-1:0]       bias_i,  // [kernel]

  output logic                       valid_o,
  output logic [NumPe*2*ActBits-1:0] act_o,   // [PE][kernel], 0 where the PE carries no result
  output logic [2*PsumBits-1:0]      logit_o  // [kernel] of the last PE, not clamped
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

  for (genvar p = 0; p < NumPe; p++) begin : gen_pe
    for (genvar k = 0; k < 2; k++) begin : gen_kernel
      localparam int unsigned Index = 2 * p + k;
      logic signed [PsumBits-1:0] biased_q, shifted;
      logic [ActBits-1:0] clamped;
      assign shifted = biased_q >>> shift_i;
      assign clamped = shifted[PsumBits-1] ? '0 :
                       (|shifted[PsumBits-2:ActBits]) ? '1 : shifted[ActBits-1:0];
      always_ff @(posedge clk_i) begin
        if (valid_i && segment_end_i[p]) begin
          biased_q <= signed'(psum_i[Index*PsumBits+:PsumBits]) + signed'(bias_i[k*PsumBits+:PsumBits]);
        end
        if (valid_q) act_o[Index*ActBits+:ActBits] <= segment_end_i[p] ? clamped : '0;
      end
      if (p == NumPe - 1) begin : gen_logit
        always_ff @(posedge clk_i) if (valid_q) logit_o[k*PsumBits+:PsumBits] <= shifted;
      end
    end
  end

endmodule
