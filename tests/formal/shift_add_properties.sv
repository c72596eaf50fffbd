// SPDX-License-Identifier: Apache-2.0
// mcnn_shift_add: after each plane of a beat that has a part for these lanes the sum of a kernel is that over the planes so far of (positive - negative code) times the
// weight of the plane, which is 1 for the last one and twice as much for each one before it. The module adds by shifts; here the
// codes of the beat are kept and multiplied.
`include "formal.svh"

module shift_add_properties #(
  parameter  int unsigned CodeBits = 4,
  parameter  int unsigned Planes   = 4,
  localparam int unsigned SumBits  = CodeBits + Planes + 1
) (
  input logic                  clk_i,
  input logic                  plane_i,
  input logic                  used_i,
  input logic                  first_i,
  input logic                  valid_i,
  input logic [4*CodeBits-1:0] code_i,
  input logic [2*SumBits-1:0]  sum_o
);

  logic rst_ni;  // the module has none: nothing is known before the first plane of a beat
  assign rst_ni = 1'b1;

  logic                      begun_q;
  logic [7:0]                planes_q;  // of the beat, up to now
  logic [Planes*4*CodeBits-1:0] codes_q;   // theirs, the last one lowest; 0 where they were not read
  initial begun_q = 1'b0;
  always_ff @(posedge clk_i) begin
    if (plane_i && used_i) begin
      begun_q  <= begun_q || first_i;
      planes_q <= first_i ? 8'd1 : planes_q + 8'd1;
      codes_q  <= {first_i ? '0 : codes_q[0+:(Planes-1)*4*CodeBits], valid_i ? code_i : (4 * CodeBits)'(0)};
    end
  end

  logic signed [31:0] even, odd;
  logic signed [SumBits-1:0] sum_even, sum_odd;
  assign {sum_odd, sum_even} = sum_o;
  always_comb begin
    even = '0;
    odd  = '0;
    for (int unsigned k = 0; k < Planes; k++) begin
      even = even + (32'(codes_q[(4*k)*CodeBits+:CodeBits]) - 32'(codes_q[(4*k+1)*CodeBits+:CodeBits])) * (1 << k);
      odd  = odd + (32'(codes_q[(4*k+2)*CodeBits+:CodeBits]) - 32'(codes_q[(4*k+3)*CodeBits+:CodeBits])) * (1 << k);
    end
  end
  `MCNN_ASSUME(planes_of_a_beat, !plane_i || !used_i || first_i || !begun_q || 32'(planes_q) < Planes, "a beat must have its planes at most")
  `MCNN_ASSERT(even_kernel, !begun_q || 32'(sum_even) == even, "the sum of the even kernel must be that of its weighted codes")
  `MCNN_ASSERT(odd_kernel, !begun_q || 32'(sum_odd) == odd, "the sum of the odd kernel must be that of its weighted codes")
  // With these the rest follows from one clock to the next.
  logic [Planes-1:0] later;  // codes of planes that the beat has not had
  for (genvar k = 0; k < Planes; k++) begin : gen_later
    assign later[k] = 32'(planes_q) <= k && codes_q[4*k*CodeBits+:4*CodeBits] != '0;
  end
  `MCNN_ASSERT(planes_so_far, !begun_q || (planes_q != '0 && 32'(planes_q) <= Planes && later == '0), "the planes of the beat")

  `MCNN_COVER(lowest, begun_q && 32'(planes_q) == Planes && sum_even == -((1 << SumBits - 1) - (1 << CodeBits) - (1 << Planes) + 1),
              "the lowest sum there is")

endmodule

`ifndef FORMAL
bind mcnn_shift_add shift_add_properties #(.CodeBits(CodeBits), .Planes(Planes)) u_properties (.*);
`endif
