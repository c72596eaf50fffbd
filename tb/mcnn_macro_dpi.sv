// SPDX-License-Identifier: Apache-2.0
// Stand-in for one memristor array with its converters: hands every read of a PE to the C++ model and gives the codes
// back ReadLatency clocks after the strobe; hands it every programming pulse. Bench only.
//
//   clock    | strobe t | t+1 ...   | t+ReadLatency
//   codes    |          |           | valid until the next ones
module mcnn_macro_dpi #(
  parameter  int unsigned Pe          = 0,    // number of the PE
  parameter  int unsigned LaneCodes   = 0,    // 1: the codes also lane by lane, for waves
  parameter  int unsigned NumBl       = 16,   // bit lines
  parameter  int unsigned NumSl       = 128,  // source lines
  parameter  int unsigned NumAdc      = 32,   // ADC lanes; lane i serves the lines i modulo NumAdc
  parameter  int unsigned AdcBits     = 8,    // bits of a code
  parameter  int unsigned ReadLatency = 1,    // clocks from strobe to codes
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits
) (
  input logic clk_i,

  input  logic                         read_i,       // read strobe
  input  logic                         program_i,    // programming pulse strobe
  input  logic [NumBl-1:0]             pulse_i,      // bit lines that get a pulse
  input  logic [$clog2(NumSl)-1:0]     line_i,       // first source line
  input  logic [$clog2(NumAdc+1)-1:0]  count_i,      // consecutive lines to convert
  input  logic [2:0]                   range_i,      // converter range
  input  logic                         set_i,        // programming pulse: 1 SET, 0 RESET
  input  logic [AmplitudeBits-1:0]     amplitude_i,  // its amplitude code
  output logic [NumAdc*AdcBits-1:0]    code_o
);

  import "DPI-C" context function chandle c_dpi_macro_open(input int unsigned pe);
  import "DPI-C" function void c_dpi_macro_read(
    input  chandle                    macro,
    input  bit [NumBl-1:0]            pulses,
    input  int unsigned               first_line,
    input  int unsigned               count,
    input  int unsigned               range_code,
    output bit [NumAdc*AdcBits-1:0]   codes
  );

  import "DPI-C" function void c_dpi_macro_pulse(
    input chandle         macro,
    input int unsigned    source_line,
    input bit [NumBl-1:0] pulses,
    input bit             is_set,
    input int unsigned    amplitude
  );

  // The bench owns the model, so there is nothing to free at the end.
  chandle macro;
  initial macro = c_dpi_macro_open(Pe);

  bit   [NumAdc*AdcBits-1:0] codes;
  logic [NumAdc*AdcBits-1:0] code_q;
  always @(posedge clk_i) begin
    if (read_i) begin
      c_dpi_macro_read(macro, pulse_i, 32'(line_i), 32'(count_i), 32'(range_i), codes);
      code_q <= codes;
    end
    if (program_i) c_dpi_macro_pulse(macro, 32'(line_i), pulse_i, set_i, 32'(amplitude_i));
  end

  if (ReadLatency == 1) begin : gen_direct
    assign code_o = code_q;
  end else begin : gen_pipeline
    logic [NumAdc*AdcBits-1:0] pipe_q[ReadLatency-1];
    always_ff @(posedge clk_i) begin
      pipe_q[0] <= code_q;
      for (int unsigned i = 1; i < ReadLatency - 1; i++) pipe_q[i] <= pipe_q[i-1];
    end
    assign code_o = pipe_q[ReadLatency-2];
  end

  if (LaneCodes == 1) begin : gen_lanes
    for (genvar l = 0; l < NumAdc; l++) begin : gen_lane
      logic [AdcBits-1:0] code;
      assign code = code_o[l*AdcBits+:AdcBits];
    end
  end

endmodule
