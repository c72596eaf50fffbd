// SPDX-License-Identifier: Apache-2.0
// Shift-add of one group of four ADC lanes, that is two kernels: for each pair of lanes (positive line, negative line)
//
//   acc = sum over the bit planes b of 2^b * (code(positive, b) - code(negative, b))
//
// most significant plane first, so that the accumulator is shifted by one place a plane. Subtracting before the shift-add gives
// the sum that an accumulator for every line would give after it, with half the accumulators. A plane that was not read counts
// as codes 0. `hold_i` copies the sums while the accumulators go on with the next beat.
// Latency 1 clock, one plane a clock, cannot stall.
module mcnn_shift_add #(
  parameter  int unsigned CodeBits = 8,                     // of a code, unsigned
  parameter  int unsigned Planes   = 8,                     // bit planes of a beat
  localparam int unsigned SumBits  = CodeBits + Planes + 1  // signed: cannot overflow
) (
  input  logic                        clk_i,
  input  logic                        plane_i,  // a plane has been driven
  input  logic                        first_i,  // it is the first one of the beat
  input  logic                        valid_i,  // it was read: its codes are here
  input  logic [4*CodeBits-1:0]       code_i,   // {odd negative, odd positive, even negative, even positive}
  input  logic                        hold_i,
  output logic signed [2*SumBits-1:0] sum_o     // {odd kernel, even kernel}
);

  for (genvar k = 0; k < 2; k++) begin : gen_kernel
    logic signed [SumBits-1:0] acc_q, hold_q;
    logic signed [SumBits-1:0] positive, negative;
    assign positive = signed'(SumBits'(code_i[(2*k)*CodeBits+:CodeBits]));
    assign negative = signed'(SumBits'(code_i[(2*k+1)*CodeBits+:CodeBits]));
    always_ff @(posedge clk_i) begin
      if (plane_i) begin
        if (valid_i) acc_q <= (first_i ? SumBits'(0) : acc_q <<< 1) + positive - negative;
        else         acc_q <= first_i ? SumBits'(0) : acc_q <<< 1;
      end
    end
    always_ff @(posedge clk_i) if (hold_i) hold_q <= acc_q;
    assign sum_o[k*SumBits+:SumBits] = hold_q;
  end

endmodule
