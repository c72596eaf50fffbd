// SPDX-License-Identifier: Apache-2.0
// Shift-add of one group of four ADC lanes, that is two kernels: for each pair of lanes (positive line, negative line)
//
//   acc = sum over the bit planes b of 2^b * (code(positive, b) - code(negative, b))
//
// most significant plane first, so that the accumulator is shifted by one place a plane. Subtracting before the shift-add gives
// the sum that an accumulator for every line would give after it, with half the accumulators. A plane that was not read counts
// as codes 0.
// Latency 1 clock, one plane a clock, cannot stall.
module mcnn_shift_add #(
  parameter  int unsigned CodeBits = 8,                     // of a code, unsigned
  parameter  int unsigned Planes   = 8,                     // bit planes of a beat
  localparam int unsigned SumBits  = CodeBits + Planes + 1  // signed: cannot overflow
) (
  input  logic                  clk_i,
  input  logic                  plane_i,  // a plane has been driven
  input  logic                  used_i,   // it has a part for these lanes: else the sums stay
  input  logic                  first_i,  // it is the first one of the beat
  input  logic                  valid_i,  // it was read: its codes are here
  input  logic [4*CodeBits-1:0] code_i,   // {odd negative, odd positive, even negative, even positive}
  output logic [2*SumBits-1:0]  sum_o     // {odd kernel, even kernel}, signed
);

  function automatic logic [SumBits-1:0] next(
      input logic [SumBits-1:0] acc, input logic [2*CodeBits-1:0] codes, input logic clear, input logic read);
    logic signed [CodeBits:0] difference;
    difference = '0;
    if (read) difference = {1'b0, codes[0+:CodeBits]} - {1'b0, codes[CodeBits+:CodeBits]};
    next = (clear ? '0 : acc << 1) + SumBits'(difference);
  endfunction

  // Without a plane that has a part for these lanes the sums stay and the operands are 0: nothing moves behind the inputs.
  always_ff @(posedge clk_i) begin
    if (plane_i) begin
      if (used_i)
        sum_o <= {next(sum_o[SumBits+:SumBits], code_i[2*CodeBits+:2*CodeBits], first_i || !used_i, valid_i && used_i),
                  next(sum_o[0+:SumBits], code_i[0+:2*CodeBits], first_i || !used_i, valid_i && used_i)};
    end
  end

endmodule
